//! Headers: those that every answer has, those that are obeyed, and those that are not.

use actix_web::http::Method;
use paddock_db::Limits;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Person, Reply, World};

const ORIGIN: &str = "https://crm.example";

#[actix_web::test]
async fn every_answer_is_safe_in_a_browser_and_in_a_cache() {
    let world = World::new().await;
    let alice = world.alice().await;
    let mut statuses = Vec::new();
    for reply in answers_of_all_kinds(&alice).await {
        let headers = ["x-content-type-options", "cache-control", "content-security-policy"];
        let expected = ["nosniff", "no-store", "default-src 'none'; frame-ancestors 'none'"];
        assert_eq!(headers.map(|name| reply.header(name)), expected, "{reply:?}");
        assert!(!reply.header("x-request-id").is_empty(), "{reply:?}");
        assert!(reply.header("server-timing").starts_with("auth;dur="), "{reply:?}");
        assert_eq!([reply.header("server"), reply.header("x-powered-by")], ["", ""]);
        if reply.status >= 400 {
            reply.problem();
        }
        statuses.push(reply.status);
    }
    let kinds =
        [200, 201, 204, 304, 400, 400, 401, 404, 404, 405, 406, 409, 412, 413, 415, 422, 204];
    assert_eq!(statuses, kinds);
}

#[actix_web::test]
async fn the_pages_for_people_are_safe_too() {
    let world = World::new().await;
    let nobody = world.stranger();
    for (path, status) in [("/docs", 308), ("/docs/", 200), ("/docs/nothing", 404)] {
        let reply = nobody.get(path).await;
        let policy = reply.header("content-security-policy");
        assert_eq!(
            (reply.status, reply.header("x-content-type-options")),
            (status, "nosniff"),
            "{path}"
        );
        assert!(
            policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'")
        );
    }
    assert_eq!(nobody.get("/docs").await.header("location"), "/docs/");
}

#[actix_web::test]
async fn a_harmless_request_id_comes_back_and_another_one_is_replaced() {
    let world = World::new().await;
    let alice = world.alice().await;
    let ask =
        async |path: &str, id: &str| alice.ask(Method::GET, path, &[("x-request-id", id)]).await;
    for id in ["a", "abc-123_X.9", "00000000-0000-0000-0000-000000000000", &"x".repeat(128)] {
        assert_eq!(ask("/v1/me", id).await.header("x-request-id"), id);
        assert_eq!(ask("/v1/nothing", id).await.json["request_id"], id);
    }
    for id in [
        "",
        "a b",
        "a,b",
        "a;b",
        "<b>",
        "a/b",
        "'",
        "a\tb",
        "\u{1b}[31m",
        "%0d%0a",
        &"x".repeat(129),
    ] {
        if id.contains('\u{1b}') {
            continue;
        }
        let own = ask("/v1/me", id).await.header("x-request-id").to_owned();
        assert_eq!(Uuid::parse_str(&own).unwrap().get_version_num(), 7, "{id:?}");
    }
}

#[actix_web::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (one, other) = (alice.get("/v1/me").await, alice.get("/v1/me").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[actix_web::test]
async fn whoever_does_not_take_json_is_told_so() {
    let world = World::new().await;
    let alice = world.alice().await;
    let customer = json!({ "name": "Grace" });
    for accept in
        ["text/html", "application/xml", "text/*", "image/png, text/html;q=0.9", "", "json"]
    {
        let request =
            alice.request(Method::POST, "/v1/customers").insert_header(("accept", accept));
        let reply = alice.send(request.set_json(&customer)).await;
        assert_eq!(reply.problem(), "406 not-acceptable", "{accept:?}");
    }
    assert_eq!(alice.get("/v1/customers").await.names(), [] as [&str; 0]);
    let taken = [
        "*/*",
        "application/*",
        "application/json",
        "application/problem+json",
        "application/json;q=0.5",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "text/html,application/json",
        "Application/JSON",
    ];
    for accept in taken {
        let reply = alice.ask(Method::GET, "/v1/customers", &[("accept", accept)]).await;
        assert_eq!(reply.status, 200, "{accept}");
    }
}

#[actix_web::test]
async fn no_header_makes_another_request_of_this_one() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let plain = alice.get(&path).await;
    let (company, user) = (bob.company_id.to_string(), bob.user_id.to_string());
    let headers = [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/v1/users"),
        ("x-rewrite-url", "/v1/users"),
        ("x-company-id", &company),
        ("x-user-id", &user),
        ("x-hasura-company-id", &company),
        ("x-hasura-role", "admin"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/evil"),
        ("cookie", "company_id=x; access_token=x"),
        ("origin", ORIGIN),
        ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("range", "bytes=0-1"),
        ("te", "trailers"),
    ];
    for header in headers {
        assert_eq!(
            alice.ask(Method::GET, &path, &[header]).await.seen(),
            plain.seen(),
            "{header:?}"
        );
        let nobody = world.stranger().ask(Method::GET, &path, &[header]).await;
        assert_eq!(nobody.problem(), "401 authentication-required");
    }
    let list = alice.ask(Method::GET, "/v1/customers?limit=1", &[("host", "evil.example")]).await;
    assert!(!format!("{list:?}").contains("evil"));
}

