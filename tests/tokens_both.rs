//! Forged access tokens, over both algorithms: each signed as it should be, and wrong in one thing.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::Hmac;
use paddock_api::Keys;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};
use uuid::Uuid;

use crate::harness::ed25519::{Folder, Signer};
use crate::harness::forge::{claims, edit, lasting, mac, now};
use crate::harness::{Person, SECRET, World};
use crate::tokens::{refused, with};

type Object = Map<String, Value>;

/// One of the two ways in which tokens are signed here.
enum Forger<'a> {
    Secret,
    Key(&'a Signer),
}

impl Forger<'_> {
    fn header(&self) -> Object {
        let (alg, kid) = match self {
            Self::Secret => ("HS256", "hs256"),
            Self::Key(key) => ("EdDSA", key.kid.as_str()),
        };
        json!({ "typ": "at+jwt", "alg": alg, "kid": kid }).as_object().unwrap().clone()
    }

    fn token(&self, header: &Object, claims: &Object) -> String {
        let text = text(header, claims);
        let signature = match self {
            Self::Secret => mac::<Hmac<Sha256>>(&text, SECRET),
            Self::Key(key) => key.sign(&text),
        };
        format!("{text}.{signature}")
    }
}

fn text(header: &Object, claims: &Object) -> String {
    let encode = |part: &Object| BASE64_URL_SAFE_NO_PAD.encode(json!(part).to_string());
    format!("{}.{}", encode(header), encode(claims))
}

#[actix_web::test]
async fn a_token_with_one_thing_wrong_is_refused_under_either_algorithm() {
    let folder = Folder::new();
    let key = folder.add("2026-11");
    let world = World::with_keys(Keys::of_folder(folder.path(), Some(SECRET)).unwrap()).await;
    let alice = world.alice().await;
    let mut cases = 0;
    for forger in [Forger::Secret, Forger::Key(&key)] {
        let (header, right) = (forger.header(), claims(&alice));
        assert_eq!(with(&alice, &forger.token(&header, &right)).await.status, 200);
        for header in headers(&header, &key) {
            refused(&alice, &forger.token(&header, &right)).await;
            cases += 1;
        }
        for claims in wrong_claims(&alice) {
            refused(&alice, &forger.token(&header, &claims)).await;
            cases += 1;
        }
        let late = with(&alice, &forger.token(&header, &lasting(&alice, -700, -100))).await;
        assert_eq!(late.problem(), "401 token-expired");
    }
    assert!(cases >= 400, "{cases}");
}

/// Headers that are wrong in one member.
fn headers(right: &Object, key: &Signer) -> Vec<Object> {
    let x = BASE64_URL_SAFE_NO_PAD.encode(key.public());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let other = if right["kid"] == "hs256" { json!(key.kid) } else { json!("hs256") };
    let members = [
        ("typ", vec![json!("JWT"), json!("AT+JWT"), json!("rt+jwt"), json!("at+jwt "), json!(7)]),
        ("typ", vec![json!(null), json!(["at+jwt"]), json!("application/at+jwt"), json!("")]),
        ("kid", vec![other, json!(""), json!("2026-12"), json!("2026-11.pem"), json!("HS256")]),
        ("kid", vec![json!("../2026-11"), json!("/etc/passwd"), json!("' or 1=1 --"), json!(0)]),
        ("kid", vec![json!(null), json!(["hs256"]), json!({}), json!("hs256\0"), json!(" hs256")]),
        ("kid", vec![json!("x".repeat(4000)), json!("https://evil.example/key"), json!(true)]),
        (
            "alg",
            vec![json!("none"), json!("None"), json!("NONE"), json!(""), json!(null), json!(1)],
        ),
        (
            "alg",
            vec![json!("HS384"), json!("HS512"), json!("RS256"), json!("PS256"), json!("ES256")],
        ),
        (
            "alg",
            vec![json!("Ed25519"), json!("eddsa"), json!("hs256"), json!(["HS256"]), json!({})],
        ),
        ("crit", vec![json!([]), json!(["exp"]), json!(["b64"]), json!("exp"), json!(["x"])]),
        ("b64", vec![json!(false), json!(true)]),
        ("jku", vec![json!("https://evil.example/jwks.json"), json!("file:///dev/null")]),
        ("jwk", vec![jwk, json!({ "kty": "oct", "k": "AAAA" }), json!({}), json!("x")]),
        ("x5u", vec![json!("https://evil.example/x5u")]),
        ("x5c", vec![json!(["MIIB"]), json!([])]),
        ("x5t", vec![json!("x")]),
        ("x5t#S256", vec![json!("x")]),
        ("cty", vec![json!("JWT"), json!("at+jwt")]),
        ("enc", vec![json!("A128GCM")]),
        ("zip", vec![json!("DEF")]),
        ("nonce", vec![json!("x")]),
        ("whatever", vec![json!(1), json!({ "a": [] })]),
    ];
    let with = |(name, values): (&str, Vec<Value>)| {
        values.into_iter().map(|value| edit(right, name, value)).collect::<Vec<_>>()
    };
    let mut headers: Vec<Object> = members.into_iter().flat_map(with).collect();
    let other_algorithm = if right["alg"] == "HS256" { "EdDSA" } else { "HS256" };
    headers.push(edit(right, "alg", json!(other_algorithm)));
    headers.extend(["typ", "kid", "alg"].map(|name| without(right, name)));
    headers
}

