//! Fields that a company defines for itself: defined, filled in, found and sorted by.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, Psql, Reply, World};

const FIELDS: &str = "/v1/custom-fields";

/// Defines a field, and answers its address.
pub async fn define(person: &Person, field: Value) -> String {
    let mut whole = field;
    if whole["name"].is_null() {
        whole["name"] = whole["key"].clone();
    }
    let reply = person.post(FIELDS, whole).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.header("location").to_owned()
}

/// One field of every type, called like it.
pub async fn define_all(person: &Person) {
    for kind in ["text", "number", "money", "date", "boolean", "user", "url"] {
        define(person, json!({ "key": kind, "type": kind })).await;
    }
    let choices = json!([{ "key": "gold", "name": "Gold" }, { "key": "silver", "name": "Silver" }]);
    for kind in ["choice", "multi_choice"] {
        define(person, json!({ "key": kind, "type": kind, "choices": choices })).await;
    }
}

/// Creates a customer with these values, and answers its address.
pub async fn customer(person: &Person, name: &str, values: Value) -> String {
    let reply =
        person.post("/v1/customers", json!({ "name": name, "custom_fields": values })).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.header("location").to_owned()
}

/// What a customer has.
pub async fn values_of(person: &Person, customer: &str) -> Value {
    let reply = person.get(customer).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json["custom_fields"].clone()
}

async fn set(person: &Person, customer: &str, values: Value) -> Reply {
    person.patch(customer, json!({ "custom_fields": values })).await
}

/// The names of those that fit, or the problem.
async fn found(person: &Person, query: &str) -> String {
    let reply = person.get(&format!("/v1/customers?{query}")).await;
    if reply.status == 200 { reply.names().join(" ") } else { reply.problem() }
}

// ── Definitions ────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_field_is_defined_changed_and_deleted() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({
        "key": "tier", "name": "Tier", "type": "choice", "position": 3, "read_role": "member",
        "choices": [{ "key": "gold", "name": "Gold" }, { "key": "silver", "name": "Silver" }],
    });
    let created = alice.post(FIELDS, body).await;
    let whole = json!({
        "id": created.id(), "company_id": alice.company_id, "resource": "customers", "key": "tier",
        "name": "Tier", "type": "choice", "position": 3, "read_role": "member", "write_role": "member",
        "choices": [{ "key": "gold", "name": "Gold" }, { "key": "silver", "name": "Silver" }],
        "created_at": created.json["created_at"], "updated_at": created.json["created_at"], "version": 1,
    });
    assert_eq!((created.status, &created.json), (201, &whole));
    let address = created.header("location");
    let read = alice.get(address).await;
    assert_eq!((&read.json, read.header("etag")), (&whole, "\"v1\""));
    assert_eq!(alice.get(FIELDS).await.json["data"], json!([whole]));
    let patch = json!({
        "name": "Level", "position": 0, "read_role": "admin", "write_role": "owner",
        "choices": [{ "key": "bronze", "name": "Bronze" }, { "key": "gold", "name": "Or" }],
    });
    let changed = alice.patch(address, patch.clone()).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"v2\""), "{changed:?}");
    for (name, value) in patch.as_object().unwrap() {
        assert_eq!(changed.json[name], *value);
    }
    assert_eq!(alice.get(address).await.json, changed.json);
    let nothing = alice.patch(address, json!({})).await;
    assert_eq!(nothing.json, changed.json);
    assert_eq!(alice.delete(address).await.status, 204);
    assert_eq!(alice.get(address).await.problem(), "404 not-found");
    assert_eq!(alice.get(FIELDS).await.json["data"], json!([]));
}

