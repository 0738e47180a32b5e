//! Who reads and writes a field: the database decides, whoever asks and however.

use serde_json::json;

use crate::custom_fields::{customer, define, values_of};
use crate::harness::{Person, Place, Psql, World};

const ROLES: [&str; 4] = ["owner", "admin", "member", "viewer"];

/// Alice owns Nike; the others are what they are called.
struct Nike {
    _world: World,
    people: Vec<Person>,
    admin: Psql,
    app: Psql,
}

impl Nike {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = Psql::new(&world.database.admin_url()).await;
        let app = Psql::new(&world.database.app_url()).await;
        let mut people = vec![world.alice().await];
        for role in &ROLES[1..] {
            let person = world.colleague(role).await;
            let update =
                format!("update crm.users set role = '{role}' where id = '{}'", person.user_id);
            admin.run(&update).await;
            people.push(person);
        }
        Self { _world: world, people, admin, app }
    }

    fn alice(&self) -> &Person {
        &self.people[0]
    }

    async fn field(&self, key: &str, read: &str, write: &str) -> String {
        let field = json!({ "key": key, "type": "text", "read_role": read, "write_role": write });
        define(self.alice(), field).await
    }
}

fn place(person: &Person) -> Place {
    Place { company_id: person.company_id, user_id: person.user_id }
}

/// How far down a role is.
fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).unwrap()
}

#[actix_web::test]
async fn each_role_reads_and_writes_what_the_field_says_and_what_it_does_not_read_does_not_exist() {
    let nike = Nike::new().await;
    let rights = [
        ("viewer", "member"),
        ("viewer", "admin"),
        ("viewer", "owner"),
        ("member", "member"),
        ("member", "owner"),
        ("admin", "admin"),
        ("admin", "owner"),
        ("owner", "owner"),
    ];
    for (read, write) in rights {
        let key = format!("{read}_{write}");
        let field = nike.field(&key, read, write).await;
        let grace = customer(nike.alice(), "Grace", json!({ &key: "secret" })).await;
        for (role, person) in ROLES.iter().zip(&nike.people) {
            let what = format!("{key} as {role}");
            let reads = rank(role) <= rank(read);
            let writes = rank(role) <= rank(write);
            let value = values_of(person, &grace).await;
            assert_eq!(value, if reads { json!({ &key: "secret" }) } else { json!({}) }, "{what}");
            assert_eq!(person.get(&field).await.status, if reads { 200 } else { 404 }, "{what}");
            let fields = person.get("/v1/custom-fields").await;
            assert_eq!(fields.text.contains(&key), reads, "{what}");
            for query in [
                format!("custom.{key}=secret"),
                format!("custom.{key}_starts_with=s"),
                format!("sort=custom.{key}"),
            ] {
                let list =
                    person.get(&format!("/v1/customers?{query}&include=custom_fields")).await;
                let unknown = person
                    .get(&format!(
                        "/v1/customers?{}&include=custom_fields",
                        query.replace(&key, "no_such")
                    ))
                    .await;
                if reads {
                    assert_eq!((list.status, list.text.contains("secret")), (200, true), "{what}");
                } else {
                    let (list, unknown) = (list.seen(), unknown.seen());
                    assert_eq!(
                        (list.0, list.2.replace(&key, "no_such")),
                        (unknown.0, unknown.2),
                        "{what}"
                    );
                }
            }
            let patch = json!({ "custom_fields": { &key: "changed" } });
            let patched = person.patch(&grace, patch).await;
            let problem = match (role, reads, writes) {
                (_, _, true) => "200".to_owned(),
                // A viewer changes no customer, and is told so first.
                (&"viewer", ..) | (_, true, false) => "403 insufficient-permission".to_owned(),
                (_, false, false) => format!("422 unknown-field /custom_fields/{key}"),
            };
            let outcome = if patched.status == 200 { "200".to_owned() } else { patched.problem() };
            assert_eq!(outcome, problem, "{what}");
            let stored = values_of(nike.alice(), &grace).await;
            assert_eq!(stored[&key], if writes { "changed" } else { "secret" }, "{what}");
            let back = json!({ "custom_fields": { &key: "secret" } });
            assert_eq!(nike.alice().patch(&grace, back).await.status, 200);
        }
        assert_eq!(nike.alice().delete(&field).await.status, 204);
    }
}

