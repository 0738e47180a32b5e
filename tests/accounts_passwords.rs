//! Passwords: which are taken, how they are changed, and what a new one ends.

use futures_util::future::join_all;
use paddock_api::Breached;
use paddock_api::limits::{Clock, RateLimits, RateSettings};
use paddock_db::provision::{self, NewUser};
use serde_json::{Value, json};

use crate::accounts::{NEW_PASSWORD, forget, log_in, show, sign_up};
use crate::harness::mailbox::Mailbox;
use crate::harness::{PASSWORD, Person, Reply, World};

const ALICE: &str = "alice@nike.example";

// ── Which passwords are taken ──────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_password_that_is_easy_to_guess_is_refused_with_the_reason() {
    let (world, mut mailbox) = World::with_mail().await;
    let rejected = [
        ("fourteen chars", "too-short"),
        ("Tr0ub4dor&3", "too-short"),
        ("passwordpassword", "common"),
        ("Password12345678", "common"),
        ("ｐａｓｓｗｏｒｄpassword", "common"),
        ("1qaz2wsx3edc4rfv", "common"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("all hail the Pepsi", "context-word"),
        ("sweet P-E-P-S-I dreams", "context-word"),
        ("Erin of the mountain", "context-word"),
        ("erin@pepsi.example", "context-word"),
        ("my lovely paddock", "context-word"),
    ];
    for (password, why) in rejected {
        let reply = with_password(&world, password).await;
        assert_eq!(reply.problem(), "422 password-rejected /password", "{password}");
        assert_eq!(reply.json["errors"][0]["code"], why, "{password}");
        assert!(!reply.text.contains(password));
    }
    for password in ["☃☂☀★☆☎☏☐☑☒☓☔☕☖☗", "no digits, no capitals", "p\0q r\0s t\0u v\0w x\0y"]
    {
        assert_eq!(with_password(&world, password).await.status, 202, "{password}");
        mailbox.token("verify_email", "erin@pepsi.example").await;
    }
    let whole = with_password(&world, "short").await;
    let expected = json!({
        "type": "/problems/password-rejected", "title": "The password is too easy to guess",
        "status": 422, "code": "password-rejected", "request_id": whole.header("x-request-id"),
        "errors": [{ "pointer": "/password", "code": "too-short", "message": "at least 15 characters" }],
    });
    assert_eq!(whole.json, expected);
}

#[actix_web::test]
async fn a_stolen_password_is_refused_where_there_is_a_list_of_them() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("breached-{}.txt", std::process::id()));
    // SHA-1 of "hunting unicorns at dawn", between two others.
    let sha1 = sha1(NEW_PASSWORD);
    let zeros = "0".repeat(40);
    let text = format!("{zeros}:1\r\n{sha1}:4711\r\n{}:3\r\n", "F".repeat(40));
    std::fs::write(&path, text).unwrap();
    let breached = Some(Breached::open(&path).unwrap());
    let world = World::with_accounts(RateLimits::none(), |database| {
        let (_, accounts) = Mailbox::of(database);
        paddock_api::Accounts { breached, ..accounts }
    })
    .await;
    let reply = with_password(&world, NEW_PASSWORD).await;
    assert_eq!(reply.problem(), "422 password-rejected /password");
    assert_eq!(reply.json["errors"][0]["code"], "breached");
    let alice = world.alice().await;
    let reply = change(&alice, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(reply.problem(), "422 password-rejected /new_password");
    assert_eq!(with_password(&world, "hunting unicorns at dusk").await.status, 202);
    std::fs::remove_file(path).unwrap();
}

#[actix_web::test]
async fn what_a_new_password_must_not_hold_is_known_when_it_is_reset_and_changed_too() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    forget(&world, ALICE).await;
    let token = mailbox.token("reset_password", ALICE).await;
    let words = ["i like nike very much", "alice in her wonderland", "my own paddock again"];
    for password in words.into_iter().chain(["passwordpassword", "short"]) {
        let body = json!({ "token": token, "password": password });
        let reply = world.stranger().post("/v1/auth/reset-password", body).await;
        assert_eq!(reply.problem(), "422 password-rejected /password", "{password}");
        let reply = change(&alice, PASSWORD, password).await;
        assert_eq!(reply.problem(), "422 password-rejected /new_password", "{password}");
    }
    let long = json!({ "token": token, "password": "x".repeat(1025) });
    let reply = world.stranger().post("/v1/auth/reset-password", long).await;
    assert_eq!(reply.problem(), "422 validation /password");
    // It is still good, and nothing has changed.
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.status, 200);
    assert_eq!(show(&world, "reset-password", &token).await.status, 204);
}

