//! `POST /v1/customers/batch`: many customers in one request.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, Reply, World};

#[actix_web::test]
async fn a_batch_creates_customers_and_answers_in_the_order_of_its_items() {
    let world = World::new().await;
    let alice = world.alice().await;
    let names = ["Grace", "Alan", "Ada", "Edsger"];
    let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let reply = batch(&alice, "create", json!(items)).await;
    assert_eq!(statuses(&reply), [201, 201, 201, 201]);
    for (index, name) in names.iter().enumerate() {
        let result = &reply.json["results"][index];
        assert_eq!(result, &json!({ "index": index, "status": 201, "id": result["id"] }));
        assert_eq!(read(&alice, &result["id"]).await["name"], *name);
    }
    let customer = read(&alice, &reply.json["results"][0]["id"]).await;
    let presets = (&customer["company_id"], &customer["user_id"], &customer["version"]);
    assert_eq!(presets, (&json!(alice.company_id), &json!(alice.user_id), &json!(1)));
}

#[actix_web::test]
async fn a_refused_item_refuses_all_where_nothing_is_said() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = world.everything().await;
    let items = json!([
        { "name": "Grace" }, { "name": "" }, { "name": "Alan", "email": "x", "phone": "" },
        { "name": "Ada", "id": "x" }, { "name": 7 }, {}, 7, null, [], ["Grace", null, null, null, "lead"],
    ]);
    let reply = batch(&alice, "create", items).await;
    let pointers = "/items/1/name /items/2/email /items/2/phone /items/3/id /items/4/name /items/5/name \
        /items/6 /items/7 /items/8 /items/9";
    assert_eq!(reply.problem(), format!("422 validation {pointers}"));
    assert_eq!(reply.json["detail"], "9 of 10 items were refused; nothing was written");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn without_atomic_each_item_has_its_own_result() {
    let world = World::new().await;
    let alice = world.alice().await;
    alice.customer("Grace", "grace@example.com").await;
    let items = json!([
        { "name": "Again", "email": "GRACE@example.com" }, { "name": "Alan" }, { "name": "" },
        { "name": "Ada", "role": "owner" }, { "name": "a\u{0}b" }, { "name": "Edsger" },
    ]);
    let reply = each(&alice, "create", items).await;
    let results: Vec<String> =
        reply.json["results"].as_array().unwrap().iter().map(summary).collect();
    let expected = [
        "0 409 already-exists /email",
        "1 201",
        "2 422 validation /name",
        "3 422 unknown-field /role",
        "4 422 invalid-text /name",
        "5 201",
    ];
    assert_eq!(results, expected);
    assert_eq!(alice.get("/v1/customers?sort=name").await.names(), ["Alan", "Edsger", "Grace"]);
}

#[actix_web::test]
async fn an_item_whose_email_is_taken_is_pointed_at() {
    let world = World::new().await;
    let alice = world.alice().await;
    alice.customer("Grace", "grace@example.com").await;
    let before = world.everything().await;
    let items = json!([
        { "name": "A" }, { "name": "B", "email": "b@example.com" }, { "name": "C" },
        { "name": "D", "email": "GRACE@example.com" }, { "name": "E", "email": "B@example.com" },
    ]);
    let reply = batch(&alice, "create", items).await;
    assert_eq!(reply.problem(), "409 already-exists /items/3/email /items/4/email");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn the_second_of_two_items_with_the_same_email_finds_it_taken() {
    let world = World::new().await;
    let alice = world.alice().await;
    let emails = ["x@a.example", "X@A.example", "y@a.example", "x@a.example", "ｙ@a.example"];
    let items: Vec<Value> =
        emails.iter().map(|email| json!({ "name": email, "email": email })).collect();
    assert_eq!(statuses(&each(&alice, "create", json!(items)).await), [201, 409, 201, 409, 409]);
    assert_eq!(alice.get("/v1/customers?sort=name").await.names(), ["x@a.example", "y@a.example"]);
}

#[actix_web::test]
async fn any_number_of_items_may_have_no_email() {
    let world = World::new().await;
    let alice = world.alice().await;
    let items =
        json!([{ "name": "A", "email": null }, { "name": "B" }, { "name": "C", "email": null }]);
    assert_eq!(statuses(&batch(&alice, "create", items).await), [201, 201, 201]);
}

#[actix_web::test]
async fn customers_of_another_company_are_answered_like_ids_that_never_existed() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.customer("Grace", "grace@example.com").await;
    let his = bob.customer("Alan", "alan@example.com").await;
    let before = world.everything().await;
    for operation in ["update", "delete"] {
        for atomic in [true, false] {
            let ask = async |id: &str| {
                let set =
                    if operation == "update" { json!({ "email": "e@b" }) } else { json!(null) };
                let item = |id: &str| match operation {
                    "update" => json!({ "id": id, "version": 1, "set": set }),
                    _ => json!({ "id": id, "version": 1 }),
                };
                let items = if atomic { json!([item(&his), item(id)]) } else { json!([item(id)]) };
                let body = json!({ "operation": operation, "atomic": atomic, "items": items });
                bob.post("/v1/customers/batch", body).await.seen()
            };
            assert_eq!(ask(&hers).await, ask(&Uuid::now_v7().to_string()).await);
        }
    }
    assert_eq!(world.everything().await, before);
    let items = json!([{ "name": "Grace of Bob", "email": "grace@example.com" }]);
    assert_eq!(statuses(&batch(&bob, "upsert", items).await), [201]);
    assert_eq!(alice.get("/v1/customers").await.names(), ["Grace"]);
}