#[actix_web::test]
async fn no_page_of_another_origin_may_call_where_nothing_is_said() {
    let world = World::new().await;
    let alice = world.alice().await;
    for origin in [ORIGIN, "null", "http://localhost", "https://evil.example"] {
        let simple = alice.ask(Method::GET, "/v1/me", &[("origin", origin)]).await;
        let preflight = preflight(&alice, origin, "PATCH", "authorization").await;
        assert_eq!((simple.status, preflight.status), (200, 204));
        assert!(!allows(&simple) && !allows(&preflight));
    }
}

#[actix_web::test]
async fn pages_of_the_listed_origins_may_call() {
    let world = World::with(Limits::default(), &[ORIGIN, "https://other.example"]).await;
    let alice = world.alice().await;
    for origin in [ORIGIN, "https://other.example"] {
        let long = format!("/v1/customers?name_starts_with={}", "x".repeat(9_000));
        for path in ["/v1/me", "/v1/nothing", "/v1/customers?limit=0", "/v1/ping?x=y", &long] {
            let reply = alice.ask(Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(reply.header("access-control-allow-origin"), origin, "{path}");
            assert_eq!(reply.header("access-control-allow-credentials"), "true");
            assert!(varies_by_origin(&reply), "{reply:?}");
            let exposed = reply.header("access-control-expose-headers").to_lowercase();
            for name in ["etag", "link", "location", "ratelimit", "retry-after", "x-request-id"] {
                assert!(exposed.contains(name), "{exposed}");
            }
        }
        let html = [("origin", origin), ("accept", "text/html")];
        let reply = alice.ask(Method::GET, "/v1/me", &html).await;
        let allowed = reply.header("access-control-allow-origin");
        assert_eq!((reply.problem().as_str(), allowed), ("406 not-acceptable", origin));
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let reply =
                preflight(&alice, origin, method, "authorization, content-type, if-match").await;
            assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, origin));
            assert!(reply.header("access-control-allow-methods").contains(method));
            assert!(varies_by_origin(&reply), "{reply:?}");
        }
    }
}

#[actix_web::test]
async fn an_origin_that_only_looks_like_a_listed_one_is_not_listed() {
    let world = World::with(Limits::default(), &[ORIGIN]).await;
    let alice = world.alice().await;
    let others = [
        "null",
        "https://evil.example",
        "http://crm.example",
        "https://crm.example:8443",
        "https://crm.example.evil.example",
        "https://evilcrm.example",
        "https://crm.exampl",
        "https://crm.example/",
        "https://sub.crm.example",
        "https://CRM.example",
        "https://crm.example,null",
        "*",
        "",
    ];
    for origin in others {
        let simple = alice.ask(Method::GET, "/v1/me", &[("origin", origin)]).await;
        assert!(!allows(&simple) && varies_by_origin(&simple), "{origin} {simple:?}");
        let preflight = preflight(&alice, origin, "GET", "authorization").await;
        assert!(!allows(&preflight) && preflight.status >= 400, "{origin} {preflight:?}");
        preflight.problem();
    }
    let without = alice.get("/v1/me").await;
    assert!(!allows(&without) && varies_by_origin(&without), "{without:?}");
}

#[actix_web::test]
async fn a_preflight_for_what_is_not_offered_is_refused() {
    let world = World::with(Limits::default(), &[ORIGIN]).await;
    let alice = world.alice().await;
    let odd = [
        ("TRACE", "authorization"),
        ("X", "authorization"),
        ("GET", "x-company-id"),
        ("GET", "x, y"),
    ];
    for (method, headers) in odd {
        let reply = preflight(&alice, ORIGIN, method, headers).await;
        assert_eq!(reply.problem(), "400 invalid-parameter", "{method} {headers}");
    }
}

/// One of each kind: read, created, gone, not modified, and every refusal there is without a fault.
async fn answers_of_all_kinds(alice: &Person) -> Vec<Reply> {
    let grace = json!({ "name": "Grace", "email": "grace@example.com" });
    let created = alice.post("/v1/customers", grace.clone()).await;
    let path = created.header("location").to_owned();
    vec![
        alice.get("/v1/customers").await,
        created,
        alice.get("/v1/ping").await,
        alice.ask(Method::GET, &path, &[("if-none-match", "*")]).await,
        alice.get("/v1/customers?limit=0").await,
        alice.send_json(Method::POST, "/v1/customers", "{").await,
        alice.with_token("x").get("/v1/me").await,
        alice.get("/v1/nothing").await,
        alice.get("/v1/customers/x").await,
        alice.delete("/v1/customers").await,
        alice.ask(Method::GET, "/v1/me", &[("accept", "text/html")]).await,
        alice.post("/v1/customers", grace).await,
        alice.ask(Method::DELETE, &path, &[("if-match", "\"v7\"")]).await,
        alice.send_json(Method::POST, "/v1/customers", " ".repeat(300_000)).await,
        alice.send(alice.request(Method::POST, "/v1/customers").set_payload("{}")).await,
        alice.post("/v1/customers", json!({})).await,
        alice.ask(Method::OPTIONS, "/v1/customers", &[]).await,
    ]
}

async fn preflight(person: &Person, origin: &str, method: &str, headers: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    person.ask(Method::OPTIONS, "/v1/customers", &headers).await
}

fn allows(reply: &Reply) -> bool {
    reply.headers.keys().any(|name| name.as_str() == "access-control-allow-origin")
}

fn varies_by_origin(reply: &Reply) -> bool {
    let mut values = reply.headers.get_all("vary").filter_map(|value| value.to_str().ok());
    values.any(|value| value.to_lowercase().contains("origin"))
}
