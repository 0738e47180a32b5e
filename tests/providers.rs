//! Outside logins: whose tokens are accepted, and whom they stand for.

use futures_util::future::join_all;
use paddock_api::Providers;
use paddock_api::limits::Clock;
use paddock_db::provision;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::harness::forge::edit;
use crate::harness::provider::{Files, ISSUER, KeyServer, OutsideKey, hasura, outside, trusted};
use crate::harness::{Person, Place, Psql, World};
use crate::tokens::{refused, with};

const NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// A world that trusts a provider with one key.
async fn world(more: Value) -> (World, OutsideKey) {
    let key = OutsideKey::new("EdDSA", "k1");
    (World::trusting(trusted(&[&key], more)).await, key)
}

/// What somebody gets whose login stands for nobody.
pub async fn is_nobody(world: &World, token: &str) {
    let reply = with(&world.stranger(), token).await;
    assert_eq!(reply.problem(), "401 session-revoked");
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
}

pub async fn user_of(person: &Person, token: &str) -> Value {
    let me = with(person, token).await;
    assert_eq!(me.status, 200, "{me:?}");
    me.json["user"].clone()
}

pub fn with_claims(claims: &Map<String, Value>, more: Value) -> Map<String, Value> {
    more.as_object()
        .unwrap()
        .iter()
        .fold(claims.clone(), |claims, (name, value)| edit(&claims, name, value.clone()))
}

// ── Hasura's and Nhost's tokens ────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_token_in_hasuras_format_reads_exactly_its_companys_customers() {
    let (world, key) = world(json!({})).await;
    world.alice().await.customer("Ada", "ada@example.com").await;
    world.alice().await.customer("Grace", "grace@example.com").await;
    world.bob().await.customer("Alan", "alan@example.com").await;
    let psql = Psql::new(&world.database.app_url()).await;
    let people = [(world.alice_place(), "Ada|Grace"), (world.bob_place(), "Alan")];
    for (place, names) in people {
        let claims = hasura(place);
        let as_text = edit(&claims, NAMESPACE, json!(claims[NAMESPACE].to_string()));
        for claims in [claims, as_text] {
            let person = world.stranger().with_token(&key.token(&claims));
            let page = person.get("/v1/customers?sort=name").await;
            assert_eq!(page.names().join("|"), names);
            let seen = "select string_agg(name, '|' order by name) from crm.customers";
            assert_eq!(psql.rows_as(place, seen).await, [names]);
        }
    }
    let alice = world.stranger().with_token(&key.token(&hasura(world.alice_place())));
    let made = alice.post("/v1/customers", json!({ "name": "Edith" })).await;
    let owner = (&made.json["company_id"], &made.json["user_id"]);
    let place = world.alice_place();
    assert_eq!(owner, (&json!(place.company_id), &json!(place.user_id)));
}

#[actix_web::test]
async fn the_example_of_the_readme_lets_hasuras_users_in() {
    let (_, example) = include_str!("../README.md")
        .split_once("<!-- outside logins: read by a test -->\n```json\n")
        .unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let written: Value = serde_json::from_str(example).unwrap();
    let [issuer, url] =
        ["issuer", "jwks_url"].map(|name| written["providers"][0][name].as_str().unwrap());
    let (keys, key) = (KeyServer::start(), OutsideKey::new("RS256", "k1"));
    keys.has(&[&key]);
    let (files, clock) = (Files::new(), Clock::default());
    assert!(Providers::of_text(example, files.path(), clock.clone()).is_ok(), "as it is written");
    let here = example.replace(url, &keys.url);
    let providers = Providers::of_text(&here, files.path(), clock).unwrap();
    providers.refresh().await;
    let world = World::trusting(providers).await;
    let claims = edit(&hasura(world.alice_place()), "iss", json!(issuer));
    let alice = user_of(&world.stranger(), &key.token(&claims)).await;
    assert_eq!(alice["email"], "alice@nike.example");
    refused(&world.stranger(), &key.token(&hasura(world.alice_place()))).await;
}

