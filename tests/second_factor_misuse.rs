//! Second factors in wrong hands: guesses, challenges that are none, and bodies that are not understood.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::Method;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::Hmac;
use paddock_api::limits::{Clock, RateLimits, RateSettings};
use paddock_db::Limits;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::forge::now;
use crate::harness::{PASSWORD, Reply, SECRET, World};
use crate::second_factor::{
    ALICE, PATH, answer, begin, by_code, challenge, confirm, forget, guarded, log_in, recover,
    remove, replace,
};
use crate::tokens::refused;

const HOME: &str = "198.51.100.1";
const OFFICE: &str = "203.0.113.1";

#[actix_web::test]
async fn whoever_guesses_codes_waits_longer_each_time() {
    let settings = RateSettings { lock_accounts: true, ..RateSettings::default() };
    let clock = Clock::standing();
    let world = World::limited(Limits::default(), &[], RateLimits::new(settings, &clock)).await;
    let alice = world.alice().await;
    let (authenticator, _) = guarded(&world, &alice).await;
    let (right, wrong) = (authenticator.code(0), authenticator.wrong_code());
    let challenge = challenge(&world, ALICE).await;
    let try_from = async |address: &str, code: &str| {
        let peer = SocketAddr::new(address.parse().unwrap(), 4711);
        let body = json!({ "challenge": challenge, "code": code });
        let stranger = world.stranger();
        let request = stranger.request(Method::POST, "/v1/auth/second-factor").peer_addr(peer);
        stranger.send(request.set_json(body)).await
    };
    for _ in 0..5 {
        assert_eq!(try_from(HOME, &wrong).await.problem(), "401 invalid-code");
    }
    let mut waits = Vec::new();
    for _ in 0..6 {
        let waiting = try_from(HOME, &right).await;
        assert_eq!(waiting.problem(), "429 too-many-attempts", "nobody looks at the right one");
        let wait: u64 = waiting.header("retry-after").parse().unwrap();
        waits.push(wait);
        clock.advance(Duration::from_secs(wait));
        // The right password in between is no success of the code.
        assert_eq!(log_in(&world, ALICE, PASSWORD).await.problem(), "401 second-factor-required");
        assert_eq!(try_from(HOME, &wrong).await.problem(), "401 invalid-code");
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32]);
    assert_eq!(try_from(OFFICE, &right).await.status, 200, "she herself is somewhere else");
}

#[actix_web::test]
async fn whoever_has_an_access_token_cannot_guess_password_or_code_any_faster() {
    let settings = RateSettings { lock_accounts: true, ..RateSettings::default() };
    let rates = || RateLimits::new(settings.clone(), &Clock::standing());
    let world = World::limited(Limits::default(), &[], rates()).await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (authenticator, _) = guarded(&world, &alice).await;
    let wrong = by_code(&authenticator.wrong_code());
    for _ in 0..2 {
        assert_eq!(remove(&alice, wrong.clone()).await.status, 403);
        assert_eq!(replace(&alice, wrong.clone()).await.status, 403);
    }
    assert_eq!(remove(&alice, wrong).await.status, 403);
    let right = by_code(&authenticator.code(0));
    assert_eq!(replace(&alice, right.clone()).await.problem(), "429 too-many-attempts");
    assert_eq!(remove(&alice, right).await.problem(), "429 too-many-attempts");
    for _ in 0..5 {
        let wrong = bob.post(PATH, json!({ "current_password": "wrong" })).await;
        assert_eq!(wrong.problem(), "403 confirmation-failed");
    }
    assert_eq!(begin(&bob).await.problem(), "429 too-many-attempts");
    assert_eq!(bob.get(PATH).await.status, 200);
}

