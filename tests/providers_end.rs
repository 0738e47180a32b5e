//! How an outside login ends, what it is not, and what is recorded of it.

use paddock_db::provision;
use serde_json::{Value, json};

use crate::harness::forge::edit;
use crate::harness::provider::{AUDIENCE, ISSUER, OutsideKey, hasura, outside, trusted};
use crate::harness::{PASSWORD, Person, Psql, World};
use crate::providers::{is_nobody, user_of, with_claims};
use crate::tokens::{refused, with};

/// A world that trusts a provider, and a token of it that stands for Alice: by her id, or by a link.
async fn scene(users: &str) -> (World, OutsideKey, String) {
    let key = OutsideKey::new("EdDSA", "k1");
    let world = World::trusting(trusted(&[&key], json!({ "users": users }))).await;
    // Alice is the only owner, whom nobody else could disable.
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    world.admin().await.batch_execute(anybody).await.unwrap();
    let alice = world.alice_place();
    let claims = match users {
        "linked" => outside("auth0|alice", alice),
        _ => hasura(alice),
    };
    if users == "linked" {
        let (url, email) = (world.database.admin_url(), "alice@nike.example");
        provision::user_login(&url, alice.company_id, email, ISSUER, "auth0|alice").await.unwrap();
    }
    let token = key.token(&claims);
    (world, key, token)
}

// ── J06: out at the next request ───────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn whoever_may_not_act_any_more_is_out_at_the_next_request_with_tokens_of_all_kinds() {
    let disabled = "update crm.users set disabled_at = now() where id = '{alice}'";
    let deleted = "delete from crm.users where id = '{alice}'";
    let moved = "delete from crm.users where id = '{alice}';
        insert into crm.users (company_id, id, name, email)
        values ('{coca_cola}', '{alice}', 'Alice', 'alice@nike.example')";
    let closed = "delete from crm.companies where id = '{nike}'";
    let suspended = "update crm.companies set suspended_at = now() where id = '{nike}'";
    let epoch = "update crm.users set token_epoch = token_epoch + 1 where id = '{alice}'";
    let unlinked = "delete from crm.user_logins where member_id = '{alice}'";
    let everybody = [disabled, deleted, moved, closed, suspended];
    let cases = [
        ("own", [&everybody[..], &[epoch]].concat()),
        ("same-id", everybody.to_vec()),
        ("linked", [&everybody[..], &[unlinked]].concat()),
    ];
    for (kind, changes) in cases {
        for change in changes {
            let (world, _, outside) = scene(if kind == "own" { "same-id" } else { kind }).await;
            let token = if kind == "own" { world.alice().await.token.unwrap() } else { outside };
            assert_eq!(with(&world.stranger(), &token).await.status, 200, "{kind}");
            let (alice, bob) = (world.alice_place(), world.bob_place());
            let change = change
                .replace("{alice}", &alice.user_id.to_string())
                .replace("{nike}", &alice.company_id.to_string())
                .replace("{coca_cola}", &bob.company_id.to_string());
            world.admin().await.batch_execute(&change).await.unwrap();
            is_nobody(&world, &token).await;
        }
    }
}

#[actix_web::test]
async fn a_link_changes_hands_by_nobodys_doing() {
    let (world, _, token) = scene("linked").await;
    let owner = Psql::new(&world.database.admin_url()).await;
    owner.begin_as(world.alice_place()).await;
    owner.run("set local role paddock_owner").await;
    assert_eq!(owner.count("update crm.user_logins set subject = 'auth0|bob'").await, 0);
    assert_eq!(owner.count("delete from crm.user_logins").await, 1);
    owner.run("commit").await;
    is_nobody(&world, &token).await;
}

#[actix_web::test]
async fn what_a_user_may_do_is_asked_here_at_every_request_and_never_the_token() {
    for users in ["same-id", "linked"] {
        let (world, key, token) = scene(users).await;
        let subject = if users == "linked" { "auth0|alice" } else { "" };
        let mut claims = if users == "linked" {
            outside(subject, world.alice_place())
        } else {
            hasura(world.alice_place())
        };
        let namespace = &mut claims["https://hasura.io/jwt/claims"];
        namespace["x-hasura-default-role"] = json!("owner");
        namespace["x-hasura-allowed-roles"] = json!(["owner", "admin"]);
        claims.insert("role".to_owned(), json!("owner"));
        let boastful = key.token(&claims);
        let log = async |token: &str| world.stranger().with_token(token).get("/v1/audit-log").await;
        let own = world.alice().await.token.unwrap();
        for token in [&token, &boastful, &own] {
            assert_eq!(log(token).await.status, 200);
        }
        let lower = "update crm.users set role = 'member' where email_key = 'alice@nike.example'";
        world.admin().await.batch_execute(lower).await.unwrap();
        for token in [&token, &boastful, &own] {
            assert_eq!(log(token).await.problem(), "403 insufficient-permission");
        }
        let raise = "update crm.users set role = 'admin' where email_key = 'alice@nike.example'";
        world.admin().await.batch_execute(raise).await.unwrap();
        for token in [&token, &boastful, &own] {
            assert_eq!(log(token).await.status, 200);
        }
    }
}