#[actix_web::test]
async fn rights_count_from_the_next_request_on() {
    let nike = Nike::new().await;
    let field = nike.field("salary", "member", "member").await;
    let grace = customer(nike.alice(), "Grace", json!({ "salary": "much" })).await;
    let member = &nike.people[2];
    assert_eq!(values_of(member, &grace).await, json!({ "salary": "much" }));
    let patch = json!({ "read_role": "admin", "write_role": "admin" });
    assert_eq!(nike.alice().patch(&field, patch).await.status, 200);
    assert_eq!(values_of(member, &grace).await, json!({}));
    assert_eq!(values_of(&nike.people[1], &grace).await, json!({ "salary": "much" }));
}

#[actix_web::test]
async fn nobody_defines_a_field_above_themselves() {
    let nike = Nike::new().await;
    let secret = nike.field("secret", "owner", "owner").await;
    let body = |key: &str, read: &str, write: &str| json!({ "key": key, "name": "A field", "type": "text", "read_role": read, "write_role": write });
    let admin = &nike.people[1];
    let forbidden = "403 insufficient-permission";
    for (read, write) in [("owner", "owner"), ("viewer", "owner")] {
        let reply = admin.post("/v1/custom-fields", body("mine", read, write)).await;
        assert_eq!(reply.problem(), forbidden);
    }
    let created = admin.post("/v1/custom-fields", body("mine", "admin", "admin")).await;
    let mine = created.header("location");
    for patch in
        [json!({ "read_role": "owner", "write_role": "owner" }), json!({ "write_role": "owner" })]
    {
        assert_eq!(admin.patch(mine, patch).await.problem(), forbidden);
    }
    assert_eq!(admin.patch(&secret, json!({ "name": "Mine" })).await.problem(), "404 not-found");
    assert_eq!(admin.delete(&secret).await.problem(), "404 not-found");
    for person in &nike.people[2..] {
        let reply = person.post("/v1/custom-fields", body("theirs", "viewer", "member")).await;
        assert_eq!(reply.problem(), forbidden);
        assert_eq!(person.patch(mine, json!({ "name": "Mine" })).await.problem(), "404 not-found");
    }
    assert_eq!(
        nike.alice()
            .patch(mine, json!({ "read_role": "viewer", "write_role": "member" }))
            .await
            .status,
        200
    );
    for person in &nike.people[2..] {
        assert_eq!(person.patch(mine, json!({ "name": "Mine" })).await.problem(), forbidden);
        assert_eq!(
            person.patch(mine, json!({ "choices": [{ "key": "a", "name": "A" }] })).await.problem(),
            forbidden
        );
        assert_eq!(person.delete(mine).await.problem(), forbidden);
    }
}

