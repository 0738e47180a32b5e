//! Second factors: how they are set up, asked for, used and removed.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use futures_util::future::join_all;
use paddock_db::provision::{NewUser, user};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::forge::{claims, header, now, sign as sign_token};
use crate::harness::{PASSWORD, Person, Reply, World};

pub const PATH: &str = "/v1/me/second-factor";
pub const ALICE: &str = "alice@nike.example";

/// An authenticator with the secret that it was shown.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    pub fn new(secret: &Value) -> Self {
        Self(of_base32(secret.as_str().unwrap()))
    }

    /// The code of this half minute (0), or of so many later.
    pub fn code(&self, later: i64) -> String {
        let step = now() / 30 + later;
        let hash = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0), &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// Another code than those that are good now.
    pub fn wrong_code(&self) -> String {
        let good: Vec<String> = (-2..=2).map(|later| self.code(later)).collect();
        let mut codes = (0..).map(|number| format!("{number:06}"));
        codes.find(|code| !good.contains(code)).unwrap()
    }
}

/// Somebody whose logins ask for the factor, and no code of it has been used for a while.
pub async fn guarded(world: &World, person: &Person) -> (Authenticator, Vec<String>) {
    let begun = begin(person).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let authenticator = Authenticator::new(&begun.json["secret"]);
    let confirmed = confirm(person, &authenticator.code(0)).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    forget(world).await;
    (authenticator, codes(&confirmed))
}

/// As if no code had been used yet: time passes without waiting for it.
pub async fn forget(world: &World) {
    let update = "update identity.second_factors set last_step = 0";
    world.admin().await.batch_execute(update).await.unwrap();
}

pub async fn begin(person: &Person) -> Reply {
    person.post(PATH, json!({ "current_password": PASSWORD })).await
}

pub async fn confirm(person: &Person, code: &str) -> Reply {
    person.post(&format!("{PATH}/confirm"), json!({ "code": code })).await
}

pub async fn remove(person: &Person, body: Value) -> Reply {
    person.send(person.request("DELETE".parse().unwrap(), PATH).set_json(body)).await
}

pub async fn replace(person: &Person, body: Value) -> Reply {
    person.post(&format!("{PATH}/recovery-codes"), body).await
}

pub fn by_code(code: &str) -> Value {
    json!({ "current_password": PASSWORD, "code": code })
}

pub async fn log_in(world: &World, email: &str, password: &str) -> Reply {
    let credentials = json!({ "email": email, "password": password });
    world.stranger().post("/v1/auth/login", credentials).await
}

/// The challenge that the right password is answered with.
pub async fn challenge(world: &World, email: &str) -> String {
    let reply = log_in(world, email, PASSWORD).await;
    assert_eq!(reply.problem(), "401 second-factor-required");
    reply.json["challenge"].as_str().unwrap().to_owned()
}

pub async fn answer(world: &World, challenge: &str, code: &str) -> Reply {
    let body = json!({ "challenge": challenge, "code": code });
    world.stranger().post("/v1/auth/second-factor", body).await
}

pub async fn recover(world: &World, challenge: &str, code: &str) -> Reply {
    let body = json!({ "challenge": challenge, "recovery_code": code });
    world.stranger().post("/v1/auth/second-factor", body).await
}

fn codes(reply: &Reply) -> Vec<String> {
    let codes = reply.json["recovery_codes"].as_array().unwrap().iter();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

async fn left(person: &Person) -> i64 {
    person.get(PATH).await.json["recovery_codes_left"].as_i64().unwrap()
}

pub fn of_base32(text: &str) -> Vec<u8> {
    let mut bits = text.chars().flat_map(|letter| {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter.to_ascii_uppercase()).unwrap();
        (0..5).rev().map(move |bit| value >> bit & 1)
    });
    let mut bytes = Vec::new();
    while let Some(first) = bits.next() {
        let byte = bits.by_ref().take(7).fold(first, |byte, bit| byte << 1 | bit);
        bytes.push(u8::try_from(byte).unwrap());
    }
    bytes
}