// ── J08 to J11: no session, and nothing to steal ───────────────────────────────────────────────────

#[actix_web::test]
async fn a_token_of_a_provider_is_no_refresh_token_and_belongs_to_no_session() {
    for users in ["same-id", "linked"] {
        let (world, key, token) = scene(users).await;
        let here = world.stranger().with_token(&token);
        let before = world.everything().await;
        for _ in 0..2 {
            let body = json!({ "refresh_token": token });
            let reply = world.stranger().post("/v1/auth/refresh", body.clone()).await;
            assert_eq!(reply.problem(), "401 invalid-token");
            world.stranger().post("/v1/auth/logout", body).await;
        }
        assert_eq!(world.everything().await, before);
        assert_eq!(here.get("/v1/me").await.status, 200, "it cannot be logged out here");
        assert_eq!(here.get("/v1/me/sessions").await.json["data"], json!([]));
        // What a provider signs besides access tokens.
        let right = outside("auth0|alice", world.alice_place());
        for typ in ["rt+jwt", "refresh+jwt", "logout+jwt", "dpop+jwt", "id+jwt"] {
            let header = edit(&key.header(), "typ", json!(typ));
            refused(&world.stranger(), &key.token_with(&header, &right)).await;
        }
        let id_token = edit(&right, "aud", json!("the-page"));
        refused(&world.stranger(), &key.token(&id_token)).await;
        assert_ne!(AUDIENCE, "the-page");
        // Refresh tokens of ours are none of theirs either, and a stolen one ends its own session only.
        let login = log_in(&world).await;
        let first = login["refresh_token"].as_str().unwrap();
        refused(&world.stranger(), first).await;
        let second = refresh(&world, first).await;
        let third = refresh(&world, second["refresh_token"].as_str().unwrap()).await;
        assert!(third["access_token"].is_string(), "{third}");
        assert_eq!(refresh(&world, first).await["code"], "session-revoked");
        let own = third["access_token"].as_str().unwrap();
        is_nobody(&world, own).await;
        assert_eq!(here.get("/v1/me").await.status, 200);
    }
}

#[actix_web::test]
async fn a_user_who_logs_in_elsewhere_sees_and_ends_the_sessions_that_they_have_here() {
    let (world, _, token) = scene("linked").await;
    let (alice, here) = (world.alice().await, world.stranger().with_token(&token));
    let list = here.get("/v1/me/sessions").await.json["data"].clone();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["current"]), (1, &json!(false)));
    let path = format!("/v1/me/sessions/{}", list[0]["id"].as_str().unwrap());
    assert_eq!(here.delete(&path).await.status, 204);
    assert_eq!(alice.get("/v1/me").await.problem(), "401 session-revoked");
    assert_eq!(here.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn who_steals_the_database_finds_no_token_of_a_provider_in_it() {
    let (world, carol, token) = arrived().await;
    assert_eq!(carol["email"], "carol@nike.example");
    let everything = world.everything().await.join("\n");
    for part in token.split('.') {
        assert!(!everything.contains(part), "{part}");
    }
}

// ── What is recorded ───────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn an_arrival_is_recorded_with_who_arrived() {
    let (world, carol, token) = arrived().await;
    let alice = world.alice().await;
    let records = records(&alice).await;
    let seen: Vec<_> = records.iter().map(|record| record["operation"].as_str().unwrap()).collect();
    assert_eq!(seen, ["users.insert", "user_logins.insert"]);
    assert!(records.iter().all(|record| record["user_id"] == carol["id"]), "{records:?}");
    assert_eq!(records[0]["record_id"], carol["id"]);
    assert_eq!(records[0]["changes"]["role"], json!({ "new": "member" }));
    let changes = json!({
        "member_id": { "new": carol["id"] }, "issuer": { "new": ISSUER }, "subject": { "new": "carol" },
    });
    assert_eq!(records[1]["changes"], changes);
    assert_eq!(with(&world.stranger(), &token).await.status, 200);
    assert_eq!(self::records(&alice).await, records, "once");
    assert_eq!(self::records(&world.bob().await).await, [Value::Null; 0]);
}