#[actix_web::test]
async fn a_field_that_makes_no_sense_is_refused_with_pointers() {
    let world = World::new().await;
    let alice = world.alice().await;
    let good = json!({ "key": "tier", "name": "Tier", "type": "text" });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let choice = |key: &str| json!({ "key": key, "name": "A choice" });
    let many: Vec<Value> = (0..201).map(|n| choice(&format!("c{n}"))).collect();
    let cases = [
        (with("key", json!("")), "422 validation /key"),
        (with("key", json!("Tier")), "422 validation /key"),
        (with("key", json!("1st")), "422 validation /key"),
        (with("key", json!("due_gte")), "422 validation /key"),
        (with("key", json!("a\u{0}b")), "422 validation /key"),
        (with("key", json!("k".repeat(64))), "422 validation /key"),
        (with("name", json!(" ")), "422 validation /name"),
        (with("type", json!("json")), "422 validation /type"),
        (with("resource", json!("users")), "422 validation /resource"),
        (with("position", json!(-1)), "422 validation /position"),
        (with("read_role", json!("nobody")), "422 validation /read_role"),
        (with("write_role", json!("viewer")), "422 validation /write_role"),
        (with("choices", json!([choice("a")])), "422 validation /choices"),
        (with("type", json!("choice")), "422 validation /choices"),
        (with("company_id", json!(alice.company_id)), "422 unknown-field /company_id"),
        (
            json!({ "key": "t", "name": "T", "type": "choice", "choices": [choice("a"), choice("a")] }),
            "422 validation /choices/1/key",
        ),
        (
            json!({ "key": "t", "name": "T", "type": "choice", "choices": [choice("A b")] }),
            "422 validation /choices/0/key",
        ),
        (
            json!({ "key": "t", "name": "T", "type": "choice", "choices": many }),
            "422 validation /choices",
        ),
        (
            json!({ "key": "t", "name": "T", "type": "text", "read_role": "admin", "write_role": "member" }),
            "422 validation /write_role",
        ),
    ];
    for (body, problem) in cases {
        assert_eq!(alice.post(FIELDS, body.clone()).await.problem(), problem, "{body}");
    }
    let tier = define(&alice, good.clone()).await;
    assert_eq!(alice.post(FIELDS, good).await.problem(), "409 already-exists /key");
    for (patch, problem) in [
        (json!({ "choices": [choice("a")] }), "422 validation /choices"),
        (json!({ "name": null }), "422 validation /name"),
        (json!({ "key": "other" }), "422 unknown-field /key"),
        (json!({ "type": "number" }), "422 unknown-field /type"),
        (json!({ "read_role": "owner" }), "422 validation /write_role"),
    ] {
        assert_eq!(alice.patch(&tier, patch.clone()).await.problem(), problem, "{patch}");
    }
    assert_eq!(alice.get(&tier).await.json["version"], 1);
}

#[actix_web::test]
async fn a_company_has_a_hundred_fields_and_a_field_two_hundred_choices() {
    let world = World::new().await;
    let alice = world.alice().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let fill = format!(
        "set session_replication_role = replica;
        insert into crm.custom_fields (company_id, key, name)
        select '{}', 'key_' || n, 'Key' from generate_series(1, 99) n",
        alice.company_id
    );
    admin.run(&fill).await;
    let choices = |from: i32, to: i32| {
        let choice = |n: i32| json!({ "key": format!("c{n}"), "name": "A choice" });
        Value::Array((from..to).map(choice).collect())
    };
    let body = json!({ "key": "last", "type": "choice", "choices": choices(0, 150) });
    let last = define(&alice, body).await;
    let one_more = json!({ "key": "one_more", "name": "One more", "type": "text" });
    assert_eq!(alice.post(FIELDS, one_more.clone()).await.problem(), "409 conflict");
    let patch = |choices: Value| alice.patch(&last, json!({ "choices": choices }));
    assert_eq!(patch(choices(100, 200)).await.status, 200);
    assert_eq!(patch(choices(199, 201)).await.problem(), "422 validation /choices");
    assert_eq!(patch(choices(0, 200)).await.status, 200);
    assert_eq!(alice.delete(&last).await.status, 204);
    assert_eq!(alice.post(FIELDS, one_more).await.status, 201);
}

