//! API keys: what programs do with them, and who looks after them.

use actix_web::http::Method;
use futures_util::join;
use serde_json::{Value, json};

use crate::harness::{Person, Psql, Reply, World};

const KEYS: &str = "/v1/api-keys";
const FORBIDDEN: &str = "403 insufficient-permission";
pub const NOT_A_KEY: &str = "401 invalid-token";

/// A key with these rights, made by this person.
pub async fn make(person: &Person, role: &str, scopes: &[&str]) -> Reply {
    let reply =
        person.post(KEYS, json!({ "name": "Import", "role": role, "scopes": scopes })).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply
}

/// A program with such a key.
pub async fn program(person: &Person, role: &str, scopes: &[&str]) -> Person {
    with(person, &make(person, role, scopes).await)
}

pub fn with(person: &Person, made: &Reply) -> Person {
    person.with_token(made.json["key"].as_str().unwrap())
}

pub fn path(made: &Reply) -> String {
    format!("{KEYS}/{}", made.id())
}

pub async fn hire(world: &World, name: &str, role: &str) -> Person {
    let person = world.colleague(name).await;
    let update = format!("update crm.users set role = '{role}' where id = '{}'", person.user_id);
    Psql::new(&world.database.admin_url()).await.run(&update).await;
    person
}

#[actix_web::test]
async fn a_key_is_made_used_renamed_and_revoked() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "member", &["customers:write", "customers:read"]).await;
    assert_eq!(made.header("location"), path(&made));
    let key = made.json["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with(made.json["prefix"].as_str().unwrap()));
    let mut record = made.json.clone();
    record.as_object_mut().unwrap().remove("key");
    assert_eq!(record["scopes"], json!(["customers:read", "customers:write"]));
    assert_eq!(record["user_id"], json!(alice.user_id));
    let found = alice.get(&path(&made)).await;
    assert_eq!((&found.json, found.header("etag")), (&record, "\"v1\""), "without the key");
    assert_eq!(alice.get(KEYS).await.json["data"], json!([record]));

    let program = with(&alice, &made);
    let customer = program.customer("Ada", "ada@example.com").await;
    let customer = alice.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(customer.json["user_id"], json!(alice.user_id));
    assert_eq!(program.get("/v1/customers").await.names(), ["Ada"]);

    let renamed = alice.patch(&path(&made), json!({ "name": "Nightly" })).await;
    assert_eq!((renamed.status, &renamed.json["name"]), (200, &json!("Nightly")));
    let stale = alice.ask(Method::DELETE, &path(&made), &[("if-match", "\"v1\"")]).await;
    assert_eq!(stale.problem(), "412 version-mismatch");
    assert_eq!(program.get("/v1/customers").await.status, 200);
    assert_eq!(alice.delete(&path(&made)).await.status, 204);
    assert_eq!(program.get("/v1/customers").await.problem(), NOT_A_KEY);
    assert_eq!(alice.get(&path(&made)).await.problem(), "404 not-found");
    assert_eq!(alice.patch(&path(&made), json!({})).await.problem(), "404 not-found");
    assert_eq!(alice.delete(&path(&made)).await.problem(), "404 not-found");
    assert_eq!(alice.get(KEYS).await.json["data"], json!([]));

    let log = alice.get(&format!("/v1/audit-log?record_id={}", made.id())).await;
    let operations: Vec<&Value> =
        log.json["data"].as_array().unwrap().iter().map(|record| &record["operation"]).collect();
    assert_eq!(operations, ["api_keys.update", "api_keys.update", "api_keys.insert"]);
    assert_eq!(log.json["data"][2]["changes"]["secret_hash"], json!({ "redacted": true }));
}

#[actix_web::test]
async fn what_cannot_be_a_key_is_refused_field_by_field() {
    let world = World::new().await;
    let alice = world.alice().await;
    for (change, expected) in [
        (json!({ "name": " " }), "422 validation /name"),
        (json!({ "role": "king" }), "422 validation /role"),
        (json!({ "scopes": [] }), "422 validation /scopes"),
        (json!({ "scopes": ["customers:read", "planets:read"] }), "422 validation /scopes/1"),
        (json!({ "scopes": vec!["customers:read"; 101] }), "422 validation /scopes"),
        (json!({ "scopes": ["api_keys:write"] }), "422 validation /scopes/0"),
        (json!({ "expires_in_days": 0 }), "422 validation /expires_in_days"),
        (json!({ "expires_in_days": 366 }), "422 validation /expires_in_days"),
        (json!({ "user_id": alice.user_id }), "422 unknown-field /user_id"),
        (json!({ "secret_hash": "" }), "422 unknown-field /secret_hash"),
    ] {
        let mut body = json!({ "name": "Import", "role": "owner", "scopes": ["customers:read"] });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(alice.post(KEYS, body).await.problem(), expected, "{change}");
    }
    let made = make(&alice, "owner", &["customers:read"]).await;
    for (patch, expected) in [
        (json!({ "name": null }), "422 validation /name"),
        (json!({ "role": "owner" }), "422 unknown-field /role"),
        (json!({ "scopes": [] }), "422 unknown-field /scopes"),
        (json!({ "expires_at": "2099-01-01T00:00:00Z" }), "422 unknown-field /expires_at"),
    ] {
        assert_eq!(alice.patch(&path(&made), patch).await.problem(), expected);
    }
}

