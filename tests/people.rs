//! People: who they are, how they log in, and how they are out at once.

use actix_web::http::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{PASSWORD, Person, Reply, World};

#[actix_web::test]
async fn a_login_answers_tokens_the_user_and_the_company() {
    let world = World::new().await;
    let reply = log_in(&world, "alice@nike.example", PASSWORD).await;
    let (user, company) = (&reply.json["user"], &reply.json["company"]);
    let place = world.alice_place();
    let whole = json!({
        "access_token": reply.json["access_token"], "token_type": "Bearer", "expires_in": 600,
        "refresh_token": reply.json["refresh_token"], "refresh_expires_in": 604_800,
        "user": {
            "id": place.user_id, "company_id": place.company_id, "name": "Alice",
            "email": "alice@nike.example", "role": "owner", "disabled_at": null,
            "created_at": user["created_at"], "updated_at": user["updated_at"], "version": 1,
        },
        "company": {
            "id": place.company_id, "name": "Nike", "member_visibility": "all",
            "viewer_visibility": "all", "created_at": company["created_at"],
            "updated_at": company["updated_at"], "version": 1,
        },
    });
    assert_eq!((reply.status, &reply.json), (200, &whole));
    let alice = world.stranger().with_token(reply.json["access_token"].as_str().unwrap());
    assert_eq!(alice.get("/v1/me").await.json, json!({ "user": user, "company": company }));
    assert_eq!(alice.get("/v1/company").await.json, *company);
    assert_eq!(alice.get(&format!("/v1/users/{}", place.user_id)).await.json, *user);
}

#[actix_web::test]
async fn an_email_logs_in_in_whatever_spelling() {
    let world = World::new().await;
    for email in ["ALICE@Nike.Example", "ａｌｉｃｅ@nike.example"] {
        assert_eq!(log_in(&world, email, PASSWORD).await.status, 200, "{email}");
    }
    for email in ["alice@nike.example.", " alice@nike.example", "alice+1@nike.example", "%"] {
        assert_eq!(
            log_in(&world, email, PASSWORD).await.problem(),
            "401 invalid-credentials",
            "{email}"
        );
    }
}

#[actix_web::test]
async fn a_failed_login_does_not_tell_why() {
    let world = World::new().await;
    world.hire("Carol", "carol@nike.example", PASSWORD).await;
    let dave = world.hire("Dave", "dave@nike.example", PASSWORD).await;
    let admin = world.admin().await;
    let disable = "update crm.users set disabled_at = now() where email = 'carol@nike.example'";
    admin.execute(disable, &[]).await.unwrap();
    admin.execute("delete from crm.users where id = $1", &[&dave.user_id]).await.unwrap();
    let wrong = log_in(&world, "alice@nike.example", "wrong").await;
    assert_eq!(wrong.problem(), "401 invalid-credentials");
    assert_eq!(wrong.header("www-authenticate"), "Bearer");
    for (email, password) in [
        ("nobody@nike.example", PASSWORD),
        ("carol@nike.example", PASSWORD),
        ("carol@nike.example", "wrong"),
        ("dave@nike.example", PASSWORD),
        ("bob@coca-cola.example", "wrong"),
        ("alice@nike.example", ""),
        ("alice@nike.example", "two-companies-one-database "),
        ("alice@nike.example", "TWO-COMPANIES-ONE-DATABASE"),
        ("alice@nike.example", "nobody"),
        ("nobody@nike.example", "nobody"),
    ] {
        assert_eq!(
            log_in(&world, email, password).await.seen(),
            wrong.seen(),
            "{email} {password}"
        );
    }
}

#[actix_web::test]
async fn a_password_has_up_to_1024_bytes_and_any_characters() {
    let world = World::new().await;
    let long = format!("{}\0👩‍🚀", "x".repeat(1012));
    assert_eq!(long.len(), 1024);
    world.hire("Carol", "carol@nike.example", &long).await;
    assert_eq!(log_in(&world, "carol@nike.example", &long).await.status, 200);
    // Not cut off: what differs in the last character is another password.
    let other = format!("{}x", &long[..long.len() - 4]);
    assert_eq!(
        log_in(&world, "carol@nike.example", &other).await.problem(),
        "401 invalid-credentials"
    );
    let longer = log_in(&world, "carol@nike.example", &format!("{long}x")).await;
    assert_eq!(longer.problem(), "422 validation /password");
    let huge = log_in(&world, "carol@nike.example", &"x".repeat(1_000_000)).await;
    assert_eq!(huge.problem(), "413 body-too-large");
}

