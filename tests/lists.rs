//! Lists: page by page through all rows, each exactly once, and cursors that are good for nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Person, Reply, World};

const SORTS: [&str; 6] =
    ["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"];

#[actix_web::test]
async fn every_sort_walks_through_all_rows_exactly_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    // Created at the same moment, with names that are the same or differ only in their case.
    let names = ["b", "B", "a", "A", "b", "ä", "Ä", "b", "ｂ", "a b", "a-b", "ab", "Ab"];
    create(&alice, &names).await;
    for sort in SORTS {
        let whole = ids(&alice.get(&format!("/v1/customers?limit=200&sort={sort}")).await);
        let different: BTreeSet<String> = whole.iter().map(Value::to_string).collect();
        assert_eq!(different.len(), names.len(), "{sort}");
        for limit in [1, 3, 5] {
            let path = format!("/v1/customers?limit={limit}&sort={sort}");
            assert_eq!(walk(&alice, &path).await, whole, "{path}");
        }
    }
}

#[actix_web::test]
async fn descending_is_ascending_backwards() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["b", "B", "a", "A", "c"]).await;
    create(&alice, &["b", "C"]).await;
    for sort in ["created_at", "updated_at", "name"] {
        let up = ids(&alice.get(&format!("/v1/customers?sort={sort}")).await);
        let mut down = ids(&alice.get(&format!("/v1/customers?sort=-{sort}")).await);
        down.reverse();
        assert_eq!(up, down, "{sort}");
    }
}

#[actix_web::test]
async fn each_sort_is_the_order_that_it_says() {
    let world = World::new().await;
    let alice = world.alice().await;
    let first = alice.customer("beta", "1@example.com").await;
    alice.customer("Alpha", "2@example.com").await;
    alice.customer("gamma", "3@example.com").await;
    alice.patch(&format!("/v1/customers/{first}"), json!({ "phone": "7" })).await;
    let expected = [
        ("", ["gamma", "Alpha", "beta"]),
        ("?sort=-created_at", ["gamma", "Alpha", "beta"]),
        ("?sort=created_at", ["beta", "Alpha", "gamma"]),
        ("?sort=-updated_at", ["beta", "gamma", "Alpha"]),
        ("?sort=updated_at", ["Alpha", "gamma", "beta"]),
        ("?sort=name", ["Alpha", "beta", "gamma"]),
        ("?sort=-name", ["gamma", "beta", "Alpha"]),
    ];
    for (query, names) in expected {
        assert_eq!(alice.get(&format!("/v1/customers{query}")).await.names(), names, "{query}");
    }
}

#[actix_web::test]
async fn two_hundred_rows_of_one_moment_are_walked_through() {
    let world = World::new().await;
    let alice = world.alice().await;
    let names: Vec<String> = (0..200).map(|n| format!("Customer {n:03}")).collect();
    create(&alice, &names).await;
    for sort in SORTS {
        let walked = walk(&alice, &format!("/v1/customers?limit=17&sort={sort}")).await;
        let different: BTreeSet<String> = walked.iter().map(Value::to_string).collect();
        assert_eq!((walked.len(), different.len()), (200, 200), "{sort}");
    }
}

#[actix_web::test]
async fn a_row_of_a_list_is_the_very_text_that_getting_it_answers() {
    let world = World::new().await;
    let alice = world.alice().await;
    let odd = "\"quoted\" \\ / \t\n\u{1}\u{7f} ä € 🦀 \u{2028}";
    let all = json!({
        "name": odd, "email": "ｇrace+1@example.com", "phone": "1", "title": odd, "lifecycle_stage": "former",
    });
    let data = |page: &Reply| -> Option<String> {
        Some(page.text.strip_prefix(r#"{"data":["#)?.split_once("],\"page\":")?.0.to_owned())
    };
    for body in [all, json!({ "name": "no more than a name" })] {
        let created = alice.post("/v1/customers", body).await;
        let id = created.json["id"].as_str().expect("it was created");
        let one = alice.get(&format!("/v1/customers/{id}")).await;
        let list = alice.get("/v1/customers?limit=1&include=custom_fields").await;
        assert_eq!(data(&list), Some(one.text));
    }
    let none = alice.get("/v1/customers?deleted=only").await;
    assert_eq!(data(&none), Some(String::new()));
}

#[actix_web::test]
async fn a_page_has_fifty_rows_where_nothing_is_said_and_two_hundred_at_most() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["x"; 201]).await;
    for (query, length) in [("", 50), ("?limit=1", 1), ("?limit=200", 200)] {
        let page = alice.get(&format!("/v1/customers{query}")).await;
        assert_eq!((page.names().len(), &page.json["page"]["has_more"]), (length, &json!(true)));
    }
    for limit in [
        "0",
        "-1",
        "201",
        "1000000000",
        "99999999999999999999",
        "1.5",
        "1e2",
        "",
        "%2B1",
        "x",
        "%00",
    ] {
        let reply = alice.get(&format!("/v1/customers?limit={limit}")).await;
        assert_eq!(reply.problem(), "400 invalid-parameter ?limit", "{limit}");
    }
}

#[actix_web::test]
async fn the_last_page_says_that_it_is_the_last() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["a", "b", "c", "d"]).await;
    let first = alice.get("/v1/customers?sort=name&limit=2").await;
    assert_eq!((first.names(), &first.json["page"]["has_more"]), (vec!["a", "b"], &json!(true)));
    let last = alice.get(&first.next().unwrap()).await;
    let end = json!({ "next_cursor": null, "has_more": false });
    assert_eq!((last.names(), &last.json["page"], last.header("link")), (vec!["c", "d"], &end, ""));
}