#[actix_web::test]
async fn a_challenge_is_no_token_and_a_token_is_no_challenge() {
    let world = World::new().await;
    let alice = world.alice().await;
    let login = log_in(&world, ALICE, PASSWORD).await;
    let refresh_token = login.json["refresh_token"].as_str().unwrap().to_owned();
    let (authenticator, _) = guarded(&world, &alice).await;
    let challenge = challenge(&world, ALICE).await;
    refused(&alice, &challenge).await;
    for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
        let reply = world.stranger().post(path, json!({ "refresh_token": challenge })).await;
        assert_eq!(reply.problem(), "401 invalid-token");
    }
    let access_token = alice.token.clone().unwrap();
    let before = world.everything().await;
    let odd = [
        "",
        "x",
        "pdk_2f_",
        &challenge[7..],
        &challenge[..challenge.len() - 1],
        &format!("{challenge}A"),
        &format!(" {challenge}"),
        &challenge.to_uppercase(),
        &challenge.replace("pdk_2f_", "pdk_rt_"),
        &refresh_token,
        &refresh_token.replace("pdk_rt_", "pdk_2f_"),
        &access_token,
        &"A".repeat(100_000),
        "pdk_2f_\0",
    ];
    for odd in odd {
        let reply = answer(&world, odd, &authenticator.code(0)).await;
        assert_eq!(reply.problem(), "401 invalid-token", "{odd}");
        assert!(reply.header("server-timing").contains("db;dur=0.000"), "{reply:?}");
    }
    assert_eq!(world.everything().await, before);
    assert_eq!(answer(&world, &challenge, &authenticator.code(0)).await.status, 200);
}

#[actix_web::test]
async fn an_edited_or_expired_challenge_is_refused() {
    let world = World::new().await;
    let (authenticator, recovery_codes) = guarded(&world, &world.alice().await).await;
    let (bobs, _) = guarded(&world, &world.bob().await).await;
    let (hers, his) =
        (challenge(&world, ALICE).await, challenge(&world, "bob@coca-cola.example").await);
    // Version, expiry, identity, company, user, mark of the password, seal.
    for (at, end) in [(0, 1), (1, 9), (9, 25), (25, 41), (41, 57), (57, 73), (73, 89)] {
        let mut bytes = decoded(&hers);
        bytes[at..end].copy_from_slice(&decoded(&his)[at..end]);
        if bytes != decoded(&hers) {
            let reply = recover(&world, &encoded(&bytes), &recovery_codes[0]).await;
            assert_eq!(reply.problem(), "401 invalid-token", "{at}..{end}");
        }
    }
    // Sealed with the right key, as nobody but the service can: what is signed is judged as well.
    let expiring = |seconds: i64| {
        let mut bytes = decoded(&hers);
        bytes[1..9].copy_from_slice(&(now() + seconds).to_be_bytes());
        sealed(&bytes[..73])
    };
    let expired = answer(&world, &expiring(0), &authenticator.code(0)).await;
    assert_eq!(expired.problem(), "401 token-expired");
    assert_eq!(answer(&world, &expiring(60), &authenticator.code(0)).await.status, 200);
    let mut mixed = decoded(&his);
    mixed[9..25].copy_from_slice(&decoded(&hers)[9..25]);
    let reply = answer(&world, &sealed(&mixed[..73]), &bobs.code(0)).await;
    assert_eq!(reply.problem(), "401 invalid-token", "another identity than the user's");
    // Each is for one person: the code of the other does not fit.
    assert_eq!(answer(&world, &hers, &bobs.code(0)).await.problem(), "401 invalid-code");
    assert_eq!(answer(&world, &his, &bobs.code(0)).await.status, 200);
}

