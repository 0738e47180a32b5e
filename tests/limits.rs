//! Rate limits: who is told to come back later, when, and who is not.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::Method;
use paddock_api::limits::{Clock, RateLimits, RateSettings};
use paddock_db::Limits;
use serde_json::json;

use crate::harness::{PASSWORD, Person, Reply, World};

const ORIGIN: &str = "https://crm.example";
const HOME: &str = "198.51.100.1";
const OFFICE: &str = "203.0.113.1";
const PROXY: &str = "10.0.0.1";

/// A world whose clock stands.
async fn world(settings: RateSettings) -> (World, Clock) {
    let clock = Clock::standing();
    let rates = RateLimits::new(settings, &clock);
    (World::limited(Limits::default(), &[ORIGIN], rates).await, clock)
}

fn members(user: &str, company: &str) -> RateSettings {
    let (user, company) = (user.parse().unwrap(), company.parse().unwrap());
    RateSettings { user, company, ..RateSettings::default() }
}

fn strangers(address: &str) -> RateSettings {
    let (address, trusted_proxies) = (address.parse().unwrap(), "10.0.0.0/8".parse().unwrap());
    RateSettings { address, trusted_proxies, ..RateSettings::default() }
}

fn limits(reply: &Reply) -> [&str; 3] {
    ["ratelimit-policy", "ratelimit", "retry-after"].map(|name| reply.header(name))
}

async fn from(person: &Person, address: &str, headers: &[(&str, &str)]) -> Reply {
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    let request = person.request(Method::GET, "/v1/ping").peer_addr(peer);
    let request = headers.iter().fold(request, |request, header| request.append_header(*header));
    person.send(request).await
}

async fn log_in(world: &World, address: &str, email: &str, password: &str) -> Reply {
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    let stranger = world.stranger();
    let request = stranger.request(Method::POST, "/v1/auth/login").peer_addr(peer);
    stranger.send(request.set_json(json!({ "email": email, "password": password }))).await
}

#[actix_web::test]
async fn every_answer_says_what_is_left() {
    let (world, clock) = world(members("5/60", "8/60")).await;
    let alice = world.alice().await;
    let policies = r#""user";q=5;w=60, "company";q=8;w=60"#;
    let states = [
        r#""user";r=4;t=12, "company";r=7;t=8"#,
        r#""user";r=3;t=24, "company";r=6;t=15"#,
        r#""user";r=2;t=36, "company";r=5;t=23"#,
    ];
    for (path, state) in ["/v1/ping", "/v1/customers", "/v1/customers/x"].into_iter().zip(states) {
        assert_eq!(limits(&alice.get(path).await), [policies, state, ""], "{path}");
    }
    clock.advance(Duration::from_secs(60));
    assert_eq!(limits(&alice.get("/v1/ping").await), [policies, states[0], ""]);
}