#[actix_web::test]
async fn the_link_to_the_next_page_keeps_sort_filters_and_limit() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["a & b 1", "a & b 2", "a & b 3", "other"]).await;
    let query = "name_starts_with=a+%26%20b&sort=-name&limit=1&user_id_is_null=false";
    let first = alice.get(&format!("/v1/customers?{query}")).await;
    let cursor = first.json["page"]["next_cursor"].as_str().unwrap().to_owned();
    assert!(first.next().unwrap().ends_with(&format!("&cursor={cursor}")), "{first:?}");
    let (second, by_hand) = (
        alice.get(&first.next().unwrap()).await,
        alice.get(&format!("/v1/customers?cursor={cursor}&{query}")).await,
    );
    assert_eq!((second.names(), &second.json), (vec!["a & b 2"], &by_hand.json));
    let third = alice.get(&second.next().unwrap()).await;
    assert_eq!((third.names(), third.next()), (vec!["a & b 1"], None));
}

#[actix_web::test]
async fn a_page_may_have_another_length_than_the_one_before() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["a", "b", "c", "d"]).await;
    let first = alice.get("/v1/customers?sort=name&limit=1").await;
    let cursor = first.json["page"]["next_cursor"].as_str().unwrap();
    let rest = alice.get(&format!("/v1/customers?sort=name&limit=10&cursor={cursor}")).await;
    assert_eq!(rest.names(), ["b", "c", "d"]);
}

#[actix_web::test]
async fn a_walk_goes_on_where_it_was_when_rows_come_and_go() {
    let world = World::new().await;
    let alice = world.alice().await;
    let results = create(&alice, &["b", "d", "f", "h"]).await;
    let first = alice.get("/v1/customers?sort=name&limit=2").await;
    assert_eq!(first.names(), ["b", "d"]);
    let last_seen = results[1].as_str().unwrap();
    alice.delete(&format!("/v1/customers/{last_seen}")).await;
    create(&alice, &["a", "c", "g"]).await;
    assert_eq!(alice.get(&first.next().unwrap()).await.names(), ["f", "g"]);
}

#[actix_web::test]
async fn a_cursor_is_good_for_the_list_that_it_came_from_only() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    world.colleague("carol").await;
    for person in [&alice, &bob] {
        create(person, &["a", "b", "c"]).await;
    }
    let cursor = cursor(&alice, "/v1/customers?limit=1&sort=name").await.unwrap();
    assert_eq!(
        alice.get(&format!("/v1/customers?sort=name&cursor={cursor}")).await.names(),
        ["b", "c"]
    );
    let elsewhere = [
        "/v1/customers?sort=-name",
        "/v1/customers?sort=created_at",
        "/v1/customers?",
        "/v1/customers?sort=name&user_id_is_null=false",
        "/v1/customers?deleted=only",
        "/v1/users?",
    ];
    for path in elsewhere {
        let reply = alice.get(&format!("{path}&cursor={cursor}")).await;
        assert_eq!(reply.problem(), "400 invalid-cursor", "{path}");
    }
    let stolen = bob.get(&format!("/v1/customers?sort=name&cursor={cursor}")).await;
    assert_eq!(stolen.problem(), "400 invalid-cursor");
    let of_users = self::cursor(&alice, "/v1/users?limit=1").await.unwrap();
    assert_eq!(
        alice.get(&format!("/v1/customers?cursor={of_users}")).await.problem(),
        "400 invalid-cursor"
    );
}

#[actix_web::test]
async fn an_edited_cursor_is_no_cursor() {
    let world = World::new().await;
    let alice = world.alice().await;
    create(&alice, &["a", "b", "c"]).await;
    let cursor = cursor(&alice, "/v1/customers?limit=1").await.unwrap();
    let mut others: Vec<String> = (0..cursor.len())
        .flat_map(|at| {
            let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
            [cursor[..at].to_owned(), format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])]
        })
        .collect();
    others.extend([format!("{cursor}="), format!("{cursor}A"), format!("{cursor}{cursor}")]);
    others.extend(["1", "null", "%00", "../../", "' or 1=1 --", "🐎", "e30"].map(percent));
    others.push("A".repeat(8000));
    for other in others {
        let reply = alice.get(&format!("/v1/customers?cursor={other}")).await;
        assert_eq!(reply.problem(), "400 invalid-cursor", "{other}");
    }
}

/// Creates customers at one moment; answers their ids.
pub async fn create(person: &Person, names: &[impl AsRef<str>]) -> Vec<Value> {
    let items: Vec<Value> = names.iter().map(|name| json!({ "name": name.as_ref() })).collect();
    let reply =
        person.post("/v1/customers/batch", json!({ "operation": "create", "items": items })).await;
    reply.json["results"].as_array().unwrap().iter().map(|result| result["id"].clone()).collect()
}

/// The ids of all pages, by their links.
pub async fn walk(person: &Person, path: &str) -> Vec<Value> {
    let mut walked = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = person.get(&path).await;
        assert_eq!(page.json["page"]["has_more"], page.next().is_some());
        walked.extend(ids(&page));
        next = page.next();
    }
    walked
}

async fn cursor(person: &Person, path: &str) -> Option<String> {
    let page = person.get(path).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.json["page"]["next_cursor"].as_str().map(str::to_owned)
}

pub fn ids(page: &Reply) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

/// Every byte percent-encoded.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
