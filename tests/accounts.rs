//! Sign-up: a company, its owner and a login out of a form and a mail; and who learns what on the way.

use std::time::Duration;

use actix_web::http::Method;
use futures_util::future::join_all;
use paddock_api::limits::{Clock, RateLimits, RateSettings};
use serde_json::{Value, json};

use crate::harness::mailbox::{Mailbox, accounts_by};
use crate::harness::{PASSWORD, Reply, World};
use crate::tokens::refused;

/// A password that is nobody's in the template.
pub const NEW_PASSWORD: &str = "hunting unicorns at dawn";
const ERIN: &str = "erin@pepsi.example";
/// Every operation that takes a token of a mail.
const DOORS: [&str; 3] = ["verify-email", "reset-password", "confirm-email"];

#[actix_web::test]
async fn a_sign_up_becomes_a_company_its_owner_and_a_login_when_its_mail_is_confirmed() {
    let (world, mut mailbox) = World::with_mail().await;
    let reply = sign_up(&world, ERIN).await;
    assert_eq!((reply.status, reply.text.as_str()), (202, ""));
    let letter = mailbox.next().await;
    assert_eq!((letter.kind, letter.to.as_str()), ("verify_email", ERIN));
    assert_eq!(letter.subject, "Confirm your e-mail");
    for chosen in ["Pepsi", "Erin", NEW_PASSWORD] {
        assert!(!letter.text.contains(chosen), "{}", letter.text);
    }
    let before = log_in(&world, ERIN, NEW_PASSWORD).await;
    assert_eq!(before.problem(), "401 invalid-credentials");
    let token = crate::harness::mailbox::token_of(&letter.text);
    assert!(token.starts_with("pdk_ot_") && token.len() == 7 + 43, "{token}");
    let reply = show(&world, "verify-email", &token).await;
    let (user, company) = (&reply.json["user"], &reply.json["company"]);
    let whole = json!({
        "access_token": reply.json["access_token"], "token_type": "Bearer", "expires_in": 600,
        "refresh_token": reply.json["refresh_token"], "refresh_expires_in": 604_800,
        "user": {
            "id": user["id"], "company_id": company["id"], "name": "Erin", "email": ERIN,
            "role": "owner", "disabled_at": null, "created_at": user["created_at"],
            "updated_at": user["updated_at"], "version": 1,
        },
        "company": {
            "id": company["id"], "name": "Pepsi", "member_visibility": "all",
            "viewer_visibility": "all", "created_at": company["created_at"],
            "updated_at": company["updated_at"], "version": 1,
        },
    });
    assert_eq!((reply.status, &reply.json), (200, &whole));
    let erin = world.stranger().with_token(reply.json["access_token"].as_str().unwrap());
    assert_eq!(erin.get("/v1/users").await.names(), ["Erin"]);
    erin.customer("Grace", "grace@example.com").await;
    assert_eq!(world.alice().await.get("/v1/customers").await.names(), [""; 0]);
    let again = log_in(&world, "ERIN@pepsi.example", NEW_PASSWORD).await;
    assert_eq!((again.status, &again.json["user"]), (200, user));
}

#[actix_web::test]
async fn a_page_gets_its_refresh_token_in_a_cookie_here_too() {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    let token = mailbox.token("verify_email", ERIN).await;
    let body = json!({ "token": token, "session": "cookie" });
    let reply = world.stranger().post("/v1/auth/verify-email", body).await;
    assert_eq!((reply.status, reply.json.get("refresh_token")), (200, None));
    assert!(reply.header("set-cookie").starts_with("__Host-paddock_refresh=pdk_rt_"));
}

#[actix_web::test]
async fn the_answer_is_the_same_for_an_email_that_has_a_login_and_the_mail_tells_the_truth() {
    let (world, mut mailbox) = World::with_mail().await;
    let before = world.passwords.computed();
    let unknown = sign_up(&world, ERIN).await;
    let cost = world.passwords.computed() - before;
    mailbox.token("verify_email", ERIN).await;
    let everything = world.everything().await;
    // To the address on record, whoever typed what: this one folds to hers, and leads elsewhere.
    for spelling in ["alice@nike.example", "ALICE@Nike.Example", "ａlice@nike.example"] {
        let known = sign_up(&world, spelling).await;
        assert_eq!(known.seen(), unknown.seen(), "{spelling}");
        mailbox.notice("sign_up_known", "alice@nike.example").await;
    }
    assert_eq!(world.passwords.computed() - before, 4 * cost);
    assert_eq!(cost, 1);
    assert_eq!(world.everything().await, everything);
}

