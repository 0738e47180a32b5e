//! Two companies with people of every role, and the records that the walk is about.

use std::sync::LazyLock;

use actix_web::http::Method;
use paddock_db::provision::{NewUser, user};
use serde_json::{Map, Value};

use super::book::Book;
use super::canaries::Canaries;
use super::document::{Document, Lack, Operation, Resource};
use super::example::Examples;
use super::rows::Rows;
use crate::harness::{Database, Person, Psql, Reply, World, forge};

/// What Alice and Bob are called among their colleagues.
pub const BOSS: &str = "the boss";

/// Of a password that stands in no document.
static PASSWORD_HASH: LazyLock<String> =
    LazyLock::new(|| paddock_api::hash_password("not in any document").unwrap());

/// Somebody, and what they are called in a finding.
pub type Known = (String, Person);

pub struct Scene {
    pub world: World,
    pub document: Document,
    pub admin: Psql,
    /// Alice first, then her colleagues.
    pub nike: Vec<Known>,
    /// Bob first, then his colleagues.
    pub coca_cola: Vec<Known>,
    pub rows: Rows,
}

impl Scene {
    pub async fn new() -> Self {
        Self::of(World::new().await).await
    }

    /// In a copy of the database of another scene.
    pub async fn copy_of(database: &Database) -> Self {
        Self::of(World::of(Database::copy_of(database.name()).await).await).await
    }

    async fn of(world: World) -> Self {
        let document = Document::of_the_code();
        let admin = Psql::new(&world.database.admin_url()).await;
        let nike = people(&world, &admin, &document, world.alice().await, "nike").await;
        let coca_cola = people(&world, &admin, &document, world.bob().await, "coca-cola").await;
        let rows = Rows::of(&admin, nike[0].1.company_id).await;
        admin.run(KEEP).await;
        Self { world, document, admin, nike, coca_cola, rows }
    }

    pub fn alice(&self) -> &Person {
        &self.nike[0].1
    }

    pub fn bob(&self) -> &Person {
        &self.coca_cola[0].1
    }

    /// Canaries in all texts of Alice's company, and a book of her records as she sees them after that.
    pub async fn plant(&self) -> Result<(Canaries, Book), Lack> {
        let mut book = self.records_of(self.alice(), 3).await?;
        self.change_passwords().await;
        self.fill_fields().await;
        let canaries = Canaries::plant(&self.admin, self.alice().company_id).await;
        self.look_again(self.alice(), &mut book).await?;
        let email = "select i.email from identity.identities i
            join identity.memberships m on m.identity_id = i.id";
        let email = format!("{email} where m.user_id = '{}'", self.alice().user_id);
        let login = Map::from_iter([("email".to_owned(), self.admin.value(&email).await.into())]);
        book.records.insert(String::new(), login);
        Ok((canaries, book))
    }

    /// A company has a hundred of them at most, and the walk defines more: those that nobody asks about any more go.
    async fn forget_fields(&self, person: &Person) {
        let forget = "update crm.custom_fields set deleted_at = now()
            where deleted_at is null and id in (
                select f.id from crm.custom_fields f
                where f.company_id = '{company}' and f.deleted_at is null
                order by f.created_at desc, f.id desc offset 30)";
        self.admin.run(&forget.replace("{company}", &person.company_id.to_string())).await;
    }

    /// Her customers have something in the fields that she has defined.
    async fn fill_fields(&self) {
        let fill = "update crm.customers set has_custom_fields = true where company_id = '{company}';
            insert into crm.custom_field_values (company_id, custom_field_id, type, customer_id, text_value)
            select f.company_id, f.id, f.type, c.id, 'A note'
            from crm.custom_fields f
            join crm.customers c on c.company_id = f.company_id
            where f.company_id = '{company}' and f.type = 'text'";
        self.admin.run(&fill.replace("{company}", &self.alice().company_id.to_string())).await;
    }

    /// Nobody who reads the document knows a password of her company from here on.
    async fn change_passwords(&self) {
        let update = "update identity.identities i set password_hash = '{hash}'
            from identity.memberships m where m.identity_id = i.id and m.company_id = '{company}'";
        let company_id = self.alice().company_id.to_string();
        self.admin
            .run(&update.replace("{hash}", &PASSWORD_HASH).replace("{company}", &company_id))
            .await;
    }