#[actix_web::test]
async fn definitions_are_recorded_in_the_audit_log() {
    let world = World::new().await;
    let alice = world.alice().await;
    let field = define(&alice, json!({ "key": "salary", "type": "money" })).await;
    alice.patch(&field, json!({ "read_role": "admin", "write_role": "admin" })).await;
    let id = field.rsplit('/').next().unwrap();
    let log = alice.get(&format!("/v1/audit-log?record_id={id}")).await;
    let records = log.json["data"].as_array().unwrap();
    assert_eq!(records.len(), 2, "{log:?}");
    assert_eq!(records[0]["operation"], "custom_fields.update");
    let changes = json!({
        "read_role": { "old": "viewer", "new": "admin" },
        "write_role": { "old": "member", "new": "admin" },
    });
    assert_eq!(records[0]["changes"], changes);
}

// ── Values ─────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_customer_has_a_value_of_every_type_and_a_patch_changes_what_it_names() {
    let world = World::new().await;
    let alice = world.alice().await;
    assert_eq!(values_of(&alice, &customer(&alice, "Ada", json!({})).await).await, json!({}));
    define_all(&alice).await;
    let values = json!({
        "text": " É\u{1f469} ", "number": -0.000001, "money": { "amount_minor": -5, "currency": "EUR" },
        "date": "2024-02-29", "boolean": false, "user": alice.user_id, "url": "https://example.com/?a=b",
        "choice": "gold", "multi_choice": ["gold", "silver"],
    });
    let reply =
        alice.post("/v1/customers", json!({ "name": "Grace", "custom_fields": values })).await;
    assert_eq!((&reply.json["custom_fields"], &reply.json["version"]), (&values, &json!(1)));
    let grace = reply.header("location");
    assert_eq!(alice.get(grace).await.json, reply.json);
    let patch = json!({ "number": 999_999_999_999_i64, "text": null, "multi_choice": ["silver"] });
    let changed = set(&alice, grace, patch).await;
    let mut expected = values.clone();
    expected["number"] = json!(999_999_999_999_i64);
    expected["multi_choice"] = json!(["silver"]);
    expected.as_object_mut().unwrap().remove("text");
    assert_eq!((&changed.json["custom_fields"], changed.header("etag")), (&expected, "\"v2\""));
    let nothing = alice.patch(grace, json!({ "custom_fields": {} })).await;
    assert_eq!((&nothing.json, nothing.header("etag")), (&changed.json, "\"v2\""));
    let name = alice.patch(grace, json!({ "name": "Grace Hopper" })).await;
    assert_eq!((&name.json["custom_fields"], name.header("etag")), (&expected, "\"v3\""));
    let every: serde_json::Map<String, Value> =
        expected.as_object().unwrap().keys().map(|key| (key.clone(), json!(null))).collect();
    assert_eq!(set(&alice, grace, Value::Object(every)).await.json["custom_fields"], json!({}));
    let again = set(&alice, grace, values.clone()).await;
    assert_eq!(again.json["custom_fields"], values);
    assert_eq!(alice.delete(grace).await.status, 204);
    let back = alice.post(&format!("{grace}/restore"), json!(null)).await;
    let back = if back.status == 200 { back } else { alice.get(grace).await };
    assert!(back.status == 404 || back.json["custom_fields"] == values, "{back:?}");
}

