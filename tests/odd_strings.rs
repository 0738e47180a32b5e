//! What programs, databases and people stumble over, as the value of every text that the API takes.

use serde_json::{Value, json};

use crate::harness::{Reply, World};

const CUSTOMERS: &str = "/v1/customers";

#[actix_web::test]
async fn odd_strings_are_stored_or_refused_and_never_our_fault() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    for text in odd_strings() {
        kept_or_refused(&alice.post(CUSTOMERS, json!({ "name": text })).await, "name", &text);
        for field in ["name", "email", "phone", "title"] {
            kept_or_refused(&alice.patch(&path, json!({ field: text })).await, field, &text);
        }
        let address = format!("/v1/customers/by-email/{}", percent(&text.replace('\0', "")));
        if address.len() < 60_000 && address.len() > "/v1/customers/by-email/".len() {
            answered(&alice.put(&address, json!({ "name": "Grace" })).await, &text);
        }
        let comment = alice.post(&format!("{path}/comments"), json!({ "body": text })).await;
        kept_or_refused(&comment, "body", &text);
    }
}

#[actix_web::test]
async fn odd_strings_find_something_or_nothing_and_are_never_our_fault() {
    let world = World::new().await;
    let alice = world.alice().await;
    alice.customer("Grace", "grace@example.com").await;
    for text in odd_strings().into_iter().filter(|text| text.len() < 20_000) {
        for name in
            ["name_starts_with", "email", "cursor", "sort", "user_id", "created_at_gt", "limit"]
        {
            answered(&alice.get(&format!("{CUSTOMERS}?{name}={}", percent(&text))).await, &text);
        }
    }
}

#[actix_web::test]
async fn a_batch_of_odd_strings_has_a_result_for_each() {
    let world = World::new().await;
    let alice = world.alice().await;
    for field in ["name", "email", "phone", "title"] {
        for operation in ["create", "upsert"] {
            let item = |(n, text): (usize, String)| {
                let mut item =
                    json!({ "name": "Grace", "email": format!("{field}-{operation}-{n}@b") });
                item[field] = json!(text);
                item
            };
            let items: Vec<Value> = odd_strings().into_iter().enumerate().map(item).collect();
            for items in items.chunks(50) {
                let body = json!({ "operation": operation, "atomic": false, "items": items });
                let reply = alice.post("/v1/customers/batch", body).await;
                assert_eq!(reply.status, 200, "{reply:?}");
                let results = reply.json["results"].as_array().unwrap();
                assert!(
                    results.iter().all(|result| result["status"].as_u64() < Some(500)),
                    "{reply:?}"
                );
                assert_eq!(results.len(), items.len());
            }
        }
    }
}

#[actix_web::test]
async fn odd_strings_do_not_log_in() {
    let world = World::new().await;
    let nobody = world.stranger();
    for text in odd_strings().into_iter().step_by(10) {
        for (email, password) in [(text.as_str(), "x"), ("alice@nike.example", text.as_str())] {
            let reply = nobody
                .post("/v1/auth/login", json!({ "email": email, "password": password }))
                .await;
            assert!([401, 422].contains(&reply.status), "{text:?} {reply:?}");
        }
    }
}

/// Three hundred strings of what programs, databases and people stumble over, always the same ones.
fn odd_strings() -> Vec<String> {
    let pieces = [
        "\0",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{ad}",
        "\u{300}",
        "\u{200b}",
        "\u{200d}",
        "\u{202e}",
        "\u{2028}",
        "\u{2066}",
        "\u{feff}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{1f469}\u{200d}\u{1f680}",
        "\u{fdfa}",
        "İ",
        "ß",
        "ﬃ",
        "Σ",
        "ǆ",
        "ｇ",
        "' or 1=1 --",
        "\"; drop table crm.customers; --",
        "$1",
        "$$",
        "\\",
        "\\x00",
        "\\u0000",
        "%",
        "_",
        "%00",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "<script>",
        "=cmd|'/c calc'!A0",
        "\r\nSet-Cookie: x=1",
        "\x1b[31m",
        "NULL",
        "null",
        "NaN",
        "-1",
        "1e309",
        "0x1f",
        "@",
        "a@b",
        "a@b@c",
        ",",
        ";",
        " ",
        "\t",
        "{}",
        "[]",
        "🐎",
        "x",
    ];
    let mut strings: Vec<String> = pieces.iter().map(ToString::to_string).collect();
    for length in [50, 51, 200, 201, 254, 255, 2000, 10_000, 10_001] {
        strings.extend(["x", "é", "\u{1f40e}", "\u{fdfa}"].map(|piece| piece.repeat(length)));
        strings.push(format!("{}@b", "x".repeat(length)));
    }
    let mut state = 88_172_645_463_325_252_u64;
    while strings.len() < 300 {
        let mut text = String::new();
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(pieces[usize::try_from(state % pieces.len() as u64).unwrap()]);
        }
        strings.push(text);
    }
    strings
}

/// What was taken is there to the letter; what was not is said to be the field.
fn kept_or_refused(reply: &Reply, field: &str, text: &str) {
    match reply.status {
        200 | 201 => assert_eq!(reply.json[field], text),
        409 => assert_eq!(reply.problem(), format!("409 already-exists /{field}")),
        _ => {
            let code = if text.contains('\0') { "invalid-text" } else { "validation" };
            assert_eq!(reply.problem(), format!("422 {code} /{field}"), "{text:?}");
        }
    }
}

fn answered(reply: &Reply, text: &str) {
    assert!(reply.status < 500, "{text:?} {reply:?}");
    if reply.status >= 400 {
        reply.problem();
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
