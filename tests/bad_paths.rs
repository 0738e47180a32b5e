//! Paths and methods: what is not there is 404, what a path has not is 405, and what a stranger may not
//! know of is as if it were not there. All of it is driven by the document, so that no new path is missed.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, Reply, World};

#[actix_web::test]
async fn a_method_that_a_path_has_not_is_refused_and_the_others_are_named() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = world.everything().await;
    for (path, methods) in paths() {
        let address = address(&path, &|_| Uuid::now_v7().to_string());
        let all =
            ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "X"];
        for method in all.into_iter().filter(|method| !methods.contains(method)) {
            let reply = alice.send_json(method.parse().unwrap(), &address, "{}").await;
            assert_eq!(reply.problem(), "405 method-not-allowed", "{method} {path}");
            assert_eq!(sorted(reply.header("allow")), methods, "{method} {path}");
        }
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn options_are_told_without_a_token() {
    let world = World::new().await;
    let nobody = world.stranger();
    for (path, methods) in paths() {
        let address = address(&path, &|_| Uuid::now_v7().to_string());
        let reply = nobody.ask(Method::OPTIONS, &address, &[]).await;
        assert_eq!((reply.status, sorted(reply.header("allow"))), (204, methods), "{path}");
    }
    assert_eq!(nobody.ask(Method::OPTIONS, "/v1/nothing", &[]).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = alice.customer("Grace", "grace@example.com").await;
    let comments = format!("/v1/customers/{customer}/comments");
    let comment = alice.post(&comments, json!({ "body": "First" })).await.id();
    let session = alice.get("/v1/me/sessions").await.json["data"][0]["id"].clone();
    let [team, share, invitation] = others(&alice, &customer).await;
    let record = alice.get("/v1/audit-log").await.json["data"][0]["id"].clone();
    let key = crate::api_keys::make(&alice, "viewer", &["me:read"]).await.id();
    let field = json!({ "key": "tier", "name": "Tier", "type": "text" });
    let field = alice.post("/v1/custom-fields", field).await.id();
    let ids = |name: &str| match name {
        "custom_field_id" => field.clone(),
        "user_id" => alice.user_id.to_string(),
        "api_key_id" => key.clone(),
        "audit_record_id" => record.as_str().unwrap().to_owned(),
        "comment_id" => comment.clone(),
        "team_id" => team.clone(),
        "share_id" => share.clone(),
        "invitation_id" => invitation.clone(),
        "session_id" => session.as_str().unwrap().to_owned(),
        _ => customer.clone(),
    };
    for (path, methods) in paths() {
        if methods.contains(&"GET") {
            let address = address(&path, &ids);
            let (get, head) =
                (alice.get(&address).await, alice.ask(Method::HEAD, &address, &[]).await);
            assert_eq!((get.status, get.seen().1), (head.status, head.seen().1), "{path}");
            assert!(get.status < 300, "{get:?}");
        }
    }
    let unknown = format!("/v1/customers/{}", Uuid::now_v7());
    assert_eq!(alice.ask(Method::HEAD, &unknown, &[]).await.status, 404);
    assert_eq!(world.stranger().ask(Method::HEAD, "/v1/me", &[]).await.status, 401);
}

#[actix_web::test]
async fn a_path_that_is_not_there_is_not_found() {
    let world = World::new().await;
    let alice = world.alice().await;
    let id = Uuid::now_v7();
    let nowhere = [
        "/",
        "/v1",
        "/v1/",
        "/v2/customers",
        "/v1/customers/",
        "/v1//customers",
        "//v1/customers",
        "/v1/Customers",
        "/V1/customers",
        "/v1/customers;x=1/",
        "/v1/nothing",
        "/v1/customers/by-email/",
        "/v1/companies",
        "/v1/company/",
        "/admin",
        "/metrics",
        "/.env",
        "/.git/config",
        "/v1/me/..",
        "/v1/./me",
        "/v1/x/../me",
        "/v1/%2e%2e/me",
        "/v1%2Fme",
        "/v1/me%00",
        "/v1/me%20",
        "/openapi.yaml",
    ];
    for path in nowhere {
        assert_eq!(alice.get(path).await.problem(), "404 not-found", "{path}");
        assert_eq!(alice.post(path, json!({})).await.problem(), "404 not-found", "{path}");
    }
    let deep = format!("/v1/customers/{id}/comments/{id}/comments/{id}");
    assert_eq!(alice.get(&deep).await.problem(), "404 not-found");
    assert_eq!(alice.get(&format!("/{}", "a/".repeat(10_000))).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn an_id_that_is_none_is_answered_like_one_that_never_existed() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = alice.customer("Grace", "grace@example.com").await;
    let comments = format!("/v1/customers/{customer}/comments");
    let comment = alice.post(&comments, json!({ "body": "First" })).await.id();
    let [team, share, invitation] = others(&alice, &customer).await;
    let before = world.everything().await;
    for operation in operations_with_ids() {
        let never = operation.ask(&alice, &|_| Uuid::now_v7().to_string()).await;
        assert_eq!(never.problem(), "404 not-found", "{operation:?}");
        for spelling in spellings() {
            let ids = |name: &str| {
                let id = match name {
                    "user_id" => alice.user_id.to_string(),
                    "comment_id" => comment.clone(),
                    "team_id" => team.clone(),
                    "share_id" => share.clone(),
                    "invitation_id" => invitation.clone(),
                    "company_id" => alice.company_id.to_string(),
                    _ => customer.clone(),
                };
                spelling(&id)
            };
            let reply = operation.ask(&alice, &ids).await;
            assert_eq!(reply.seen(), never.seen(), "{operation:?} {}", ids("customer_id"));
        }
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn every_id_of_another_company_is_answered_like_one_that_never_existed() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.customer("Grace", "grace@example.com").await;
    let comments = format!("/v1/customers/{hers}/comments");
    let comment = alice.post(&comments, json!({ "body": "Secret" })).await.id();
    let before = world.everything().await;
    for operation in operations_with_ids() {
        let never = operation.ask(&bob, &|_| Uuid::now_v7().to_string()).await;
        for id in [&hers, &comment, &alice.user_id.to_string(), &alice.company_id.to_string()] {
            let reply = operation.ask(&bob, &|_| id.clone()).await;
            assert_eq!(reply.seen(), never.seen(), "{operation:?}");
        }
        let right = |name: &str| match name {
            "user_id" => alice.user_id.to_string(),
            "comment_id" => comment.clone(),
            _ => hers.clone(),
        };
        assert_eq!(operation.ask(&bob, &right).await.seen(), never.seen(), "{operation:?}");
    }
    assert_eq!(world.everything().await, before);
}

/// A team, a share of that customer, and an invitation.
async fn others(person: &Person, customer: &str) -> [String; 3] {
    let share = json!({ "recipient_user_id": person.user_id, "permission": "read" });
    let team = person.post("/v1/teams", json!({ "name": "Us" })).await.id();
    let share = person.post(&format!("/v1/customers/{customer}/shares"), share).await.id();
    let invitation = json!({ "email": "erin@pepsi.example", "role": "viewer" });
    [team, share, person.post("/v1/invitations", invitation).await.id()]
}

/// An operation whose path has an id.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    body: Value,
}

impl Operation {
    async fn ask(&self, person: &Person, ids: &dyn Fn(&str) -> String) -> Reply {
        let address = address(&self.path, ids);
        person.send_json(self.method.clone(), &address, self.body.to_string()).await
    }
}

fn operations_with_ids() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in paths().into_iter().filter(|(path, _)| path.contains("_id}")) {
        for method in methods.into_iter().filter(|method| *method != "HEAD") {
            let share = json!({ "recipient_user_id": Uuid::nil(), "permission": "read" });
            let body = match (method, path.split('/').nth_back(0), path.as_str()) {
                ("GET" | "DELETE", ..) => json!(null),
                (_, Some("switch" | "resend"), _) => json!({}),
                (_, Some("shares"), _) => share,
                (_, _, "/v1/users/{user_id}") => json!({ "disabled": false }),
                (_, _, path) if path.contains("/comments") => json!({ "body": "By Eve" }),
                _ => json!({ "name": "Eve" }),
            };
            operations.push(Operation {
                method: method.parse().unwrap(),
                path: path.clone(),
                body,
            });
        }
    }
    assert!(operations.len() >= 9, "{operations:?}");
    operations
}

/// Ways to write an id that are not its one spelling.
fn spellings() -> [fn(&str) -> String; 22] {
    [
        str::to_uppercase,
        |id| id.replace('-', ""),
        |id| format!("%7B{id}%7D"),
        |id| format!("urn:uuid:{id}"),
        |id| format!("{id}%00"),
        |id| format!("%20{id}"),
        |id| format!("{id}%0A"),
        |id| format!("{id}%2F"),
        |id| format!("..%2F{id}"),
        |id| format!("{id},{id}"),
        |id| format!("{id};x=1"),
        |id| id[..35].to_owned(),
        |_| "0".to_owned(),
        |_| "-1".to_owned(),
        |_| "null".to_owned(),
        |_| "me".to_owned(),
        |_| "%FF%FE".to_owned(),
        |_| "%F0%9F%90%8E".to_owned(),
        |_| "%27%20or%201%3D1%20--".to_owned(),
        |_| Uuid::nil().to_string(),
        |_| Uuid::max().to_string(),
        |_| "x".repeat(10_000),
    ]
}

/// Every path of the document with its methods, sorted; HEAD comes with GET.
fn paths() -> Vec<(String, Vec<&'static str>)> {
    let document: Value =
        serde_json::from_str(&paddock_api::document().to_json().unwrap()).unwrap();
    let methods = |item: &Value| {
        let all = ["delete", "get", "patch", "post", "put"]
            .into_iter()
            .zip(["DELETE", "GET", "PATCH", "POST", "PUT"]);
        let mut methods: Vec<&str> =
            all.filter(|(key, _)| item.get(key).is_some()).map(|(_, name)| name).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods
    };
    let paths = document["paths"].as_object().unwrap();
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// The path with its parameters filled in.
fn address(path: &str, ids: &dyn Fn(&str) -> String) -> String {
    let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some("email") => "grace@example.com".to_owned(),
        Some(name) => ids(name),
        None => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn sorted(allow: &str) -> Vec<&str> {
    let mut methods: Vec<&str> = allow.split(", ").collect();
    methods.sort_unstable();
    methods
}