#[actix_web::test]
async fn a_value_of_another_type_is_refused_with_a_pointer_and_nothing_is_written() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    define_all(&alice).await;
    let grace = customer(&alice, "Grace", json!({})).await;
    let cases = [
        ("text", json!([7, "", " \t", "x".repeat(2001), true, ["gold"]])),
        ("number", json!(["7", 1e12, -1e12, 1e300, 0.000_000_1, true])),
        (
            "money",
            json!([
                7,
                { "amount_minor": 1, "currency": "eur" },
                { "amount_minor": 1_000_000_000_000_000_i64, "currency": "EUR" },
            ]),
        ),
        ("date", json!(["2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "tomorrow", 7])),
        ("boolean", json!(["true", 1])),
        ("choice", json!(["Gold", "lead", 7, ["gold"]])),
        ("multi_choice", json!(["gold", ["gold", "gold"], ["lead"]])),
        (
            "user",
            json!([Uuid::now_v7(), bob.user_id, "me", alice.user_id.to_string().to_uppercase()]),
        ),
        ("url", json!(["example.com", "javascript:alert(1)", "https://", "https://a b"])),
    ];
    for (key, values) in cases {
        for value in values.as_array().unwrap() {
            let reply =
                alice.patch(&grace, json!({ "name": "X", "custom_fields": { key: value } })).await;
            let problem = format!("422 validation /custom_fields/{key}");
            assert_eq!(reply.problem(), problem, "{key} {value}");
        }
    }
    let odd = [
        (json!({ "no_such": 1 }), "422 unknown-field /custom_fields/no_such"),
        (json!({ "a/b~": 1 }), "422 unknown-field /custom_fields/a~1b~0"),
        (json!({ "": 1 }), "422 unknown-field /custom_fields/"),
        (json!({ "text": "a\u{0}" }), "422 invalid-text /custom_fields/text"),
        (json!({ "\u{0}": 1 }), "422 invalid-text /custom_fields/\u{0}"),
        (json!({ "text": { "a": 1 } }), "422 unknown-field /custom_fields/text/a"),
        (json!({ "text": [[]] }), "422 validation /custom_fields/text/0"),
        (json!(null), "422 validation /custom_fields"),
        (json!([]), "422 validation /custom_fields"),
    ];
    for (values, problem) in odd {
        assert_eq!(set(&alice, &grace, values.clone()).await.problem(), problem, "{values}");
    }
    let raw = |body: String| alice.send_json(actix_web::http::Method::PATCH, &grace, body);
    let twice = raw(r#"{"custom_fields":{"text":"a","text":"b"}}"#.to_owned()).await;
    assert_eq!(twice.problem(), "400 malformed-json");
    let deep =
        format!(r#"{{"custom_fields":{{"text":{}1{}}}}}"#, "[".repeat(9000), "]".repeat(9000));
    assert!([400, 422].contains(&raw(deep).await.status));
    let now = alice.get(&grace).await.json;
    assert_eq!(
        (&now["name"], &now["version"], &now["custom_fields"]),
        (&json!("Grace"), &json!(1), &json!({}))
    );
}

#[actix_web::test]
async fn fields_belong_to_one_company() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let field = define(&alice, json!({ "key": "budget", "type": "number" })).await;
    customer(&alice, "Grace", json!({ "budget": 7 })).await;
    assert_eq!(bob.get(&field).await.problem(), "404 not-found");
    assert_eq!(bob.patch(&field, json!({ "name": "Mine" })).await.problem(), "404 not-found");
    assert_eq!(bob.delete(&field).await.problem(), "404 not-found");
    assert_eq!(bob.get(FIELDS).await.json["data"], json!([]));
    let values = json!({ "name": "Alan", "custom_fields": { "budget": 7 } });
    let unknown = "422 unknown-field /custom_fields/budget";
    assert_eq!(bob.post("/v1/customers", values).await.problem(), unknown);
    let seen = found(&bob, "custom.budget=7").await;
    assert_eq!(seen, "400 invalid-parameter ?custom.budget");
    assert_eq!(found(&bob, "sort=custom.budget").await, "400 invalid-parameter ?sort");
    define(&bob, json!({ "key": "budget", "type": "text" })).await;
    customer(&bob, "Alan", json!({ "budget": "much" })).await;
    assert_eq!(found(&bob, "custom.budget=MUCH").await, "Alan");
    assert_eq!(found(&alice, "custom.budget=7").await, "Grace");
}

#[actix_web::test]
async fn a_deleted_field_is_gone_and_so_are_its_values_when_its_key_comes_back() {
    let world = World::new().await;
    let alice = world.alice().await;
    let field = define(&alice, json!({ "key": "note", "type": "text" })).await;
    let grace = customer(&alice, "Grace", json!({ "note": "old" })).await;
    assert_eq!(alice.delete(&field).await.status, 204);
    assert_eq!(values_of(&alice, &grace).await, json!({}));
    let unknown = "422 unknown-field /custom_fields/note";
    assert_eq!(set(&alice, &grace, json!({ "note": "new" })).await.problem(), unknown);
    assert_eq!(found(&alice, "custom.note=old").await, "400 invalid-parameter ?custom.note");
    define(&alice, json!({ "key": "note", "type": "text" })).await;
    assert_eq!(values_of(&alice, &grace).await, json!({}));
    assert_eq!(found(&alice, "custom.note=old").await, "");
}

#[actix_web::test]
async fn a_choice_that_is_gone_stays_where_it_is_and_cannot_be_chosen() {
    let world = World::new().await;
    let alice = world.alice().await;
    let choice = |key: &str, name: &str| json!({ "key": key, "name": name });
    let body = json!({ "key": "tier", "type": "choice", "choices": [choice("gold", "Gold"), choice("silver", "Silver")] });
    let field = define(&alice, body).await;
    let grace = customer(&alice, "Grace", json!({ "tier": "gold" })).await;
    let ada = customer(&alice, "Ada", json!({ "tier": "silver" })).await;
    let choices = json!([choice("bronze", "Bronze"), choice("silver", "Argent")]);
    assert_eq!(alice.patch(&field, json!({ "choices": choices })).await.json["choices"], choices);
    assert_eq!(values_of(&alice, &grace).await, json!({ "tier": "gold" }));
    let refused = "422 validation /custom_fields/tier";
    assert_eq!(set(&alice, &ada, json!({ "tier": "gold" })).await.problem(), refused);
    assert_eq!(set(&alice, &ada, json!({ "tier": "bronze" })).await.status, 200);
    assert_eq!(found(&alice, "custom.tier=gold").await, "Grace");
    assert_eq!(found(&alice, "custom.tier_in=gold,bronze&sort=name").await, "Ada Grace");
}

#[actix_web::test]
async fn a_user_who_is_gone_is_no_value_any_more() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    define(&alice, json!({ "key": "manager", "type": "user" })).await;
    let grace = customer(&alice, "Grace", json!({ "manager": carol.user_id })).await;
    assert_eq!(found(&alice, &format!("custom.manager={}", carol.user_id)).await, "Grace");
    assert_eq!(alice.delete(&format!("/v1/users/{}", carol.user_id)).await.status, 204);
    assert_eq!(values_of(&alice, &grace).await, json!({}));
}

#[actix_web::test]
async fn upsert_and_batch_write_values_too() {
    let world = World::new().await;
    let alice = world.alice().await;
    define(&alice, json!({ "key": "budget", "type": "number" })).await;
    define(&alice, json!({ "key": "note", "type": "text" })).await;
    let by_email = "/v1/customers/by-email/grace@example.com";
    let body = |values: Value| json!({ "name": "Grace", "custom_fields": values });
    let new = alice.put(by_email, body(json!({ "budget": 1, "note": "a" }))).await;
    assert_eq!((new.status, &new.json["version"]), (201, &json!(1)));
    let old = alice.put(by_email, body(json!({ "budget": null }))).await;
    assert_eq!((old.status, &old.json["custom_fields"]), (200, &json!({ "note": "a" })), "{old:?}");
    let refused = alice.put(by_email, body(json!({ "budget": "x" }))).await;
    assert_eq!(refused.problem(), "422 validation /custom_fields/budget");

    let batch = async |operation: &str, atomic: bool, items: Value| {
        let body = json!({ "operation": operation, "atomic": atomic, "items": items });
        alice.post("/v1/customers/batch", body).await
    };
    let items = json!([
        { "name": "Ada", "custom_fields": { "budget": 2 } }, { "name": "Alan" },
        { "name": "Taken", "email": "grace@example.com", "custom_fields": { "budget": 9 } },
        { "name": "Edsger", "custom_fields": { "budget": 4, "note": "e" } },
        { "name": "Wrong", "custom_fields": { "budget": "much" } },
        { "name": "Unknown", "custom_fields": { "no_such": 1 } },
    ]);
    let created = batch("create", false, items.clone()).await;
    let statuses: Vec<_> = created.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].clone())
        .collect();
    assert_eq!(statuses, [201, 201, 409, 201, 422, 422].map(|status| json!(status)));
    assert_eq!(
        created.json["results"][4]["error"]["errors"][0]["pointer"],
        "/custom_fields/budget"
    );
    assert_eq!(found(&alice, "custom.budget_gte=0&sort=custom.budget").await, "Ada Edsger");
    let whole = batch("create", true, items).await;
    assert_eq!(whole.problem().split(' ').next(), Some("409"), "{whole:?}");

    let id = |index: usize| created.json["results"][index]["id"].clone();
    let items = json!([
        { "id": id(0), "set": { "custom_fields": { "budget": 5 } } },
        { "id": id(1), "version": 1, "set": { "custom_fields": { "budget": 6 } } },
        { "id": id(3), "version": 7, "set": { "custom_fields": { "budget": 7 } } },
    ]);
    let updated = batch("update", false, items).await;
    assert_eq!(updated.json["results"][2]["status"], 412);
    assert_eq!(found(&alice, "custom.budget_gte=0&sort=custom.budget").await, "Edsger Ada Alan");
    let ada = alice.get(&format!("/v1/customers/{}", id(0).as_str().unwrap())).await;
    assert_eq!(ada.header("etag"), "\"v2\"");
    let items = json!([{ "id": id(0), "set": { "custom_fields": { "no_such": 5 } } }]);
    let refused = batch("update", true, items).await.problem();
    assert_eq!(refused, "422 unknown-field /items/0/set/custom_fields/no_such");

    let items = json!([
        { "email": "new@example.com", "name": "New", "custom_fields": { "budget": 8 } },
        { "email": "grace@example.com", "name": "Grace", "custom_fields": { "budget": 1 } },
        { "email": "NEW@example.com", "name": "Again", "custom_fields": { "budget": 9 } },
    ]);
    let upserted = batch("upsert", false, items).await;
    assert_eq!(upserted.json["results"][2]["status"], 422, "{upserted:?}");
    let all = found(&alice, "sort=-custom.budget&custom.budget_gt=0").await;
    assert_eq!(all, "New Alan Ada Edsger Grace");
}