#[actix_web::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_back() {
    let (world, clock) = world(members("3/60", "100/60")).await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    for _ in 0..3 {
        assert_eq!(alice.get("/v1/ping").await.status, 204);
    }
    let reply = alice.ask(Method::GET, "/v1/ping", &[("origin", ORIGIN)]).await;
    let whole = json!({
        "type": "/problems/rate-limited", "title": "Too many requests", "status": 429,
        "code": "rate-limited", "request_id": reply.header("x-request-id"),
    });
    assert_eq!((reply.problem().as_str(), &reply.json), ("429 rate-limited", &whole));
    assert_eq!(limits(&reply), [r#""user";q=3;w=60"#, r#""user";r=0;t=20"#, "20"]);
    assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(carol.get("/v1/ping").await.status, 204);
    clock.advance(Duration::from_secs(19));
    assert_eq!(limits(&alice.get("/v1/ping").await)[2], "1");
    clock.advance(Duration::from_secs(1));
    assert_eq!(alice.get("/v1/ping").await.status, 204);
    assert_eq!(alice.get("/v1/ping").await.problem(), "429 rate-limited");
}

#[actix_web::test]
async fn a_company_that_asks_fifty_times_too_often_takes_nothing_from_another() {
    let world = async || {
        let rates = RateLimits::new(members("100/60", "20/60"), &Clock::standing());
        World::limited(Limits::default(), &[], rates).await
    };
    let (quiet, world) = (world().await, world().await);
    let (alice, carol, bob) =
        (world.alice().await, world.colleague("carol").await, world.bob().await);
    let alone = quiet.bob().await;
    let alone = [alone.get("/v1/customers").await.seen(), alone.get("/v1/ping").await.seen()];
    let (mut served, mut refused) = (0, 0);
    let mut seen = Vec::new();
    for request in 0..1_000 {
        match [&alice, &carol][request % 2].get("/v1/ping").await.status {
            204 => served += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
        if request == 500 {
            seen.push(bob.get("/v1/customers").await.seen());
        }
    }
    seen.push(bob.get("/v1/ping").await.seen());
    assert_eq!((served, refused), (20, 980));
    assert_eq!(seen, alone);
}

#[actix_web::test]
async fn a_user_who_is_refused_takes_nothing_from_colleagues() {
    let (world, _clock) = world(members("2/60", "5/60")).await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    for _ in 0..10 {
        alice.get("/v1/ping").await;
    }
    let state = carol.get("/v1/ping").await;
    assert_eq!(limits(&state)[1], r#""user";r=1;t=30, "company";r=2;t=36"#);
}

#[actix_web::test]
async fn strangers_are_counted_by_their_address_and_members_are_not() {
    let (world, clock) = world(strangers("3/60")).await;
    let (nobody, alice) = (world.stranger(), world.alice().await);
    let forger = alice.with_token("forged");
    for person in [&nobody, &forger, &nobody] {
        assert_eq!(from(person, HOME, &[]).await.status, 401);
    }
    let reply = from(&forger, HOME, &[("origin", ORIGIN)]).await;
    assert_eq!(reply.problem(), "429 rate-limited");
    assert_eq!(limits(&reply), [r#""address";q=3;w=60"#, r#""address";r=0;t=20"#, "20"]);
    assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(from(&alice, HOME, &[]).await.status, 204);
    let other = from(&nobody, OFFICE, &[]).await;
    assert_eq!((other.status, limits(&other)[1]), (401, r#""address";r=2;t=20"#));
    clock.advance(Duration::from_secs(20));
    assert_eq!(from(&nobody, HOME, &[]).await.status, 401);
}

#[actix_web::test]
async fn what_load_balancers_and_browsers_ask_is_not_counted() {
    let (world, _clock) = world(strangers("1/60")).await;
    let nobody = world.stranger();
    let preflight = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    for _ in 0..3 {
        assert_eq!(nobody.get("/livez").await.status, 200);
        assert_eq!(nobody.get("/readyz").await.status, 200);
        assert_eq!(nobody.ask(Method::OPTIONS, "/v1/me", &preflight).await.status, 200);
    }
    assert_eq!(nobody.get("/openapi.json").await.status, 200);
    assert_eq!(nobody.get("/openapi.json").await.problem(), "429 rate-limited");
    assert_eq!(nobody.get("/v1/nothing").await.problem(), "429 rate-limited");
}

#[actix_web::test]
async fn nobody_gets_another_bucket_by_claiming_another_address() {
    let (world, _clock) = world(strangers("2/60")).await;
    let nobody = world.stranger();
    for (claim, status) in [("192.0.2.1", 401), ("192.0.2.2", 401), ("192.0.2.3", 429)] {
        let new = format!("for={claim}");
        let lies = [("x-forwarded-for", claim), ("forwarded", new.as_str()), ("x-real-ip", claim)];
        assert_eq!(from(&nobody, HOME, &lies).await.status, status, "{claim}");
    }
    // Through our proxy, which writes whom it serves behind whatever they claim.
    for (claim, status) in [("192.0.2.1", 401), ("192.0.2.2", 401), ("192.0.2.3", 429)] {
        let chain = format!("{claim}, {OFFICE}");
        let reply = from(&nobody, PROXY, &[("x-forwarded-for", &chain)]).await;
        assert_eq!(reply.status, status, "{claim}");
    }
    let other = from(&nobody, PROXY, &[("x-forwarded-for", "192.0.2.1")]).await;
    assert_eq!(other.status, 401);
}

#[actix_web::test]
async fn an_address_that_tries_to_log_in_too_often_waits_and_another_does_not() {
    let login = "2/60".parse().unwrap();
    let (world, clock) = world(RateSettings { login, ..RateSettings::default() }).await;
    for email in ["a@example.com", "b@example.com"] {
        let reply = log_in(&world, HOME, email, "wrong").await;
        assert_eq!(reply.problem(), "401 invalid-credentials");
    }
    let reply = log_in(&world, HOME, "alice@nike.example", PASSWORD).await;
    assert_eq!(reply.problem(), "429 too-many-attempts");
    assert_eq!(limits(&reply), [r#""login";q=2;w=60"#, r#""login";r=0;t=30"#, "30"]);
    assert_eq!(log_in(&world, OFFICE, "alice@nike.example", PASSWORD).await.status, 200);
    clock.advance(Duration::from_secs(30));
    assert_eq!(log_in(&world, HOME, "alice@nike.example", PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn whoever_guesses_a_password_waits_and_learns_nothing_about_the_email() {
    let lock = RateSettings { lock_accounts: true, ..RateSettings::default() };
    let (world, clock) = world(lock).await;
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for (email, seen) in [("alice@nike.example", &mut known), ("nobody@nike.example", &mut unknown)]
    {
        for _ in 0..7 {
            seen.push(log_in(&world, HOME, email, "wrong").await.seen());
        }
    }
    assert_eq!(known, unknown);
    let statuses: Vec<u16> = known.iter().map(|seen| seen.0).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    // The right password is not looked at either, nor another spelling of the e-mail.
    for email in ["alice@nike.example", "ALICE@nike.example", "ａlice@nike.example"] {
        let reply = log_in(&world, HOME, email, PASSWORD).await;
        assert_eq!(
            (reply.problem().as_str(), limits(&reply)),
            ("429 too-many-attempts", ["", "", "1"])
        );
    }
    // She herself is somewhere else, and is let in.
    assert_eq!(log_in(&world, OFFICE, "alice@nike.example", PASSWORD).await.status, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(log_in(&world, HOME, "alice@nike.example", PASSWORD).await.status, 200);
    assert_eq!(log_in(&world, HOME, "alice@nike.example", "wrong").await.status, 401);
}