#[actix_web::test]
async fn a_user_of_one_company_is_nobody_in_another() {
    let (world, key) = world(json!({})).await;
    let (alice, bob) = (world.alice_place(), world.bob_place());
    let strange = [
        Place { company_id: alice.company_id, user_id: bob.user_id },
        Place { company_id: bob.company_id, user_id: alice.user_id },
        Place { company_id: Uuid::now_v7(), user_id: alice.user_id },
        Place { company_id: alice.company_id, user_id: Uuid::now_v7() },
        Place { company_id: alice.company_id, user_id: Uuid::nil() },
    ];
    for place in strange {
        is_nobody(&world, &key.token(&hasura(place))).await;
    }
    refused(&world.stranger(), &key.token(&outside("alice", alice))).await;
}

#[actix_web::test]
async fn a_disabled_user_is_out_whatever_the_provider_says() {
    let (world, key) = world(json!({})).await;
    let (token, admin) = (key.token(&hasura(world.alice_place())), world.admin().await);
    assert_eq!(with(&world.stranger(), &token).await.status, 200);
    // She is the only owner, whom nobody else could disable.
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    admin.batch_execute(anybody).await.unwrap();
    let disable = "update crm.users set disabled_at = now() where id = $1";
    admin.execute(disable, &[&world.alice_place().user_id]).await.unwrap();
    is_nobody(&world, &token).await;
}

#[actix_web::test]
async fn a_provider_speaks_for_the_companies_that_it_may_speak_for() {
    let nike = World::new().await.alice_place().company_id;
    let (world, key) = world(json!({ "companies": [nike] })).await;
    let stranger = world.stranger();
    assert_eq!(with(&stranger, &key.token(&hasura(world.alice_place()))).await.status, 200);
    refused(&stranger, &key.token(&hasura(world.bob_place()))).await;
}

#[actix_web::test]
async fn claims_are_where_the_file_says() {
    let paths = json!({ "user": "sub", "company": "/app~1meta/company.id" });
    let (world, key) = world(json!({ "claims": paths })).await;
    let place = world.alice_place();
    let mut claims = hasura(place);
    claims.remove(NAMESPACE);
    refused(&world.stranger(), &key.token(&claims)).await;
    let claims = edit(&claims, "app/meta", json!({ "company.id": place.company_id }));
    let alice = user_of(&world.stranger(), &key.token(&claims)).await;
    assert_eq!(alice["email"], "alice@nike.example");
}

// ── Links ──────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_linked_login_is_its_user_until_the_link_is_removed() {
    let (world, key) = world(json!({ "users": "linked" })).await;
    let (alice, admin) = (world.alice_place(), world.admin().await);
    let token = key.token(&outside("auth0|alice", alice));
    is_nobody(&world, &token).await;
    let link = async |company_id, email: &str| {
        let url = world.database.admin_url();
        provision::user_login(&url, company_id, email, ISSUER, "auth0|alice").await
    };
    link(alice.company_id, "Alice@Nike.example").await.unwrap();
    assert!(link(alice.company_id, "alice@nike.example").await.is_err(), "linked already");
    assert!(link(alice.company_id, "nobody@nike.example").await.is_err(), "no such user");
    assert!(link(alice.company_id, "bob@coca-cola.example").await.is_err(), "of another company");
    assert_eq!(user_of(&world.stranger(), &token).await["id"], json!(alice.user_id));
    // The same person in the other company is nobody until somebody links them there.
    let there = key.token(&outside("auth0|alice", world.bob_place()));
    is_nobody(&world, &there).await;
    link(world.bob_place().company_id, "bob@coca-cola.example").await.unwrap();
    assert_eq!(user_of(&world.stranger(), &there).await["id"], json!(world.bob_place().user_id));
    // A user's own id is no link.
    is_nobody(&world, &key.token(&hasura(alice))).await;
    assert_eq!(with(&world.stranger(), &token).await.status, 200);
    let unlink = "delete from crm.user_logins where company_id = $1";
    assert_eq!(admin.execute(unlink, &[&alice.company_id]).await.unwrap(), 1);
    is_nobody(&world, &token).await;
    assert_eq!(with(&world.stranger(), &there).await.status, 200);
}