// ── Lists ──────────────────────────────────────────────────────────────────────────────────────────

/// Five customers, of which the last has no values.
async fn five(alice: &Person) {
    define_all(alice).await;
    let money =
        |amount: i64, currency: &str| json!({ "amount_minor": amount, "currency": currency });
    let rows = [
        (
            "Ada",
            json!({
                "text": "Ärger", "number": -2.5, "money": money(100, "EUR"), "date": "2026-01-31",
                "boolean": true, "choice": "silver", "multi_choice": ["gold", "silver"], "url": "https://a.example",
            }),
        ),
        (
            "Bea",
            json!({
                "text": "arg", "number": 0, "money": money(-1, "EUR"), "date": "1999-12-31",
                "boolean": false, "choice": "gold", "multi_choice": ["silver"], "url": "http://b.example",
            }),
        ),
        (
            "Cyd",
            json!({
                "text": "ÄRGER", "number": 10, "money": money(7, "USD"), "date": "2026-02-01",
                "boolean": true, "choice": "gold", "multi_choice": [], "user": alice.user_id,
            }),
        ),
        ("Dot", json!({ "text": "z".repeat(2000), "number": 9.5, "money": money(20, "EUR") })),
        ("Eve", json!({})),
    ];
    for (name, values) in rows {
        customer(alice, name, values).await;
    }
}