/// Claims that are wrong in one of them.
fn wrong_claims(alice: &Person) -> Vec<Object> {
    let right = edit(&claims(alice), "sid", json!(Uuid::now_v7()));
    let mut wrong = Vec::new();
    for (name, value) in &right {
        if name != "sid" {
            wrong.push(without(&right, name));
        }
        let of_another_type = [
            json!(null),
            json!(true),
            json!(false),
            json!([value]),
            json!([]),
            json!({}),
            json!({ "$numberLong": "1" }),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!(""),
            json!(" "),
            json!("\0"),
            if value.is_number() { json!(value.to_string()) } else { json!(7) },
        ];
        wrong.extend(of_another_type.map(|other| edit(&right, name, other)));
    }
    for name in ["sub", "company_id", "sid"] {
        let id = alice.user_id;
        let spelt = [
            id.to_string().to_uppercase(),
            id.simple().to_string(),
            id.braced().to_string(),
            id.urn().to_string(),
            format!("{id}'; set local app.user_id = '"),
            format!(" {id}"),
        ];
        wrong.extend(spelt.map(|text| edit(&right, name, json!(text))));
    }
    for name in ["iss", "aud"] {
        let others = [json!("evil"), json!("PADDOCK"), json!(["paddock"]), json!(["paddock", "x"])];
        wrong.extend(others.map(|other| edit(&right, name, other)));
    }
    let (now, day) = (now(), 86_400);
    wrong.extend([now + 60, now + day, i64::MAX].map(|at| edit(&right, "nbf", json!(at))));
    wrong
        .extend([now + 60, now + day, i64::MAX, i64::MIN].map(|at| edit(&right, "iat", json!(at))));
    wrong.extend([now + 901, now + day, i64::MAX].map(|at| edit(&right, "exp", json!(at))));
    wrong.extend([lasting(alice, day, day + 600), lasting(alice, -day, 600)]);
    wrong
}

fn without(object: &Object, name: &str) -> Object {
    let mut object = object.clone();
    object.remove(name);
    object
}

#[actix_web::test]
async fn a_public_key_is_no_secret_and_a_secret_is_no_key() {
    let folder = Folder::new();
    let (key, stranger) = (folder.add("2026-11"), Folder::new().add("2026-11"));
    let world = World::with_keys(Keys::of_folder(folder.path(), Some(SECRET)).unwrap()).await;
    let alice = world.alice().await;
    let right = claims(&alice);
    let x = BASE64_URL_SAFE_NO_PAD.encode(key.public());
    let der =
        [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], key.public()].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(&der)
    );
    let jwks = world.stranger().get("/.well-known/jwks.json").await.text;
    let secrets = [key.public(), &der, x.as_bytes(), pem.as_bytes(), jwks.as_bytes(), b"", SECRET];
    for kid in ["hs256", "2026-11"] {
        for alg in ["HS256", "HS384", "HS512", "EdDSA", "none"] {
            let header = json!({ "typ": "at+jwt", "alg": alg, "kid": kid });
            let text = text(header.as_object().unwrap(), &right);
            let is_right = |secret: &[u8]| (alg, kid, secret) == ("HS256", "hs256", SECRET);
            for secret in secrets.into_iter().filter(|secret| !is_right(secret)) {
                refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha256>>(&text, secret))).await;
                refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha384>>(&text, secret))).await;
                refused(&alice, &format!("{text}.{}", mac::<Hmac<Sha512>>(&text, secret))).await;
            }
            refused(&alice, &format!("{text}.{}", stranger.sign(&text))).await;
            refused(&alice, &format!("{text}.")).await;
        }
    }
    let header = Forger::Key(&key).header();
    let text = text(&header, &right);
    let good = key.signature(&text);
    assert_eq!(with(&alice, &format!("{text}.{}", key.sign(&text))).await.status, 200);
    for signature in [vec![0; 64], good[..63].to_vec(), [&good[..], &[0]].concat(), larger(&good)] {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        refused(&alice, &format!("{text}.{signature}")).await;
    }
    refused(&alice, &format!("{text}.{}", stranger.sign(&text))).await;
}

/// The same signature with the order of the group added to its scalar (RFC 8032, section 8.4).
fn larger(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut larger = signature.to_vec();
    let mut carry = 0;
    for (byte, add) in larger[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    larger
}