// ── Forgotten ──────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_forgotten_password_is_replaced_and_every_session_is_over_in_every_company() {
    let (world, mut mailbox) = World::with_mail().await;
    let (alice, elsewhere) = alice_of_two_companies(&world).await;
    let session = log_in(&world, ALICE, PASSWORD).await;
    let reply = forget(&world, "Alice@Nike.Example").await;
    assert_eq!((reply.status, reply.text.as_str()), (202, ""));
    let letter = mailbox.next().await;
    assert_eq!((letter.kind, letter.to.as_str()), ("reset_password", ALICE));
    assert!(letter.text.contains("\nhttps://crm.example/reset-password#token=pdk_ot_"));
    let token = crate::harness::mailbox::token_of(&letter.text);
    let reply = show(&world, "reset-password", &token).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    mailbox.notice("password_changed", ALICE).await;
    for person in [&alice, &elsewhere] {
        assert_eq!(person.get("/v1/me").await.problem(), "401 session-revoked");
    }
    let refresh = json!({ "refresh_token": session.json["refresh_token"] });
    let reply = world.stranger().post("/v1/auth/refresh", refresh).await;
    assert_eq!(reply.problem(), "401 session-revoked");
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.problem(), "401 invalid-credentials");
    assert_eq!(log_in(&world, ALICE, NEW_PASSWORD).await.status, 200);
    assert_eq!(world.bob().await.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn the_answer_to_a_forgotten_password_does_not_tell_whether_there_is_one() {
    let (world, mut mailbox) = World::with_mail().await;
    let known = forget(&world, ALICE).await;
    mailbox.token("reset_password", ALICE).await;
    for email in ["nobody@nike.example", "alice@nike.example.", "alice+1@nike.example"] {
        assert_eq!(forget(&world, email).await.seen(), known.seen(), "{email}");
    }
    // Who folds to her gets nothing: the mail goes to her.
    assert_eq!(forget(&world, "ａlice@nike.example").await.seen(), known.seen());
    assert_eq!(mailbox.rest(world).await, [("reset_password", ALICE.to_owned())]);
}

#[actix_web::test]
async fn a_reset_is_one_text_and_no_work_worth_speaking_of() {
    let world = World::new().await;
    let before = world.passwords.computed();
    for (body, problem) in [
        (json!({}), "422 validation /email"),
        (json!({ "email": null }), "422 validation /email"),
        (json!({ "email": "x" }), "422 validation /email"),
        (json!({ "email": "a\0@b" }), "422 invalid-text /email"),
        (json!({ "email": ALICE, "company_id": "x" }), "422 unknown-field /company_id"),
    ] {
        let reply = world.stranger().post("/v1/auth/request-password-reset", body.clone()).await;
        assert_eq!(reply.problem(), problem, "{body}");
    }
    // Whoever has no token costs no hash.
    assert_eq!(show(&world, "reset-password", "x").await.problem(), "401 invalid-token");
    let never = format!("pdk_ot_{}", "A".repeat(43));
    assert_eq!(show(&world, "reset-password", &never).await.problem(), "401 invalid-token");
    assert_eq!(world.passwords.computed(), before);
}

#[actix_web::test]
async fn of_many_who_show_a_token_at_once_one_chooses_the_password() {
    let (world, mut mailbox) = World::with_mail().await;
    forget(&world, ALICE).await;
    let token = mailbox.token("reset_password", ALICE).await;
    let replies = join_all((0..8).map(|_| show(&world, "reset-password", &token))).await;
    let won = replies.iter().filter(|reply| reply.status == 204).count();
    let lost = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!((won, lost), (1, 7), "{replies:?}");
    assert_eq!(show(&world, "reset-password", &token).await.problem(), "401 invalid-token");
}

#[actix_web::test]
async fn a_token_is_void_when_password_or_email_have_changed_since() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    let reset = async |mailbox: &mut Mailbox, to: &str| {
        assert_eq!(forget(&world, to).await.status, 202);
        mailbox.token("reset_password", to).await
    };
    let [first, second] = [reset(&mut mailbox, ALICE).await, reset(&mut mailbox, ALICE).await];
    let body = json!({ "current_password": PASSWORD, "email": "alice@sports.example" });
    assert_eq!(alice.post("/v1/me/email", body).await.status, 202);
    let third = mailbox.token("change_email", "alice@sports.example").await;
    // One reset voids the others, and a change of e-mail that waits.
    assert_eq!(show(&world, "reset-password", &first).await.status, 204);
    mailbox.notice("password_changed", ALICE).await;
    assert_eq!(show(&world, "reset-password", &second).await.problem(), "401 invalid-token");
    assert_eq!(show(&world, "confirm-email", &third).await.problem(), "401 invalid-token");
    // So does a change of the password,
    let fourth = reset(&mut mailbox, ALICE).await;
    let session = log_in(&world, ALICE, NEW_PASSWORD).await;
    let alice = person(&world, &session);
    let session = change(&alice, NEW_PASSWORD, PASSWORD).await;
    assert_eq!(session.status, 200, "{session:?}");
    mailbox.notice("password_changed", ALICE).await;
    assert_eq!(show(&world, "reset-password", &fourth).await.problem(), "401 invalid-token");
    // and a change of the e-mail.
    let fifth = reset(&mut mailbox, ALICE).await;
    let body = json!({ "current_password": PASSWORD, "email": "alice@sports.example" });
    assert_eq!(person(&world, &session).post("/v1/me/email", body).await.status, 202);
    let sixth = mailbox.token("change_email", "alice@sports.example").await;
    assert_eq!(show(&world, "confirm-email", &sixth).await.status, 204);
    assert_eq!(show(&world, "reset-password", &fifth).await.problem(), "401 invalid-token");
    // By hand as well: a token is good for the address that it was sent to.
    mailbox.notice("email_changed", ALICE).await;
    let seventh = reset(&mut mailbox, "alice@sports.example").await;
    let by_hand = "update identity.identities set email = 'alice@shoes.example'
        where email = 'alice@sports.example'";
    world.admin().await.batch_execute(by_hand).await.unwrap();
    assert_eq!(show(&world, "reset-password", &seventh).await.problem(), "401 invalid-token");
}

