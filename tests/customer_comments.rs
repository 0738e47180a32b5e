//! Comments: internal notes on a customer, which go where their customer goes.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, Reply, World};

#[actix_web::test]
async fn a_new_comment_is_answered_whole_read_and_listed_the_same() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = alice.customer("Grace", "grace@example.com").await;
    let path = format!("/v1/customers/{customer}/comments");
    let created = alice.post(&path, json!({ "body": "Prefers mornings." })).await;
    let whole = json!({
        "id": created.id(), "company_id": alice.company_id, "customer_id": customer,
        "user_id": alice.user_id, "body": "Prefers mornings.",
        "created_at": created.json["created_at"], "updated_at": created.json["created_at"], "version": 1,
    });
    assert_eq!((created.status, &created.json, created.header("etag")), (201, &whole, "\"v1\""));
    assert_eq!(created.header("location"), format!("{path}/{}", created.id()));
    let read = alice.get(created.header("location")).await;
    assert_eq!((read.status, &read.json, read.header("etag")), (200, &whole, "\"v1\""));
    let page = json!({ "data": [whole], "page": { "next_cursor": null, "has_more": false } });
    assert_eq!(alice.get(&path).await.json, page);
}

#[actix_web::test]
async fn a_customer_without_comments_has_an_empty_list() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    let page = json!({ "data": [], "page": { "next_cursor": null, "has_more": false } });
    assert_eq!(alice.get(&path).await.json, page);
}

#[actix_web::test]
async fn nobody_chooses_the_author_the_customer_the_company_or_a_date() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    let comment = alice.post(&path, json!({ "body": "First" })).await.header("location").to_owned();
    let before = world.everything().await;
    let presets =
        ["id", "company_id", "customer_id", "user_id", "created_at", "updated_at", "version"];
    for field in presets.into_iter().chain(["deleted_at"]) {
        let body = json!({ "body": "Second", field: Uuid::now_v7() });
        let expected = format!("422 unknown-field /{field}");
        assert_eq!(alice.post(&path, body.clone()).await.problem(), expected);
        assert_eq!(alice.patch(&comment, body).await.problem(), expected);
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_comment_has_one_to_ten_thousand_characters() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    assert_eq!(alice.post(&path, json!({ "body": "ö".repeat(10_000) })).await.status, 201);
    for body in ["ö".repeat(10_001), String::new(), " \n\t".to_owned()] {
        assert_eq!(
            alice.post(&path, json!({ "body": body })).await.problem(),
            "422 validation /body"
        );
    }
    assert_eq!(alice.post(&path, json!({})).await.problem(), "422 validation /body");
    assert_eq!(alice.post(&path, json!({ "body": null })).await.problem(), "422 validation /body");
    assert_eq!(
        alice.post(&path, json!({ "body": "a\0b" })).await.problem(),
        "422 invalid-text /body"
    );
}

#[actix_web::test]
async fn a_colleague_may_edit_a_comment_and_its_author_stays() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = comments_of(&alice).await;
    let created = alice.post(&path, json!({ "body": "Prefers mornings." })).await;
    let edited =
        carol.patch(created.header("location"), json!({ "body": "Prefers evenings." })).await;
    let mut expected = created.json.clone();
    expected["body"] = json!("Prefers evenings.");
    expected["version"] = json!(2);
    expected["updated_at"] = edited.json["updated_at"].clone();
    assert_eq!((edited.status, &edited.json, edited.header("etag")), (200, &expected, "\"v2\""));
    assert_eq!(alice.get(&path).await.json["data"], json!([expected]));
}

#[actix_web::test]
async fn each_author_is_who_wrote_and_null_once_they_are_gone() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = comments_of(&alice).await;
    alice.post(&path, json!({ "body": "By Alice" })).await;
    carol.post(&path, json!({ "body": "By Carol" })).await;
    let authors = async || -> Vec<Value> {
        let page = alice.get(&path).await.json;
        page["data"].as_array().unwrap().iter().map(|comment| comment["user_id"].clone()).collect()
    };
    assert_eq!(authors().await, [json!(carol.user_id), json!(alice.user_id)]);
    world
        .admin()
        .await
        .execute("delete from crm.users where id = $1", &[&carol.user_id])
        .await
        .unwrap();
    assert_eq!(authors().await, [json!(null), json!(alice.user_id)]);
}