#[actix_web::test]
async fn where_sign_up_is_closed_nobody_signs_up_and_nobody_is_told_more() {
    let world = World::with_accounts(RateLimits::none(), |database| {
        let (_, accounts) = Mailbox::of(database);
        paddock_api::Accounts { sign_up_is_open: false, ..accounts }
    })
    .await;
    let unknown = sign_up(&world, ERIN).await;
    assert_eq!(unknown.problem(), "403 sign-up-closed");
    assert_eq!(sign_up(&world, "alice@nike.example").await.seen(), unknown.seen());
}

#[actix_web::test]
async fn a_form_is_four_texts_and_nothing_else() {
    let world = World::new().await;
    let whole = || form(ERIN);
    let with = |name: &str, value: Value| {
        let mut body = whole();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = whole();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    for (body, problem) in [
        (without("company_name"), "422 validation /company_name"),
        (without("name"), "422 validation /name"),
        (without("email"), "422 validation /email"),
        (without("password"), "422 validation /password"),
        (with("company_name", json!(" ")), "422 validation /company_name"),
        (with("company_name", json!("x".repeat(201))), "422 validation /company_name"),
        (with("name", json!("a\0b")), "422 invalid-text /name"),
        (with("email", json!("nobody")), "422 validation /email"),
        (with("email", json!("a b@c")), "422 validation /email"),
        (with("password", json!(["x"])), "422 validation /password"),
        (with("password", json!("x".repeat(1025))), "422 validation /password"),
        (with("role", json!("owner")), "422 unknown-field /role"),
        (
            with("company_id", json!(world.alice_place().company_id)),
            "422 unknown-field /company_id",
        ),
        (json!([]), "422 validation "),
    ] {
        let reply = world.stranger().post("/v1/auth/signup", body.clone()).await;
        assert_eq!(reply.problem(), problem, "{body}");
    }
    let all = json!({ "company_name": "", "name": "", "email": "x", "password": "y".repeat(2000) });
    assert_eq!(
        world.stranger().post("/v1/auth/signup", all).await.problem(),
        "422 validation /company_name /name /email /password"
    );
}

#[actix_web::test]
async fn a_token_is_good_once_whoever_else_shows_it_at_the_same_time() {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    let token = mailbox.token("verify_email", ERIN).await;
    let replies = join_all((0..8).map(|_| show(&world, "verify-email", &token))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401, 401]);
    let companies = "select count(*) from crm.companies where name = 'Pepsi'";
    let count: i64 = world.admin().await.query_one(companies, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[actix_web::test]
async fn of_two_sign_ups_for_one_email_the_first_confirmed_one_counts_and_nothing_of_the_other_remains()
 {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    let first = mailbox.token("verify_email", ERIN).await;
    sign_up(&world, "Erin@Pepsi.example").await;
    let second = mailbox.token("verify_email", "Erin@Pepsi.example").await;
    assert_eq!(show(&world, "verify-email", &second).await.status, 200);
    assert_eq!(show(&world, "verify-email", &first).await.problem(), "401 invalid-token");
    let left =
        "select (select count(*) from crm.companies), (select count(*) from identity.sign_ups)";
    let left = world.admin().await.query_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (3, 0));
}

#[actix_web::test]
async fn a_token_of_a_mail_is_nothing_but_what_it_was_sent_for() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    let never = format!("pdk_ot_{}", "A".repeat(43));
    let mut tokens = Vec::new();
    sign_up(&world, ERIN).await;
    tokens.push(mailbox.token("verify_email", ERIN).await);
    forget(&world, "alice@nike.example").await;
    tokens.push(mailbox.token("reset_password", "alice@nike.example").await);
    let body = json!({ "current_password": PASSWORD, "email": "alice@sports.example" });
    assert_eq!(alice.post("/v1/me/email", body).await.status, 202);
    tokens.push(mailbox.token("change_email", "alice@sports.example").await);
    let everything = world.everything().await;
    for (kind, token) in tokens.iter().enumerate() {
        for (door, name) in DOORS.iter().enumerate().filter(|(door, _)| *door != kind) {
            let reply = show(&world, name, token).await;
            assert_eq!(reply.problem(), "401 invalid-token", "{kind} at {door}");
            assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
            assert_eq!(reply.seen(), show(&world, name, &never).await.seen());
        }
        refused(&alice, token).await;
        let refresh = json!({ "refresh_token": token });
        let reply = world.stranger().post("/v1/auth/refresh", refresh).await;
        assert_eq!(reply.problem(), "401 invalid-token");
    }
    assert_eq!(world.everything().await, everything);
    // The new password voids the new e-mail, which comes last.
    for (door, token) in DOORS.into_iter().zip(&tokens).take(2) {
        assert!(show(&world, door, token).await.status < 300, "{door}");
    }
}

