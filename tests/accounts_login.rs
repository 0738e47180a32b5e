//! What a refused login costs and tells: the same, whyever it is refused.

use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::accounts::{NEW_PASSWORD, log_in, sign_up};
use crate::harness::{PASSWORD, World};

/// Why a login is refused, the e-mail and the password.
const REFUSED: [(&str, &str, &str); 5] = [
    ("unknown", "nobody@nike.example", PASSWORD),
    ("wrong", "alice@nike.example", "a wrong password"),
    ("disabled", "carol@nike.example", PASSWORD),
    ("disabled and wrong", "carol@nike.example", "a wrong password"),
    ("not confirmed", "erin@pepsi.example", NEW_PASSWORD),
];

/// A world with somebody for each of them.
async fn world() -> World {
    let (world, mut mailbox) = World::with_mail().await;
    world.hire("Carol", "carol@nike.example", PASSWORD).await;
    let disable = "update crm.users set disabled_at = now() where email = 'carol@nike.example'";
    world.admin().await.batch_execute(disable).await.unwrap();
    sign_up(&world, "erin@pepsi.example").await;
    mailbox.token("verify_email", "erin@pepsi.example").await;
    world
}

#[actix_web::test]
async fn a_refused_login_tells_nothing_and_costs_one_hash_whyever_it_is_refused() {
    let world = world().await;
    let mut seen = Vec::new();
    for (why, email, password) in REFUSED {
        let before = world.passwords.computed();
        let reply = log_in(&world, email, password).await;
        assert_eq!(reply.problem(), "401 invalid-credentials", "{why}");
        assert_eq!(world.passwords.computed() - before, 1, "{why}");
        seen.push(reply.seen());
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    let before = world.passwords.computed();
    assert_eq!(log_in(&world, "alice@nike.example", PASSWORD).await.status, 200);
    assert_eq!(world.passwords.computed() - before, 1);
}

/// The middle of the times.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[actix_web::test]
#[ignore = "measures; `cargo test takes_as_long -- --ignored --nocapture` on a quiet machine"]
async fn a_refused_login_takes_as_long_whyever_it_is_refused() {
    let world = world().await;
    let mut times = REFUSED.map(|_| Vec::new());
    for round in 0..210 {
        // Each is the first one as often as the others: what went before leaves its traces.
        for turn in 0..REFUSED.len() {
            let which = (round + turn) % REFUSED.len();
            let ((_, email, password), times) = (REFUSED[which], &mut times[which]);
            let start = Instant::now();
            assert_eq!(log_in(&world, email, password).await.status, 401);
            // The first ones warm up.
            if round >= 10 {
                times.push(start.elapsed());
            }
        }
    }
    let medians = times.map(|mut times| median(&mut times).as_secs_f64());
    for ((why, ..), median) in REFUSED.iter().zip(medians) {
        println!("{why:<20} {:.3} ms", median * 1000.0);
    }
    let (least, most) =
        medians.iter().fold((f64::MAX, 0.0), |(l, m): (f64, f64), t| (l.min(*t), m.max(*t)));
    assert!(most / least < 1.02, "{:.2} %", (most / least - 1.0) * 100.0);
}

#[actix_web::test]
async fn a_hash_as_they_were_made_years_ago_is_made_anew_at_the_next_login() {
    let world = world().await;
    let cheap = Params::new(8 * 1024, 1, 1, None).unwrap();
    let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    let old = old.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let admin = world.admin().await;
    let hash = async || -> String {
        let hash =
            "select password_hash from identity.identities where email_key = 'alice@nike.example'";
        admin.query_one(hash, &[]).await.unwrap().get(0)
    };
    let current = hash().await;
    let set =
        "update identity.identities set password_hash = $1 where email_key = 'alice@nike.example'";
    admin.execute(set, &[&old]).await.unwrap();
    let alice = world.alice().await;
    let renewed = hash().await;
    let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
    assert_ne!(renewed, old);
    assert_eq!(cost(&renewed), cost(&current));
    // Nothing else has happened: the session goes on, and the password is the same.
    assert_eq!(alice.get("/v1/me").await.status, 200);
    let before = world.passwords.computed();
    assert_eq!(log_in(&world, "alice@nike.example", PASSWORD).await.status, 200);
    assert_eq!((world.passwords.computed() - before, hash().await), (1, renewed));
    // A wrong password renews nothing.
    admin.execute(set, &[&old]).await.unwrap();
    let wrong = log_in(&world, "alice@nike.example", "a wrong password").await;
    assert_eq!((wrong.status, hash().await), (401, old));
}