#[actix_web::test]
async fn a_factor_is_begun_confirmed_asked_for_and_removed() {
    let world = World::new().await;
    let alice = world.alice().await;
    let none = json!({ "state": "none", "confirmed_at": null, "recovery_codes_left": 0 });
    assert_eq!(alice.get(PATH).await.json, none);

    let begun = begin(&alice).await;
    let secret = begun.json["secret"].as_str().unwrap();
    let uri = format!(
        "otpauth://totp/Paddock:alice%40nike.example?secret={secret}\
         &issuer=Paddock&algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!((begun.status, begun.header("location")), (201, PATH));
    assert_eq!(begun.json, json!({ "secret": secret, "otpauth_uri": uri }));
    assert_eq!(secret.len(), 32);
    let pending = json!({ "state": "pending", "confirmed_at": null, "recovery_codes_left": 0 });
    assert_eq!(alice.get(PATH).await.json, pending);
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.status, 200, "it is not asked for yet");

    let authenticator = Authenticator::new(&begun.json["secret"]);
    let confirmed = confirm(&alice, &authenticator.code(0)).await;
    assert_eq!(confirmed.json, json!({ "recovery_codes": codes(&confirmed) }));
    assert_eq!((confirmed.status, confirmed.header("cache-control")), (200, "no-store"));
    let state = alice.get(PATH).await.json;
    let since = &state["confirmed_at"];
    let active = json!({ "state": "active", "confirmed_at": since, "recovery_codes_left": 10 });
    assert_eq!(state, active);
    assert!(since.is_string());

    let refused = log_in(&world, ALICE, PASSWORD).await;
    let whole = json!({
        "type": "/problems/second-factor-required", "title": "The second factor is needed too",
        "status": 401, "code": "second-factor-required",
        "request_id": refused.header("x-request-id"), "challenge": refused.json["challenge"],
    });
    assert_eq!((refused.status, &refused.json), (401, &whole));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let challenge = refused.json["challenge"].as_str().unwrap();
    assert!(challenge.starts_with("pdk_2f_"), "{challenge}");

    let login = answer(&world, challenge, &authenticator.code(1)).await;
    let whole = json!({
        "access_token": login.json["access_token"], "token_type": "Bearer", "expires_in": 600,
        "refresh_token": login.json["refresh_token"], "refresh_expires_in": 604_800,
        "user": alice.get("/v1/me").await.json["user"],
        "company": alice.get("/v1/company").await.json,
    });
    assert_eq!((login.status, &login.json), (200, &whole));
    let again = world.stranger().with_token(login.json["access_token"].as_str().unwrap());
    assert_eq!(again.get("/v1/me").await.status, 200);

    forget(&world).await;
    assert_eq!(remove(&alice, by_code(&authenticator.code(0))).await.status, 204);
    assert_eq!(alice.get(PATH).await.json, none);
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.status, 200);
    assert_eq!(again.get("/v1/me").await.status, 200, "sessions go on");
    let another = begin(&alice).await;
    assert_eq!(another.status, 201);
    assert_ne!(another.json["secret"], begun.json["secret"]);
}

#[actix_web::test]
async fn what_is_begun_again_is_another_and_what_is_active_cannot_be_begun() {
    let world = World::new().await;
    let alice = world.alice().await;
    assert_eq!(confirm(&alice, "123456").await.problem(), "404 not-found");
    assert_eq!(remove(&alice, by_code("123456")).await.problem(), "404 not-found");
    assert_eq!(replace(&alice, by_code("123456")).await.problem(), "404 not-found");
    let first = Authenticator::new(&begin(&alice).await.json["secret"]);
    let second = Authenticator::new(&begin(&alice).await.json["secret"]);
    assert_eq!(confirm(&alice, &first.code(0)).await.problem(), "403 confirmation-failed");
    assert_eq!(remove(&alice, by_code(&second.code(0))).await.problem(), "404 not-found");
    let code = second.code(0);
    let twice = join_all((0..4).map(|_| confirm(&alice, &code))).await;
    let mut statuses: Vec<u16> = twice.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409], "{twice:?}");
    assert_eq!(begin(&alice).await.problem(), "409 conflict");
    assert_eq!(confirm(&alice, &second.code(1)).await.problem(), "409 conflict");
    assert_eq!(left(&alice).await, 10);
}