#[actix_web::test]
async fn a_deleted_comment_is_gone() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    let comment = alice.post(&path, json!({ "body": "Wrong" })).await.header("location").to_owned();
    alice.post(&path, json!({ "body": "Right" })).await;
    let deleted = alice.delete(&comment).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(alice.get(&comment).await.problem(), "404 not-found");
    assert_eq!(alice.delete(&comment).await.problem(), "404 not-found");
    assert_eq!(alice.patch(&comment, json!({ "body": "Again" })).await.problem(), "404 not-found");
    assert_eq!(bodies(&alice.get(&path).await), ["Right"]);
}

#[actix_web::test]
async fn a_comment_in_another_version_is_neither_changed_nor_deleted() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    let comment = alice.post(&path, json!({ "body": "First" })).await.header("location").to_owned();
    let change = async |method: Method, tags: &str| {
        let request = alice.request(method, &comment).insert_header(("if-match", tags));
        alice.send(request.set_json(json!({ "body": "Second" }))).await
    };
    for tags in ["\"v2\"", "W/\"v1\"", ""] {
        assert_eq!(change(Method::PATCH, tags).await.problem(), "412 version-mismatch");
        assert_eq!(change(Method::DELETE, tags).await.problem(), "412 version-mismatch");
    }
    assert_eq!(change(Method::PATCH, "\"v1\"").await.status, 200);
    assert_eq!(change(Method::DELETE, "\"v2\"").await.status, 204);
}

#[actix_web::test]
async fn comments_are_paged_newest_first_and_each_comes_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    for n in 1..=7 {
        alice.post(&path, json!({ "body": n.to_string() })).await;
    }
    let mut pages = Vec::new();
    let mut next = format!("{path}?limit=3");
    loop {
        let page = alice.get(&next).await;
        pages.push(bodies(&page).join(" "));
        match page.next() {
            Some(path) => next = path,
            None => break,
        }
    }
    assert_eq!(pages, ["7 6 5", "4 3 2", "1"]);
}

#[actix_web::test]
async fn comments_of_the_same_moment_are_paged_as_well() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    let insert = format!(
        "begin; set local app.company_id = '{}'; set local app.user_id = '{}';
        insert into crm.customer_comments (customer_id, body)
        select c.id, n::text from crm.customers c, generate_series(1, 20) n; commit",
        alice.company_id, alice.user_id
    );
    world.psql().await.batch_execute(&insert).await.unwrap();
    let mut all = Vec::new();
    let mut next = Some(format!("{path}?limit=3"));
    while let Some(path) = next {
        let page = alice.get(&path).await;
        all.extend(bodies(&page));
        next = page.next();
    }
    all.sort_by_key(|body| body.parse::<u32>().unwrap());
    assert_eq!(all, (1..=20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_cursor_leads_through_the_comments_of_its_own_customer_only() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = comments_of(&alice).await;
    for n in 1..=3 {
        alice.post(&path, json!({ "body": n.to_string() })).await;
    }
    let other =
        format!("/v1/customers/{}/comments", alice.customer("Alan", "alan@example.com").await);
    let cursor = alice.get(&format!("{path}?limit=1")).await.json["page"]["next_cursor"].clone();
    let cursor = cursor.as_str().unwrap();
    for path in [&other, "/v1/customers", "/v1/users"] {
        assert_eq!(
            alice.get(&format!("{path}?cursor={cursor}")).await.problem(),
            "400 invalid-cursor"
        );
    }
    for query in ["limit=0", "limit=201", "sort=created_at", "limit=1&limit=1", "company_id=x"] {
        let name = query.split('=').next().unwrap();
        let reply = alice.get(&format!("{path}?{query}")).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"));
    }
}

#[actix_web::test]
async fn comments_go_into_the_bin_with_their_customer_and_come_back_with_it() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = alice.customer("Grace", "grace@example.com").await;
    let comments = format!("/v1/customers/{customer}/comments");
    let comment = alice.post(&comments, json!({ "body": "First" })).await.id();
    alice.delete(&format!("/v1/customers/{customer}")).await;
    let (never, nothing) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    assert_eq!(tries(&alice, &customer, &comment).await, tries(&alice, &never, &nothing).await);
    alice.post(&format!("/v1/customers/{customer}/restore"), json!({})).await;
    assert_eq!(bodies(&alice.get(&comments).await), ["First"]);
}