#[actix_web::test]
async fn a_link_by_email_and_one_of_an_administrator_are_recorded_as_theirs() {
    let more = json!({ "users": "linked", "link_by_email": true });
    let key = OutsideKey::new("EdDSA", "k1");
    let world = World::trusting(trusted(&[&key], more)).await;
    let place = world.alice_place();
    let more = json!({ "email": "alice@nike.example", "email_verified": true });
    let token = key.token(&with_claims(&outside("alice", place), more));
    assert_eq!(user_of(&world.stranger(), &token).await["id"], json!(place.user_id));
    let url = world.database.admin_url();
    let (email, other) = ("alice@nike.example", "https://other.example");
    provision::user_login(&url, place.company_id, email, other, "a").await.unwrap();
    world.admin().await.batch_execute("delete from crm.user_logins").await.unwrap();
    let records = records(&world.stranger().with_token(&world.alice().await.token.unwrap())).await;
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record["operation"].as_str().unwrap(), &record["user_id"]))
        .collect();
    let (alice, nobody) = (json!(place.user_id), Value::Null);
    let whole = [
        ("user_logins.insert", &alice),
        ("user_logins.insert", &nobody),
        ("user_logins.delete", &nobody),
        ("user_logins.delete", &nobody),
    ];
    assert_eq!(seen, whole);
}

// ── What the step at the login door does at most ───────────────────────────────────────────────────

#[actix_web::test]
async fn the_step_of_an_arrival_makes_no_owner_and_changes_nobody_whoever_asks() {
    let world = World::new().await;
    let door = Psql::new(&world.database.auth_url()).await;
    let (nike, bob) = (world.alice_place().company_id, world.bob_place());
    let arrive = async |company: &dyn std::fmt::Display, rest: &str| {
        let step =
            format!("select count(*) from identity.arrive('{company}', 'https://x', {rest})");
        door.value(&step).await
    };
    let before = world.everything().await;
    let nobody = [
        "'eve', 'eve@nike.example', false, 'Eve', 'owner'",
        "'eve', 'eve@nike.example', false, 'Eve', 'admin'",
        "'eve', 'eve@nike.example', false, 'Eve', null",
        "'eve', null, false, 'Eve', 'member'",
        "'eve', null, true, null, null",
        "'eve', 'alice@nike.example', false, 'Eve', 'member'",
        "'eve', 'bob@coca-cola.example', true, null, null",
    ];
    for rest in nobody {
        assert_eq!(arrive(&nike, rest).await, "0", "{rest}");
    }
    let nowhere = "'eve', 'eve@nike.example', false, 'Eve', 'member'";
    assert_eq!(arrive(&uuid::Uuid::now_v7(), nowhere).await, "0");
    assert_eq!(world.everything().await, before);
    // It binds a company for itself alone, and what it leaves behind shows the door nothing.
    assert_eq!(arrive(&nike, "'eve', 'eve@nike.example', false, 'Eve', 'viewer'").await, "1");
    assert_eq!(arrive(&bob.company_id, "'eve', null, false, null, null").await, "0");
    for table in ["crm.users", "crm.user_logins", "crm.companies"] {
        let refusal = door.refusal(&format!("select * from {table}")).await;
        assert!(refusal.starts_with("42501"), "{refusal}");
    }
    assert_eq!(door.value("select current_setting('app.company_id', true)").await, "");
}

// ── Helpers ────────────────────────────────────────────────────────────────────────────────────────

const LOG: &str = "/v1/audit-log";

/// Carol, whom the provider has brought to Nike, and her token.
async fn arrived() -> (World, Value, String) {
    let key = OutsideKey::new("EdDSA", "k1");
    let more = json!({ "users": "linked", "provision": "on-first-sight" });
    let world = World::trusting(trusted(&[&key], more)).await;
    let more = json!({ "email": "carol@nike.example", "name": "Carol" });
    let token = key.token(&with_claims(&outside("carol", world.alice_place()), more));
    let carol = user_of(&world.stranger(), &token).await;
    (world, carol, token)
}

/// What the log says of users and their logins elsewhere since the company has its first, oldest first.
async fn records(person: &Person) -> Vec<Value> {
    let reply = person.get(&format!("{LOG}?limit=200")).await;
    let records = reply.json["data"].as_array().unwrap().iter().rev();
    let of_people = |record: &&Value| {
        record["operation"].as_str().is_some_and(|operation| operation.starts_with("user"))
    };
    records.filter(of_people).skip(1).cloned().collect()
}

async fn log_in(world: &World) -> Value {
    let body = json!({ "email": "alice@nike.example", "password": PASSWORD });
    world.stranger().post("/v1/auth/login", body).await.json
}

async fn refresh(world: &World, token: &str) -> Value {
    let body = json!({ "refresh_token": token });
    world.stranger().post("/v1/auth/refresh", body).await.json
}