#[actix_web::test]
async fn a_wrong_password_is_answered_as_ever_whether_there_is_a_factor_or_not() {
    let world = World::new().await;
    let (alice, dave) = (world.alice().await, world.colleague("dave").await);
    let without = log_in(&world, ALICE, "wrong").await;
    guarded(&world, &alice).await;
    guarded(&world, &dave).await;
    assert_eq!(without.problem(), "401 invalid-credentials");
    assert_eq!(log_in(&world, ALICE, "wrong").await.seen(), without.seen());
    assert_eq!(log_in(&world, "nobody@nike.example", "wrong").await.seen(), without.seen());
    let disable = "update crm.users set disabled_at = now() where id = $1";
    world.admin().await.execute(disable, &[&dave.user_id]).await.unwrap();
    let disabled = log_in(&world, "dave@nike.example", PASSWORD).await;
    assert_eq!(disabled.seen(), without.seen(), "whoever may not act learns nothing");
}

#[actix_web::test]
async fn whoever_is_disabled_between_the_steps_is_not_let_in() {
    let world = World::new().await;
    let dave = world.colleague("dave").await;
    let (authenticator, _) = guarded(&world, &dave).await;
    let challenge = challenge(&world, "dave@nike.example").await;
    let disable = "update crm.users set disabled_at = now() where id = $1";
    world.admin().await.execute(disable, &[&dave.user_id]).await.unwrap();
    let reply = answer(&world, &challenge, &authenticator.code(0)).await;
    assert_eq!(reply.problem(), "401 invalid-credentials");
}

#[actix_web::test]
async fn a_code_is_accepted_once_and_none_before_it_afterwards() {
    let world = World::new().await;
    let alice = world.alice().await;
    let begun = begin(&alice).await;
    let authenticator = Authenticator::new(&begun.json["secret"]);
    let code = authenticator.code(0);
    assert_eq!(confirm(&alice, &code).await.status, 200);
    let challenge = challenge(&world, ALICE).await;
    let answer = async |code: &str| answer(&world, &challenge, code).await;
    assert_eq!(answer(&code).await.problem(), "401 invalid-code", "it has confirmed the factor");
    let later = authenticator.code(1);
    assert_eq!(answer(&later).await.status, 200);
    for used in [&code, &later] {
        assert_eq!(answer(used).await.problem(), "401 invalid-code");
        assert_eq!(remove(&alice, by_code(used)).await.problem(), "403 confirmation-failed");
        assert_eq!(replace(&alice, by_code(used)).await.problem(), "403 confirmation-failed");
    }
    forget(&world).await;
    for far in [-3, 3, 120] {
        assert_eq!(answer(&authenticator.code(far)).await.problem(), "401 invalid-code", "{far}");
    }
    let code = authenticator.code(0);
    assert_eq!(replace(&alice, by_code(&code)).await.status, 200);
    assert_eq!(remove(&alice, by_code(&code)).await.problem(), "403 confirmation-failed");
}

#[actix_web::test]
async fn of_many_who_show_the_same_code_at_once_one_is_let_in() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, recovery_codes) = guarded(&world, &alice).await;
    let challenge = challenge(&world, ALICE).await;
    let code = authenticator.code(0);
    let let_in = |replies: &[Reply]| {
        assert!(replies.iter().all(|r| r.status == 200 || r.problem() == "401 invalid-code"));
        replies.iter().filter(|reply| reply.status == 200).count()
    };
    let replies = join_all((0..8).map(|_| answer(&world, &challenge, &code))).await;
    assert_eq!(let_in(&replies), 1, "{replies:?}");
    let code = &recovery_codes[0];
    let replies = join_all((0..8).map(|_| recover(&world, &challenge, code))).await;
    assert_eq!(let_in(&replies), 1, "{replies:?}");
    assert_eq!(left(&alice).await, 9);
}