    /// New records of the person's company: one of each kind; with three, one more and a deleted one.
    pub async fn records_of(&self, person: &Person, count: usize) -> Result<Book, Lack> {
        let mut book = Book::new();
        book.ids.insert("company_id".to_owned(), person.company_id.to_string());
        for resource in &self.document.resources {
            let record = self.record(person, resource, &mut book, 0).await?;
            let id = id_of(&record, resource)?;
            for number in 1..count {
                let other = self.record(person, resource, &mut book, number).await?;
                let other = id_of(&other, resource)?;
                self.delete(person, resource, &mut book, &other, number).await?;
            }
            book.ids.insert(resource.id.clone(), id);
            book.records
                .insert(resource.id.clone(), record.as_object().cloned().unwrap_or_default());
        }
        Ok(book)
    }

    /// Created if the collection creates, else the last of the list.
    async fn record(
        &self,
        person: &Person,
        resource: &Resource,
        book: &mut Book,
        number: usize,
    ) -> Result<Value, Lack> {
        let address = filled(&resource.collection, book);
        let without_operation = match resource.collection.as_str() {
            "/v1/me/sessions" => Some(self.begin_session(person).await),
            "/v1/users" => Some(self.hire(person).await),
            _ => None,
        };
        if let Some(id) = without_operation {
            let reply = person.get(&format!("{address}/{id}")).await;
            return if reply.status == 200 {
                Ok(reply.json)
            } else {
                Err(cannot("see it", &reply))
            };
        }
        let Some(create) = self.document.find(&Method::POST, &resource.collection) else {
            let reply = person.get(&address).await;
            let last = reply.json["data"].as_array().and_then(|all| all.last()).cloned();
            return last.ok_or_else(|| cannot(&format!("find one in {address}"), &reply));
        };
        if resource.collection == "/v1/custom-fields" {
            self.forget_fields(person).await;
        }
        let bodies = Examples::new(&self.document, create, book, number).bodies(create)?;
        let body = bodies.into_iter().next().map(|(_, body)| body).unwrap_or_default();
        let reply = person.post(&address, body).await;
        if reply.status == 201 { Ok(reply.json) } else { Err(cannot(&create.name, &reply)) }
    }

    /// As a login does, without the work of one: no operation creates a session with a token. Answers its id.
    pub async fn begin_session(&self, person: &Person) -> String {
        begin_session(&self.admin, person).await
    }

    /// Somebody who has left the company with the last request is there again, with the same token.
    pub async fn bring_back(&self, operation: &Operation) {
        if operation.name == "leaveCompany" {
            self.admin.run(BRING_BACK).await;
        }
    }

    /// A colleague who sends nothing: no operation creates one at once. Answers the id.
    async fn hire(&self, person: &Person) -> String {
        let insert = "insert into crm.users (company_id, name, email, role)
            values ('{company}', 'Victor', gen_random_uuid() || '@example.com', 'viewer')
            returning id";
        self.admin.value(&insert.replace("{company}", &person.company_id.to_string())).await
    }

    /// A key of that person, who may hold one themselves and make none. Answers its id.
    pub async fn make_key(&self, person: &Person) -> String {
        let insert =
            "insert into crm.api_keys (company_id, user_id, name, secret_hash, scopes, expires_at)
            values ('{company}', '{user}', 'Import', sha256(uuid_send(gen_random_uuid())), '{me:read}', now())
            returning id";
        let insert = insert.replace("{company}", &person.company_id.to_string());
        self.admin.value(&insert.replace("{user}", &person.user_id.to_string())).await
    }

    /// The last of them, where records can be deleted.
    async fn delete(
        &self,
        person: &Person,
        resource: &Resource,
        book: &mut Book,
        id: &str,
        number: usize,
    ) -> Result<(), Lack> {
        let Some(delete) = self.document.find(&Method::DELETE, &resource.item) else {
            return Ok(());
        };
        if number < 2 {
            return Ok(());
        }
        let reply = person.delete(&format!("{}/{id}", filled(&resource.collection, book))).await;
        book.deleted.insert(resource.id.clone(), id.to_owned());
        if reply.status < 300 { Ok(()) } else { Err(cannot(&delete.name, &reply)) }
    }