#[actix_web::test]
async fn the_same_password_from_two_keyboards_is_the_same() {
    let world = World::new().await;
    world.hire("Carol", "carol@nike.example", "cr\u{e8}me br\u{fb}l\u{e9}e ﬁ Ⅷ").await;
    for form in ["cr\u{e8}me br\u{fb}l\u{e9}e ﬁ Ⅷ", "cre\u{300}me bru\u{302}le\u{301}e fi VIII"]
    {
        assert_eq!(log_in(&world, "carol@nike.example", form).await.status, 200, "{form}");
    }
    let other = log_in(&world, "carol@nike.example", "creme brulee fi VIII").await;
    assert_eq!(other.problem(), "401 invalid-credentials");
}

#[actix_web::test]
async fn credentials_are_two_texts_a_company_and_nothing_else() {
    let world = World::new().await;
    let nobody = world.stranger();
    let refused = [
        (json!({}), "422 validation /email"),
        (json!({ "email": "a@b" }), "422 validation /password"),
        (json!({ "email": "a@b", "password": null }), "422 validation /password"),
        (json!({ "email": ["a@b"], "password": "x" }), "422 validation /email"),
        (json!({ "email": "", "password": "x" }), "422 validation /email"),
        (json!({ "email": "x".repeat(255), "password": "x" }), "422 validation /email"),
        (json!({ "email": "a\u{0}@b", "password": "x" }), "422 invalid-text /email"),
        (
            json!({ "email": "a@b", "password": "x", "company_id": "x" }),
            "422 validation /company_id",
        ),
        (json!({ "email": "a@b", "password": "x", "user_id": "x" }), "422 unknown-field /user_id"),
        (json!(["a@b", "x"]), "422 validation "),
    ];
    for (body, problem) in refused {
        assert_eq!(nobody.post("/v1/auth/login", body.clone()).await.problem(), problem, "{body}");
    }
}

#[actix_web::test]
async fn a_token_is_not_needed_to_log_in_and_a_bad_one_does_not_hurt() {
    let world = World::new().await;
    let eve = world.stranger().with_token("nonsense");
    let credentials = json!({ "email": "alice@nike.example", "password": PASSWORD });
    assert_eq!(eve.post("/v1/auth/login", credentials).await.status, 200);
}

#[actix_web::test]
async fn a_ping_tells_that_the_token_is_good_and_nothing_more() {
    let world = World::new().await;
    let pong = world.alice().await.get("/v1/ping").await;
    assert_eq!((pong.status, pong.text.as_str()), (204, ""));
    assert_eq!(world.stranger().get("/v1/ping").await.problem(), "401 authentication-required");
}

#[actix_web::test]
async fn colleagues_see_each_other_in_the_order_in_which_they_came() {
    let world = World::new().await;
    let alice = world.alice().await;
    for name in ["carol", "dave", "erin"] {
        world.hire(name, &format!("{name}@nike.example"), PASSWORD).await;
    }
    let names = ["Alice", "carol", "dave", "erin"];
    let all = alice.get("/v1/users").await;
    assert_eq!(all.names(), names);
    assert_eq!(all.json["page"], json!({ "next_cursor": null, "has_more": false }));
    let mut walked = Vec::new();
    let mut next = Some("/v1/users?limit=1".to_owned());
    while let Some(path) = next {
        let page = alice.get(&path).await;
        walked.extend(page.json["data"].as_array().unwrap().clone());
        next = page.next();
    }
    assert_eq!(json!(walked), all.json["data"]);
    assert_eq!(world.bob().await.get("/v1/users").await.names(), ["Bob"]);
}

#[actix_web::test]
async fn a_user_of_another_company_does_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let ask = async |id: Uuid| alice.get(&format!("/v1/users/{id}")).await;
    assert_eq!(ask(bob.user_id).await.seen(), ask(Uuid::now_v7()).await.seen());
    assert_eq!(ask(bob.user_id).await.problem(), "404 not-found");
    assert_eq!(ask(bob.company_id).await.seen(), ask(Uuid::now_v7()).await.seen());
}

