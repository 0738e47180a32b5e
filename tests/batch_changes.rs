//! Many customers updated, upserted and deleted in one request.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::{batch, each, read, statuses, summary};
use crate::harness::World;

#[actix_web::test]
async fn a_batch_updates_each_customer_by_its_own_patch() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({ "name": "Grace", "email": "grace@example.com", "phone": "1", "title": "T" });
    let grace = alice.post("/v1/customers", body).await.json;
    let alan = alice.customer("Alan", "alan@example.com").await;
    let items = json!([
        { "id": alan, "set": { "email": null, "lifecycle_stage": "former" } },
        { "id": grace["id"], "version": 1, "set": { "phone": null, "name": "Grace Hopper" } },
    ]);
    let reply = batch(&alice, "update", items).await;
    let expected = [
        json!({ "index": 0, "status": 200, "id": alan }),
        json!({ "index": 1, "status": 200, "id": grace["id"] }),
    ];
    assert_eq!(reply.json["results"], json!(expected));
    let mut after = grace.clone();
    let now = read(&alice, &grace["id"]).await;
    after["name"] = json!("Grace Hopper");
    after["phone"] = json!(null);
    after["version"] = json!(2);
    after["updated_at"] = now["updated_at"].clone();
    assert_eq!(now, after);
    let alan = read(&alice, &json!(alan)).await;
    assert_eq!((&alan["email"], &alan["lifecycle_stage"]), (&json!(null), &json!("former")));
}

#[actix_web::test]
async fn an_update_without_a_field_changes_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let grace = alice.customer("Grace", "grace@example.com").await;
    let before = world.everything().await;
    let items = |version: u32| json!([{ "id": grace, "version": version, "set": {} }]);
    assert_eq!(statuses(&batch(&alice, "update", items(1)).await), [200]);
    assert_eq!(batch(&alice, "update", items(2)).await.problem(), "412 version-mismatch /items/0");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn an_update_is_refused_item_by_item_for_what_stands_in_its_way() {
    let world = World::new().await;
    let alice = world.alice().await;
    let grace = alice.customer("Grace", "grace@example.com").await;
    let alan = alice.customer("Alan", "alan@example.com").await;
    let ada = alice.customer("Ada", "ada@example.com").await;
    let items = json!([
        { "id": grace, "version": 7, "set": { "phone": "7" } },
        { "id": Uuid::now_v7(), "set": { "phone": "7" } },
        { "id": alan, "set": { "email": "GRACE@example.com" } },
        { "id": ada, "version": 1, "set": { "phone": "7" } },
        { "id": ada, "set": { "phone": "8" } },
        { "id": grace.to_uppercase(), "set": {} },
        { "id": grace, "set": { "name": null } },
        { "id": grace, "set": ["x", null, null, null, null] },
        { "id": grace },
    ]);
    let reply = each(&alice, "update", items).await;
    let results: Vec<String> =
        reply.json["results"].as_array().unwrap().iter().map(summary).collect();
    let expected = [
        "0 412 version-mismatch",
        "1 404 not-found",
        "2 409 already-exists /set/email",
        "3 200",
        "4 422 validation /id",
        "5 422 validation /id",
        "6 422 validation /set/name",
        "7 422 validation /set",
        "8 422 validation /set",
    ];
    assert_eq!(results, expected);
    assert_eq!(read(&alice, &json!(ada)).await["phone"], "7");
    assert_eq!(read(&alice, &json!(grace)).await["version"], 1);
}

