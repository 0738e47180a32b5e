//! Who may do what within a company: roles, visibility, teams and shares. Alice owns Nike, Adam is an admin,
//! Carol and Dave are members, Victor looks.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{PASSWORD, Person, Psql, Reply, World};
use crate::second_factor::{by_code, forget, guarded, remove, replace};

const FORBIDDEN: &str = "403 insufficient-permission";

/// Alice, and whoever else is needed.
struct Nike {
    world: World,
    alice: Person,
    admin: Psql,
}

impl Nike {
    async fn new() -> Self {
        let world = World::new().await;
        let alice = world.alice().await;
        let admin = Psql::new(&world.database.admin_url()).await;
        Self { world, alice, admin }
    }

    async fn hire(&self, name: &str, role: &str) -> Person {
        let person = self.world.colleague(name).await;
        let update =
            format!("update crm.users set role = '{role}' where id = '{}'", person.user_id);
        self.admin.run(&update).await;
        person
    }

    async fn members_see(&self, visibility: &str) {
        let patch = json!({ "member_visibility": visibility });
        let reply = self.alice.patch("/v1/company", patch).await;
        assert_eq!(reply.json["member_visibility"], visibility, "{reply:?}");
    }

    /// A team of these people.
    async fn team(&self, people: &[&Person]) -> String {
        let team = self.alice.post("/v1/teams", json!({ "name": "West coast" })).await.id();
        for person in people {
            let address = format!("/v1/teams/{team}/members/{}", person.user_id);
            assert_eq!(self.alice.put(&address, json!({})).await.status, 204);
        }
        team
    }

    async fn share(&self, customer: &str, with: Value) -> String {
        let reply = self.alice.post(&format!("{}/shares", path(customer)), with).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        format!("{}/shares/{}", path(customer), reply.id())
    }

    async fn change(&self, person: &Person, by: &Person, patch: Value) -> Reply {
        by.patch(&format!("/v1/users/{}", person.user_id), patch).await
    }
}

fn path(customer: &str) -> String {
    format!("/v1/customers/{customer}")
}

fn outcome(reply: &Reply) -> String {
    if reply.status < 300 { reply.status.to_string() } else { reply.problem() }
}

