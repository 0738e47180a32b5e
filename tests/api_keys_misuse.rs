//! API keys in the wrong hands, in the wrong place, or made up.

use actix_web::http::Method;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use paddock_api::limits::{Clock, RateLimits, RateSettings};
use paddock_db::Limits;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::api_keys::{NOT_A_KEY, hire, make, path, program, with};
use crate::harness::{Person, Psql, Reply, World};
use crate::walk::log::Log;

const PREFIX: &str = "pdk_live_";

/// The same key with other bytes at a place, and a checksum that is right.
fn edited(made: &Reply, at: usize, bytes: &[u8]) -> String {
    let text = made.json["key"].as_str().unwrap().strip_prefix(PREFIX).unwrap();
    let mut payload = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    payload.truncate(80);
    payload[at..at + bytes.len()].copy_from_slice(bytes);
    let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(&payload));
    payload.extend_from_slice(&Sha256::digest(text)[..4]);
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(payload))
}

async fn me(person: &Person, token: &str) -> Reply {
    person.with_token(token).get("/v1/me").await
}

#[actix_web::test]
async fn a_key_is_out_at_the_next_request_whatever_made_it_worthless() {
    let world = World::new().await;
    let alice = world.alice().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let refused =
        me(&alice, &edited(&make(&alice, "owner", &["me:read"]).await, 48, &[0; 32])).await;
    assert_eq!(refused.problem(), NOT_A_KEY);
    let company = alice.company_id;
    for (number, misfortune) in [
        "update crm.api_keys set revoked_at = now() where id = '{key}'",
        "update crm.api_keys set expires_at = now() where id = '{key}'",
        "update crm.users set disabled_at = now() where id = '{user}'",
        "delete from crm.users where id = '{user}'",
        "update crm.companies set suspended_at = now() where id = '{company}'",
    ]
    .iter()
    .enumerate()
    {
        let dave = hire(&world, &format!("dave{number}"), "member").await;
        let made = make(&dave, "member", &["me:read"]).await;
        let program = with(&dave, &made);
        assert_eq!(program.get("/v1/me").await.status, 200);
        let misfortune = misfortune
            .replace("{key}", &made.id())
            .replace("{user}", &dave.user_id.to_string())
            .replace("{company}", &company.to_string());
        admin.run(&misfortune).await;
        assert_eq!(program.get("/v1/me").await.seen(), refused.seen(), "{misfortune}");
    }
}

#[actix_web::test]
async fn a_suspension_that_ends_lets_keys_in_again() {
    let world = World::new().await;
    let alice = world.alice().await;
    let program = program(&alice, "owner", &["me:read"]).await;
    let url = world.database.admin_url();
    for (suspended, expected) in [(true, 401), (false, 200)] {
        assert!(paddock_db::provision::suspend(&url, alice.company_id, suspended).await.unwrap());
        assert_eq!(program.get("/v1/me").await.status, expected);
    }
}

#[actix_web::test]
async fn a_key_that_was_edited_is_none_and_tells_nothing() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let carol = world.colleague("carol").await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let hers = make(&bob, "owner", &["me:read"]).await;
    let same = edited(&made, 0, &[]);
    assert_eq!(same, made.json["key"].as_str().unwrap());
    let refused = me(&alice, "pdk_live_").await;
    assert_eq!(refused.problem(), NOT_A_KEY);
    let (nobody, other) = (Uuid::now_v7(), Uuid::parse_str(&hers.id()).unwrap());
    for (at, bytes) in [
        (0, nobody.as_bytes().as_slice()),
        (0, other.as_bytes()),
        (16, nobody.as_bytes()),
        (16, bob.company_id.as_bytes()),
        (32, nobody.as_bytes()),
        (32, carol.user_id.as_bytes()),
        (32, bob.user_id.as_bytes()),
        (48, &[0; 32]),
    ] {
        let reply = me(&alice, &edited(&made, at, bytes)).await;
        assert_eq!(reply.seen(), refused.seen(), "at {at}");
    }
    // All of another company, but for the secret.
    let company_and_user = [bob.company_id.into_bytes(), bob.user_id.into_bytes()].concat();
    let whole = [other.as_bytes().as_slice(), &company_and_user].concat();
    assert_eq!(me(&alice, &edited(&made, 0, &whole)).await.seen(), refused.seen());
    for at in 0..same.len() {
        let mut letters = same.clone().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let reply = me(&alice, &String::from_utf8(letters).unwrap()).await;
        assert_eq!(reply.problem(), NOT_A_KEY, "letter {at}");
    }
    assert_eq!(me(&alice, &same).await.status, 200);
}

