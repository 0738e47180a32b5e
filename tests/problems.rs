//! The table of problems, and those that only a database in trouble brings about.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::join;
use paddock_api::Code;
use paddock_db::Limits;
use serde_json::json;

use crate::harness::World;

#[test]
fn every_code_has_a_slug_a_status_and_a_title() {
    let mut slugs = BTreeSet::new();
    for code in Code::ALL {
        let (slug, title) = (code.slug(), code.title());
        assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{slug}");
        assert!(code.status().is_client_error() || code.status().is_server_error(), "{slug}");
        assert!(title.starts_with(|c: char| c.is_uppercase()) && !title.ends_with('.'), "{title}");
        assert!(slugs.insert(slug), "{slug}");
    }
}

#[test]
fn every_code_has_the_status_that_it_was_given() {
    let expected = [
        (400, "malformed-json invalid-parameter invalid-cursor"),
        (
            401,
            "authentication-required invalid-token token-expired session-revoked invalid-credentials \
                second-factor-required invalid-code",
        ),
        (403, "csrf sign-up-closed insufficient-permission confirmation-failed"),
        (404, "not-found"),
        (405, "method-not-allowed"),
        (406, "not-acceptable"),
        (408, "request-timeout"),
        (409, "already-exists reference-not-found conflict"),
        (412, "version-mismatch"),
        (413, "body-too-large"),
        (415, "unsupported-media-type"),
        (422, "validation unknown-field invalid-text password-rejected"),
        (429, "rate-limited too-many-attempts"),
        (500, "internal context-missing"),
        (503, "overloaded database-unavailable read-only retry-transaction"),
        (504, "query-timeout"),
    ];
    let mut table: Vec<(u16, String)> = Vec::new();
    for code in Code::ALL {
        let status = code.status().as_u16();
        match table.last_mut().filter(|(last, _)| *last == status) {
            Some((_, slugs)) => *slugs = format!("{slugs} {}", code.slug()),
            None => table.push((status, code.slug().to_owned())),
        }
    }
    assert_eq!(table, expected.map(|(status, slugs)| (status, slugs.to_owned())));
}

#[actix_web::test]
async fn a_problem_says_its_type_title_status_and_code() {
    let world = World::new().await;
    let alice = world.alice().await;
    let reply = alice.post("/v1/customers", json!({ "name": "" })).await;
    let whole = json!({
        "type": "/problems/validation", "title": "A field is not valid", "status": 422,
        "code": "validation", "request_id": reply.header("x-request-id"),
        "errors": [{ "pointer": "/name", "code": "blank", "message": "must not be blank" }],
    });
    assert_eq!((reply.status, &reply.json), (422, &whole));
    let reply = alice.get("/v1/nothing").await;
    let whole = json!({
        "type": "/problems/not-found", "title": "There is no such thing", "status": 404,
        "code": "not-found", "request_id": reply.header("x-request-id"),
    });
    assert_eq!((reply.status, &reply.json), (404, &whole));
}

#[actix_web::test]
async fn whoever_waits_too_long_for_the_database_or_for_a_connection_is_told_which() {
    let wait = Duration::from_millis(300);
    let limits = Limits { connections: 1, wait, deadline: 5 * wait, ..Limits::default() };
    let world = World::with(limits, &[]).await;
    let alice = world.alice().await;
    let mut admin = world.admin().await;
    let lock = admin.transaction().await.unwrap();
    lock.batch_execute("lock table crm.customers").await.unwrap();
    let (one, other) = join!(alice.get("/v1/customers"), alice.get("/v1/customers"));
    assert_eq!(one.problem(), "504 query-timeout");
    assert_eq!((other.problem().as_str(), other.header("retry-after")), ("503 overloaded", "1"));
    lock.rollback().await.unwrap();
    assert_eq!(alice.get("/v1/customers").await.status, 200);
}

#[actix_web::test]
async fn a_lock_that_is_not_granted_is_an_overload_that_passes() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let mut admin = world.admin().await;
    let lock = admin.transaction().await.unwrap();
    lock.batch_execute("select from crm.customers for update").await.unwrap();
    let reply = alice.delete(&path).await;
    assert_eq!((reply.problem().as_str(), reply.header("retry-after")), ("503 overloaded", "1"));
    lock.rollback().await.unwrap();
    assert_eq!(alice.delete(&path).await.status, 204);
}

#[actix_web::test]
async fn a_database_that_takes_no_writes_is_read_only_for_a_while() {
    let world = World::new().await;
    let alice = world.alice().await;
    let role = "alter role paddock_app in database {} set default_transaction_read_only = on";
    let admin = world.admin().await;
    let name: String =
        admin.query_one("select current_database()::text", &[]).await.unwrap().get(0);
    admin.batch_execute(&role.replace("{}", &name)).await.unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = 'paddock_app'";
    admin.query(end, &[]).await.unwrap();
    let reply = alice.post("/v1/customers", json!({ "name": "Grace" })).await;
    assert_eq!((reply.problem().as_str(), reply.header("retry-after")), ("503 read-only", "5"));
    assert_eq!(alice.get("/v1/customers").await.status, 200);
}

#[actix_web::test]
async fn our_own_fault_says_nothing_about_itself() {
    let world = World::new().await;
    let alice = world.alice().await;
    world
        .admin()
        .await
        .batch_execute("alter table crm.customers rename to elsewhere")
        .await
        .unwrap();
    for reply in [
        alice.get("/v1/customers").await,
        alice.post("/v1/customers", json!({ "name": "Grace" })).await,
    ] {
        let whole = json!({
            "type": "/problems/internal", "title": "Something went wrong on our side", "status": 500,
            "code": "internal", "request_id": reply.header("x-request-id"),
        });
        assert_eq!((reply.status, &reply.json), (500, &whole));
    }
}
