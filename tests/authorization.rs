//! Where a token comes from, whom it speaks for, and where it is needed.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::World;
use crate::harness::forge::{claims, edit, header, parts, sign, text};
use crate::tokens::{refused, with};

#[actix_web::test]
async fn an_edited_token_is_refused() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let token = alice.token.clone().unwrap();
    let [head, body, _] = parts(&token);
    let tag = token.rsplit('.').next().unwrap();
    for (claim, value) in [("company_id", bob.company_id), ("sub", bob.user_id)] {
        let edited = text(&head, &edit(&body, claim, json!(value)));
        refused(&alice, &format!("{edited}.{tag}")).await;
    }
    let (hers, his) =
        (token.rsplit_once('.').unwrap(), bob.token.as_ref().unwrap().rsplit_once('.').unwrap());
    refused(&alice, &format!("{}.{}", his.0, hers.1)).await;
}

#[actix_web::test]
async fn a_user_named_in_another_company_is_nobody() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let of = |company: Uuid, user: Uuid| {
        let claims = edit(&claims(&alice), "company_id", json!(company));
        sign(&header(), &edit(&claims, "sub", json!(user)))
    };
    let (bobs, nowhere) = (of(bob.company_id, alice.user_id), of(Uuid::now_v7(), alice.user_id));
    assert_eq!(with(&alice, &bobs).await.problem(), "401 session-revoked");
    assert_eq!(with(&alice, &bobs).await.seen(), with(&alice, &nowhere).await.seen());
    let nobody = of(bob.company_id, Uuid::now_v7());
    assert_eq!(with(&alice, &nobody).await.seen(), with(&alice, &nowhere).await.seen());
    for epoch in [-1, 1, i32::MAX, i32::MIN] {
        let token = sign(&header(), &edit(&claims(&alice), "epoch", json!(epoch)));
        assert_eq!(with(&alice, &token).await.problem(), "401 session-revoked", "{epoch}");
    }
}

#[actix_web::test]
async fn a_token_comes_in_one_authorization_header_and_nowhere_else() {
    let world = World::new().await;
    let nobody = world.stranger();
    let token = world.alice().await.token.unwrap();
    let bearer = format!("Bearer {token}");
    let without: [Vec<(&str, &str)>; 11] = [
        vec![],
        vec![("authorization", "")],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Basic YWxpY2U6cGFzc3dvcmQ=")],
        vec![("authorization", "Token x")],
        vec![("authorization", &token)],
        vec![("authorization", &bearer), ("authorization", &bearer)],
        vec![("authorization", &bearer), ("authorization", "Basic eA==")],
        vec![("x-access-token", &token), ("cookie", "access_token=x")],
        vec![("proxy-authorization", &bearer), ("x-forwarded-authorization", &bearer)],
    ];
    for headers in without {
        let reply = nobody.ask(Method::GET, "/v1/me", &headers).await;
        assert_eq!(reply.problem(), "401 authentication-required", "{headers:?}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let header = ("authorization", &*format!("{scheme} {token}"));
        assert_eq!(nobody.ask(Method::GET, "/v1/me", &[header]).await.status, 200, "{scheme}");
    }
    for name in ["access_token", "token", "authorization"] {
        let status = nobody.get(&format!("/v1/me?{name}={token}")).await.status;
        assert!([400, 401].contains(&status), "{name} {status}");
    }
}

#[actix_web::test]
async fn every_operation_but_those_of_strangers_and_health_wants_a_token() {
    let world = World::new().await;
    let nobody = world.stranger();
    let document: Value =
        serde_json::from_str(&paddock_api::document().to_json().unwrap()).unwrap();
    let before = world.everything().await;
    let mut open = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{email}", "a@b.example").replace(['{', '}'], "");
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let reply = nobody.send_json(method, &address, "{}").await;
            if reply.status == 401 {
                assert_eq!(reply.problem(), "401 authentication-required", "{path}");
                assert_eq!(reply.header("www-authenticate"), "Bearer");
            } else {
                open.push(path.clone());
            }
        }
    }
    let health = ["/.well-known/jwks.json", "/livez", "/openapi.json", "/readyz"];
    let strangers = [
        "accept-invitation",
        "confirm-email",
        "login",
        "request-password-reset",
        "reset-password",
        "second-factor",
        "signup",
        "verify-email",
    ];
    let strangers = strangers.map(|name| format!("/v1/auth/{name}"));
    assert_eq!(open, [health.map(str::to_owned).as_slice(), &strangers].concat());
    assert_eq!(world.everything().await, before);
}