#[actix_web::test]
async fn each_filter_by_a_field_finds_what_it_says() {
    let world = World::new().await;
    let alice = world.alice().await;
    five(&alice).await;
    let zs = "z".repeat(210);
    let cases = [
        ("custom.text=%C3%A4rger", "Ada Cyd"),
        ("custom.text=arg", "Bea"),
        ("custom.text_in=ARG,%C3%84rger", "Ada Bea Cyd"),
        ("custom.text_starts_with=%C3%A4R", "Ada Cyd"),
        ("custom.text_starts_with=a", "Bea"),
        (&format!("custom.text={zs}"), "Dot"),
        ("custom.number=-2.5", "Ada"),
        ("custom.number=-2.500000", "Ada"),
        ("custom.number_gte=0", "Bea Cyd Dot"),
        ("custom.number_gt=0", "Cyd Dot"),
        ("custom.number_lte=0", "Ada Bea"),
        ("custom.number_lt=0", "Ada"),
        ("custom.number_gt=-3&custom.number_lt=10", "Ada Bea Dot"),
        ("custom.money=EUR:100", "Ada"),
        ("custom.money_gte=EUR:0", "Ada Dot"),
        ("custom.money_lt=EUR:100", "Bea Dot"),
        ("custom.money_lte=USD:7", "Cyd"),
        ("custom.money_gte=CHF:0", ""),
        ("custom.date_gte=2026-01-31", "Ada Cyd"),
        ("custom.date_lt=2026-01-31", "Bea"),
        ("custom.boolean=true", "Ada Cyd"),
        ("custom.boolean=false", "Bea"),
        ("custom.choice=gold", "Bea Cyd"),
        ("custom.choice_in=gold,silver", "Ada Bea Cyd"),
        ("custom.multi_choice=silver", "Ada Bea"),
        (
            "custom.multi_choice=gold&custom.multi_choice=silver",
            "400 invalid-parameter ?custom.multi_choice",
        ),
        (&format!("custom.user={}", alice.user_id), "Cyd"),
        ("custom.url_starts_with=HTTPS:", "Ada"),
        ("custom.boolean=true&custom.choice=gold&lifecycle_stage=lead&name_starts_with=c", "Cyd"),
    ];
    for (query, names) in cases {
        assert_eq!(found(&alice, &format!("{query}&sort=name")).await, names, "{query}");
    }
}

