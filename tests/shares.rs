//! Walls: one company's slow statements leave connections, and time, to the others.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::join;
use paddock_db::Limits;
use serde_json::json;
use tokio_postgres::Client;

use crate::harness::{Reply, World};

/// How many statements of the application wait for a lock.
const HANGING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and usename = 'paddock_app' and wait_event_type = 'Lock'";

/// Asks until so many statements hang.
async fn until_hanging(admin: &Client, count: i64) {
    while admin.query_one(HANGING, &[]).await.unwrap().get::<_, i64>(0) < count {
        tokio::task::yield_now().await;
    }
}

/// A company with a customer that somebody keeps locked until the answer.
async fn while_alice_hangs(
    world: &World,
    meanwhile: impl AsyncFnOnce(&Client) -> Vec<Reply>,
) -> (Vec<Reply>, Vec<Reply>) {
    let name = world.database.name();
    let patience = format!("alter role paddock_app in database {name} set lock_timeout = '60s'");
    world.admin().await.batch_execute(&patience).await.unwrap();
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let (mut locker, admin) = (world.admin().await, world.admin().await);
    let lock = locker.transaction().await.unwrap();
    lock.batch_execute("select from crm.customers for update").await.unwrap();
    let rename = |n: usize| alice.patch(&path, json!({ "name": format!("Grace {n}") }));
    join!(join_all((0..6).map(rename)), async {
        until_hanging(&admin, 2).await;
        let replies = meanwhile(&admin).await;
        let hanging = admin.query_one(HANGING, &[]).await.unwrap().get::<_, i64>(0);
        assert_eq!(hanging, 2, "half of four connections");
        lock.rollback().await.unwrap();
        replies
    })
}

#[actix_web::test]
async fn a_company_that_hangs_takes_its_share_and_others_are_answered() {
    let patient = Limits { wait: Duration::from_secs(20), ..Limits::default() };
    let world = World::with(patient, &[]).await;
    let bob = world.bob().await;
    let (hers, his) = while_alice_hangs(&world, async |_| {
        let ask = |_| async { bob.post("/v1/customers", json!({ "name": "Ada" })).await };
        join_all((0..10).map(ask)).await
    })
    .await;
    assert_eq!(his.iter().map(|reply| reply.status).collect::<Vec<_>>(), [201; 10]);
    assert_eq!(hers.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200; 6]);
}

#[actix_web::test]
async fn whoever_waits_in_vain_for_their_own_company_is_told_that_it_is_overloaded() {
    let hasty = Limits { wait: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(hasty, &[]).await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (hers, more) = while_alice_hangs(&world, async |_| {
        vec![alice.get("/v1/me").await, bob.get("/v1/me").await]
    })
    .await;
    assert_eq!(
        (more[0].problem().as_str(), more[0].header("retry-after")),
        ("503 overloaded", "1")
    );
    assert_eq!(more[1].status, 200);
    let mut statuses: Vec<u16> = hers.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 503, 503, 503, 503]);
}

#[actix_web::test]
async fn a_list_has_less_time_than_other_requests() {
    let limits = Limits { list_deadline: Duration::from_millis(100), ..Limits::default() };
    let world = World::with(limits, &[]).await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let mut admin = world.admin().await;
    let lock = admin.transaction().await.unwrap();
    lock.batch_execute("lock table crm.customers").await.unwrap();
    // The other one is still waiting when the list has given up.
    let (list, one) = join!(
        async {
            let list = alice.get("/v1/customers").await;
            lock.rollback().await.unwrap();
            list
        },
        alice.get(&path)
    );
    assert_eq!((list.problem().as_str(), one.status), ("504 query-timeout", 200));
}