#[actix_web::test]
async fn an_atomic_update_names_the_items_that_were_in_the_way() {
    let world = World::new().await;
    let alice = world.alice().await;
    let grace = alice.customer("Grace", "grace@example.com").await;
    let alan = alice.customer("Alan", "alan@example.com").await;
    let before = world.everything().await;
    let items = json!([
        { "id": alan, "set": { "phone": "7" } }, { "id": Uuid::now_v7(), "set": { "phone": "7" } },
        { "id": grace, "version": 7, "set": { "phone": "7" } },
    ]);
    assert_eq!(batch(&alice, "update", items).await.problem(), "404 not-found /items/1 /items/2");
    let items = json!([
        { "id": alan, "set": { "phone": "7" } }, { "id": grace, "set": { "email": "Alan@example.com" } },
    ]);
    assert_eq!(
        batch(&alice, "update", items).await.problem(),
        "409 already-exists /items/1/set/email"
    );
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn an_upsert_creates_who_is_new_and_changes_who_is_there() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({
        "name": "Grace", "email": "grace@example.com", "phone": "1", "title": "T",
        "lifecycle_stage": "customer",
    });
    let grace = alice.post("/v1/customers", body).await.json;
    let items = json!([
        { "name": "Alan", "email": "alan@example.com", "phone": "2" },
        { "name": "Grace Hopper", "email": "GRACE@example.com", "title": null },
    ]);
    let reply = batch(&alice, "upsert", items).await;
    assert_eq!(statuses(&reply), [201, 200]);
    assert_eq!(reply.json["results"][1]["id"], grace["id"]);
    let now = read(&alice, &grace["id"]).await;
    let mut expected = grace.clone();
    expected["name"] = json!("Grace Hopper");
    expected["email"] = json!("GRACE@example.com");
    expected["title"] = json!(null);
    expected["version"] = json!(2);
    expected["updated_at"] = now["updated_at"].clone();
    assert_eq!(now, expected);
    let alan = read(&alice, &reply.json["results"][0]["id"]).await;
    assert_eq!((&alan["phone"], &alan["lifecycle_stage"]), (&json!("2"), &json!("lead")));
}

#[actix_web::test]
async fn an_upsert_goes_by_the_email_and_names_each_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = world.everything().await;
    let upsert = async |emails: &[Value]| {
        let items: Vec<Value> =
            emails.iter().map(|email| json!({ "name": "X", "email": email })).collect();
        batch(&alice, "upsert", json!(items)).await.problem()
    };
    assert_eq!(upsert(&[json!("a@b"), json!(null)]).await, "422 validation /items/1/email");
    assert_eq!(
        upsert(&[json!("a@b"), json!("c@b"), json!("A@B")]).await,
        "422 validation /items/2/email"
    );
    // Lower case depends on the place in the word, on the language and on the library.
    for (one, other) in [("ΑΣ@b", "ΑΣ@B"), ("aΣ@b", "aσ@b"), ("ﬁ@b", "FI@b")] {
        assert_eq!(
            upsert(&[json!(one), json!(other)]).await,
            "422 validation /items/1/email",
            "{one}"
        );
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn however_two_addresses_are_folded_each_item_has_a_result() {
    let world = World::new().await;
    let alice = world.alice().await;
    for pair in
        [["σ@a", "ς@a"], ["ß@b", "ss@b"], ["İ@c", "i@c"], ["\u{212a}@d", "k@d"], ["ϴ@e", "θ@e"]]
    {
        let items = pair.map(|email| json!({ "name": email, "email": email }));
        for status in statuses(&each(&alice, "upsert", json!(items)).await) {
            assert!([200, 201, 422].contains(&status), "{pair:?} {status}");
        }
    }
}

#[actix_web::test]
async fn a_batch_deletes_into_the_bin() {
    let world = World::new().await;
    let alice = world.alice().await;
    let grace = alice.customer("Grace", "grace@example.com").await;
    let alan = alice.customer("Alan", "alan@example.com").await;
    let items = json!([{ "id": alan }, { "id": grace, "version": 1 }]);
    assert_eq!(statuses(&batch(&alice, "delete", items).await), [204, 204]);
    assert_eq!(alice.get("/v1/customers").await.names(), [] as [&str; 0]);
    assert_eq!(alice.get("/v1/customers?deleted=only").await.names().len(), 2);
}

#[actix_web::test]
async fn a_deletion_is_refused_item_by_item_for_what_stands_in_its_way() {
    let world = World::new().await;
    let alice = world.alice().await;
    let grace = alice.customer("Grace", "grace@example.com").await;
    let alan = alice.customer("Alan", "alan@example.com").await;
    let items = json!([
        { "id": grace, "version": 2 }, { "id": alan }, { "id": alan }, { "id": Uuid::now_v7() },
        { "id": "x" }, {}, { "id": grace, "set": {} },
    ]);
    let atomic = batch(&alice, "delete", items.clone()).await;
    assert_eq!(atomic.problem(), "422 validation /items/2/id /items/4/id /items/5/id /items/6/set");
    let reply = each(&alice, "delete", items).await;
    let results: Vec<String> =
        reply.json["results"].as_array().unwrap().iter().map(summary).collect();
    let expected = [
        "0 412 version-mismatch",
        "1 204",
        "2 422 validation /id",
        "3 404 not-found",
        "4 422 validation /id",
        "5 422 validation /id",
        "6 422 unknown-field /set",
    ];
    assert_eq!(results, expected);
    assert_eq!(alice.get("/v1/customers").await.names(), ["Grace"]);
}
