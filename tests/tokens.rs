//! Access tokens: the one kind that is accepted, and every other kind that is not.

use base64::Engine;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use hmac::Hmac;
use paddock_api::Keys;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::harness::forge::{
    claims, edit, header, lasting, mac, now, parts, sign, sign_raw, text, twice,
};
use crate::harness::{Person, Reply, SECRET, World};

#[actix_web::test]
async fn a_token_made_by_hand_is_accepted_if_everything_is_right() {
    let world = World::new().await;
    let alice = world.alice().await;
    let me = alice.get("/v1/me").await;
    assert_eq!(with(&alice, &sign(&header(), &claims(&alice))).await.json, me.json);
    let [head, body, _] = parts(alice.token.as_ref().unwrap());
    assert_eq!(head, header());
    let of_a_login = edit(&claims(&alice), "sid", body["sid"].clone());
    assert_eq!(body.keys().collect::<Vec<_>>(), of_a_login.keys().collect::<Vec<_>>());
}

#[actix_web::test]
async fn only_our_algorithm_is_accepted() {
    let world = World::new().await;
    let alice = world.alice().await;
    for alg in
        ["none", "None", "NoNe", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256"]
    {
        let text = text(&edit(&header(), "alg", json!(alg)), &claims(&alice));
        refused(&alice, &format!("{text}.")).await;
        refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha256>>(&text, SECRET))).await;
        refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha384>>(&text, SECRET))).await;
        refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha512>>(&text, SECRET))).await;
    }
    let right = text(&header(), &claims(&alice));
    refused(&alice, &format!("{right}.{}", mac::<Hmac<Sha512>>(&right, SECRET))).await;
}

#[actix_web::test]
async fn only_our_secret_is_accepted() {
    let world = World::new().await;
    let alice = world.alice().await;
    let text = text(&header(), &claims(&alice));
    let padded = [SECRET, b"\0"].concat();
    for secret in
        [&b""[..], b"secret", b"a secret of the tests, 32 bytes!", b"paddock cursor", &padded[1..]]
    {
        refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha256>>(&text, secret))).await;
    }
    refused(&alice, &text).await;
    refused(&alice, &format!("{text}.")).await;
    refused(&alice, &format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 32]))).await;
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    for weak in [&b""[..], b"secret", &[7; 32], &[0; 64], b"a secret of the tests, 31 bytes"] {
        assert!(Keys::of_secret(weak).is_err(), "{weak:?}");
    }
    assert!(Keys::of_secret(SECRET).is_ok());
}

#[actix_web::test]
async fn every_claim_is_needed() {
    let world = World::new().await;
    let alice = world.alice().await;
    for claim in claims(&alice).keys() {
        let mut claims = claims(&alice);
        claims.remove(claim);
        refused(&alice, &sign(&header(), &claims)).await;
    }
}

#[actix_web::test]
async fn every_claim_has_one_type() {
    let world = World::new().await;
    let alice = world.alice().await;
    for (claim, right) in claims(&alice) {
        let text = right.to_string();
        let odd = [
            json!(null),
            json!(true),
            json!([right]),
            json!({ "0": right }),
            json!(1e300),
            json!(u64::MAX),
            json!(1.5),
            json!(""),
            json!(text.clone() + " "),
            json!(format!(" {text}")),
        ];
        for value in odd {
            refused(&alice, &sign(&header(), &edit(&claims(&alice), &claim, value))).await;
        }
        let other = if right.is_number() { json!(text) } else { json!(7) };
        refused(&alice, &sign(&header(), &edit(&claims(&alice), &claim, other))).await;
    }
}

#[actix_web::test]
async fn issuer_and_audience_are_ours_alone() {
    let world = World::new().await;
    let alice = world.alice().await;
    for claim in ["iss", "aud"] {
        for value in
            [json!("evil"), json!("Paddock"), json!(["evil", "paddock"]), json!(["paddock"])]
        {
            refused(&alice, &sign(&header(), &edit(&claims(&alice), claim, value))).await;
        }
    }
}

#[actix_web::test]
async fn ids_are_canonical_or_the_token_is_not_ours() {
    let world = World::new().await;
    let alice = world.alice().await;
    for (claim, id) in [("sub", alice.user_id), ("company_id", alice.company_id)] {
        let odd = [
            id.to_string().to_uppercase(),
            id.simple().to_string(),
            id.braced().to_string(),
            id.urn().to_string(),
            String::new(),
            "1".to_owned(),
            format!("{id}'; set local app.user_id = '"),
            format!("{id}\0"),
        ];
        for value in odd {
            refused(&alice, &sign(&header(), &edit(&claims(&alice), claim, json!(value)))).await;
        }
    }
}

