//! Clocks: tokens are judged by the server's alone, rows are dated by the database's alone, and both are told
//! when they differ.

use paddock_api::WallClock;
use serde_json::json;

use crate::harness::World;
use crate::harness::forge::{header, lasting, now, sign};
use crate::harness::provider::{OutsideKey, hasura, trusted};
use crate::tokens::{refused, with};
use crate::walk::log::Log;

/// A world whose server is so many seconds ahead of everybody else.
async fn world(seconds: i64) -> (World, OutsideKey) {
    let key = OutsideKey::new("EdDSA", "k1");
    let providers = trusted(&[&key], json!({}));
    let clock = WallClock::ahead_by(seconds);
    (World::altered(|state| state.trusting(providers).going_by(clock)).await, key)
}

#[actix_web::test]
async fn a_token_is_judged_by_the_servers_clock() {
    for ahead in [-300, 300] {
        let (world, key) = world(ahead).await;
        let alice = world.alice().await;
        assert_eq!(alice.get("/v1/me").await.status, 200, "a token of its own");
        let from = |from: i64| sign(&header(), &lasting(&alice, ahead + from, ahead + from + 600));
        assert_eq!(with(&alice, &from(0)).await.status, 200);
        assert_eq!(with(&alice, &from(-604)).await.status, 200);
        assert_eq!(with(&alice, &from(-606)).await.problem(), "401 token-expired");
        refused(&alice, &from(60)).await;
        let mut claims = hasura(world.alice_place());
        for (name, seconds) in [("iat", 0), ("nbf", 0), ("exp", 600)] {
            claims.insert(name.to_owned(), json!(now() + ahead + seconds));
        }
        assert_eq!(with(&alice, &key.token(&claims)).await.status, 200);
        claims.insert("exp".to_owned(), json!(now() + ahead - 6));
        claims.insert("iat".to_owned(), json!(now() + ahead - 60));
        assert_eq!(with(&alice, &key.token(&claims)).await.problem(), "401 token-expired");
        claims.insert("nbf".to_owned(), json!(now() + ahead + 60));
        refused(&alice, &key.token(&claims)).await;
    }
}

#[actix_web::test]
async fn a_row_is_dated_by_the_databases_clock() {
    for ahead in [-300, 0, 300] {
        let (world, _) = world(ahead).await;
        let alice = world.alice().await;
        let id = alice.customer("Ada", "ada@example.com").await;
        let age = format!(
            "select abs(extract(epoch from clock_timestamp() - created_at)) < 60 from crm.customers
            where id = '{id}'"
        );
        let psql = crate::harness::Psql::new(&world.database.app_url()).await;
        assert_eq!(psql.rows_as(world.alice_place(), &age).await, ["t"]);
        // And a session is over by it: the week is the database's.
        assert_eq!(alice.get("/v1/me/sessions").await.json["data"].as_array().unwrap().len(), 1);
    }
}

#[actix_web::test]
async fn clocks_that_are_apart_are_told_once_and_no_reason_to_be_unready() {
    let told = "the database's clock differs from the server's";
    for (ahead, clocks) in [(0, "together"), (4, "together"), (6, "apart"), (-300, "apart")] {
        let (world, _) = world(ahead).await;
        let (log, _listening) = Log::listen();
        let ready = [(); 2].map(|()| world.stranger());
        for somebody in ready {
            let reply = somebody.get("/readyz").await;
            assert_eq!(
                (reply.status, &reply.json),
                (200, &json!({ "status": "ok", "clocks": clocks }))
            );
        }
        let times = log.take().matches(told).count();
        assert_eq!(times, usize::from(clocks == "apart"), "{ahead}");
    }
}