#[actix_web::test]
async fn every_token_that_is_not_good_gets_the_same_answer() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    for door in DOORS {
        let never = show(&world, door, &format!("pdk_ot_{}", "A".repeat(43))).await;
        assert_eq!(never.problem(), "401 invalid-token", "{door}");
        let session = alice.token.clone().unwrap();
        for odd in ["", "x", "pdk_ot_", "pdk_ot_AAAA", "pdk_rt_AAAA", "' or 1=1", "\0", &session] {
            assert_eq!(show(&world, door, odd).await.seen(), never.seen(), "{door} {odd}");
        }
        for body in [json!({}), json!({ "token": null }), json!({ "token": 7 })] {
            let mut body = body;
            if door == "reset-password" {
                body["password"] = json!(NEW_PASSWORD);
            }
            let reply = world.stranger().post(&format!("/v1/auth/{door}"), body).await;
            assert_eq!(reply.problem(), "422 validation /token", "{door}");
        }
        let query = format!("/v1/auth/{door}?token=x");
        let reply = world.stranger().send_json(Method::POST, &query, "{}").await;
        assert_eq!(reply.problem(), "400 invalid-parameter ?token", "{door}");
    }
    // Expired ones.
    sign_up(&world, ERIN).await;
    let expired = mailbox.token("verify_email", ERIN).await;
    let age = "update identity.one_time_tokens set expires_at = now()";
    world.admin().await.batch_execute(age).await.unwrap();
    let never = show(&world, "verify-email", "x").await;
    assert_eq!(show(&world, "verify-email", &expired).await.seen(), never.seen());
}

#[actix_web::test]
async fn a_sign_up_that_cannot_be_completed_leaves_nothing_behind_and_its_token_good() {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    let token = mailbox.token("verify_email", ERIN).await;
    let before = world.everything().await;
    let admin = world.admin().await;
    let full = "alter table identity.memberships add constraint full_up check (false) not valid";
    admin.batch_execute(full).await.unwrap();
    assert!(show(&world, "verify-email", &token).await.status >= 400);
    admin.batch_execute("alter table identity.memberships drop constraint full_up").await.unwrap();
    assert_eq!(world.everything().await, before);
    assert_eq!(show(&world, "verify-email", &token).await.status, 200);
}

#[actix_web::test]
async fn what_nobody_confirmed_is_forgotten() {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    mailbox.token("verify_email", ERIN).await;
    let admin = world.admin().await;
    let age = "update identity.one_time_tokens
        set created_at = now() - interval '3 days', expires_at = now() - interval '2 days'";
    admin.batch_execute(age).await.unwrap();
    sign_up(&world, "frank@pepsi.example").await;
    mailbox.token("verify_email", "frank@pepsi.example").await;
    let left = "select t.email from identity.one_time_tokens t join identity.sign_ups s using (id)";
    let rows = admin.query(left, &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), ["frank@pepsi.example"]);
}

#[actix_web::test]
async fn the_database_holds_hashes_of_tokens_and_nothing_that_gives_one_back() {
    let (world, mut mailbox) = World::with_mail().await;
    sign_up(&world, ERIN).await;
    forget(&world, "bob@coca-cola.example").await;
    let tokens = [mailbox.next().await, mailbox.next().await];
    let everything = world.everything().await.concat();
    for letter in tokens {
        let token = crate::harness::mailbox::token_of(&letter.text);
        let secret = token.trim_start_matches("pdk_ot_");
        assert!(!everything.contains(secret) && !everything.contains(NEW_PASSWORD));
    }
}

#[actix_web::test]
async fn whoever_asks_for_mails_too_often_waits_whether_anybody_has_the_email_or_not() {
    let lock = RateSettings { lock_accounts: true, ..RateSettings::default() };
    let clock = Clock::standing();
    let (world, _mailbox) = World::with_limited_mail(RateLimits::new(lock, &clock)).await;
    for ask in [Ask::SignUp, Ask::Reset] {
        let seen = async |email: &str| {
            let mut seen = Vec::new();
            for _ in 0..7 {
                seen.push(ask.send(&world, email).await.seen());
            }
            seen
        };
        let known = seen("alice@nike.example").await;
        assert_eq!(known, seen("nobody@nike.example").await);
        let statuses: Vec<u16> = known.iter().map(|seen| seen.0).collect();
        assert_eq!(statuses, [202, 202, 202, 202, 202, 429, 429]);
        clock.advance(Duration::from_secs(2 * 60 * 60));
    }
    // Whoever has forgotten a password and tried it five times may ask at once.
    for _ in 0..6 {
        log_in(&world, "bob@coca-cola.example", "wrong").await;
    }
    let waiting = log_in(&world, "bob@coca-cola.example", PASSWORD).await;
    assert_eq!(waiting.problem(), "429 too-many-attempts");
    assert_eq!(Ask::Reset.send(&world, "bob@coca-cola.example").await.status, 202);
}