#[actix_web::test]
async fn a_mistyped_key_is_refused_before_the_body_is_looked_at() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let mut mistyped = made.json["key"].as_str().unwrap().to_owned();
    mistyped.replace_range(100..101, if &mistyped[100..101] == "A" { "B" } else { "A" });
    let program = alice.with_token(&mistyped);
    let document: Value =
        serde_json::from_str(&paddock_api::document().to_json().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = 0;
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for method in item.as_object().unwrap().keys().filter(|_| !path.starts_with("/v1/auth/")) {
            let method: Method = method.to_uppercase().parse().unwrap();
            let address = path.replace(['{', '}'], "!");
            let reply = program.send_json(method, &address, "{").await;
            assert_eq!(reply.problem(), NOT_A_KEY, "{path}");
            operations += 1;
        }
    }
    assert!(operations > 40, "{operations}");
    // One that only the database knows to be wrong comes behind the body.
    let forged = alice.with_token(&edited(&made, 48, &[0; 32]));
    let scoped = forged.patch("/v1/company", json!({ "nonsense": 1 })).await;
    assert_eq!(scoped.problem(), "422 unknown-field /nonsense");
}

#[actix_web::test]
async fn what_is_stored_of_a_key_opens_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let stored = Psql::new(&world.database.admin_url())
        .await
        .value(&format!(
            "select encode(secret_hash, 'base64') from crm.api_keys where id = '{}'",
            made.id()
        ))
        .await;
    let stored = base64::prelude::BASE64_STANDARD.decode(stored).unwrap();
    assert_eq!(me(&alice, &edited(&made, 48, &stored)).await.problem(), NOT_A_KEY);
    let everything = world.everything().await.join("\n");
    let key = made.json["key"].as_str().unwrap();
    assert!(!everything.contains(&key[60..]) && !everything.contains(key));
}

#[actix_web::test]
async fn a_key_is_no_refresh_token_and_no_other_token_is_a_key() {
    let world = World::new().await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let key = made.json["key"].as_str().unwrap();
    let stranger = world.stranger();
    for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
        let reply = stranger.post(path, json!({ "refresh_token": key })).await;
        assert_eq!(reply.problem(), NOT_A_KEY);
    }
    let login = json!({ "email": "alice@nike.example", "password": crate::harness::PASSWORD });
    let login = stranger.post("/v1/auth/login", login).await;
    let refresh = login.json["refresh_token"].as_str().unwrap();
    let disguised = refresh.replace("pdk_rt_", PREFIX);
    for token in [refresh, &disguised, &key.replace(PREFIX, "pdk_rt_"), &key[PREFIX.len()..]] {
        assert_eq!(me(&alice, token).await.problem(), NOT_A_KEY);
    }
    for query in ["api_key", "access_token", "key"] {
        let reply = stranger.get(&format!("/v1/me?{query}={key}")).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{query}"));
        assert!(!reply.text.contains(&key[PREFIX.len()..]));
    }
    let program = with(&alice, &made);
    for (path, body) in [
        ("/v1/api-keys", json!({ "name": "More", "role": "owner", "scopes": ["me:read"] })),
        ("/v1/me/password", json!({ "current_password": "…", "new_password": "…" })),
    ] {
        let reply = program.post(path, body).await;
        assert_eq!(reply.problem(), "403 insufficient-permission");
    }
}

#[actix_web::test]
async fn a_key_reaches_nothing_of_another_company() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let customer = bob.customer("Bea", "bea@example.com").await;
    let program = program(&alice, "owner", &["customers:read", "customers:write"]).await;
    let random = program.get(&format!("/v1/customers/{}", Uuid::now_v7())).await;
    assert_eq!(random.problem(), "404 not-found");
    let hers = format!("/v1/customers/{customer}");
    assert_eq!(program.get(&hers).await.seen(), random.seen());
    assert_eq!(program.patch(&hers, json!({ "name": "Eve" })).await.problem(), "404 not-found");
    assert_eq!(program.delete(&hers).await.problem(), "404 not-found");
    assert_eq!(program.get("/v1/customers").await.names(), [""; 0]);
}

#[actix_web::test]
async fn a_key_removes_nobody_whom_its_role_may_not_remove_whatever_its_user_is() {
    let world = World::new().await;
    let (alice, olga) = (world.alice().await, hire(&world, "olga", "owner").await);
    let carol = hire(&world, "carol", "member").await;
    let scopes = ["users:write"];
    let at = |person: &Person| format!("/v1/users/{}", person.user_id);
    for (role, of_olga, of_carol) in [
        ("viewer", "403 insufficient-permission", "403 insufficient-permission"),
        ("member", "403 insufficient-permission", "403 insufficient-permission"),
        ("admin", "403 insufficient-permission", ""),
    ] {
        let program = program(&alice, role, &scopes).await;
        assert_eq!(program.delete(&at(&olga)).await.problem(), of_olga, "{role}");
        let reply = program.delete(&at(&carol)).await;
        let problem = if reply.status == 204 { String::new() } else { reply.problem() };
        assert_eq!(problem, of_carol, "{role}");
    }
    let nobody = format!("/v1/users/{}", Uuid::now_v7());
    let viewer = program(&alice, "viewer", &scopes).await;
    assert_eq!(viewer.delete(&nobody).await.problem(), "404 not-found");
    assert_eq!(program(&alice, "owner", &scopes).await.delete(&at(&olga)).await.status, 204);
}

