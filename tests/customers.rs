//! One customer: created, read and changed.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Person, World};

#[actix_web::test]
async fn a_new_customer_is_answered_whole_and_read_back_the_same() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({
        "name": "Grace Hopper", "email": "Grace@Example.com", "phone": "+1 555 0100",
        "title": "Rear Admiral", "lifecycle_stage": "prospect",
    });
    let created = alice.post("/v1/customers", body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let whole = json!({
        "id": created.id(), "company_id": alice.company_id, "user_id": alice.user_id,
        "name": "Grace Hopper", "email": "Grace@Example.com", "phone": "+1 555 0100",
        "title": "Rear Admiral", "lifecycle_stage": "prospect",
        "created_at": created.json["created_at"], "updated_at": created.json["created_at"],
        "deleted_at": null, "version": 1, "custom_fields": {},
    });
    assert_eq!(created.json, whole);
    let read = alice.get(created.header("location")).await;
    assert_eq!((read.status, &read.json, read.header("etag")), (200, &whole, "\"v1\""));
}

#[actix_web::test]
async fn ids_are_uuids_of_version_7_and_times_are_utc_with_microseconds() {
    let world = World::new().await;
    let alice = world.alice().await;
    let reply = alice.post("/v1/customers", json!({ "name": "Grace Hopper" })).await;
    assert_eq!(Uuid::parse_str(&reply.id()).unwrap().get_version_num(), 7);
    let time = reply.json["created_at"].as_str().unwrap();
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
}

#[actix_web::test]
async fn a_name_is_enough_and_customers_without_an_email_are_not_the_same() {
    let world = World::new().await;
    let alice = world.alice().await;
    for body in
        [json!({ "name": "Grace" }), json!({ "name": "Grace", "email": null, "phone": null })]
    {
        let reply = alice.post("/v1/customers", body).await;
        let blank = (&reply.json["email"], &reply.json["phone"], &reply.json["lifecycle_stage"]);
        assert_eq!((reply.status, blank), (201, (&json!(null), &json!(null), &json!("lead"))));
    }
    assert_eq!(alice.get("/v1/customers").await.names(), ["Grace", "Grace"]);
}

#[actix_web::test]
async fn text_is_stored_as_it_was_written() {
    let world = World::new().await;
    let alice = world.alice().await;
    let odd = [
        "<script>alert(1)</script>",
        "' or 1=1 --",
        "👩‍🚀 ﬁ ｇ",
        "\u{202e}gnp.exe",
        " a\tb\r\n ",
        "\u{ffff}",
    ];
    for name in odd {
        let created = alice.post("/v1/customers", json!({ "name": name, "title": name })).await;
        let read = alice.get(created.header("location")).await;
        assert_eq!((&read.json["name"], &read.json["title"]), (&json!(name), &json!(name)));
        assert_eq!(read.header("content-type"), "application/json");
    }
}

#[actix_web::test]
async fn a_text_is_measured_in_characters_and_refused_above_its_limit() {
    let world = World::new().await;
    let alice = world.alice().await;
    for (field, most) in [("name", 200), ("phone", 50), ("title", 200)] {
        let body = |length: usize| {
            let mut body = json!({ "name": "Grace" });
            body[field] = json!("ö".repeat(length));
            body
        };
        assert_eq!(alice.post("/v1/customers", body(most)).await.status, 201, "{field}");
        let refused = alice.post("/v1/customers", body(most + 1)).await;
        assert_eq!(refused.problem(), format!("422 validation /{field}"));
    }
    let email = |length: usize| json!({ "name": "Grace", "email": format!("{}@a", "é".repeat(length - 2)) });
    assert_eq!(alice.post("/v1/customers", email(254)).await.status, 201);
    assert_eq!(alice.post("/v1/customers", email(255)).await.problem(), "422 validation /email");
}

#[actix_web::test]
async fn everything_that_is_wrong_with_a_customer_is_said_at_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({ "name": " ", "email": "not an address", "phone": "", "title": "\u{3000}" });
    let reply = alice.post("/v1/customers", body).await;
    assert_eq!(reply.problem(), "422 validation /name /email /phone /title");
}

#[actix_web::test]
async fn what_is_not_an_address_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    for email in
        ["", " ", "grace", "@", "grace@", "@example.com", "a@b@c", "a b@c", "a@b\u{a0}c", "a@b\nc"]
    {
        let reply = alice.post("/v1/customers", json!({ "name": "Grace", "email": email })).await;
        assert_eq!(reply.problem(), "422 validation /email", "{email:?}");
    }
}

#[actix_web::test]
async fn a_patch_keeps_what_is_absent_clears_what_is_null_and_sets_the_rest() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body =
        json!({ "name": "Grace", "email": "grace@example.com", "phone": "1", "title": "Admiral" });
    let created = alice.post("/v1/customers", body).await;
    let patch = json!({ "phone": null, "title": "Rear Admiral" });
    let patched = alice.patch(created.header("location"), patch).await;
    let mut expected = created.json.clone();
    expected["phone"] = json!(null);
    expected["title"] = json!("Rear Admiral");
    expected["version"] = json!(2);
    expected["updated_at"] = patched.json["updated_at"].clone();
    assert_eq!((patched.status, &patched.json), (200, &expected));
    assert_eq!(patched.header("etag"), "\"v2\"");
    assert!(patched.json["updated_at"].as_str() > created.json["updated_at"].as_str());
    assert_eq!(alice.get(created.header("location")).await.json, expected);
}