#[actix_web::test]
async fn psql_in_the_place_of_a_user_sees_and_writes_no_more() {
    let nike = Nike::new().await;
    let field = nike.field("salary", "admin", "admin").await;
    let id = field.rsplit('/').next().unwrap().to_owned();
    let grace = customer(nike.alice(), "Grace", json!({ "salary": "much" })).await;
    let grace = grace.rsplit('/').next().unwrap();
    let (read, write) = (
        "select text_value from crm.custom_field_values".to_owned(),
        "update crm.custom_field_values set text_value = 'less' returning 1".to_owned(),
    );
    let fields = "select key from crm.custom_fields";
    for (role, person) in ROLES.iter().zip(&nike.people) {
        let sees = rank(role) <= 1;
        let rows = |rows: &[&str]| {
            if sees { rows.iter().map(ToString::to_string).collect() } else { Vec::new() }
        };
        assert_eq!(nike.app.rows_as(place(person), &read).await, rows(&["much"]), "{role}");
        assert_eq!(nike.app.rows_as(place(person), fields).await, rows(&["salary"]), "{role}");
        if !sees {
            assert!(nike.app.rows_as(place(person), &write).await.is_empty(), "{role}");
            let insert = format!(
                "insert into crm.custom_field_values (custom_field_id, type, customer_id, text_value)
                values ('{id}', 'text', '{grace}', 'more')"
            );
            let refusal = nike.app.refusal_as(place(person), &insert).await;
            assert!(
                refusal.starts_with("42501") && refusal.contains("custom_field_values_may_create"),
                "{refusal}"
            );
            let one = nike
                .app
                .refusal_as(
                    place(person),
                    "select app.custom_field_id('customers', 'salary', 'eq')",
                )
                .await;
            let none = nike
                .app
                .refusal_as(
                    place(person),
                    "select app.custom_field_id('customers', 'no_such', 'eq')",
                )
                .await;
            assert_eq!(one, none, "{role}");
        }
    }
    let kept = "select text_value from crm.custom_field_values";
    assert_eq!(nike.admin.rows(kept).await, ["much"]);
}

#[actix_web::test]
async fn values_go_where_their_customer_goes() {
    let nike = Nike::new().await;
    nike.field("note", "viewer", "member").await;
    let grace = customer(nike.alice(), "Grace", json!({ "note": "hers" })).await;
    let patch = json!({ "member_visibility": "own", "viewer_visibility": "own" });
    assert_eq!(nike.alice().patch("/v1/company", patch).await.status, 200);
    let member = &nike.people[2];
    let all = "select text_value from crm.custom_field_values order by 1";
    assert_eq!(member.get(&grace).await.problem(), "404 not-found");
    assert_eq!(nike.app.rows_as(place(member), all).await, Vec::<String>::new());
    let own = customer(member, "Ada", json!({ "note": "mine" })).await;
    assert_eq!(values_of(member, &own).await, json!({ "note": "mine" }));
    assert_eq!(nike.app.rows_as(place(member), all).await, ["mine"]);
    assert_eq!(member.get("/v1/customers?custom.note_in=hers,mine").await.names(), ["Ada"]);
    assert_eq!(member.get("/v1/customers?sort=custom.note").await.names(), ["Ada"]);
    let share = json!({ "recipient_user_id": member.user_id, "permission": "read" });
    let share = nike.alice().post(&format!("{grace}/shares"), share).await;
    assert_eq!(share.status, 201, "{share:?}");
    assert_eq!(values_of(member, &grace).await, json!({ "note": "hers" }));
    assert_eq!(member.get("/v1/customers?sort=custom.note").await.names(), ["Grace", "Ada"]);
    let patched = member.patch(&grace, json!({ "custom_fields": { "note": "x" } })).await;
    assert_eq!(patched.problem(), "403 insufficient-permission");
    let write = "update crm.custom_field_values set text_value = 'x' where text_value = 'hers'";
    let refusal = nike.app.refusal_as(place(member), write).await;
    assert!(refusal.contains("custom_field_values_may_change"), "{refusal}");
}

#[actix_web::test]
async fn a_value_without_its_customer_saying_so_is_refused() {
    let nike = Nike::new().await;
    let field = nike.field("note", "viewer", "member").await;
    let id = field.rsplit('/').next().unwrap();
    let grace = nike.alice().customer("Grace", "grace@example.com").await;
    let insert = format!(
        "insert into crm.custom_field_values (custom_field_id, type, customer_id, text_value)
        values ('{id}', 'text', '{grace}', 'x')"
    );
    let refusal = nike.app.refusal_as(place(nike.alice()), &insert).await;
    assert!(refusal.contains("custom_field_values_may_create"), "{refusal}");
    let number = insert
        .replace("'text'", "'number'")
        .replace("text_value", "number_value")
        .replace("'x'", "1");
    let both = format!("update crm.customers set has_custom_fields = true; {number}");
    let refusal = nike.app.refusal_as(place(nike.alice()), &both).await;
    assert!(refusal.starts_with("23503"), "a type that is not the field's: {refusal}");
}