#[actix_web::test]
async fn ten_recovery_codes_stand_in_for_the_authenticator_each_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, codes_of_hers) = guarded(&world, &alice).await;
    let groups = |code: &String| code.split('-').map(str::len).collect::<Vec<_>>();
    assert!(codes_of_hers.iter().all(|code| groups(code) == [4; 4]), "{codes_of_hers:?}");
    let challenge = challenge(&world, ALICE).await;
    let typed = [
        codes_of_hers[0].clone(),
        codes_of_hers[1].to_uppercase(),
        codes_of_hers[2].replace('-', ""),
        codes_of_hers[3].replace('-', " "),
    ];
    for (used, code) in typed.iter().enumerate() {
        assert_eq!(recover(&world, &challenge, code).await.status, 200, "{code}");
        assert_eq!(recover(&world, &challenge, code).await.problem(), "401 invalid-code");
        assert_eq!(left(&alice).await, 9 - used as i64);
    }
    let others = replace(&alice, by_code(&authenticator.code(0))).await;
    assert_eq!((others.status, left(&alice).await), (200, 10));
    assert_eq!(others.json, json!({ "recovery_codes": codes(&others) }));
    let old = recover(&world, &challenge, &codes_of_hers[5]).await;
    assert_eq!(old.problem(), "401 invalid-code");
    let others = codes(&others);
    let lost = json!({ "current_password": PASSWORD, "recovery_code": others[1] });
    assert_eq!(recover(&world, &challenge, &others[0]).await.status, 200);
    assert_eq!(remove(&alice, lost).await.status, 204, "who has lost it can remove it");
    assert_eq!(recover(&world, &challenge, &others[2]).await.problem(), "401 invalid-token");
}

#[actix_web::test]
async fn two_who_replace_the_recovery_codes_at_once_leave_one_set() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, _) = guarded(&world, &alice).await;
    let [one, other] = [0, 1].map(|later| by_code(&authenticator.code(later)));
    let replies = join_all([replace(&alice, one), replace(&alice, other)]).await;
    assert!(replies.iter().any(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(left(&alice).await, 10);
}

#[actix_web::test]
async fn password_and_code_must_both_be_right_and_nobody_learns_which_was_not() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (authenticator, recovery_codes) = guarded(&world, &alice).await;
    let (right, wrong) = (authenticator.code(0), authenticator.wrong_code());
    let before = world.everything().await;
    let refused = [
        json!({ "current_password": "wrong", "code": right }),
        json!({ "current_password": "wrong", "recovery_code": recovery_codes[0] }),
        json!({ "current_password": PASSWORD, "code": wrong }),
        json!({ "current_password": "wrong", "code": wrong }),
        json!({ "current_password": PASSWORD, "recovery_code": "aaaa-aaaa-aaaa-aaaa" }),
    ];
    let mut seen = Vec::new();
    for body in refused {
        seen.push(remove(&alice, body.clone()).await.seen());
        seen.push(replace(&alice, body).await.seen());
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].0, 403);
    assert_eq!(world.everything().await, before, "no code was used up");
    let wrong = alice.post(PATH, json!({ "current_password": "wrong" })).await;
    assert_eq!(wrong.problem(), "409 conflict");
    let bob = world.bob().await;
    let wrong = bob.post(PATH, json!({ "current_password": "wrong" })).await;
    assert_eq!(wrong.problem(), "403 confirmation-failed");
}

#[actix_web::test]
async fn whoever_confirms_ends_their_other_sessions_and_nobody_elses() {
    let world = World::new().await;
    let (thief, alice, carol) =
        (world.alice().await, world.alice().await, world.colleague("carol").await);
    let elsewhere = in_coca_cola(&world).await;
    let sessions = "insert into crm.sessions (company_id, user_id, secret_hash, epoch)
        values ($1, $2, sha256('x'), 0)";
    let (company, user) = (&elsewhere.company_id, &elsewhere.user_id);
    world.admin().await.execute(sessions, &[company, user]).await.unwrap();
    let refresh_token = log_in(&world, ALICE, PASSWORD).await.json["refresh_token"].clone();
    guarded(&world, &alice).await;
    assert_eq!(thief.get("/v1/me").await.problem(), "401 session-revoked");
    let refresh = json!({ "refresh_token": refresh_token });
    let refreshed = world.stranger().post("/v1/auth/refresh", refresh).await;
    assert_eq!(refreshed.problem(), "401 session-revoked");
    assert_eq!(alice.get("/v1/me").await.status, 200);
    assert_eq!(carol.get("/v1/me").await.status, 200);
    assert_eq!(elsewhere.get("/v1/me/sessions").await.json["data"], json!([]));
}