#[actix_web::test]
async fn a_token_that_has_expired_says_so() {
    let world = World::new().await;
    let alice = world.alice().await;
    for ago in [6, 59, 3600] {
        let reply = with(&alice, &sign(&header(), &lasting(&alice, -600 - ago, -ago))).await;
        assert_eq!(reply.problem(), "401 token-expired", "{ago} s ago");
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    let just_now = with(&alice, &sign(&header(), &lasting(&alice, -600, -1))).await;
    assert_eq!(just_now.status, 200, "clocks may differ by five seconds");
}

#[actix_web::test]
async fn a_token_of_another_time_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (now, day) = (now(), 86_400);
    refused(&alice, &sign(&header(), &edit(&claims(&alice), "nbf", json!(now + 3600)))).await;
    refused(&alice, &sign(&header(), &edit(&claims(&alice), "iat", json!(now + day)))).await;
    refused(&alice, &sign(&header(), &lasting(&alice, day, day + 600))).await;
    refused(&alice, &sign(&header(), &lasting(&alice, 0, 901))).await;
    refused(&alice, &sign(&header(), &lasting(&alice, -day, 600))).await;
    refused(&alice, &sign(&header(), &edit(&claims(&alice), "iat", json!(i64::MIN)))).await;
    for endless in [json!(i64::MAX), json!(u64::MAX), json!(1e18)] {
        refused(&alice, &sign(&header(), &edit(&claims(&alice), "exp", endless))).await;
    }
    assert_eq!(with(&alice, &sign(&header(), &lasting(&alice, 0, 900))).await.status, 200);
}

#[actix_web::test]
async fn only_an_access_token_under_our_key_is_accepted() {
    let world = World::new().await;
    let alice = world.alice().await;
    let others = [
        ("typ", json!("JWT")),
        ("typ", json!("refresh+jwt")),
        ("typ", json!("application/at+jwt")),
        ("typ", json!("AT+JWT")),
        ("typ", json!(null)),
        ("typ", json!(7)),
        ("kid", json!("other")),
        ("kid", json!("")),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' or 1=1 --")),
        ("kid", json!(null)),
        ("kid", json!(["hs256"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", json!({ "kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode(SECRET) })),
        ("x5u", json!("https://evil.example/x5u")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("x")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("zip", json!("DEF")),
        ("url", json!("x")),
        ("nonce", json!("x")),
        ("whatever", json!(1)),
    ];
    for (member, value) in others {
        refused(&alice, &sign(&edit(&header(), member, value), &claims(&alice))).await;
    }
    for member in ["typ", "kid", "alg"] {
        let mut header = header();
        header.remove(member);
        refused(&alice, &sign(&header, &claims(&alice))).await;
    }
}

#[actix_web::test]
async fn a_token_has_three_segments_without_padding_or_spaces() {
    let world = World::new().await;
    let alice = world.alice().await;
    let good = sign(&header(), &claims(&alice));
    let [head, body, tag] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let body_of = |spaces: usize| json!(claims(&alice)).to_string() + &" ".repeat(spaces);
    let padded = (0..3)
        .map(|n| BASE64_URL_SAFE.encode(body_of(n)))
        .find(|body| body.ends_with('='))
        .unwrap();
    let padded_text = format!("{head}.{padded}");
    let padded = format!("{padded_text}.{}", mac::<Hmac<Sha256>>(&padded_text, SECRET));
    let odd = [
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{tag}"),
        format!("{head}.{body}.{tag}="),
        format!("{head}=.{body}.{tag}"),
        format!("{head}..{tag}"),
        format!("{body}.{head}.{tag}"),
        format!(" {good}"),
        format!("{good} x"),
        format!("{head} .{body}.{tag}"),
        format!("{good},{good}"),
        format!("{head}.{body}"),
        head.to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "x".repeat(8000),
        "null".to_owned(),
        "undefined".to_owned(),
        good[..good.len() - 1].to_owned(),
        padded,
    ];
    for token in odd {
        refused(&alice, &token).await;
    }
}

#[actix_web::test]
async fn a_claim_that_is_given_twice_is_refused() {
    let world = World::new().await;
    let alice = world.alice().await;
    let whole = Value::Object(claims(&alice)).to_string();
    for (claim, value) in claims(&alice) {
        refused(&alice, &sign_raw(&json!(header()).to_string(), &twice(&whole, &claim, &value)))
            .await;
    }
    let head = Value::Object(header()).to_string();
    for (member, value) in header() {
        refused(&alice, &sign_raw(&twice(&head, &member, &value), &whole)).await;
    }
}

#[actix_web::test]
async fn what_is_not_a_json_object_is_no_token() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (head, body) = (json!(header()).to_string(), json!(claims(&alice)).to_string());
    for odd in ["", "null", "[]", "7", "\"x\"", "{", "{}", "\u{feff}{}", "\u{0}"] {
        refused(&alice, &sign_raw(odd, &body)).await;
        refused(&alice, &sign_raw(&head, odd)).await;
    }
    refused(&alice, &sign_raw(&head, &format!("{body}{body}"))).await;
    refused(&alice, &sign_raw(&head, &"[".repeat(5000))).await;
    let list: Vec<Value> = claims(&alice).into_iter().map(|(_, value)| value).collect();
    refused(&alice, &sign_raw(&head, &json!(list).to_string())).await;
}

/// What somebody gets for a token that is not one: always the same, to the byte.
pub async fn refused(person: &Person, token: &str) {
    let reply = with(person, token).await;
    assert_eq!(reply.problem(), "401 invalid-token", "{token}");
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(reply.seen(), with(person, "x").await.seen(), "{token}");
}

pub async fn with(person: &Person, token: &str) -> Reply {
    person.with_token(token).get("/v1/me").await
}