#[actix_web::test]
async fn a_list_of_users_takes_a_limit_a_cursor_and_nothing_else() {
    let world = World::new().await;
    let alice = world.alice().await;
    for query in
        ["limit=0", "limit=201", "sort=name", "email=a@b", "company_id=x", "limit=1&limit=1"]
    {
        let name = query.split('=').next().unwrap();
        let reply = alice.get(&format!("/v1/users?{query}")).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"));
    }
    assert_eq!(alice.get("/v1/users?cursor=x").await.problem(), "400 invalid-cursor");
}

#[actix_web::test]
async fn a_disabled_user_is_out_at_the_next_request_and_in_again_when_enabled() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = format!("/v1/customers/{}", carol.customer("Grace", "grace@example.com").await);
    let admin = world.admin().await;
    let set = async |to: &str| {
        let text =
            format!("update crm.users set disabled_at = {to} where id = '{}'", carol.user_id);
        admin.batch_execute(&text).await.unwrap();
    };
    set("now()").await;
    assert_out(&carol, &path).await;
    let seen = alice.get(&format!("/v1/users/{}", carol.user_id)).await;
    assert!(seen.json["disabled_at"].is_string());
    set("null").await;
    assert_eq!(carol.get(&path).await.status, 200);
}

#[actix_web::test]
async fn a_removed_user_is_out_at_the_next_request() {
    let world = World::new().await;
    let carol = world.colleague("carol").await;
    let path = format!("/v1/customers/{}", carol.customer("Grace", "grace@example.com").await);
    let admin = world.admin().await;
    admin.execute("delete from crm.users where id = $1", &[&carol.user_id]).await.unwrap();
    assert_out(&carol, &path).await;
}

#[actix_web::test]
async fn a_raised_epoch_ends_all_sessions_and_a_new_login_begins_another() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = format!("/v1/customers/{}", carol.customer("Grace", "grace@example.com").await);
    let raise = "update crm.users set token_epoch = token_epoch + 1 where id = $1";
    world.admin().await.execute(raise, &[&carol.user_id]).await.unwrap();
    assert_out(&carol, &path).await;
    assert_eq!(alice.get(&path).await.status, 200);
    let again = log_in(&world, "carol@nike.example", PASSWORD).await;
    let again = carol.with_token(again.json["access_token"].as_str().unwrap());
    assert_eq!(again.get(&path).await.status, 200);
}

#[actix_web::test]
async fn people_of_a_company_that_is_gone_are_out() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let admin = world.admin().await;
    admin.execute("delete from crm.companies where id = $1", &[&alice.company_id]).await.unwrap();
    assert_out(&alice, &path).await;
    assert_eq!(bob.get("/v1/me").await.status, 200);
}

/// Nothing can be read or written any more, and nothing of it tells why.
async fn assert_out(person: &Person, customer: &str) {
    let new = json!({ "name": "Eve", "email": "eve@example.com" });
    let items = json!([new]);
    let batch = |atomic: bool| json!({ "operation": "create", "atomic": atomic, "items": items });
    let replies = [
        person.get("/v1/me").await,
        person.get("/v1/company").await,
        person.get("/v1/users").await,
        person.get("/v1/customers").await,
        person.get(customer).await,
        person.post("/v1/customers", new.clone()).await,
        person.put("/v1/customers/by-email/eve@example.com", json!({ "name": "Eve" })).await,
        person.patch(customer, json!({ "name": "Eve" })).await,
        person.patch(customer, json!({})).await,
        person.post("/v1/customers/batch", batch(true)).await,
        person.post("/v1/customers/batch", batch(false)).await,
        person.get(&format!("{customer}/comments")).await,
        person.post(&format!("{customer}/comments"), json!({ "body": "Eve" })).await,
        person.post(&format!("{customer}/restore"), json!({})).await,
        person.ask(Method::DELETE, customer, &[]).await,
    ];
    for reply in replies {
        assert_eq!(reply.problem(), "401 session-revoked");
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
}

async fn log_in(world: &World, email: &str, password: &str) -> Reply {
    let credentials = json!({ "email": email, "password": password });
    world.stranger().post("/v1/auth/login", credentials).await
}
