//! Filters and parameters of lists: each does what it says, and what is not one of them is refused.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Person, World};

#[actix_web::test]
async fn each_filter_finds_what_it_says() {
    let world = World::new().await;
    let (alice, carol) = arrange(&world).await;
    let (a, c, nobody) = (alice.user_id, carol.user_id, Uuid::now_v7());
    let expected: [(String, &[&str]); 16] = [
        (format!("user_id={a}"), &["Ada", "Alan", "alonzo"]),
        (format!("user_id={c}"), &["Grace"]),
        (format!("user_id={nobody}"), &[]),
        (format!("user_id_in={c}"), &["Grace"]),
        (format!("user_id_in={c},{a},{c},{nobody}"), &["Ada", "Alan", "alonzo", "Grace"]),
        ("user_id_is_null=true".into(), &["Edsger"]),
        ("user_id_is_null=false".into(), &["Ada", "Alan", "alonzo", "Grace"]),
        ("email=GRACE%40example.com".into(), &["Grace"]),
        ("email=grace".into(), &[]),
        ("name_starts_with=AL".into(), &["Alan", "alonzo"]),
        ("name_starts_with=a".into(), &["Ada", "Alan", "alonzo"]),
        ("name_starts_with=Alan".into(), &["Alan"]),
        ("lifecycle_stage=lead".into(), &["Ada", "Edsger", "Grace"]),
        ("lifecycle_stage=former".into(), &[]),
        ("lifecycle_stage_in=customer,former".into(), &["Alan"]),
        ("lifecycle_stage_in=customer,prospect".into(), &["Alan", "alonzo"]),
    ];
    for (query, names) in expected {
        assert_eq!(find(&alice, &query).await, names, "{query}");
    }
}

#[actix_web::test]
async fn filters_together_are_all_true() {
    let world = World::new().await;
    let (alice, carol) = arrange(&world).await;
    let (a, c) = (alice.user_id, carol.user_id);
    let expected: [(String, &[&str]); 5] = [
        (format!("user_id={a}&lifecycle_stage=lead"), &["Ada"]),
        (format!("user_id={a}&user_id_in={c}"), &[]),
        ("name_starts_with=al&lifecycle_stage_in=customer,lead".into(), &["Alan"]),
        ("email=alan@example.com&name_starts_with=Ada".into(), &[]),
        (
            "user_id_is_null=false&created_at_gte=2020-01-01T00:00:00Z&lifecycle_stage=prospect"
                .into(),
            &["alonzo"],
        ),
    ];
    for (query, names) in expected {
        assert_eq!(find(&alice, &query).await, names, "{query}");
    }
}

#[actix_web::test]
async fn a_filter_combines_with_every_sort_and_is_paged() {
    let world = World::new().await;
    let (alice, _) = arrange(&world).await;
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"] {
        let mut next = Some(format!(
            "/v1/customers?name_starts_with=a&user_id_is_null=false&limit=1&sort={sort}"
        ));
        let mut names = Vec::new();
        while let Some(path) = next {
            let page = alice.get(&path).await;
            names.extend(page.names().iter().map(ToString::to_string));
            next = page.next();
        }
        names.sort_by_key(|name| name.to_lowercase());
        assert_eq!(names, ["Ada", "Alan", "alonzo"], "{sort}");
    }
}