#[actix_web::test]
async fn a_factor_guards_a_login_in_all_its_companies_and_no_other() {
    let world = World::new().await;
    let (alice, bob, carol) =
        (world.alice().await, world.bob().await, world.colleague("carol").await);
    let elsewhere = in_coca_cola(&world).await;
    let (authenticator, _) = guarded(&world, &alice).await;
    assert_eq!(elsewhere.get(PATH).await.json, alice.get(PATH).await.json);
    assert_eq!(begin(&elsewhere).await.problem(), "409 conflict");
    for other in [&bob, &carol] {
        assert_eq!(other.get(PATH).await.json["state"], "none");
        let hers = remove(other, by_code(&authenticator.code(0))).await;
        assert_eq!(hers.problem(), "404 not-found");
    }
    assert_eq!(log_in(&world, "bob@coca-cola.example", PASSWORD).await.status, 200);
    // The challenge leads into the company that the login was for, whatever else she is in.
    let login = answer(&world, &challenge(&world, ALICE).await, &authenticator.code(0)).await;
    assert_eq!(login.json["company"]["id"], json!(alice.company_id));
    assert_eq!(remove(&elsewhere, by_code(&authenticator.code(1))).await.status, 204);
    assert_eq!(alice.get(PATH).await.json["state"], "none");
}

#[actix_web::test]
async fn who_does_not_log_in_here_has_no_factor() {
    let world = World::new().await;
    let carol = world.colleague("carol").await;
    let leave = "delete from identity.memberships where user_id = $1";
    world.admin().await.execute(leave, &[&carol.user_id]).await.unwrap();
    assert_eq!(carol.get(PATH).await.json["state"], "none");
    assert_eq!(begin(&carol).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn a_second_step_may_bring_the_refresh_token_as_a_cookie() {
    let world = World::new().await;
    let (authenticator, _) = guarded(&world, &world.alice().await).await;
    let challenge = challenge(&world, ALICE).await;
    let body =
        json!({ "challenge": challenge, "code": authenticator.code(0), "session": "cookie" });
    let login = world.stranger().post("/v1/auth/second-factor", body).await;
    assert_eq!((login.status, &login.json["refresh_token"]), (200, &Value::Null));
    assert!(login.header("set-cookie").starts_with("__Host-paddock_refresh=pdk_rt_"));
}

#[actix_web::test]
async fn who_steals_the_database_finds_no_factor_in_it() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (authenticator, recovery_codes) = guarded(&world, &alice).await;
    let hers = of_base32(&recovery_codes[0].replace('-', ""));
    let stored = "select recovery_hashes[1] from identity.second_factors";
    let stored: Vec<u8> = world.admin().await.query_one(stored, &[]).await.unwrap().get(0);
    assert_eq!(stored, Sha256::digest(&hers).to_vec());
    let everything = world.everything().await.join("\n").to_lowercase();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(!everything.contains(&hex(&authenticator.0)) && !everything.contains(&hex(&hers)));
    // Whoever writes into it cannot give one's own factor to somebody else.
    guarded(&world, &bob).await;
    let copy = "update identity.second_factors f set sealed_secret = (
            select o.sealed_secret from identity.second_factors o
            join identity.memberships m on m.identity_id = o.identity_id where m.user_id = $1)
        where f.identity_id = (select m.identity_id from identity.memberships m where m.user_id = $2)";
    world.admin().await.execute(copy, &[&alice.user_id, &bob.user_id]).await.unwrap();
    let reply =
        answer(&world, &challenge(&world, "bob@coca-cola.example").await, &authenticator.code(0))
            .await;
    assert_eq!(reply.problem(), "401 invalid-code");
}

/// Alice, with a place at Coca-Cola too.
async fn in_coca_cola(world: &World) -> Person {
    let company_id = world.bob_place().company_id;
    let new = NewUser { name: "Alice", email: ALICE, role: "member", password_hash: "unused" };
    let user_id = user(&world.database.admin_url(), company_id, &new).await.unwrap();
    let mut person = world.stranger();
    (person.company_id, person.user_id) = (company_id, user_id);
    person.with_token(&sign_token(&header(), &claims(&person)))
}
