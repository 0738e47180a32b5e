//! Parameters: what is not one, comes twice or has a value that it does not take is refused and named.

use serde_json::json;
use uuid::Uuid;

use crate::harness::World;

#[actix_web::test]
async fn a_parameter_that_is_not_one_is_refused_and_named() {
    let world = World::new().await;
    let alice = world.alice().await;
    let unknown = [
        "company_id",
        "offset",
        "page",
        "id",
        "name",
        "filter[name]",
        "filter[name'--]",
        "Limit",
        "limit ",
        "fields",
        "include",
        "name_key",
        "token_epoch",
        "password_hash",
        "1=1;drop",
        "",
    ];
    for name in unknown {
        let reply = alice.get(&format!("/v1/customers?{}=1", percent(name))).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"));
    }
    let long = "x".repeat(5000);
    let reply = alice.get(&format!("/v1/customers?{long}=1")).await;
    assert!(reply.problem().starts_with("400 invalid-parameter ?xxx") && reply.text.len() < 1000);
}

#[actix_web::test]
async fn a_parameter_that_is_given_twice_is_refused_and_named() {
    let world = World::new().await;
    let alice = world.alice().await;
    let values = [
        ("limit", "1"),
        ("cursor", "x"),
        ("sort", "name"),
        ("deleted", "only"),
        ("user_id_is_null", "true"),
        ("email", "a@b"),
        ("name_starts_with", "a"),
        ("lifecycle_stage", "lead"),
        ("lifecycle_stage_in", "lead"),
        ("created_at_gte", "2026-01-01T00:00:00Z"),
    ];
    for (name, value) in values {
        let reply = alice.get(&format!("/v1/customers?{name}={value}&{name}={value}")).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"));
    }
}

#[actix_web::test]
async fn a_value_that_a_parameter_does_not_take_is_refused_and_named() {
    let world = World::new().await;
    let alice = world.alice().await;
    let id = Uuid::now_v7();
    let odd = [
        (
            "sort",
            texts(&[
                "",
                "Name",
                "name;drop table",
                "(select 1)",
                "name,created_at",
                "c.name",
                "--name",
                "name ",
            ]),
        ),
        (
            "user_id",
            vec![
                String::new(),
                "x".into(),
                "null".into(),
                id.to_string().to_uppercase(),
                id.simple().to_string(),
                format!("{{{id}}}"),
                format!("{id},{id}"),
            ],
        ),
        (
            "user_id_in",
            vec![
                String::new(),
                ",".into(),
                format!("{id},"),
                format!("{id};{id}"),
                format!("[{id}]"),
            ],
        ),
        ("user_id_is_null", texts(&["", "1", "TRUE", "yes", "null"])),
        ("lifecycle_stage", texts(&["", "Lead", "lead,former", "none", "{\"lead\":null}"])),
        ("lifecycle_stage_in", texts(&["", "lead,", "lead former", "lead,none"])),
        (
            "created_at_gte",
            texts(&[
                "",
                "now",
                "2026-01-01",
                "infinity",
                "-infinity",
                "NaN",
                "1",
                "2026-13-01T00:00:00Z",
                "2026-01-01T00:00:00",
                "20260-01-01T00:00:00Z",
                "2026-01-01T25:00:00Z",
            ]),
        ),
        ("email", vec!["".into(), "x".repeat(255), "a\0b".into()]),
        ("name_starts_with", vec!["".into(), "x".repeat(255), "a\0b".into()]),
    ];
    for (name, values) in odd {
        for value in values {
            let reply = alice.get(&format!("/v1/customers?{name}={}", encoded(&value))).await;
            assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"), "{value:?}");
        }
    }
}

#[actix_web::test]
async fn five_hundred_values_are_taken_and_one_more_is_not() {
    let world = World::new().await;
    let alice = world.alice().await;
    let stages =
        |n: usize| format!("/v1/customers?lifecycle_stage_in={}", vec!["lead"; n].join(","));
    assert_eq!(alice.get(&stages(500)).await.status, 200);
    assert_eq!(
        alice.get(&stages(501)).await.problem(),
        "400 invalid-parameter ?lifecycle_stage_in"
    );
    let ids = vec![Uuid::now_v7().to_string(); 501].join(",");
    assert_eq!(
        alice.get(&format!("/v1/customers?user_id_in={ids}")).await.problem(),
        "400 invalid-parameter"
    );
}

#[actix_web::test]
async fn the_longest_texts_are_taken() {
    let world = World::new().await;
    let alice = world.alice().await;
    for name in ["email", "name_starts_with"] {
        for text in ["x".repeat(254), "\u{fdfa}".repeat(254)] {
            let reply = alice.get(&format!("/v1/customers?{name}={}", encoded(&text))).await;
            assert_eq!((reply.status, &reply.json["data"]), (200, &json!([])));
        }
    }
}

#[actix_web::test]
async fn a_query_of_more_than_eight_kibibytes_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    let query =
        |length: usize| format!("/v1/customers?cursor={}", "A".repeat(length - "cursor=".len()));
    assert_eq!(alice.get(&query(8192)).await.problem(), "400 invalid-cursor");
    assert_eq!(alice.get(&query(8193)).await.problem(), "400 invalid-parameter");
    assert_eq!(alice.get(&query(60_000)).await.problem(), "400 invalid-parameter");
}

#[actix_web::test]
async fn operations_without_parameters_take_none() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let refused = [
        alice.get("/v1/me?company_id=x").await,
        alice.get("/v1/company?company_id=x").await,
        alice.get(&format!("{path}?company_id=x")).await,
        alice.post("/v1/customers?company_id=x", json!({ "name": "Eve" })).await,
        alice.patch(&format!("{path}?company_id=x"), json!({ "name": "Eve" })).await,
        alice.put("/v1/customers/by-email/e@b?company_id=x", json!({ "name": "Eve" })).await,
        alice.post(&format!("{path}/comments?company_id=x"), json!({ "body": "Eve" })).await,
        alice.delete(&format!("{path}?company_id=x")).await,
    ];
    for reply in refused {
        assert_eq!(reply.problem(), "400 invalid-parameter ?company_id");
    }
    assert_eq!(world.everything().await, before);
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Everything but letters, digits and a few harmless signs percent-encoded.
fn encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte);
    text.bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