#[actix_web::test]
async fn times_are_compared_to_the_microsecond() {
    let world = World::new().await;
    let alice = world.alice().await;
    alice.customer("before", "1@example.com").await;
    let id = alice.customer("then", "2@example.com").await;
    alice.customer("after", "3@example.com").await;
    let then = alice.get(&format!("/v1/customers/{id}")).await.json;
    for field in ["created_at", "updated_at"] {
        let moment = then[field].as_str().unwrap();
        let expected: [(&str, &[&str]); 4] = [
            ("gte", &["after", "then"]),
            ("gt", &["after"]),
            ("lte", &["before", "then"]),
            ("lt", &["before"]),
        ];
        for (how, names) in expected {
            assert_eq!(
                find(&alice, &format!("{field}_{how}={moment}")).await,
                names,
                "{field}_{how}"
            );
        }
        let both = format!("{field}_gte={moment}&{field}_lte={moment}");
        assert_eq!(find(&alice, &both).await, ["then"]);
        let elsewhere = moment.replace('Z', "%2B00:00");
        assert_eq!(find(&alice, &format!("{field}_gt={elsewhere}")).await, ["after"]);
    }
}

#[actix_web::test]
async fn characters_with_a_meaning_in_patterns_have_none_here() {
    let world = World::new().await;
    let alice = world.alice().await;
    for name in ["100% wool", "100 per cent", "a_b", "axb", "a\\b", "%", "_", "\\"] {
        alice.post("/v1/customers", json!({ "name": name })).await;
    }
    let expected: [(&str, &[&str]); 8] = [
        ("100%25", &["100% wool"]),
        ("%25", &["%"]),
        ("_", &["_"]),
        ("a_", &["a_b"]),
        ("%5C", &["\\"]),
        ("a%5C", &["a\\b"]),
        ("a%5C_", &[]),
        ("%25%25%25%25", &[]),
    ];
    for (prefix, names) in expected {
        assert_eq!(find(&alice, &format!("name_starts_with={prefix}")).await, names, "{prefix}");
    }
}

#[actix_web::test]
async fn a_prefix_is_found_whatever_comes_after_it() {
    let world = World::new().await;
    let alice = world.alice().await;
    let names =
        ["ab", "ab\u{1}", "ab\u{7f}", "abé", "ab\u{ffff}", "ab😀", "ab\u{10ffff}", "ab\u{10ffff}z"];
    for name in names {
        alice.post("/v1/customers", json!({ "name": name })).await;
    }
    alice.post("/v1/customers", json!({ "name": "ac" })).await;
    assert_eq!(find(&alice, "name_starts_with=AB").await.len(), names.len());
}

#[actix_web::test]
async fn a_user_of_another_company_is_a_filter_that_finds_nothing() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    bob.customer("Grace of Bob", "grace@example.com").await;
    alice.customer("Alan", "alan@example.com").await;
    let ask = async |id: Uuid| alice.get(&format!("/v1/customers?user_id={id}")).await.seen();
    assert_eq!(ask(bob.user_id).await, ask(Uuid::now_v7()).await);
    let ask = async |id: Uuid| alice.get(&format!("/v1/customers?user_id_in={id}")).await.seen();
    assert_eq!(ask(bob.user_id).await, ask(Uuid::now_v7()).await);
    assert_eq!(find(&alice, "email=grace@example.com").await, [] as [&str; 0]);
}

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

/// Three customers of Alice, one of her colleague Carol, one whose owner is gone.
async fn arrange(world: &World) -> (Person, Person) {
    let (alice, carol, dave) =
        (world.alice().await, world.colleague("carol").await, world.colleague("dave").await);
    let customers = [
        (&alice, "Ada", "lead"),
        (&alice, "Alan", "customer"),
        (&alice, "alonzo", "prospect"),
        (&carol, "Grace", "lead"),
        (&dave, "Edsger", "lead"),
    ];
    for (person, name, stage) in customers {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "lifecycle_stage": stage });
        assert_eq!(person.post("/v1/customers", body).await.status, 201);
    }
    world
        .admin()
        .await
        .execute("delete from crm.users where id = $1", &[&dave.user_id])
        .await
        .unwrap();
    (alice, carol)
}

/// The names found, in alphabetical order.
async fn find(person: &Person, query: &str) -> Vec<String> {
    let page = person.get(&format!("/v1/customers?sort=name&{query}")).await;
    page.names().iter().map(ToString::to_string).collect()
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
