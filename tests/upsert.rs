//! `PUT /v1/customers/by-email/{email}`: for programs that know people by their address.

use std::time::Duration;

use actix_web::http::Method;
use futures_util::future::join_all;
use paddock_db::Limits;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, World};

const GRACE: &str = "/v1/customers/by-email/grace@example.com";

#[actix_web::test]
async fn a_put_creates_the_first_time_and_changes_from_then_on() {
    let world = World::new().await;
    let alice = world.alice().await;
    let created = alice.put(GRACE, json!({ "name": "Grace", "title": "Admiral" })).await;
    let whole = json!({
        "id": created.id(), "company_id": alice.company_id, "user_id": alice.user_id,
        "name": "Grace", "email": "grace@example.com", "phone": null, "title": "Admiral",
        "lifecycle_stage": "lead", "created_at": created.json["created_at"],
        "updated_at": created.json["created_at"], "deleted_at": null, "version": 1,
        "custom_fields": {},
    });
    assert_eq!((created.status, &created.json), (201, &whole));
    assert_eq!(created.header("location"), format!("/v1/customers/{}", created.id()));
    let changed = alice.put(GRACE, json!({ "name": "Grace Hopper" })).await;
    let mut expected = whole;
    expected["name"] = json!("Grace Hopper");
    expected["version"] = json!(2);
    expected["updated_at"] = changed.json["updated_at"].clone();
    assert_eq!((changed.status, &changed.json, changed.header("location")), (200, &expected, ""));
    assert_eq!(changed.header("etag"), "\"v2\"");
}

#[actix_web::test]
async fn a_put_keeps_what_is_absent_and_clears_what_is_null() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body =
        json!({ "name": "Grace", "phone": "1", "title": "Admiral", "lifecycle_stage": "customer" });
    alice.put(GRACE, body).await;
    let kept = alice.put(GRACE, json!({ "name": "Grace", "phone": null })).await.json;
    let fields = (&kept["phone"], &kept["title"], &kept["lifecycle_stage"]);
    assert_eq!(fields, (&json!(null), &json!("Admiral"), &json!("customer")));
}

#[actix_web::test]
async fn an_address_is_percent_encoded_and_found_in_whatever_spelling() {
    let world = World::new().await;
    let alice = world.alice().await;
    let addresses = [
        ("grace%40example.com", "grace@example.com"),
        ("GRACE%40Example.com", "GRACE@Example.com"),
        ("a%2Bb%2Fc%25d%40example.com", "a+b/c%d@example.com"),
        ("A+b%2FC%25d@example.com", "A+b/C%d@example.com"),
        ("%C3%A9va@example.com", "\u{e9}va@example.com"),
        ("e%CC%81VA@example.com", "e\u{301}VA@example.com"),
    ];
    let mut ids = Vec::new();
    for (status, (encoded, email)) in [201, 200].into_iter().cycle().zip(addresses) {
        let reply =
            alice.put(&format!("/v1/customers/by-email/{encoded}"), json!({ "name": "X" })).await;
        assert_eq!((reply.status, &reply.json["email"]), (status, &json!(email)));
        ids.push(reply.id());
    }
    assert!(ids.chunks(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
}

#[actix_web::test]
async fn an_address_that_is_none_is_refused_like_in_a_body() {
    let world = World::new().await;
    let alice = world.alice().await;
    let refused = [("grace", "validation"), ("a%20b@c", "validation"), ("a%00@b", "invalid-text")];
    for (address, code) in refused {
        let reply =
            alice.put(&format!("/v1/customers/by-email/{address}"), json!({ "name": "X" })).await;
        assert_eq!(reply.problem(), format!("422 {code} /email"), "{address}");
    }
    let long = format!("/v1/customers/by-email/{}@b", "a".repeat(253));
    assert_eq!(alice.put(&long, json!({ "name": "X" })).await.problem(), "422 validation /email");
}

#[actix_web::test]
async fn the_address_stands_in_the_path_only_and_presets_nowhere() {
    let world = World::new().await;
    let alice = world.alice().await;
    for field in ["email", "id", "company_id", "user_id", "version"] {
        let reply = alice.put(GRACE, json!({ "name": "Grace", field: "x" })).await;
        assert_eq!(reply.problem(), format!("422 unknown-field /{field}"));
    }
    let nameless = alice.put(GRACE, json!({ "phone": "7" })).await;
    assert_eq!(nameless.problem(), "422 validation /name");
    let stageless = alice.put(GRACE, json!({ "name": "Grace", "lifecycle_stage": null })).await;
    assert_eq!(stageless.problem(), "422 validation /lifecycle_stage");
}

#[actix_web::test]
async fn a_put_with_the_right_tag_changes() {
    let world = World::new().await;
    let alice = world.alice().await;
    for tags in ["\"v1\"", "*", "\"v1\", \"v2\""] {
        let path = format!("/v1/customers/by-email/grace-{}@example.com", tags.len());
        alice.put(&path, json!({ "name": "Grace" })).await;
        let reply = put_if(&alice, &path, tags).await;
        assert_eq!((reply.status, &reply.json["version"]), (200, &json!(2)), "{tags}");
    }
}

#[actix_web::test]
async fn a_put_with_another_tag_changes_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    alice.put(GRACE, json!({ "name": "Grace" })).await;
    let before = world.everything().await;
    for tags in ["\"v2\"", "W/\"v1\"", "", "nonsense"] {
        assert_eq!(put_if(&alice, GRACE, tags).await.problem(), "412 version-mismatch", "{tags}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_put_with_a_tag_creates_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = world.everything().await;
    for tags in ["\"v1\"", "*", "\"v0\"", ""] {
        assert_eq!(put_if(&alice, GRACE, tags).await.problem(), "412 version-mismatch", "{tags}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn many_puts_at_once_make_one_customer() {
    let patient = Limits { wait: Duration::from_secs(20), ..Limits::default() };
    let world = World::with(patient, &[]).await;
    let alice = world.alice().await;
    let puts = (0..8).map(|n| {
        let (alice, body) = (&alice, json!({ "name": format!("Grace {n}") }));
        async move { alice.put(GRACE, body).await }
    });
    let replies = join_all(puts).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    assert!(replies.iter().all(|reply| reply.id() == replies[0].id()));
    assert_eq!(alice.get("/v1/customers").await.names().len(), 1);
}

#[actix_web::test]
async fn a_put_leaves_the_bin_alone() {
    let world = World::new().await;
    let alice = world.alice().await;
    let first = alice.put(GRACE, json!({ "name": "Grace" })).await;
    alice.delete(first.header("location")).await;
    let second = alice.put(GRACE, json!({ "name": "Grace again" })).await;
    assert_eq!((second.status, second.id() == first.id()), (201, false));
    assert_eq!(alice.get("/v1/customers?deleted=only").await.names(), ["Grace"]);
}

#[actix_web::test]
async fn a_put_of_bob_neither_finds_nor_touches_a_customer_of_alice() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.put(GRACE, json!({ "name": "Grace" })).await;
    assert_eq!(put_if(&bob, GRACE, "\"v1\"").await.problem(), "412 version-mismatch");
    let his = bob.put(GRACE, json!({ "name": "Grace of Bob" })).await;
    assert_eq!((his.status, &his.json["company_id"]), (201, &json!(bob.company_id)));
    assert_eq!(alice.get(hers.header("location")).await.json, hers.json);
}

async fn put_if(person: &Person, path: &str, tags: &str) -> Reply {
    let body: Value = json!({ "name": "Grace Hopper" });
    let request =
        person.request(Method::PUT, path).insert_header(("if-match", tags)).set_json(body);
    person.send(request).await
}