#[actix_web::test]
async fn the_door_is_asked_at_the_first_sight_of_a_token_alone() {
    let (world, key) = world(json!({ "users": "linked" })).await;
    let alice = world.alice_place();
    let (url, email) = (world.database.admin_url(), "alice@nike.example");
    provision::user_login(&url, alice.company_id, email, ISSUER, "alice").await.unwrap();
    let admin = world.admin().await;
    admin
        .batch_execute(&format!(
            "alter database {} set log_statement = 'all'",
            world.database.name()
        ))
        .await
        .unwrap();
    let token = key.token(&outside("alice", alice));
    let steps = || ["name: arrive", "begin read only"].map(|text| world.database.log(text).len());
    let before = steps();
    assert_eq!(with(&world.stranger(), &token).await.status, 200);
    assert_eq!(steps(), [before[0] + 1, before[1] + 1]);
    assert_eq!(with(&world.stranger(), &token).await.status, 200);
    assert_eq!(steps(), [before[0] + 1, before[1] + 2]);
}

#[actix_web::test]
async fn nobody_arrives_unless_the_file_says_so() {
    let (world, key) = world(json!({ "users": "linked" })).await;
    let before = world.everything().await;
    let claims = with_claims(
        &outside("carol", world.alice_place()),
        json!({ "email": "carol@nike.example", "email_verified": true, "name": "Carol" }),
    );
    is_nobody(&world, &key.token(&claims)).await;
    let known = edit(&claims, "email", json!("alice@nike.example"));
    is_nobody(&world, &key.token(&known)).await;
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn somebody_new_becomes_a_user_at_their_first_sight() {
    let claims = json!({ "role": "app.role" });
    let more = json!({ "users": "linked", "provision": "on-first-sight", "claims": claims });
    let (world, key) = world(more).await;
    let place = world.alice_place();
    let arrive =
        |subject: &str, more: Value| key.token(&with_claims(&outside(subject, place), more));
    let carol = arrive("carol", json!({ "email": "carol@nike.example", "name": "Carol" }));
    let user = user_of(&world.stranger(), &carol).await;
    assert_eq!(
        [&user["name"], &user["email"], &user["role"], &user["company_id"]],
        [&json!("Carol"), &json!("carol@nike.example"), &json!("member"), &json!(place.company_id)]
    );
    let later = arrive("carol", json!({ "email": "new@nike.example", "name": "Carola" }));
    assert_eq!(user_of(&world.stranger(), &later).await, user, "linked by subject, not by e-mail");
    let dave = json!({ "email": "dave@nike.example", "app": { "role": "viewer" } });
    let dave = user_of(&world.stranger(), &arrive("dave", dave)).await;
    assert_eq!([&dave["name"], &dave["role"]], ["dave@nike.example", "viewer"]);
    let eve = json!({ "email": "eve@nike.example", "app": { "role": "owner" } });
    assert_eq!(user_of(&world.stranger(), &arrive("eve", eve)).await["role"], "member");
    // Whose e-mail is taken, or who has none, stays outside; a verified one is no reason to be somebody else.
    let before = world.everything().await;
    let strange = [
        json!({}),
        json!({ "email": null }),
        json!({ "email": "" }),
        json!({ "email": "no e-mail" }),
        json!({ "email": "nul\u{0}@nike.example" }),
        json!({ "email": "x@nike.example", "name": "nul\u{0}" }),
        json!({ "email": "x@nike.example", "name": "  " }),
        json!({ "email": format!("{}@nike.example", "x".repeat(300)) }),
        json!({ "email": "ALICE@nike.example", "email_verified": true, "name": "Alice" }),
        json!({ "email": "carol@nike.example", "email_verified": true, "name": "Carol" }),
    ];
    for more in strange {
        is_nobody(&world, &arrive("mallory", more)).await;
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn of_many_first_requests_one_makes_the_user() {
    let more = json!({ "users": "linked", "provision": "on-first-sight", "role": "viewer" });
    let (world, key) = world(more).await;
    let claims = with_claims(
        &outside("carol", world.alice_place()),
        json!({ "email": "carol@nike.example", "name": "Carol" }),
    );
    let (stranger, psql) = (world.stranger(), Psql::new(&world.database.admin_url()).await);
    // Different tokens, so that none is remembered from the other.
    let tokens: Vec<String> = (0..8).map(|n| key.token(&edit(&claims, "jti", json!(n)))).collect();
    let users = join_all(tokens.iter().map(|token| user_of(&stranger, token))).await;
    assert!(users.iter().all(|user| *user == users[0] && user["role"] == "viewer"), "{users:?}");
    let count = "select (select count(*) from crm.users where name = 'Carol'), count(*) from crm.user_logins";
    assert_eq!(psql.rows(count).await, ["1|1"]);
}

#[actix_web::test]
async fn an_existing_user_is_linked_by_a_verified_email_alone() {
    let (world, key) = world(json!({ "users": "linked", "link_by_email": true })).await;
    let place = world.alice_place();
    let arrive = |subject: &str, verified: Value| {
        let more = json!({ "email": "ALICE@nike.example", "email_verified": verified });
        key.token(&with_claims(&outside(subject, place), more))
    };
    let before = world.everything().await;
    let unverified =
        [json!(false), json!(null), json!("true"), json!(1), json!([true]), json!({ "is": true })];
    for verified in unverified {
        is_nobody(&world, &arrive("alice", verified)).await;
    }
    let unsaid = json!({ "email": "alice@nike.example" });
    is_nobody(&world, &key.token(&with_claims(&outside("alice", place), unsaid))).await;
    // Verified, and of another company: there is no such user there.
    let there = json!({ "email": "alice@nike.example", "email_verified": true });
    is_nobody(&world, &key.token(&with_claims(&outside("alice", world.bob_place()), there))).await;
    assert_eq!(world.everything().await, before);
    let alice = user_of(&world.stranger(), &arrive("alice", json!(true))).await;
    assert_eq!(alice["id"], json!(place.user_id));
    // The e-mail goes to somebody else at the provider: they are not Alice.
    is_nobody(&world, &arrive("another", json!(true))).await;
    // Nobody links a disabled user.
    let admin = world.admin().await;
    // She is the only owner, whom nobody else could disable.
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    admin.batch_execute(anybody).await.unwrap();
    admin.batch_execute("update crm.users set disabled_at = now()").await.unwrap();
    is_nobody(&world, &arrive("alice", json!(true))).await;
    is_nobody(&world, &arrive("yet another", json!(true))).await;
}

#[actix_web::test]
async fn no_user_makes_users_or_links_and_colleagues_do_not_see_each_others() {
    let world = World::new().await;
    let (alice, psql) = (world.alice_place(), Psql::new(&world.database.app_url()).await);
    let carol = world.hire("carol", "carol@nike.example", "a password of fifteen").await;
    let (url, email) = (world.database.admin_url(), "carol@nike.example");
    provision::user_login(&url, alice.company_id, email, ISSUER, "carol").await.unwrap();
    let count = "select count(*) from crm.user_logins";
    assert_eq!(psql.rows_as(alice, count).await, ["0"]);
    assert_eq!(psql.rows_as(carol, count).await, ["1"]);
    assert_eq!(psql.rows_as(world.bob_place(), count).await, ["0"]);
    let statements = [
        "insert into crm.users (name, email, role) values ('Eve', 'eve@example.com', 'member')",
        "insert into crm.user_logins (member_id, issuer, subject) values (app.user_id(), 'x', 'x')",
        "update crm.user_logins set subject = 'x'",
        "delete from crm.user_logins",
        "select identity.arrive(app.company_id(), 'x', 'x', 'eve@nike.example', false, 'Eve', 'member')",
    ];
    for place in [alice, Place { user_id: Uuid::nil(), ..alice }] {
        for statement in statements {
            let refusal = psql.refusal_as(place, statement).await;
            assert!(refusal.starts_with("42501"), "{refusal}");
        }
    }
}