#[actix_web::test]
async fn no_log_holds_a_key() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (log, _guard) = Log::listen();
    let made = make(&alice, "owner", &["customers:read", "customers:write"]).await;
    let program = with(&alice, &made);
    assert_eq!(program.post("/v1/customers", json!({ "name": "Ada" })).await.status, 201);
    assert_eq!(program.get("/v1/teams").await.status, 403);
    let wrong = edited(&made, 0, Uuid::now_v7().as_bytes());
    assert_eq!(me(&alice, &wrong).await.status, 401);
    assert_eq!(alice.delete(&path(&made)).await.status, 204);
    assert_eq!(program.get("/v1/customers").await.status, 401);
    let log = log.take();
    assert!(log.contains("answered"), "{log}");
    let key = made.json["key"].as_str().unwrap();
    // Any part that holds something of the secret.
    for at in (70..110).step_by(5) {
        assert!(!log.contains(&key[at..at + 11]), "{log}");
    }
}

#[actix_web::test]
async fn a_key_has_a_limit_of_its_own_and_a_made_up_one_counts_for_its_address() {
    let (clock, rate) = (Clock::standing(), |text: &str| text.parse().unwrap());
    let (key, company, address) = (rate("2/60"), rate("6/60"), rate("4/60"));
    let settings = RateSettings { key, company, address, ..RateSettings::default() };
    let rates = RateLimits::new(settings, &clock);
    let world = World::limited(Limits::default(), &[], rates).await;
    let alice = world.alice().await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let program = with(&alice, &made);
    let first = program.get("/v1/me").await;
    assert_eq!(first.header("ratelimit-policy"), r#""address";q=4;w=60"#, "nobody knows it yet");
    let second = program.get("/v1/me").await;
    assert_eq!(second.header("ratelimit-policy"), r#""key";q=2;w=60, "company";q=6;w=60"#);
    assert_eq!(second.header("ratelimit"), r#""key";r=1;t=30, "company";r=4;t=20"#);
    assert_eq!(program.get("/v1/me").await.status, 200);
    let refused = program.get("/v1/me").await;
    assert_eq!(
        (refused.problem().as_str(), refused.header("retry-after")),
        ("429 rate-limited", "30")
    );
    assert_eq!(alice.get("/v1/me").await.status, 200);
    // Her company has two requests left, and keeps them.
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let wrong = edited(&made, 0, Uuid::now_v7().as_bytes());
        statuses.push(me(&alice, &wrong).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert_eq!(alice.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn the_database_itself_keeps_keys_apart() {
    let world = World::new().await;
    let alice = world.alice().await;
    let carol = hire(&world, "carol", "member").await;
    let made = make(&alice, "owner", &["me:read"]).await;
    let app = Psql::new(&world.database.app_url()).await;
    let insert = |role: &str, scopes: &str| {
        format!(
            "insert into crm.api_keys (name, secret_hash, role, scopes, expires_at)
            values ('Mine', sha256(''), '{role}', '{scopes}', now())"
        )
    };
    let enter =
        format!("select app.enter(null, null, null, '{}', sha256(''), 'me:read')", made.id());
    for (statement, expected) in [
        (insert("member", "{me:read}"), ""),
        (insert("owner", "{me:read}"), "42501"),
        (insert("member", "{}"), "23514"),
        (insert("member", "{\"me:read x\"}"), "23514"),
        (insert("member", "{me:read,null}"), "23514"),
        ("update crm.api_keys set role = 'owner'".to_owned(), "42501"),
        ("update crm.api_keys set expires_at = 'infinity'".to_owned(), "42501"),
        ("update crm.api_keys set user_id = app.user_id()".to_owned(), "42501"),
        ("delete from crm.api_keys".to_owned(), "42501"),
        (enter, "28P01"),
    ] {
        let place = crate::harness::Place { company_id: carol.company_id, user_id: carol.user_id };
        app.begin_as(place).await;
        let answer = match app.client().simple_query(&statement).await {
            Err(error) => error.code().unwrap().code().to_owned(),
            Ok(_) => String::new(),
        };
        app.run("rollback").await;
        assert_eq!(answer, expected, "{statement}");
    }
}