#[actix_web::test]
async fn a_filter_that_a_field_does_not_have_is_refused_whether_rows_are_there_or_not() {
    let world = World::new().await;
    let alice = world.alice().await;
    define_all(&alice).await;
    let cases = [
        "custom.no_such=1",
        "custom.=1",
        "custom.text_gte=a",
        "custom.boolean_gt=true",
        "custom.choice_lt=gold",
        "custom.number_starts_with=1",
        "custom.number_in=1",
        "custom.number=x",
        "custom.number=1e3",
        "custom.number=1.0000001",
        "custom.number_gte=1234567890123",
        "custom.money=100",
        "custom.money=eur:100",
        "custom.date=2026-02-30",
        "custom.boolean=yes",
        "custom.choice=lead",
        "custom.choice_in=gold,lead",
        "custom.user=me",
        "custom.text=",
        "custom.text=%00",
        "custom.te%00xt=a",
        "custom.text_is_null=true",
        "custom.Text=a",
        "custom",
    ];
    for _ in 0..2 {
        for query in cases {
            let problem = found(&alice, query).await;
            let name = query.split('=').next().unwrap().replace("%00", "\u{0}");
            assert_eq!(problem, format!("400 invalid-parameter ?{name}"), "{query}");
            if name.len() > 7
                && !name.contains(['\u{0}', 'T'])
                && !query.ends_with('=')
                && query != "custom.text=%00"
            {
                let other = found(&alice, &format!("{query}&sort=custom.text")).await;
                assert_eq!(other, problem, "{query} sorted");
            }
        }
        for sort in [
            "custom.no_such",
            "-custom.multi_choice",
            "custom.user",
            "custom.",
            "custom",
            "--custom.text",
        ] {
            assert_eq!(
                found(&alice, &format!("sort={sort}")).await,
                "400 invalid-parameter ?sort",
                "{sort}"
            );
        }
        customer(&alice, "Ada", json!({ "text": "a", "number": 1 })).await;
    }
    let six: Vec<String> = (0..6).map(|n| format!("custom.k{n}=1")).collect();
    assert_eq!(found(&alice, &six.join("&")).await, "400 invalid-parameter ?custom.k5");
    assert_eq!(found(&alice, "deleted=only&custom.text=a").await, "400 invalid-parameter ?deleted");
    assert_eq!(
        found(&alice, "deleted=only&sort=custom.text").await,
        "400 invalid-parameter ?deleted"
    );
}

