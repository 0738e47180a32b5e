//! The bin: where deleted customers are, and what brings them back.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::World;
use crate::lists::{create, ids, walk};

#[actix_web::test]
async fn a_deleted_customer_is_gone_and_its_email_is_free() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let deleted = alice.delete(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    let unknown = format!("/v1/customers/{}", Uuid::now_v7());
    assert_eq!(alice.get(&path).await.seen(), alice.get(&unknown).await.seen());
    assert_eq!(alice.delete(&path).await.seen(), alice.delete(&unknown).await.seen());
    let patch = json!({ "name": "Eve" });
    assert_eq!(
        alice.patch(&path, patch.clone()).await.seen(),
        alice.patch(&unknown, patch).await.seen()
    );
    assert_eq!(alice.get("/v1/customers").await.names(), [] as [&str; 0]);
    alice.customer("Grace again", "grace@example.com").await;
}

#[actix_web::test]
async fn a_restored_customer_is_as_it_was() {
    let world = World::new().await;
    let alice = world.alice().await;
    let created =
        alice.post("/v1/customers", json!({ "name": "Grace", "email": "grace@example.com" })).await;
    let path = created.header("location");
    alice.delete(path).await;
    let restored = alice.post(&format!("{path}/restore"), json!({})).await;
    let mut expected = created.json.clone();
    expected["version"] = json!(3);
    expected["updated_at"] = restored.json["updated_at"].clone();
    assert_eq!((restored.status, &restored.json), (200, &expected));
    assert_eq!(restored.header("etag"), "\"v3\"");
    assert_eq!(alice.get(path).await.json, expected);
}

#[actix_web::test]
async fn restoring_a_customer_that_is_not_in_the_bin_changes_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let created = alice.post("/v1/customers", json!({ "name": "Grace" })).await;
    let restore = format!("{}/restore", created.header("location"));
    let restored = alice.send(alice.request(actix_web::http::Method::POST, &restore)).await;
    assert_eq!((restored.status, restored.json), (200, created.json));
}

#[actix_web::test]
async fn a_customer_whose_email_was_taken_meanwhile_stays_in_the_bin() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    alice.delete(&path).await;
    alice.customer("Somebody", "GRACE@example.com").await;
    let restored = alice.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!(restored.problem(), "409 already-exists /email");
    assert_eq!(alice.get(&path).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn the_bin_is_a_list_of_its_own_the_latest_deletion_first() {
    let world = World::new().await;
    let alice = world.alice().await;
    let created = create(&alice, &["a", "b", "c", "d", "e", "kept"]).await;
    for index in [2, 0] {
        alice.delete(&format!("/v1/customers/{}", created[index].as_str().unwrap())).await;
    }
    let rest: Vec<Value> = [1, 3, 4].iter().map(|index| json!({ "id": created[*index] })).collect();
    alice.post("/v1/customers/batch", json!({ "operation": "delete", "items": rest })).await;
    let bin = alice.get("/v1/customers?deleted=only").await;
    assert_eq!(bin.names()[3..], ["a", "c"]);
    assert!(bin.json["data"][0]["deleted_at"].is_string());
    for limit in [1, 2, 4] {
        assert_eq!(
            walk(&alice, &format!("/v1/customers?deleted=only&limit={limit}")).await,
            ids(&bin)
        );
    }
    assert_eq!(alice.get("/v1/customers").await.names(), ["kept"]);
}

#[actix_web::test]
async fn the_bin_has_no_filters_and_no_other_order() {
    let world = World::new().await;
    let alice = world.alice().await;
    for query in
        ["sort=name", "email=a@b", "user_id_is_null=true", "created_at_gt=2026-01-01T00:00:00Z"]
    {
        let reply = alice.get(&format!("/v1/customers?deleted=only&{query}")).await;
        assert_eq!(reply.problem(), "400 invalid-parameter ?deleted", "{query}");
    }
    for value in ["", "yes", "true", "ONLY"] {
        let reply = alice.get(&format!("/v1/customers?deleted={value}")).await;
        assert_eq!(reply.problem(), "400 invalid-parameter ?deleted", "{value}");
    }
}