#[actix_web::test]
async fn every_field_can_be_patched_alone() {
    let world = World::new().await;
    let alice = world.alice().await;
    let mut expected = alice.post("/v1/customers", json!({ "name": "Grace" })).await.json;
    let path = format!("/v1/customers/{}", expected["id"].as_str().unwrap());
    let patches = [
        ("name", json!("Grace Hopper")),
        ("email", json!("grace@example.com")),
        ("phone", json!("+1 555 0100")),
        ("title", json!("Rear Admiral")),
        ("lifecycle_stage", json!("customer")),
        ("email", json!(null)),
    ];
    for (version, (field, value)) in (2..).zip(patches) {
        let reply = alice.patch(&path, json!({ field: value })).await;
        expected[field] = value;
        expected["version"] = json!(version);
        expected["updated_at"] = reply.json["updated_at"].clone();
        assert_eq!(reply.json, expected);
    }
}

#[actix_web::test]
async fn an_empty_patch_changes_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let created = alice.post("/v1/customers", json!({ "name": "Grace" })).await;
    let patched = alice.patch(created.header("location"), json!({})).await;
    assert_eq!((patched.status, patched.json), (200, created.json.clone()));
    assert_eq!(patched.headers.get("etag"), created.headers.get("etag"));
}

#[actix_web::test]
async fn a_patch_may_call_itself_a_merge_patch() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    for media in ["application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8"] {
        let request = alice.request(actix_web::http::Method::PATCH, &path);
        let request =
            request.insert_header(("content-type", media)).set_payload(r#"{"phone":"7"}"#);
        assert_eq!(alice.send(request).await.json["phone"], "7");
    }
}

#[actix_web::test]
async fn name_and_stage_cannot_be_cleared() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let reply =
        alice.patch(&path, json!({ "name": null, "lifecycle_stage": null, "phone": "7" })).await;
    assert_eq!(reply.problem(), "422 validation /name /lifecycle_stage");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn nobody_patches_what_the_database_fills() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let presets =
        ["id", "company_id", "user_id", "created_at", "updated_at", "deleted_at", "version"];
    for field in presets.into_iter().chain(["role", "name_key", "__proto__"]) {
        let reply = alice.patch(&path, json!({ "name": "Eve", field: null })).await;
        assert_eq!(reply.problem(), format!("422 unknown-field /{field}"));
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn an_email_belongs_to_one_customer_in_whatever_spelling() {
    let world = World::new().await;
    let alice = world.alice().await;
    let spellings = [
        ("grace@example.com", "GRACE@Example.COM"),
        ("alan@example.com", "ａｌａｎ@example.com"),
        ("fi@example.com", "ﬁ@example.com"),
        ("r\u{e9}my@example.com", "re\u{301}my@example.com"),
        ("\u{c9}va@example.com", "\u{e9}va@example.com"),
        ("σ@example.com", "Σ@example.com"),
    ];
    for (first, second) in spellings {
        alice.customer("First", first).await;
        let other = alice.customer("Other", &format!("other-{first}")).await;
        let again = alice.post("/v1/customers", json!({ "name": "Second", "email": second })).await;
        assert_eq!(again.problem(), "409 already-exists /email", "{second}");
        let moved =
            alice.patch(&format!("/v1/customers/{other}"), json!({ "email": second })).await;
        assert_eq!(moved.problem(), "409 already-exists /email", "{second}");
    }
    for different in
        ["grac\u{e9}@example.com", "grace@example.co", "grace+1@example.com", "grace@example.com."]
    {
        alice.customer("Somebody else", different).await;
    }
}

#[actix_web::test]
async fn a_customer_may_respell_its_own_email() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let reply = alice.patch(&path, json!({ "email": "Grace@Example.com" })).await;
    assert_eq!((reply.status, &reply.json["email"]), (200, &json!("Grace@Example.com")));
}

#[actix_web::test]
async fn colleagues_share_customers_and_the_owner_stays_who_created_them() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let patched = carol.patch(&path, json!({ "name": "Grace Hopper" })).await;
    assert_eq!((patched.status, &patched.json["user_id"]), (200, &json!(alice.user_id)));
    assert_eq!(alice.get(&path).await.json, patched.json);
}

#[actix_web::test]
async fn a_customer_whose_owner_is_gone_can_be_changed_by_colleagues() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    world
        .admin()
        .await
        .execute("delete from crm.users where id = $1", &[&alice.user_id])
        .await
        .unwrap();
    let patched = carol.patch(&path, json!({ "name": "Grace Hopper" })).await;
    assert_eq!((patched.status, &patched.json["user_id"]), (200, &json!(null)));
    assert_eq!(carol.delete(&path).await.status, 204);
}

#[actix_web::test]
async fn whatever_bob_does_with_a_customer_of_alice_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.customer("Grace", "grace@example.com").await;
    let binned = alice.customer("Alan", "alan@example.com").await;
    alice.delete(&format!("/v1/customers/{binned}")).await;
    let before = world.everything().await;
    let never = tries(&bob, &Uuid::now_v7().to_string()).await;
    assert_eq!(tries(&bob, &hers).await, never);
    assert_eq!(tries(&bob, &binned).await, never);
    assert_eq!(world.everything().await, before);
}

/// All that somebody can do with an id, and what they see of it.
async fn tries(person: &Person, id: &str) -> Vec<(u16, Vec<(String, String)>, String)> {
    let path = format!("/v1/customers/{id}");
    let replies = [
        person.get(&path).await,
        person.patch(&path, json!({ "name": "Eve", "email": "eve@example.com" })).await,
        person.patch(&path, json!({})).await,
        person.patch(&path, json!({ "name": null })).await,
        person.post(&format!("{path}/restore"), json!({})).await,
        person.delete(&path).await,
    ];
    replies.iter().map(|reply| reply.seen()).collect()
}