#[actix_web::test]
async fn an_address_that_asks_for_mails_or_shows_tokens_too_often_waits() {
    let login = "3/60".parse().unwrap();
    let settings = RateSettings { login, ..RateSettings::default() };
    let rates = RateLimits::new(settings, &Clock::standing());
    let (world, _mailbox) = World::with_limited_mail(rates).await;
    assert_eq!(sign_up(&world, ERIN).await.status, 202);
    assert_eq!(forget(&world, "nobody@nike.example").await.status, 202);
    assert_eq!(show(&world, "verify-email", "x").await.status, 401);
    let replies = [
        sign_up(&world, "frank@pepsi.example").await,
        forget(&world, "alice@nike.example").await,
        show(&world, "verify-email", "x").await,
        show(&world, "reset-password", "x").await,
        show(&world, "confirm-email", "x").await,
        log_in(&world, "alice@nike.example", PASSWORD).await,
    ];
    for reply in replies {
        assert_eq!(reply.problem(), "429 too-many-attempts");
        assert_eq!(reply.header("ratelimit-policy"), "\"login\";q=3;w=60");
    }
}

#[actix_web::test]
async fn links_lead_where_the_operator_says_and_not_where_a_request_does() {
    let (world, mut mailbox) = World::with_mail().await;
    let request = world.stranger().request(Method::POST, "/v1/auth/signup");
    let request = ["host", "x-forwarded-host", "forwarded", "origin", "referer"]
        .into_iter()
        .fold(request, |request, name| request.insert_header((name, "https://evil.example")));
    assert_eq!(world.stranger().send(request.set_json(form(ERIN))).await.status, 202);
    let letter = mailbox.next().await;
    assert!(letter.text.contains("\nhttps://crm.example/verify-email#token=pdk_ot_"));
    assert!(!letter.text.contains("evil"), "{}", letter.text);
}

#[actix_web::test]
async fn an_answer_does_not_wait_for_the_mail() {
    struct Stuck;
    impl paddock_api::mail::Carrier for Stuck {
        fn carry<'a>(
            &'a self,
            _: &'a paddock_api::mail::Letter,
        ) -> futures_util::future::BoxFuture<'a, Result<(), paddock_api::mail::NotCarried>>
        {
            Box::pin(std::future::pending())
        }
    }
    let world = World::with_accounts(RateLimits::none(), |database| {
        accounts_by(database, Box::new(Stuck)).0
    })
    .await;
    let mut seen = Vec::new();
    for email in ["alice@nike.example", "nobody@nike.example"] {
        for _ in 0..20 {
            seen.push(forget(&world, email).await.seen());
        }
    }
    assert!(seen.iter().all(|one| *one == seen[0] && one.0 == 202), "{seen:?}");
}

// ── Helpers ────────────────────────────────────────────────────────────────────────────────────────

/// What a stranger asks a mail for.
enum Ask {
    SignUp,
    Reset,
}

impl Ask {
    async fn send(&self, world: &World, email: &str) -> Reply {
        match self {
            Self::SignUp => sign_up(world, email).await,
            Self::Reset => forget(world, email).await,
        }
    }
}

fn form(email: &str) -> Value {
    json!({ "company_name": "Pepsi", "name": "Erin", "email": email, "password": NEW_PASSWORD })
}

pub async fn sign_up(world: &World, email: &str) -> Reply {
    world.stranger().post("/v1/auth/signup", form(email)).await
}

/// Asks for a new password.
pub async fn forget(world: &World, email: &str) -> Reply {
    world.stranger().post("/v1/auth/request-password-reset", json!({ "email": email })).await
}

/// Shows a token of a mail.
pub async fn show(world: &World, door: &str, token: &str) -> Reply {
    let mut body = json!({ "token": token });
    if door == "reset-password" {
        body["password"] = json!(NEW_PASSWORD);
    }
    world.stranger().post(&format!("/v1/auth/{door}"), body).await
}

pub async fn log_in(world: &World, email: &str, password: &str) -> Reply {
    let credentials = json!({ "email": email, "password": password });
    world.stranger().post("/v1/auth/login", credentials).await
}