#[actix_web::test]
async fn nobody_makes_a_key_that_may_more_than_they() {
    let world = World::new().await;
    let people = [
        world.alice().await,
        hire(&world, "adam", "admin").await,
        hire(&world, "carol", "member").await,
        hire(&world, "victor", "viewer").await,
    ];
    let roles = ["owner", "admin", "member", "viewer"];
    for (own, person) in people.iter().enumerate() {
        for (wanted, role) in roles.iter().enumerate() {
            let body = json!({ "name": "Import", "role": role, "scopes": ["me:read"] });
            let reply = person.post(KEYS, body).await;
            let expected = if wanted >= own { 201 } else { 403 };
            assert_eq!(reply.status, expected, "a {role} key of the {}", roles[own]);
        }
    }
}

#[actix_web::test]
async fn a_key_is_what_it_says_or_what_its_user_is_where_that_is_less() {
    let world = World::new().await;
    let alice = world.alice().await;
    let dave = hire(&world, "dave", "admin").await;
    let scopes = ["customers:read", "customers:write", "teams:write"];
    let looking = program(&dave, "viewer", &scopes).await;
    let working = program(&dave, "member", &scopes).await;
    let running = program(&dave, "admin", &scopes).await;
    let may = async || {
        let mut statuses = Vec::new();
        for program in [&looking, &working, &running] {
            statuses.push((
                program.get("/v1/customers").await.status,
                program.post("/v1/customers", json!({ "name": "Ada" })).await.status,
                program.post("/v1/teams", json!({ "name": "West" })).await.status,
            ));
        }
        statuses
    };
    assert_eq!(may().await, [(200, 403, 403), (200, 201, 403), (200, 201, 201)]);
    let become_a = async |role: &str| {
        let reply =
            alice.patch(&format!("/v1/users/{}", dave.user_id), json!({ "role": role })).await;
        assert_eq!(reply.status, 200);
    };
    become_a("member").await;
    assert_eq!(may().await, [(200, 403, 403), (200, 201, 403), (200, 201, 403)]);
    become_a("viewer").await;
    assert_eq!(may().await, [(200, 403, 403); 3]);
    become_a("owner").await;
    assert_eq!(may().await, [(200, 403, 403), (200, 201, 403), (200, 201, 201)]);
}

#[actix_web::test]
async fn a_lower_key_sees_no_more_than_its_role() {
    let world = World::new().await;
    let alice = world.alice().await;
    let carol = world.colleague("carol").await;
    carol.customer("Cleo", "cleo@example.com").await;
    alice.customer("Ada", "ada@example.com").await;
    let own = json!({ "viewer_visibility": "own" });
    assert_eq!(alice.patch("/v1/company", own).await.status, 200);
    let program = program(&alice, "viewer", &["customers:read"]).await;
    assert_eq!(program.get("/v1/customers").await.names(), ["Ada"]);
    let reply = program.get("/v1/teams").await;
    assert_eq!(reply.problem(), FORBIDDEN);
    assert_eq!(reply.json["detail"], "the API key lacks the scope teams:read");
}

#[actix_web::test]
async fn owners_and_admins_look_after_all_keys_and_others_after_their_own() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (adam, carol) =
        (hire(&world, "adam", "admin").await, hire(&world, "carol", "member").await);
    let victor = hire(&world, "victor", "viewer").await;
    let mut paths = Vec::new();
    for person in [&alice, &adam, &carol, &victor] {
        paths.push(path(&make(person, "viewer", &["me:read"]).await));
    }
    for (person, own) in [(&carol, 2), (&victor, 3)] {
        let list = person.get(KEYS).await;
        assert_eq!(list.json["data"].as_array().unwrap().len(), 1);
        for (number, path) in paths.iter().enumerate() {
            let expected = if number == own { 200 } else { 404 };
            assert_eq!(person.get(path).await.status, expected, "{path}");
            assert_eq!(person.patch(path, json!({ "name": "Mine" })).await.status, expected);
        }
    }
    let random = bob.get(&format!("{KEYS}/{}", uuid::Uuid::now_v7())).await.seen();
    for path in &paths {
        assert_eq!(bob.get(path).await.seen(), random);
        assert_eq!(bob.delete(path).await.problem(), "404 not-found");
        assert_eq!(alice.get(path).await.status, 200);
        assert_eq!(adam.patch(path, json!({ "name": "Theirs" })).await.status, 200);
    }
    assert_eq!(carol.delete(&paths[0]).await.problem(), "404 not-found");
    assert_eq!(victor.delete(&paths[3]).await.status, 204);
    assert_eq!(adam.delete(&paths[0]).await.status, 204);
    assert_eq!(alice.delete(&paths[2]).await.status, 204);
    assert_eq!(alice.get(KEYS).await.json["data"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn of_two_who_revoke_a_key_at_once_one_does_it() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let at = path(&made);
    let (one, other) = join!(alice.delete(&at), alice.delete(&at));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404]);
    assert_eq!(with(&alice, &made).get("/v1/me").await.problem(), NOT_A_KEY);
}

#[actix_web::test]
async fn when_a_key_was_used_is_noted_behind_the_answer_and_is_no_change() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let at = path(&made);
    assert_eq!(alice.get(&at).await.json["last_used_at"], Value::Null);
    let program = with(&alice, &made);
    assert_eq!(program.get("/v1/teams").await.problem(), FORBIDDEN, "that is no use");
    assert_eq!(program.get("/v1/me").await.status, 200);
    let used = loop {
        let reply = alice.get(&at).await;
        if reply.json["last_used_at"] != Value::Null {
            break reply;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(used.header("etag"), "\"v1\"");
    assert_eq!(program.get("/v1/me").await.status, 200);
    world.db.record_key_uses().await;
    assert_eq!(alice.get(&at).await.json["last_used_at"], used.json["last_used_at"]);
    let listed = alice.get(KEYS).await;
    assert_eq!(listed.json["data"][0]["last_used_at"], used.json["last_used_at"]);
}