    /// What the records look like now, and where the lists go on.
    async fn look_again(&self, person: &Person, book: &mut Book) -> Result<(), Lack> {
        for Resource { id, collection, item } in &self.document.resources {
            let reply = person.get(&filled(item, book)).await;
            let record = reply.json.as_object().filter(|_| reply.status == 200);
            let record = record.ok_or_else(|| cannot(&format!("get {item}"), &reply))?;
            book.etags.insert(id.clone(), reply.header("etag").to_owned());
            book.records.insert(id.clone(), record.clone());
            let page = person.get(&format!("{}?limit=1", filled(collection, book))).await;
            let cursor = page.json["page"]["next_cursor"].as_str();
            let cursor = cursor.ok_or_else(|| cannot(&format!("go on in {collection}"), &page))?;
            book.cursors.insert(collection.clone(), cursor.to_owned());
        }
        Ok(())
    }
}

/// Who is there at the beginning, in tables that only this session sees.
const KEEP: &str = "
    create temporary table kept_users as table crm.users;
    create temporary table kept_memberships as table identity.memberships;
    create temporary table kept_sessions as table crm.sessions";
const BRING_BACK: &str = "
    insert into crm.users (company_id, id, name, email, role)
    select company_id, id, name, email, role from kept_users
    on conflict (company_id, id) do nothing;
    insert into identity.memberships
    table kept_memberships
    on conflict (identity_id, company_id) do nothing;
    insert into crm.sessions (company_id, id, user_id, secret_hash, epoch, user_agent)
    select company_id, id, user_id, secret_hash, epoch, user_agent from kept_sessions
    on conflict (company_id, id) do nothing";

/// The boss, and a colleague of every role of the document. API keys will be a line here.
async fn people(
    world: &World,
    admin: &Psql,
    document: &Document,
    boss: Person,
    domain: &str,
) -> Vec<Known> {
    let mut people = vec![(BOSS.to_owned(), boss.clone())];
    for role in document.roles() {
        let colleague = colleague(world, admin, &boss, &role, domain).await;
        people.push((role, colleague));
    }
    people
}

async fn begin_session(admin: &Psql, person: &Person) -> String {
    let insert = "insert into crm.sessions (company_id, user_id, secret_hash, epoch, user_agent)
        values ('{company}', '{user}', sha256(uuid_send(gen_random_uuid())), 0, 'Firefox')
        returning id";
    let insert = insert.replace("{company}", &person.company_id.to_string());
    admin.value(&insert.replace("{user}", &person.user_id.to_string())).await
}

/// With a token as the login gives it, without the work of one.
async fn colleague(world: &World, admin: &Psql, boss: &Person, role: &str, domain: &str) -> Person {
    let email = &format!("{role}@{domain}.example");
    let mut person = boss.clone();
    // In a copy of a scene, they are there already.
    let known = format!("select id from crm.users where email_key = '{email}'");
    person.user_id = match admin.rows(&known).await.first() {
        Some(id) => id.parse().unwrap(),
        None => {
            let new = NewUser { name: role, email, role, password_hash: &PASSWORD_HASH };
            user(&world.database.admin_url(), boss.company_id, &new).await.unwrap()
        }
    };
    let mut claims = forge::claims(&person);
    claims.insert("sid".to_owned(), begin_session(admin, &person).await.into());
    person.with_token(&forge::sign(&forge::header(), &claims))
}

fn filled(path: &str, book: &Book) -> String {
    book.ids
        .iter()
        .fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
}

fn id_of(record: &Value, resource: &Resource) -> Result<String, Lack> {
    let id = record["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Lack(format!("records of {} have no `id`", resource.collection)))
}

fn cannot(what: &str, reply: &Reply) -> Lack {
    Lack(format!("cannot {what}: {} {}", reply.status, reply.text))
}
