//! Filters of the list of customers: each finds what it says, alone and together.

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
