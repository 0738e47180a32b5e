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
async fn batch(person: &Person, operation: &str, items: Value) -> Reply {
    person.post("/v1/customers/batch", json!({ "operation": operation, "items": items })).await
}

/// A batch with a result for each item.
async fn each(person: &Person, operation: &str, items: Value) -> Reply {
    let body = json!({ "operation": operation, "atomic": false, "items": items });
    person.post("/v1/customers/batch", body).await
}

fn statuses(reply: &Reply) -> Vec<u64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let results = reply.json["results"].as_array().unwrap();
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

/// `3 409 already-exists /email`
fn summary(result: &Value) -> String {
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

async fn read(person: &Person, id: &Value) -> Value {
    person.get(&format!("/v1/customers/{}", id.as_str().unwrap())).await.json
}
