//! Bodies that are not what they should be: each gets its problem, none gets through.

use actix_web::http::Method;
use serde_json::json;

use crate::harness::World;

const CUSTOMERS: &str = "/v1/customers";

#[actix_web::test]
async fn a_body_that_does_not_say_that_it_is_json_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let media = [
        "",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/json+x",
        "json",
        "*/*",
        "application/octet-stream",
        "application/json-patch+json",
        "text/json",
        ";application/json",
        "text/plain, application/json",
    ];
    let post = ("accept-post", "application/json");
    let patch = ("accept-patch", "application/merge-patch+json, application/json");
    for media in media {
        for (method, path, (name, value)) in [
            (Method::POST, CUSTOMERS, post),
            (Method::POST, "/v1/auth/login", post),
            (Method::POST, "/v1/customers/batch", post),
            (Method::PUT, "/v1/customers/by-email/a@b", post),
            (Method::PATCH, &path, patch),
        ] {
            let request = alice.request(method, path).insert_header(("content-type", media));
            let reply = alice.send(request.set_payload(r#"{"name":"Eve"}"#)).await;
            assert_eq!(reply.problem(), "415 unsupported-media-type", "{media} {path}");
            assert_eq!(reply.header(name), value);
        }
    }
    let none =
        alice.send(alice.request(Method::POST, CUSTOMERS).set_payload(r#"{"name":"Eve"}"#)).await;
    assert_eq!(none.problem(), "415 unsupported-media-type");
    let merge = alice.request(Method::POST, CUSTOMERS);
    let merge = merge.insert_header(("content-type", "application/merge-patch+json"));
    let merge = alice.send(merge.set_payload(r#"{"name":"Eve"}"#)).await;
    assert_eq!(merge.problem(), "415 unsupported-media-type");
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn json_may_be_written_in_upper_case_and_with_parameters() {
    let world = World::new().await;
    let alice = world.alice().await;
    for media in [
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json ;charset=\"UTF-8\"",
    ] {
        let request = alice.request(Method::POST, CUSTOMERS).insert_header(("content-type", media));
        assert_eq!(
            alice.send(request.set_payload(r#"{"name":"Grace"}"#)).await.status,
            201,
            "{media}"
        );
    }
}

#[actix_web::test]
async fn a_compressed_body_is_not_taken() {
    let world = World::new().await;
    let alice = world.alice().await;
    for encoding in
        ["gzip", "br", "deflate", "zstd", "x-gzip", "gzip, identity", "identity, gzip", "GZIP"]
    {
        let request =
            alice.request(Method::POST, CUSTOMERS).insert_header(("content-encoding", encoding));
        let reply = alice.send(request.set_json(json!({ "name": "Eve" }))).await;
        assert_eq!(reply.problem(), "415 unsupported-media-type", "{encoding}");
    }
    let request =
        alice.request(Method::POST, CUSTOMERS).insert_header(("content-encoding", "identity"));
    assert_eq!(alice.send(request.set_json(json!({ "name": "Grace" }))).await.status, 201);
}

#[actix_web::test]
async fn a_body_of_more_than_256_kibibytes_is_too_large() {
    let world = World::new().await;
    let alice = world.alice().await;
    let padded = |size: usize| {
        let body = r#"{"name":"Grace"}"#;
        format!("{}{body}", " ".repeat(size - body.len()))
    };
    assert_eq!(alice.send_json(Method::POST, CUSTOMERS, padded(256 * 1024)).await.status, 201);
    let too_large = alice.send_json(Method::POST, CUSTOMERS, padded(256 * 1024 + 1)).await;
    assert_eq!(too_large.problem(), "413 body-too-large");
}

#[actix_web::test]
async fn what_is_not_json_is_malformed() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let malformed: [&[u8]; 33] = [
        b"",
        b" ",
        b"{",
        b"}",
        b"nul",
        b"{\"name\"",
        b"{\"name\":}",
        b"{\"name\":\"a\",}",
        b"{name:\"a\"}",
        b"{'name':'a'}",
        b"{\"name\":\"a\"} x",
        b"{\"name\":\"a\"}{}",
        b"{\"name\":\"a\"}\0",
        b"{\"name\":NaN}",
        b"{\"name\":-Infinity}",
        b"{\"name\":1e400}",
        b"{\"name\":01}",
        b"{\"name\":+1}",
        b"{\"name\":.5}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\xc3\x28\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\udc00\\ud800\"}",
        b"{\"name\":\"\\ud800x\"}",
        b"{\"name\":\"\\x41\"}",
        b"{\"name\":\"a\nb\"}",
        b"{\"name\":\"a",
        b"\xef\xbb\xbf{\"name\":\"a\"}",
        b"\xff\xfe{\0",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        b"{\"name\":\"a\",\"name\":\"a\"}",
        b"{\"name\":\"a\"/**/}",
    ];
    for body in malformed {
        for (method, path) in [
            (Method::POST, CUSTOMERS),
            (Method::PATCH, &path),
            (Method::PUT, "/v1/customers/by-email/a@b"),
        ] {
            let reply = alice.send_json(method, path, body.to_vec()).await;
            assert_eq!(reply.problem(), "400 malformed-json", "{}", String::from_utf8_lossy(body));
        }
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_malformed_body_is_located_and_not_repeated() {
    let world = World::new().await;
    let alice = world.alice().await;
    let reply = alice.send_json(Method::POST, CUSTOMERS, "{\n  \"name\": canary }").await;
    assert_eq!(reply.json["detail"], "line 2, column 11");
    let reply = alice.post(CUSTOMERS, json!({ "name": ["canary"], "email": "canary" })).await;
    assert!(!reply.text.contains("canary"), "{reply:?}");
}

#[actix_web::test]
async fn depth_does_no_harm() {
    let world = World::new().await;
    let alice = world.alice().await;
    let depths = [1, 127, 128, 129, 40_000];
    let values = depths.iter().flat_map(|depth| [("[", "]", *depth), ("{\"a\":", "}", *depth)]);
    for (open, close, depth) in values.chain([("[", "]", 100_000)]) {
        let value = format!("{}7{}", open.repeat(depth), close.repeat(depth));
        let name = alice.send_json(Method::POST, CUSTOMERS, format!("{{\"name\":{value}}}")).await;
        let unknown = alice.send_json(Method::POST, CUSTOMERS, format!("{{\"x\":{value}}}")).await;
        let body = format!("{{\"operation\":\"create\",\"items\":[{value}]}}");
        let item = alice.send_json(Method::POST, "/v1/customers/batch", body).await;
        assert_eq!(name.problem(), "422 validation /name", "{open}{depth}");
        assert_eq!(unknown.problem(), "422 unknown-field /x", "{open}{depth}");
        assert_eq!(item.status, 422, "{open}{depth}");
    }
}

#[actix_web::test]
async fn a_body_is_an_object() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    let wholes = [
        json!(null),
        json!(7),
        json!("x"),
        json!(true),
        json!([]),
        json!([{ "name": "Eve" }]),
        json!(["Eve", null, null, null, "lead"]),
        json!(["Eve", null, null, null, null]),
    ];
    for body in wholes {
        let comments = format!("{path}/comments");
        for (method, path) in [
            (Method::POST, CUSTOMERS),
            (Method::PATCH, &path),
            (Method::POST, "/v1/customers/batch"),
            (Method::PUT, "/v1/customers/by-email/a@b"),
            (Method::POST, &comments),
            (Method::POST, "/v1/auth/login"),
        ] {
            let reply = alice.send_json(method, path, body.to_string()).await;
            assert_eq!(reply.problem(), "422 validation ", "{path} {body}");
        }
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_value_of_another_type_is_refused_and_pointed_at() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    let before = world.everything().await;
    for field in ["name", "email", "phone", "title", "lifecycle_stage"] {
        let odd = [
            json!(7),
            json!(-1.5),
            json!(true),
            json!([]),
            json!(["x"]),
            json!({}),
            json!({ "lead": null }),
        ];
        for value in odd {
            let mut body = json!({ "name": "Eve" });
            body[field] = value;
            let expected = format!("422 validation /{field}");
            assert_eq!(alice.post(CUSTOMERS, body.clone()).await.problem(), expected, "{body}");
            assert_eq!(alice.patch(&path, body.clone()).await.problem(), expected, "{body}");
            if field != "email" {
                let put = alice.put("/v1/customers/by-email/a@b", body.clone()).await;
                assert_eq!(put.problem(), expected, "{body}");
            }
        }
    }
    for stage in ["", "Lead", "LEAD", "lead ", "none", "customers"] {
        let reply = alice.post(CUSTOMERS, json!({ "name": "Eve", "lifecycle_stage": stage })).await;
        assert_eq!(reply.problem(), "422 validation /lifecycle_stage");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_nul_is_refused_wherever_it_stands() {
    let world = World::new().await;
    let alice = world.alice().await;
    let path = format!("/v1/customers/{}", alice.customer("Grace", "grace@example.com").await);
    for field in ["name", "email", "phone", "title"] {
        for text in ["\0", "a\0b@c", "a@b\0"] {
            let mut body = json!({ "name": "Eve" });
            body[field] = json!(text);
            let expected = format!("422 invalid-text /{field}");
            assert_eq!(alice.post(CUSTOMERS, body.clone()).await.problem(), expected);
            assert_eq!(alice.patch(&path, body).await.problem(), expected);
        }
    }
}

#[actix_web::test]
async fn a_field_that_is_not_one_is_pointed_at_whatever_its_name() {
    let world = World::new().await;
    let alice = world.alice().await;
    let names = [
        ("role", "/role"),
        ("is_admin", "/is_admin"),
        ("password_hash", "/password_hash"),
        ("__proto__", "/__proto__"),
        ("Name", "/Name"),
        ("name ", "/name "),
        ("", "/"),
        ("a/b", "/a~1b"),
        ("a~b", "/a~0b"),
        ("a`b", "/a`b"),
        ("`", "/`"),
        ("🐎", "/🐎"),
        ("a\u{0}b", "/a\u{0}b"),
        ("x`, expected `y", "/x`, expected `y"),
    ];
    for (name, pointer) in names {
        let mut body = json!({ "name": "Eve" });
        body[name] = json!(1);
        let reply = alice.post(CUSTOMERS, body).await;
        assert_eq!(reply.problem(), format!("422 unknown-field {pointer}"));
    }
}