async fn names(person: &Person) -> Vec<String> {
    let mut names: Vec<String> =
        person.get("/v1/customers").await.names().into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

/// What comes of every way to write, about that customer.
async fn writes(person: &Person, customer: &str, comment: &str) -> Vec<String> {
    let (at, note) = (path(customer), json!({ "body": "Hello." }));
    let batch = |operation: &str, item: Value| json!({ "operation": operation, "items": [item] });
    let set = json!({ "id": customer, "set": { "title": "Dr" } });
    let replies = [
        person.patch(&at, json!({ "title": "Dr" })).await,
        person.delete(&at).await,
        person.post(&format!("{at}/comments"), note.clone()).await,
        person.patch(&format!("{at}/comments/{comment}"), note).await,
        person.delete(&format!("{at}/comments/{comment}")).await,
        person.post("/v1/customers/batch", batch("update", set)).await,
        person.post("/v1/customers/batch", batch("delete", json!({ "id": customer }))).await,
    ];
    // Of a batch, the first item is named that was refused.
    replies.iter().map(|reply| outcome(reply).replace(" /items/0", "")).collect()
}

#[actix_web::test]
async fn a_viewer_looks_and_changes_nothing() {
    let nike = Nike::new().await;
    let victor = nike.hire("victor", "viewer").await;
    let ada = nike.alice.customer("Ada", "ada@example.com").await;
    let note = json!({ "body": "Calls back." });
    let comment = nike.alice.post(&format!("{}/comments", path(&ada)), note).await.id();
    let bin = nike.alice.customer("Bin", "bin@example.com").await;
    nike.alice.delete(&path(&bin)).await;
    let before = nike.world.everything().await;
    assert_eq!(victor.get(&path(&ada)).await.seen(), nike.alice.get(&path(&ada)).await.seen());
    assert_eq!(writes(&victor, &ada, &comment).await, [FORBIDDEN; 7]);
    let new = json!({ "name": "New", "email": "new@example.com" });
    let create = json!({ "operation": "create", "items": [new] });
    for reply in [
        victor.post("/v1/customers", new.clone()).await,
        victor.post("/v1/customers/batch", create).await,
        victor.put("/v1/customers/by-email/ada@example.com", json!({ "name": "Ada" })).await,
        victor.put("/v1/customers/by-email/new@example.com", json!({ "name": "New" })).await,
        victor.post(&format!("{}/restore", path(&bin)), json!({})).await,
    ] {
        assert_eq!(reply.problem().replace(" /items/0", ""), FORBIDDEN);
    }
    assert_eq!(nike.world.everything().await, before);
}

#[actix_web::test]
async fn a_viewer_looks_after_their_own_login() {
    let nike = Nike::new().await;
    let victor = nike.hire("victor", "viewer").await;
    let (authenticator, _) = guarded(&nike.world, &victor).await;
    assert_eq!(replace(&victor, by_code(&authenticator.code(0))).await.status, 200);
    forget(&nike.world).await;
    assert_eq!(remove(&victor, by_code(&authenticator.code(0))).await.status, 204);
    let password =
        json!({ "current_password": PASSWORD, "new_password": "hunting unicorns at dawn" });
    assert_eq!(victor.post("/v1/me/password", password).await.status, 200);
}

#[actix_web::test]
async fn what_somebody_does_not_see_is_not_there_whatever_they_try() {
    let nike = Nike::new().await;
    let (carol, victor) = (nike.hire("carol", "member").await, nike.hire("victor", "viewer").await);
    let ada = nike.alice.customer("Ada", "ada@example.com").await;
    let note = json!({ "body": "Calls back." });
    let comment = nike.alice.post(&format!("{}/comments", path(&ada)), note).await.id();
    let own = json!({ "member_visibility": "own", "viewer_visibility": "own" });
    assert_eq!(nike.alice.patch("/v1/company", own).await.status, 200);
    let before = nike.world.everything().await;
    let random = Uuid::now_v7().to_string();
    for person in [carol, victor] {
        assert_eq!(names(&person).await, [""; 0]);
        for address in ["", "/comments", "/access", "/shares"] {
            let hers = person.get(&format!("{}{address}", path(&ada))).await;
            assert_eq!(hers.problem(), "404 not-found", "{address}");
            let nobodys = person.get(&format!("{}{address}", path(&random))).await;
            assert_eq!(hers.seen(), nobodys.seen());
        }
        let share = json!({ "recipient_user_id": person.user_id, "permission": "write" });
        let reply = person.post(&format!("{}/shares", path(&ada)), share).await;
        assert_eq!(reply.problem(), "404 not-found");
        let tried = writes(&person, &ada, &comment).await;
        assert_eq!(tried, writes(&person, &random, &random).await);
        assert_eq!(tried[..5], ["404 not-found"; 5]);
    }
    assert_eq!(nike.world.everything().await, before);
}

#[actix_web::test]
async fn members_see_all_their_teams_or_their_own_customers_as_the_company_says() {
    let nike = Nike::new().await;
    let (carol, dave) = (nike.hire("carol", "member").await, nike.hire("dave", "member").await);
    let erin = nike.hire("erin", "member").await;
    let adam = nike.hire("adam", "admin").await;
    for (person, name) in [(&nike.alice, "A"), (&carol, "C"), (&dave, "D"), (&erin, "E")] {
        person.customer(name, &format!("{name}@example.com")).await;
    }
    let team = nike.team(&[&carol, &dave]).await;
    for (visibility, seen) in
        [("all", vec!["A", "C", "D", "E"]), ("team", vec!["C", "D"]), ("own", vec!["C"])]
    {
        nike.members_see(visibility).await;
        assert_eq!(names(&carol).await, seen, "{visibility}");
        assert_eq!(names(&adam).await, ["A", "C", "D", "E"], "{visibility}");
    }
    nike.members_see("team").await;
    let daves = dave.get("/v1/customers").await.json["data"][0]["id"].clone();
    let daves = path(daves.as_str().unwrap());
    assert_eq!(carol.patch(&daves, json!({ "title": "Dr" })).await.status, 200);
    let out = format!("/v1/teams/{team}/members/{}", dave.user_id);
    assert_eq!(nike.alice.delete(&out).await.status, 204);
    assert_eq!(names(&carol).await, ["C"], "he has left the team");
    assert_eq!(nike.alice.put(&out, json!({})).await.status, 204);
    assert_eq!(names(&carol).await, ["C", "D"], "and come back");
    assert_eq!(nike.alice.delete(&format!("/v1/teams/{team}")).await.status, 204);
    assert_eq!(names(&carol).await, ["C"], "the team is no more");
    assert_eq!(carol.patch(&daves, json!({ "title": "Dr" })).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn a_share_shows_one_customer_to_read_or_to_write() {
    let nike = Nike::new().await;
    let (carol, dave) = (nike.hire("carol", "member").await, nike.hire("dave", "member").await);
    let victor = nike.hire("victor", "viewer").await;
    nike.members_see("own").await;
    let own = json!({ "viewer_visibility": "own" });
    assert_eq!(nike.alice.patch("/v1/company", own).await.status, 200);
    let ada = nike.alice.customer("Ada", "ada@example.com").await;
    nike.alice.customer("Grace", "grace@example.com").await;
    let patch = json!({ "title": "Dr" });
    let read = json!({ "recipient_user_id": carol.user_id, "permission": "read" });
    let read = nike.share(&ada, read).await;
    assert_eq!(names(&carol).await, ["Ada"]);
    assert_eq!(carol.patch(&path(&ada), patch.clone()).await.problem(), FORBIDDEN);
    assert_eq!(carol.delete(&read).await.problem(), FORBIDDEN, "it is not hers to take back");
    let write = json!({ "recipient_user_id": carol.user_id, "permission": "write" });
    let write = nike.share(&ada, write).await;
    assert_eq!(carol.patch(&path(&ada), patch.clone()).await.status, 200);
    let team = nike.team(&[&dave, &victor]).await;
    let both = json!({ "recipient_team_id": team, "permission": "write" });
    nike.share(&ada, both).await;
    assert_eq!(
        (names(&dave).await, names(&victor).await),
        (vec!["Ada".into()], vec!["Ada".into()])
    );
    assert_eq!(dave.patch(&path(&ada), patch.clone()).await.status, 200);
    assert_eq!(victor.patch(&path(&ada), patch.clone()).await.problem(), FORBIDDEN);
    assert_eq!(
        carol.get(&format!("{}/shares", path(&ada))).await.json["data"][2]["user_id"],
        json!(nike.alice.user_id)
    );
    for share in [read, write] {
        assert_eq!(nike.alice.delete(&share).await.status, 204);
        assert_eq!(nike.alice.delete(&share).await.problem(), "404 not-found");
    }
    assert_eq!(carol.patch(&path(&ada), patch).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn only_the_customers_owner_admins_and_owners_share_it() {
    let nike = Nike::new().await;
    let (carol, dave) = (nike.hire("carol", "member").await, nike.hire("dave", "member").await);
    let (adam, victor) = (nike.hire("adam", "admin").await, nike.hire("victor", "viewer").await);
    let ada = carol.customer("Ada", "ada@example.com").await;
    let share = json!({ "recipient_user_id": victor.user_id, "permission": "read" });
    let address = format!("{}/shares", path(&ada));
    for (person, expected) in [
        (&nike.alice, "201"),
        (&adam, "201"),
        (&carol, "201"),
        (&dave, FORBIDDEN),
        (&victor, FORBIDDEN),
    ] {
        assert_eq!(outcome(&person.post(&address, share.clone()).await), expected);
    }
    let nobody = json!({ "recipient_team_id": Uuid::now_v7(), "permission": "read" });
    let reply = carol.post(&address, nobody).await;
    assert_eq!(reply.problem(), "409 reference-not-found /recipient_team_id");
    let both = json!({
        "recipient_user_id": dave.user_id, "recipient_team_id": Uuid::now_v7(), "permission": "read",
    });
    let reply = carol.post(&address, both).await;
    assert_eq!(reply.problem(), "422 validation /recipient_user_id");
}

#[actix_web::test]
async fn an_e_mail_that_a_hidden_customer_has_is_taken() {
    let nike = Nike::new().await;
    let carol = nike.hire("carol", "member").await;
    nike.members_see("own").await;
    nike.alice.customer("Ada", "ada@example.com").await;
    let before = nike.world.everything().await;
    let put = carol.put("/v1/customers/by-email/ada@example.com", json!({ "name": "Eve" })).await;
    assert_eq!(put.problem(), "409 already-exists");
    let new = json!({ "name": "Eve", "email": "ada@example.com" });
    let post = carol.post("/v1/customers", new.clone()).await;
    assert_eq!(post.problem(), "409 already-exists /email");
    let batch = json!({ "operation": "upsert", "items": [new] });
    let batch = carol.post("/v1/customers/batch", batch).await;
    assert_eq!(batch.problem(), "409 already-exists /items/0");
    assert_eq!(nike.world.everything().await, before);
}

#[actix_web::test]
async fn owners_change_everybody_and_admins_change_members_and_viewers() {
    let nike = Nike::new().await;
    let (adam, eve) = (nike.hire("adam", "admin").await, nike.hire("eve", "admin").await);
    let (carol, victor) = (nike.hire("carol", "member").await, nike.hire("victor", "viewer").await);
    let owner = nike.hire("olga", "owner").await;
    let role = |role: &str| json!({ "role": role });
    for (by, whom, patch, expected) in [
        (&adam, &carol, role("viewer"), "200"),
        (&adam, &carol, json!({ "disabled": true }), "200"),
        (&adam, &carol, json!({ "disabled": false, "role": "member" }), "200"),
        (&adam, &carol, role("admin"), FORBIDDEN),
        (&adam, &adam, role("owner"), FORBIDDEN),
        (&adam, &adam, role("member"), FORBIDDEN),
        (&adam, &eve, role("member"), FORBIDDEN),
        (&adam, &owner, json!({ "disabled": true }), FORBIDDEN),
        (&carol, &victor, role("member"), FORBIDDEN),
        (&victor, &victor, role("owner"), FORBIDDEN),
        (&nike.alice, &eve, role("owner"), "200"),
        (&nike.alice, &eve, role("viewer"), "200"),
        (&nike.alice, &victor, json!({}), "200"),
        (&nike.alice, &victor, json!({ "role": null }), "422 validation /role"),
        (&nike.alice, &victor, role("king"), "422 validation /role"),
        (&nike.alice, &victor, json!({ "email": "v@v.example" }), "422 unknown-field /email"),
    ] {
        let reply = nike.change(whom, by, patch.clone()).await;
        assert_eq!(outcome(&reply), expected, "{patch}");
    }
    let bob = nike.world.bob().await;
    let reply = nike.change(&carol, &bob, role("owner")).await;
    assert_eq!(reply.problem(), "404 not-found");
}

#[actix_web::test]
async fn nobody_demotes_the_last_owner() {
    let nike = Nike::new().await;
    for patch in [json!({ "role": "admin" }), json!({ "disabled": true })] {
        let reply = nike.change(&nike.alice, &nike.alice, patch).await;
        assert_eq!(reply.problem(), "409 conflict");
    }
    let olga = nike.hire("olga", "owner").await;
    assert_eq!(nike.change(&olga, &nike.alice, json!({ "disabled": true })).await.status, 200);
    let reply = nike.change(&nike.alice, &nike.alice, json!({ "role": "viewer" })).await;
    assert_eq!(reply.problem(), "409 conflict", "the other one is disabled");
}

#[actix_web::test]
async fn of_two_owners_who_demote_each_other_at_once_one_stays() {
    let nike = Nike::new().await;
    let olga = nike.hire("olga", "owner").await;
    let patch = || json!({ "role": "member" });
    for _ in 0..5 {
        let (one, other) = futures_util::join!(
            nike.change(&olga, &nike.alice, patch()),
            nike.change(&nike.alice, &olga, patch())
        );
        let owners = "select count(*) from crm.users where role = 'owner' and company_id = '{}'";
        let owners = owners.replace("{}", &nike.alice.company_id.to_string());
        assert_eq!(nike.admin.value(&owners).await, "1", "{one:?} {other:?}");
        nike.admin.run("update crm.users set role = 'owner' where name in ('olga', 'Alice')").await;
    }
}

#[actix_web::test]
async fn a_change_of_a_user_counts_from_their_next_request_on() {
    let nike = Nike::new().await;
    let carol = nike.hire("carol", "member").await;
    let new = || json!({ "name": "Ada" });
    assert_eq!(carol.post("/v1/customers", new()).await.status, 201);
    nike.change(&carol, &nike.alice, json!({ "role": "viewer" })).await;
    assert_eq!(carol.post("/v1/customers", new()).await.problem(), FORBIDDEN);
    nike.change(&carol, &nike.alice, json!({ "role": "admin" })).await;
    assert_eq!(carol.post("/v1/teams", new()).await.status, 201);
    nike.change(&carol, &nike.alice, json!({ "disabled": true })).await;
    assert_eq!(carol.get("/v1/me").await.problem(), "401 session-revoked");
    nike.change(&carol, &nike.alice, json!({ "disabled": false })).await;
    assert_eq!(carol.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn nobody_acts_for_a_suspended_company() {
    let nike = Nike::new().await;
    let bob = nike.world.bob().await;
    let (url, company) = (nike.world.database.admin_url(), nike.alice.company_id);
    assert!(paddock_db::provision::suspend(&url, company, true).await.unwrap());
    assert_eq!(nike.alice.get("/v1/customers").await.problem(), "401 session-revoked");
    let login = json!({ "email": "alice@nike.example", "password": crate::harness::PASSWORD });
    let login = nike.world.stranger().post("/v1/auth/login", login).await;
    assert_eq!(login.problem(), "401 invalid-credentials");
    assert_eq!(bob.get("/v1/customers").await.status, 200);
    assert!(paddock_db::provision::suspend(&url, company, false).await.unwrap());
    assert_eq!(nike.alice.get("/v1/customers").await.problem(), "401 session-revoked");
    let again = nike.world.alice().await;
    assert_eq!(again.get("/v1/customers").await.status, 200);
    assert!(!paddock_db::provision::suspend(&url, Uuid::now_v7(), true).await.unwrap());
}

#[actix_web::test]
async fn only_owners_and_admins_say_what_others_see() {
    let nike = Nike::new().await;
    let (adam, carol) = (nike.hire("adam", "admin").await, nike.hire("carol", "member").await);
    let own = || json!({ "member_visibility": "own" });
    assert_eq!(carol.patch("/v1/company", own()).await.problem(), FORBIDDEN);
    let tag = adam.get("/v1/company").await.header("etag").to_owned();
    let patch = |tag: &str| {
        adam.request(Method::PATCH, "/v1/company").insert_header(("if-match", tag)).set_json(own())
    };
    let reply = adam.send(patch(&tag)).await;
    assert_eq!((reply.status, &reply.json["member_visibility"]), (200, &json!("own")));
    assert_eq!(adam.send(patch(&tag)).await.problem(), "412 version-mismatch");
    for (body, expected) in [
        (json!({ "member_visibility": "some" }), "422 validation /member_visibility"),
        (json!({ "viewer_visibility": null }), "422 validation /viewer_visibility"),
        (json!({ "name": "Adidas" }), "422 unknown-field /name"),
        (json!({ "suspended_at": null }), "422 unknown-field /suspended_at"),
    ] {
        assert_eq!(adam.patch("/v1/company", body).await.problem(), expected);
    }
}

/// Whoever has broken everything above the database still meets its rules.
#[actix_web::test]
async fn the_database_itself_keeps_roles_and_visibility() {
    let nike = Nike::new().await;
    let (carol, victor) = (nike.hire("carol", "member").await, nike.hire("victor", "viewer").await);
    let ada = nike.alice.customer("Ada", "ada@example.com").await;
    carol.customer("Cleo", "cleo@example.com").await;
    nike.members_see("own").await;
    let app = Psql::new(&nike.world.database.app_url()).await;
    let place = |person: &Person| crate::harness::Place {
        company_id: person.company_id,
        user_id: person.user_id,
    };
    let comment =
        format!("insert into crm.customer_comments (customer_id, body) values ('{ada}', 'Psst.')");
    let share = format!(
        "insert into crm.record_shares (customer_id, recipient_user_id, permission)
        values ('{ada}', '{}', 'write')",
        carol.user_id
    );
    for (person, statement, expected) in [
        (
            &carol,
            "with u as (update crm.customers set phone = '1' returning 1) select count(*) from u",
            "1",
        ),
        (&carol, "select count(*) from crm.customers", "1"),
        (&carol, comment.as_str(), "42501"),
        (&carol, share.as_str(), "42501"),
        (&carol, "update crm.users set role = 'owner'", ""),
        (&carol, "update crm.companies set member_visibility = 'all'", "42501"),
        (&carol, "insert into crm.teams (name) values ('Mine')", "42501"),
        (&victor, "update crm.customers set phone = '1'", "42501"),
        (&victor, "insert into crm.customers (name) values ('Eve')", "42501"),
        (&victor, "delete from crm.customers", "42501"),
    ] {
        app.begin_as(place(person)).await;
        let answer = match app.client().simple_query(statement).await {
            Err(error) => error.code().unwrap().code().to_owned(),
            Ok(messages) => messages.iter().find_map(first).unwrap_or_default(),
        };
        app.run("rollback").await;
        assert_eq!(answer, expected, "{statement}");
    }
    assert_eq!(
        nike.admin
            .value("select count(*) from crm.users where role = 'owner' and name = 'carol'")
            .await,
        "0"
    );
}

fn first(message: &tokio_postgres::SimpleQueryMessage) -> Option<String> {
    match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }
}