#[actix_web::test]
async fn a_challenge_ends_with_the_password_and_with_the_factor() {
    let changes = [
        "update identity.identities set password_hash = '$argon2id$another'",
        "update identity.second_factors set confirmed_at = null",
        "delete from identity.second_factors",
        "delete from identity.memberships",
    ];
    for change in changes {
        let world = World::new().await;
        let (authenticator, recovery_codes) = guarded(&world, &world.alice().await).await;
        let challenge = challenge(&world, ALICE).await;
        world.admin().await.batch_execute(change).await.unwrap();
        let reply = answer(&world, &challenge, &authenticator.code(0)).await;
        assert_eq!(reply.problem(), "401 invalid-token", "{change}");
        let reply = recover(&world, &challenge, &recovery_codes[0]).await;
        assert_eq!(reply.problem(), "401 invalid-token", "{change}");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_understood_uses_nothing_up() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, recovery_codes) = guarded(&world, &alice).await;
    let (code, recovery_code) = (authenticator.code(0), recovery_codes[0].clone());
    let challenge = challenge(&world, ALICE).await;
    let nobody = world.stranger();
    let proofs = [
        (json!({}), "422 validation /code"),
        (json!({ "code": null }), "422 validation /code"),
        (json!({ "code": code, "recovery_code": recovery_code }), "422 validation /recovery_code"),
        (json!({ "code": "12345" }), "422 validation /code"),
        (json!({ "code": "1234567" }), "422 validation /code"),
        (json!({ "code": "١٢٣٤٥٦" }), "422 validation /code"),
        (json!({ "code": "12345\0" }), "422 validation /code"),
        (json!({ "code": 123_456 }), "422 validation /code"),
        (json!({ "recovery_code": "aaaa-aaaa-aaaa" }), "422 validation /recovery_code"),
        (json!({ "recovery_code": "0000-0000-0000-0000" }), "422 validation /recovery_code"),
        (json!({ "recovery_code": [recovery_code] }), "422 validation /recovery_code"),
        (json!({ "code": code, "user_id": alice.user_id }), "422 unknown-field /user_id"),
    ];
    for (proof, problem) in proofs {
        let body = with(&proof, "challenge", json!(challenge));
        assert_eq!(nobody.post("/v1/auth/second-factor", body).await.problem(), problem);
        let body = with(&proof, "current_password", json!(PASSWORD));
        assert_eq!(remove(&alice, body.clone()).await.problem(), problem);
        assert_eq!(replace(&alice, body).await.problem(), problem);
    }
    let long = json!({ "current_password": "x".repeat(1025), "code": code });
    let problem = "422 validation /current_password";
    assert_eq!(remove(&alice, long).await.problem(), problem);
    let long = json!({ "current_password": "x".repeat(1025) });
    assert_eq!(world.bob().await.post(PATH, long).await.problem(), problem);
    assert_eq!(confirm(&alice, "12 34").await.problem(), "422 validation /code");
    let missing = nobody.post("/v1/auth/second-factor", json!({ "code": code })).await;
    assert_eq!(missing.problem(), "422 validation /challenge");
    let odd = json!({ "challenge": challenge, "code": code, "session": "Cookie" });
    let reply = nobody.post("/v1/auth/second-factor", odd).await;
    assert_eq!(reply.problem(), "422 validation /session");
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert_eq!(answer(&world, &challenge, &spaced).await.status, 200, "none of them has used it");
    forget(&world).await;
}

#[actix_web::test]
async fn a_factor_whose_secret_cannot_be_read_takes_recovery_codes_alone() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, recovery_codes) = guarded(&world, &alice).await;
    let spoil = "update identity.second_factors set sealed_secret = sha256('x')";
    world.admin().await.batch_execute(spoil).await.unwrap();
    let challenge = challenge(&world, ALICE).await;
    let reply: Reply = answer(&world, &challenge, &authenticator.code(0)).await;
    assert_eq!(reply.problem(), "401 invalid-code");
    assert_eq!(recover(&world, &challenge, &recovery_codes[0]).await.status, 200);
    let lost = json!({ "current_password": PASSWORD, "recovery_code": recovery_codes[1] });
    assert_eq!(remove(&alice, lost).await.status, 204);
    assert_eq!(begin(&alice).await.status, 201);
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

fn decoded(challenge: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(challenge.strip_prefix("pdk_2f_").unwrap()).unwrap()
}

fn encoded(bytes: &[u8]) -> String {
    format!("pdk_2f_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// As the service seals it.
fn sealed(payload: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let mac = |key: &[u8], bytes: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(bytes);
        mac.finalize().into_bytes()
    };
    let key = mac(SECRET, b"paddock second factor challenge");
    encoded(&[payload, &mac(&key, payload)[..16]].concat())
}
