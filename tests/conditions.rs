//! Entity tags: nobody overwrites what they have not seen, nobody fetches what they have.

use std::time::Duration;

use actix_web::http::Method;
use futures_util::future::join_all;
use paddock_db::Limits;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, World};

/// Tags that a record in version 1 fits, and tags that it does not.
const FITS: [&str; 4] = ["\"v1\"", "*", "\"v7\", \"v1\"", " \"v1\" , \"v2\""];
const FITS_NOT: [&str; 9] = [
    "\"v2\"",
    "W/\"v1\"",
    "v1",
    "\"1\"",
    "",
    "\"v2\", \"v3\"",
    "\"V1\"",
    "\"v99999999999999999999\"",
    "\"v1",
];

#[actix_web::test]
async fn a_change_goes_through_if_the_tag_fits() {
    let world = World::new().await;
    let alice = world.alice().await;
    for tags in FITS {
        let path = fresh(&alice).await;
        let reply = patch_if(&alice, &path, tags).await;
        assert_eq!((reply.status, &reply.json["phone"]), (200, &json!("7")), "{tags}");
    }
}

#[actix_web::test]
async fn a_change_is_refused_and_nothing_written_if_the_tag_does_not_fit() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = fresh(&alice).await;
    let before = world.everything().await;
    for tags in FITS_NOT {
        assert_eq!(patch_if(&alice, &path, tags).await.problem(), "412 version-mismatch", "{tags}");
        let empty = change_if(&alice, Method::PATCH, &path, tags, json!({})).await;
        assert_eq!(empty.problem(), "412 version-mismatch", "{tags}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_deletion_goes_through_if_the_tag_fits() {
    let world = World::new().await;
    let alice = world.alice().await;
    for tags in FITS {
        let path = fresh(&alice).await;
        assert_eq!(
            alice.ask(Method::DELETE, &path, &[("if-match", tags)]).await.status,
            204,
            "{tags}"
        );
    }
}

#[actix_web::test]
async fn a_deletion_is_refused_if_the_tag_does_not_fit() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = fresh(&alice).await;
    let before = world.everything().await;
    for tags in FITS_NOT {
        let reply = alice.ask(Method::DELETE, &path, &[("if-match", tags)]).await;
        assert_eq!(reply.problem(), "412 version-mismatch", "{tags}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn tags_may_be_spread_over_several_headers() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = fresh(&alice).await;
    let spread = [("if-none-match", "\"v7\""), ("if-none-match", "\"v1\"")];
    assert_eq!(alice.ask(Method::GET, &path, &spread).await.status, 304);
    let spread = [("if-match", "\"v7\""), ("if-match", "\"v1\"")];
    assert_eq!(alice.ask(Method::DELETE, &path, &spread).await.status, 204);
}

#[actix_web::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = fresh(&alice).await;
    for tags in ["\"v1\"", "W/\"v1\"", "*", "\"v7\", \"v1\"", "\"v7\",W/\"v1\""] {
        let reply = alice.ask(Method::GET, &path, &[("if-none-match", tags)]).await;
        let seen = (reply.status, reply.header("etag"), reply.text.as_str());
        assert_eq!(seen, (304, "\"v1\"", ""), "{tags}");
    }
    for tags in ["\"v2\"", "v1", "", "\"v7\", \"v2\""] {
        let reply = alice.ask(Method::GET, &path, &[("if-none-match", tags)]).await;
        assert_eq!((reply.status, &reply.json["version"]), (200, &json!(1)), "{tags}");
    }
}

#[actix_web::test]
async fn users_and_the_company_have_tags_too() {
    let world = World::new().await;
    let alice = world.alice().await;
    for path in ["/v1/company".to_owned(), format!("/v1/users/{}", alice.user_id)] {
        let tag = alice.get(&path).await.header("etag").to_owned();
        assert_eq!(tag, "\"v1\"");
        assert_eq!(alice.ask(Method::GET, &path, &[("if-none-match", &tag)]).await.status, 304);
    }
}

#[actix_web::test]
async fn a_tag_does_not_tell_that_a_customer_of_another_company_exists() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (hers, never) = (fresh(&alice).await, format!("/v1/customers/{}", uuid::Uuid::now_v7()));
    for tags in ["\"v1\"", "\"v2\"", "*"] {
        for method in [Method::GET, Method::DELETE] {
            for header in ["if-match", "if-none-match"] {
                let ask = async |path: &str| {
                    bob.ask(method.clone(), path, &[(header, tags)]).await.seen()
                };
                assert_eq!(ask(&hers).await, ask(&never).await);
            }
        }
        let (hers, never) = (patch_if(&bob, &hers, tags).await, patch_if(&bob, &never, tags).await);
        assert_eq!(hers.seen(), never.seen());
        assert_eq!(hers.problem(), "404 not-found");
    }
}

#[actix_web::test]
async fn of_many_who_change_the_same_version_at_once_one_wins() {
    let patient = Limits { wait: Duration::from_secs(20), ..Limits::default() };
    let world = World::with(patient, &[]).await;
    let alice = world.alice().await;
    let path = fresh(&alice).await;
    let replies = join_all((0..8).map(|_| patch_if(&alice, &path, "\"v1\""))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(alice.get(&path).await.json["version"], 2);
}

/// A new customer's path.
async fn fresh(person: &Person) -> String {
    let reply = person.post("/v1/customers", json!({ "name": "Grace Hopper" })).await;
    reply.header("location").to_owned()
}

async fn patch_if(person: &Person, path: &str, tags: &str) -> Reply {
    change_if(person, Method::PATCH, path, tags, json!({ "phone": "7" })).await
}

async fn change_if(person: &Person, method: Method, path: &str, tags: &str, body: Value) -> Reply {
    person.send(person.request(method, path).insert_header(("if-match", tags)).set_json(body)).await
}