#[actix_web::test]
async fn a_list_is_sorted_by_a_field_and_paged() {
    let world = World::new().await;
    let alice = world.alice().await;
    five(&alice).await;
    let cases = [
        ("sort=custom.number", "Ada Bea Dot Cyd"),
        ("sort=-custom.number", "Cyd Dot Bea Ada"),
        ("sort=custom.text", "Bea Dot Ada Cyd"),
        ("sort=custom.money", "Bea Dot Ada Cyd"),
        ("sort=custom.date", "Bea Ada Cyd"),
        ("sort=-custom.boolean", "Cyd Ada Bea"),
        ("sort=custom.choice", "Bea Cyd Ada"),
        ("sort=custom.number&custom.number_gte=0", "Bea Dot Cyd"),
        ("sort=-custom.number&custom.boolean=true", "Cyd Ada"),
        ("sort=-custom.number&lifecycle_stage=lead", "Cyd Dot Bea Ada"),
        ("sort=custom.number&custom.number_lt=9.6&custom.boolean=false", "Bea"),
    ];
    for (query, names) in cases {
        assert_eq!(found(&alice, query).await, names, "{query}");
        let mut address = Some(format!("/v1/customers?{query}&limit=1"));
        let mut paged: Vec<String> = Vec::new();
        while let Some(next) = address {
            let page = alice.get(&next).await;
            paged.extend(page.names().into_iter().map(str::to_owned));
            address = page.next();
        }
        assert_eq!(paged.join(" "), names, "{query}, page by page");
    }
}

#[actix_web::test]
async fn lists_show_values_when_asked_to() {
    let world = World::new().await;
    let alice = world.alice().await;
    five(&alice).await;
    let plain = alice.get("/v1/customers?sort=name").await;
    assert!(plain.json["data"][0].get("custom_fields").is_none(), "{plain:?}");
    for query in [
        "sort=name",
        "sort=custom.number",
        "sort=name&custom.boolean=true",
        "sort=-custom.text&custom.boolean=true",
    ] {
        let list = alice.get(&format!("/v1/customers?{query}&include=custom_fields")).await;
        for row in list.json["data"].as_array().unwrap() {
            let single = alice.get(&format!("/v1/customers/{}", row["id"].as_str().unwrap())).await;
            assert_eq!(single.json, *row, "{query}");
        }
    }
    assert_eq!(found(&alice, "include=owner").await, "400 invalid-parameter ?include");
}