#[actix_web::test]
async fn nobody_chooses_presets_in_a_batch() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let grace = alice.customer("Grace", "grace@example.com").await;
    let before = world.everything().await;
    for field in ["company_id", "user_id", "created_at", "updated_at", "deleted_at", "version"] {
        let item = json!({ "name": "Eve", "email": "eve@b", field: bob.company_id });
        for operation in ["create", "upsert"] {
            let reply = batch(&alice, operation, json!([item])).await;
            assert_eq!(reply.problem(), format!("422 unknown-field /items/0/{field}"));
        }
        let item = json!({ "id": grace, "set": { field: bob.company_id } });
        let reply = batch(&alice, "update", json!([item])).await;
        assert_eq!(reply.problem(), format!("422 unknown-field /items/0/set/{field}"));
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_batch_takes_up_to_a_thousand_items() {
    let world = World::new().await;
    let alice = world.alice().await;
    let items = |n: u32| (0..n).map(|i| json!({ "name": i.to_string() })).collect::<Value>();
    assert_eq!(statuses(&batch(&alice, "create", items(1000)).await), [201; 1000]);
    assert_eq!(batch(&alice, "create", items(1001)).await.problem(), "422 validation /items");
    for operation in ["create", "update", "upsert", "delete"] {
        assert_eq!(batch(&alice, operation, json!([])).await.json, json!({ "results": [] }));
        assert_eq!(each(&alice, operation, json!([])).await.json, json!({ "results": [] }));
    }
}

#[actix_web::test]
async fn a_batch_takes_more_than_other_bodies_and_no_more_than_two_mebibytes() {
    let world = World::new().await;
    let alice = world.alice().await;
    let pad =
        |size: usize| format!("{}{{\"operation\":\"create\",\"items\":[]}}", " ".repeat(size));
    let send = async |size| alice.send_json(Method::POST, "/v1/customers/batch", pad(size)).await;
    assert_eq!(send(300_000).await.status, 200);
    assert_eq!(send(2 * 1024 * 1024).await.problem(), "413 body-too-large");
}

#[actix_web::test]
async fn what_is_no_batch_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    let refused = [
        (json!({}), "/operation"),
        (json!({ "operation": "create" }), "/items"),
        (json!({ "operation": "drop", "items": [] }), "/operation"),
        (json!({ "operation": { "create": null }, "items": [] }), "/operation"),
        (json!({ "operation": null, "items": [] }), "/operation"),
        (json!({ "operation": "create", "items": {} }), "/items"),
        (json!({ "operation": "create", "items": null }), "/items"),
        (json!({ "operation": "create", "atomic": 1, "items": [] }), "/atomic"),
        (json!({ "operation": "create", "atomic": null, "items": [] }), "/atomic"),
    ];
    for (body, pointer) in refused {
        let reply = alice.post("/v1/customers/batch", body.clone()).await;
        assert_eq!(reply.problem(), format!("422 validation {pointer}"), "{body}");
    }
    let body = json!({ "operation": "create", "items": [], "company_id": "x" });
    assert_eq!(
        alice.post("/v1/customers/batch", body).await.problem(),
        "422 unknown-field /company_id"
    );
}

#[actix_web::test]
async fn an_item_that_is_not_valid_json_is_pointed_at() {
    let world = World::new().await;
    let alice = world.alice().await;
    let items = r#"{"name":"A"},{"name":"\ud800"},{"name":"B","name":"C"}"#;
    let body = |atomic| format!(r#"{{"operation":"create","atomic":{atomic},"items":[{items}]}}"#);
    let path = "/v1/customers/batch";
    let atomic = alice.send_json(Method::POST, path, body(true)).await;
    assert_eq!(atomic.problem(), "400 malformed-json /items/1 /items/2");
    let reply = alice.send_json(Method::POST, path, body(false)).await;
    assert_eq!(statuses(&reply), [201, 400, 400]);
}

/// An atomic batch: where nothing is said.
pub async fn batch(person: &Person, operation: &str, items: Value) -> Reply {
    person.post("/v1/customers/batch", json!({ "operation": operation, "items": items })).await
}

/// A batch with a result for each item.
pub async fn each(person: &Person, operation: &str, items: Value) -> Reply {
    let body = json!({ "operation": operation, "atomic": false, "items": items });
    person.post("/v1/customers/batch", body).await
}

pub fn statuses(reply: &Reply) -> Vec<u64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let results = reply.json["results"].as_array().unwrap();
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

/// `3 409 already-exists /email`
pub fn summary(result: &Value) -> String {
    let mut summary = format!("{} {}", result["index"], result["status"]);
    if let Some(code) = result["error"]["code"].as_str() {
        assert_eq!(result.get("id"), None);
        summary = format!("{summary} {code}");
    }
    for error in result["error"]["errors"].as_array().into_iter().flatten() {
        summary = format!("{summary} {}", error["pointer"].as_str().unwrap());
    }
    summary
}

pub async fn read(person: &Person, id: &Value) -> Value {
    person.get(&format!("/v1/customers/{}", id.as_str().unwrap())).await.json
}