#[actix_web::test]
async fn a_reset_token_expires_after_an_hour() {
    let (world, mut mailbox) = World::with_mail().await;
    forget(&world, ALICE).await;
    let token = mailbox.token("reset_password", ALICE).await;
    let lasts =
        "select extract(epoch from expires_at - created_at)::bigint from identity.one_time_tokens";
    let admin = world.admin().await;
    assert_eq!(admin.query_one(lasts, &[]).await.unwrap().get::<_, i64>(0), 3600);
    let age = "update identity.one_time_tokens set created_at = created_at - interval '1 hour',
        expires_at = expires_at - interval '1 hour'";
    admin.batch_execute(age).await.unwrap();
    assert_eq!(show(&world, "reset-password", &token).await.problem(), "401 invalid-token");
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn a_disabled_user_gets_a_new_password_and_is_still_not_let_in() {
    let (world, mut mailbox) = World::with_mail().await;
    // She is the only owner, whom nobody else could disable.
    let admin = world.admin().await;
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    admin.batch_execute(anybody).await.unwrap();
    let disable = "update crm.users set disabled_at = now() where email = 'alice@nike.example'";
    admin.batch_execute(disable).await.unwrap();
    forget(&world, ALICE).await;
    let token = mailbox.token("reset_password", ALICE).await;
    assert_eq!(show(&world, "reset-password", &token).await.status, 204);
    assert_eq!(log_in(&world, ALICE, NEW_PASSWORD).await.problem(), "401 invalid-credentials");
}

// ── Changed ────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_changed_password_ends_all_sessions_and_begins_a_new_one() {
    let (world, mut mailbox) = World::with_mail().await;
    let (alice, elsewhere) = alice_of_two_companies(&world).await;
    let other = log_in(&world, ALICE, PASSWORD).await;
    let session = change(&alice, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(session.status, 200, "{session:?}");
    let fields: Vec<&String> = session.json.as_object().unwrap().keys().collect();
    let of_a_login: Vec<&String> = other.json.as_object().unwrap().keys().collect();
    assert_eq!(fields, of_a_login);
    mailbox.notice("password_changed", ALICE).await;
    for person in [&alice, &elsewhere, &person(&world, &other)] {
        assert_eq!(person.get("/v1/me").await.problem(), "401 session-revoked");
    }
    let refresh = |reply: &Reply| json!({ "refresh_token": reply.json["refresh_token"] });
    let old = world.stranger().post("/v1/auth/refresh", refresh(&other)).await;
    assert_eq!(old.problem(), "401 session-revoked");
    assert_eq!(person(&world, &session).get("/v1/me").await.status, 200);
    let new = world.stranger().post("/v1/auth/refresh", refresh(&session)).await;
    assert_eq!(new.status, 200);
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.problem(), "401 invalid-credentials");
    assert_eq!(log_in(&world, ALICE, NEW_PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn nobody_changes_password_or_email_without_the_present_password() {
    let (world, _mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    let before = world.everything().await;
    for wrong in ["wrong", "", "two-companies-one-database ", NEW_PASSWORD] {
        let reply = change(&alice, wrong, NEW_PASSWORD).await;
        assert_eq!(reply.problem(), "403 confirmation-failed", "{wrong}");
        let body = json!({ "current_password": wrong, "email": "eve@example.com" });
        let reply = alice.post("/v1/me/email", body).await;
        assert_eq!(reply.problem(), "403 confirmation-failed", "{wrong}");
    }
    for (path, body, problem) in [
        ("password", json!({ "new_password": NEW_PASSWORD }), "422 validation /current_password"),
        ("password", json!({ "current_password": PASSWORD }), "422 validation /new_password"),
        (
            "password",
            json!({ "current_password": null, "new_password": NEW_PASSWORD }),
            "422 validation /current_password",
        ),
        (
            "password",
            json!({ "current_password": PASSWORD, "new_password": "x".repeat(1025) }),
            "422 validation /new_password",
        ),
        ("email", json!({ "email": "eve@example.com" }), "422 validation /current_password"),
        ("email", json!({ "current_password": PASSWORD, "email": "x" }), "422 validation /email"),
        (
            "email",
            json!({ "current_password": PASSWORD, "email": "a@b", "user_id": "x" }),
            "422 unknown-field /user_id",
        ),
    ] {
        let reply = alice.post(&format!("/v1/me/{path}"), body.clone()).await;
        assert_eq!(reply.problem(), problem, "{path} {body}");
        let reply = world.stranger().post(&format!("/v1/me/{path}"), body).await;
        assert_eq!(reply.problem(), "401 authentication-required");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn whoever_found_a_token_cannot_guess_the_password_by_it() {
    let lock = RateSettings { lock_accounts: true, ..RateSettings::default() };
    let rates = RateLimits::new(lock, &Clock::standing());
    let (world, _mailbox) = World::with_limited_mail(rates).await;
    let alice = world.alice().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(change(&alice, "a wrong password", NEW_PASSWORD).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429]);
    let right = change(&alice, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(right.problem(), "429 too-many-attempts");
}

#[actix_web::test]
async fn of_many_who_change_a_password_at_once_one_succeeds() {
    let world = World::new().await;
    let alice = world.alice().await;
    let new = |n: usize| format!("hunting {n} unicorns at dawn");
    let passwords: Vec<String> = (0..6).map(new).collect();
    let replies = join_all(passwords.iter().map(|new| change(&alice, PASSWORD, new))).await;
    let mut won = Vec::new();
    for (password, reply) in passwords.iter().zip(&replies) {
        match reply.status {
            200 => won.push(password),
            401 | 403 => {}
            other => panic!("{other}: {reply:?}"),
        }
    }
    assert_eq!(won.len(), 1, "{replies:?}");
    for password in &passwords {
        let status = log_in(&world, ALICE, password).await.status;
        assert_eq!(status, if password == won[0] { 200 } else { 401 });
    }
}

#[actix_web::test]
async fn the_demonstrations_password_is_one_that_would_be_taken() {
    let world = World::new().await;
    let alice = world.alice().await;
    assert_eq!(change(&alice, PASSWORD, PASSWORD).await.status, 200);
    assert_eq!(sign_up(&world, "erin@pepsi.example").await.status, 202);
}

// ── Helpers ────────────────────────────────────────────────────────────────────────────────────────

async fn with_password(world: &World, password: &str) -> Reply {
    let body = json!({
        "company_name": "Pepsi", "name": "Erin", "email": "erin@pepsi.example", "password": password,
    });
    world.stranger().post("/v1/auth/signup", body).await
}

async fn change(person: &Person, old: &str, new: &str) -> Reply {
    let body: Value = json!({ "current_password": old, "new_password": new });
    person.post("/v1/me/password", body).await
}

fn person(world: &World, reply: &Reply) -> Person {
    assert_eq!(reply.status, 200, "{reply:?}");
    world.stranger().with_token(reply.json["access_token"].as_str().unwrap())
}

/// Alice of Nike, and Alice as the user that she is at Coca-Cola, by the same login.
pub async fn alice_of_two_companies(world: &World) -> (Person, Person) {
    use crate::harness::forge::{claims, header, sign};
    let company_id = world.bob_place().company_id;
    let new = NewUser { name: "Alice", email: ALICE, role: "member", password_hash: "" };
    let user_id = provision::user(&world.database.admin_url(), company_id, &new).await.unwrap();
    let mut elsewhere = world.stranger();
    (elsewhere.company_id, elsewhere.user_id) = (company_id, user_id);
    let token = sign(&header(), &claims(&elsewhere));
    let elsewhere = elsewhere.with_token(&token);
    assert_eq!(elsewhere.get("/v1/me").await.status, 200);
    (world.alice().await, elsewhere)
}

fn sha1(password: &str) -> String {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}