#[actix_web::test]
async fn a_comment_is_not_found_below_another_customer() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (grace, alan) = (
        alice.customer("Grace", "g@example.com").await,
        alice.customer("Alan", "a@example.com").await,
    );
    let comment = alice
        .post(&format!("/v1/customers/{grace}/comments"), json!({ "body": "First" }))
        .await
        .id();
    let before = world.everything().await;
    let (path, never) = (format!("/v1/customers/{alan}/comments/{comment}"), Uuid::now_v7());
    let never = format!("/v1/customers/{alan}/comments/{never}");
    let patch = json!({ "body": "Moved" });
    assert_eq!(
        alice.patch(&path, patch.clone()).await.seen(),
        alice.patch(&never, patch).await.seen()
    );
    assert_eq!(alice.delete(&path).await.seen(), alice.delete(&never).await.seen());
    assert_eq!(alice.delete(&path).await.problem(), "404 not-found");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn whatever_bob_does_with_a_comment_of_alice_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.customer("Grace", "grace@example.com").await;
    let comment = alice
        .post(&format!("/v1/customers/{hers}/comments"), json!({ "body": "Secret" }))
        .await
        .id();
    let his = bob.customer("Alan", "alan@example.com").await;
    let before = world.everything().await;
    let (never, nothing) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let unknown = tries(&bob, &never, &nothing).await;
    assert_eq!(tries(&bob, &hers, &comment).await, unknown);
    assert_eq!(tries(&bob, &hers, &nothing).await, unknown);
    assert_eq!(tries(&bob, &never, &comment).await, unknown);
    assert_eq!(world.everything().await, before);
    assert_eq!(tries(&bob, &his, &comment).await[2..], unknown[2..]);
    assert_eq!(bodies(&bob.get(&format!("/v1/customers/{his}/comments")).await), ["By Bob"]);
    assert_eq!(bodies(&alice.get(&format!("/v1/customers/{hers}/comments")).await), ["Secret"]);
}

/// All that somebody can do with the comments of a customer, and what they see of it: the list first.
async fn tries(
    person: &Person,
    customer: &str,
    comment: &str,
) -> Vec<(u16, Vec<(String, String)>, String)> {
    let comments = format!("/v1/customers/{customer}/comments");
    let one = format!("{comments}/{comment}");
    let body = json!({ "body": "By Bob" });
    let replies = [
        person.get(&comments).await,
        person.post(&comments, body.clone()).await,
        person.patch(&one, body).await,
        person.patch(&one, json!({ "body": "" })).await,
        person.delete(&one).await,
        person.ask(Method::DELETE, &one, &[("if-match", "\"v1\"")]).await,
        person.get(&one).await,
    ];
    replies.iter().map(Reply::seen).collect()
}

async fn comments_of(person: &Person) -> String {
    format!("/v1/customers/{}/comments", person.customer("Grace", "grace@example.com").await)
}

fn bodies(page: &Reply) -> Vec<String> {
    let comments = page.json["data"].as_array().unwrap_or_else(|| panic!("no page: {page:?}"));
    comments.iter().map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn an_empty_patch_changes_nothing_and_a_text_cannot_be_cleared() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = alice.customer("Grace Hopper", "grace@example.com").await;
    let comments = format!("/v1/customers/{customer}/comments");
    let comment = alice.post(&comments, json!({ "body": "Call her." })).await;
    let path = format!("{comments}/{}", comment.id());
    let unchanged = alice.patch(&path, json!({})).await;
    assert_eq!((unchanged.status, &unchanged.json), (200, &comment.json));
    assert_eq!(alice.get(&path).await.json, comment.json);
    let cleared = alice.patch(&path, json!({ "body": null })).await;
    assert_eq!(cleared.problem(), "422 validation /body");
}
