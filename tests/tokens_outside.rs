//! Forged tokens of an outside provider, over each algorithm: each signed as it should be, and wrong in one
//! thing.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use hmac::Hmac;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};
use uuid::Uuid;

use crate::harness::forge::{edit, mac, now, twice};
use crate::harness::provider::{AUDIENCE, ISSUER, OutsideKey, SHARED, hasura, trusted};
use crate::harness::{Person, SECRET, World};
use crate::tokens::{refused, with};

type Object = Map<String, Value>;

const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];
const NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// A world that trusts one key for one algorithm, and Alice as the provider knows her.
async fn scene(algorithm: &str) -> (World, OutsideKey, Object) {
    let key = OutsideKey::new(algorithm, "2026-11");
    let world = World::trusting(trusted(&[&key], json!({}))).await;
    let claims = hasura(world.alice_place());
    (world, key, claims)
}

fn without(object: &Object, name: &str) -> Object {
    let mut object = object.clone();
    object.remove(name);
    object
}

#[actix_web::test]
async fn a_token_with_one_thing_wrong_is_refused_under_every_algorithm() {
    let mut cases = 0;
    for algorithm in ALGORITHMS {
        let (world, key, right) = scene(algorithm).await;
        let stranger = world.stranger();
        let header = key.header();
        for good in good_headers(&key) {
            let reply = with(&stranger, &key.token_with(&good, &right)).await;
            assert_eq!(reply.status, 200, "{good:?} {reply:?}");
        }
        for good in good_claims(&right) {
            let reply = with(&stranger, &key.token(&good)).await;
            assert_eq!(reply.status, 200, "{good:?} {reply:?}");
        }
        let forged = wrong_headers(&key).into_iter().map(|header| key.token_with(&header, &right));
        let claims = wrong_claims(&right);
        let forged = forged.chain(claims.iter().map(|claims| key.token(claims)));
        let forged = forged.chain(wrong_texts(&key, &header, &right));
        for token in forged.chain(wrong_segments(&key.token(&right))) {
            refused(&stranger, &token).await;
            cases += 1;
        }
        cases += late(&stranger, &key, &right).await;
    }
    println!("{cases} forged tokens of outside providers");
    assert!(cases >= 900, "{cases}");
}

/// What providers write that is no harm.
fn good_headers(key: &OutsideKey) -> Vec<Object> {
    let right = key.header();
    let mut good =
        vec![right.clone(), without(&right, "typ"), edit(&right, "typ", json!("at+jwt"))];
    good.push(edit(&right, "x5t", json!("c29tZSB0aHVtYnByaW50")));
    good.push(edit(&right, "whatever", json!({ "is": ["not", "ours"] })));
    // The only key need not be named.
    good.push(without(&right, "kid"));
    good
}

fn good_claims(right: &Object) -> Vec<Object> {
    let now = now();
    let mut good: Vec<Object> =
        ["iat", "nbf", "sub"].iter().map(|name| without(right, name)).collect();
    good.push(edit(right, "aud", json!([AUDIENCE])));
    good.push(edit(right, "aud", json!(["https://login.example/userinfo", AUDIENCE])));
    good.push(edit(&edit(right, "iat", json!(now - 600)), "exp", json!(now - 3)));
    good.push(edit(right, "nbf", json!(now + 3)));
    good.push(edit(right, "iat", json!(now + 3)));
    good.push(edit(right, "exp", json!(now + 86_000)));
    good.push(edit(right, NAMESPACE, json!(right[NAMESPACE].to_string())));
    // RFC 7519 has no claims for us: their names say nothing here.
    good.push(edit(right, "company_id", json!(Uuid::now_v7())));
    good.push(edit(right, "epoch", json!(7)));
    good
}

/// Headers that are wrong in one member.
fn wrong_headers(key: &OutsideKey) -> Vec<Object> {
    let right = key.header();
    let own = BASE64_URL_SAFE_NO_PAD.encode(SECRET);
    let members = [
        ("typ", vec![json!("jwt"), json!("JWE"), json!("rt+jwt"), json!("refresh+jwt")]),
        ("typ", vec![json!(""), json!(null), json!(7), json!(["JWT"]), json!("JWT ")]),
        ("typ", vec![json!("application/at+jwt"), json!("logout+jwt"), json!("dpop+jwt")]),
        ("kid", vec![json!(""), json!("2026-12"), json!("2026-11 "), json!("2026-11\0")]),
        ("kid", vec![json!(null), json!(7), json!(["2026-11"]), json!({}), json!(true)]),
        ("kid", vec![json!("../../dev/null"), json!("/etc/passwd"), json!("' or 1=1 --")]),
        ("kid", vec![json!("hs256"), json!("x".repeat(4000)), json!("https://evil.example/k")]),
        ("alg", vec![json!("none"), json!("None"), json!("NONE"), json!(""), json!(null)]),
        ("alg", vec![json!("HS384"), json!("HS512"), json!("RS384"), json!("PS256")]),
        ("alg", vec![json!("ES384"), json!("Ed25519"), json!("hs256"), json!("ES256K")]),
        ("alg", vec![json!(1), json!(["RS256"]), json!({}), json!("RS256 ")]),
        ("crit", vec![json!([]), json!(["exp"]), json!(["b64"]), json!("exp"), json!(null)]),
        ("b64", vec![json!(false), json!(true)]),
        ("jku", vec![json!("https://evil.example/jwks.json"), json!("file:///dev/null")]),
        ("jwk", vec![json!({ "kty": "oct", "k": own }), json!({}), json!("x"), json!(null)]),
        ("x5u", vec![json!("https://evil.example/x5u")]),
        ("x5c", vec![json!(["MIIB"]), json!([])]),
        ("cty", vec![json!("JWT")]),
        ("enc", vec![json!("A128GCM")]),
        ("zip", vec![json!("DEF")]),
    ];
    let with = |(name, values): (&str, Vec<Value>)| {
        values.into_iter().map(|value| edit(&right, name, value)).collect::<Vec<_>>()
    };
    let mut wrong: Vec<Object> = members.into_iter().flat_map(with).collect();
    wrong.push(without(&right, "alg"));
    let others = ALGORITHMS.iter().filter(|other| **other != key.algorithm());
    wrong.extend(others.map(|other| edit(&right, "alg", json!(other))));
    wrong
}

/// Claims that are wrong in one of them.
fn wrong_claims(right: &Object) -> Vec<Object> {
    let mut wrong: Vec<Object> =
        ["iss", "aud", "exp", NAMESPACE].iter().map(|name| without(right, name)).collect();
    let of_another_type = |value: &Value| {
        [
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!({ "$numberLong": "1" }),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!(""),
            json!(" "),
            json!("\0"),
            json!([[value]]),
            if value.is_number() { json!(value.to_string()) } else { json!(7) },
        ]
    };
    for name in ["iss", "aud", "exp", "nbf", "iat"] {
        wrong.extend(of_another_type(&right[name]).map(|other| edit(right, name, other)));
    }
    for name in ["x-hasura-user-id", "x-hasura-company-id"] {
        let inner = right[NAMESPACE].as_object().unwrap();
        let with = |value: Value| edit(right, NAMESPACE, json!(edit(inner, name, value)));
        wrong.extend(of_another_type(&inner[name]).map(with));
        wrong.push(edit(right, NAMESPACE, json!(without(inner, name))));
        let id: Uuid = inner[name].as_str().unwrap().parse().unwrap();
        let spelt = [
            id.to_string().to_uppercase(),
            id.simple().to_string(),
            id.braced().to_string(),
            id.urn().to_string(),
            format!("{id}'; set local app.user_id = '"),
            format!(" {id}"),
            format!("{id}\0"),
        ];
        wrong.extend(spelt.map(|text| with(json!(text))));
        // A text that holds the claims, with one of them given twice.
        let text = twice(&json!(inner).to_string(), name, &inner[name]);
        wrong.push(edit(right, NAMESPACE, json!(text)));
    }
    wrong.push(edit(right, NAMESPACE, json!([right[NAMESPACE]])));
    wrong.push(edit(right, NAMESPACE, json!(json!(right[NAMESPACE].to_string()).to_string())));
    for other in [json!("evil"), json!("paddock"), json!([ISSUER]), json!(["evil", ISSUER])] {
        wrong.push(edit(right, "iss", other));
    }
    for other in ["https://LOGIN.example", "https://login.example/", "http://login.example"] {
        wrong.push(edit(right, "iss", json!(other)));
    }
    let audiences = [json!("evil"), json!("CRM"), json!(["evil"]), json!([AUDIENCE, 7])];
    wrong.extend(audiences.map(|other| edit(right, "aud", other)));
    let (now, day) = (now(), 86_400);
    wrong.extend([now + 60, now + day, i64::MAX].map(|at| edit(right, "nbf", json!(at))));
    let issued = [now + 60, now + day, now + 600, i64::MAX, i64::MIN, now - 2 * day];
    wrong.extend(issued.map(|at| edit(right, "iat", json!(at))));
    wrong.extend([now + 2 * day, i64::MAX].map(|at| edit(right, "exp", json!(at))));
    wrong
}

/// Headers and claims as text, which no object can be.
fn wrong_texts(key: &OutsideKey, header: &Object, claims: &Object) -> Vec<String> {
    let (head, body) = (json!(header).to_string(), json!(claims).to_string());
    let mut wrong = Vec::new();
    for (name, value) in header {
        wrong.push(key.token_of(&twice(&head, name, value), &body));
    }
    for (name, value) in claims {
        wrong.push(key.token_of(&head, &twice(&body, name, value)));
        wrong.push(key.token_of(&head, &twice(&body, name, &json!("another"))));
    }
    for odd in ["", "null", "[]", "7", "\"x\"", "{", "{}", "\u{feff}{}", "\0", "{}{}"] {
        wrong.push(key.token_of(odd, &body));
        wrong.push(key.token_of(&head, odd));
    }
    let list: Vec<&Value> = claims.values().collect();
    wrong.push(key.token_of(&head, &json!(list).to_string()));
    wrong.push(key.token_of(&head, &"[".repeat(3000)));
    wrong.push(key.token_of(&head, &format!("{body}{body}")));
    wrong.push(key.token_of(&head, &format!("{}{body}", " ".repeat(20_000))));
    wrong
}

/// A good token, cut and glued.
fn wrong_segments(good: &str) -> Vec<String> {
    let [head, body, tag] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(tag).unwrap();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let with_tag = |tag: String| format!("{head}.{body}.{tag}");
    let flipped = |nth: usize| {
        let mut bytes = bytes.clone();
        bytes[nth] ^= 1;
        with_tag(encode(&bytes))
    };
    let mut padded = BASE64_URL_SAFE.encode(&bytes);
    if !padded.ends_with('=') {
        padded.push('=');
    }
    vec![
        with_tag(String::new()),
        with_tag(encode(&vec![0; bytes.len()])),
        with_tag(encode(&bytes[1..])),
        with_tag(encode(&[&bytes[..], &[0]].concat())),
        with_tag(padded),
        with_tag(BASE64_STANDARD_NO_PAD.encode(&bytes) + "+/"),
        with_tag(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        with_tag(format!("{tag}%20")),
        flipped(0),
        flipped(bytes.len() - 1),
        format!("{head}.{body}"),
        format!("{good}."),
        format!("{good}.{tag}"),
        format!("{good}.{tag}.{tag}"),
        format!(".{good}"),
        format!("{head}=.{body}.{tag}"),
        format!("{head}.{body}=.{tag}"),
        format!("{head}..{tag}"),
        format!("{body}.{head}.{tag}"),
        format!(" {good}"),
        format!("{good} x"),
        format!("{good},{good}"),
        format!("{head} .{body}.{tag}"),
        format!("{head}\t.{body}.{tag}"),
        json!({ "protected": head, "payload": body, "signature": tag }).to_string(),
    ]
}

/// Whoever comes late hears so, and only if nothing else is wrong.
async fn late(stranger: &Person, key: &OutsideKey, right: &Object) -> usize {
    let now = now();
    let old = edit(&edit(right, "iat", json!(now - 700)), "nbf", json!(now - 700));
    let ago = [6, 59, 600];
    for seconds in ago {
        let reply = with(stranger, &key.token(&edit(&old, "exp", json!(now - seconds)))).await;
        assert_eq!(reply.problem(), "401 token-expired");
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    let late = edit(&old, "exp", json!(now - 60));
    refused(stranger, &key.token(&edit(&late, "aud", json!("evil")))).await;
    refused(stranger, &key.token(&without(&late, NAMESPACE))).await;
    refused(stranger, &key.token(&edit(right, "exp", json!(-1)))).await;
    refused(stranger, &key.token(&edit(right, "exp", json!(0)))).await;
    let mut forged = key.token(&late);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    refused(stranger, &forged).await;
    ago.len() + 5
}

#[actix_web::test]
async fn no_key_is_good_for_another_algorithm_or_for_another_issuer() {
    let keys: Vec<OutsideKey> =
        ["RS256", "ES256", "EdDSA"].map(|algorithm| OutsideKey::new(algorithm, "k")).into();
    let mut cases = 0;
    for key in &keys {
        let world = World::trusting(trusted(&[key], json!({}))).await;
        let (stranger, right) = (world.stranger(), hasura(world.alice_place()));
        let jwk = key.jwk();
        let members = ["n", "x", "y"].map(|name| jwk[name].as_str().unwrap_or("none").to_owned());
        let mut secrets: Vec<Vec<u8>> = members
            .iter()
            .flat_map(|text| {
                [text.clone().into_bytes(), BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()]
            })
            .collect();
        secrets.extend([jwk.to_string().into_bytes(), vec![], SECRET.to_vec(), SHARED.to_vec()]);
        for algorithm in ["HS256", "HS384", "HS512", key.algorithm()] {
            let header = edit(&key.header(), "alg", json!(algorithm));
            let signed = key.token_with(&header, &right);
            let text = signed.rsplit_once('.').unwrap().0;
            for secret in &secrets {
                refused(&stranger, &format!("{text}.{}", mac::<Hmac<Sha256>>(text, secret))).await;
                refused(&stranger, &format!("{text}.{}", mac::<Hmac<Sha384>>(text, secret))).await;
                refused(&stranger, &format!("{text}.{}", mac::<Hmac<Sha512>>(text, secret))).await;
                cases += 3;
            }
        }
        // Keys of others, under this one's id.
        for other in &keys {
            let stranger_key = OutsideKey::new(other.algorithm(), "k");
            for header in [other.header(), key.header()] {
                refused(&stranger, &stranger_key.token_with(&header, &right)).await;
                cases += 1;
            }
        }
        // A provider's key signs no token of ours, and our secret none of theirs.
        let ours = crate::harness::forge::claims(&world.alice().await);
        for header in [key.header(), crate::harness::forge::header()] {
            refused(&stranger, &key.token_with(&header, &ours)).await;
            refused(&stranger, &crate::harness::forge::sign(&header, &right)).await;
            cases += 2;
        }
        assert_eq!(with(&stranger, &key.token(&right)).await.status, 200);
    }
    println!("{cases} tokens under a wrong key");
    assert!(cases >= 200, "{cases}");
}

#[actix_web::test]
async fn of_several_keys_the_named_one_is_meant_and_no_other() {
    let keys = [OutsideKey::new("RS256", "a"), OutsideKey::new("EdDSA", "b")];
    let world = World::trusting(trusted(&[&keys[0], &keys[1]], json!({}))).await;
    let (stranger, right) = (world.stranger(), hasura(world.alice_place()));
    for (key, other) in [(&keys[0], &keys[1]), (&keys[1], &keys[0])] {
        assert_eq!(with(&stranger, &key.token(&right)).await.status, 200);
        refused(&stranger, &key.token_with(&without(&key.header(), "kid"), &right)).await;
        refused(&stranger, &key.token_with(&other.header(), &right)).await;
        let header = edit(&key.header(), "kid", json!(other.kid));
        refused(&stranger, &key.token_with(&header, &right)).await;
    }
}

#[actix_web::test]
async fn a_server_that_trusts_nobody_takes_no_token_of_a_provider() {
    let world = World::new().await;
    for algorithm in ALGORITHMS {
        let key = OutsideKey::new(algorithm, "k1");
        refused(&world.stranger(), &key.token(&hasura(world.alice_place()))).await;
    }
}

#[actix_web::test]
async fn audiences_are_not_looked_at_only_where_the_file_says_null() {
    let key = OutsideKey::new("HS256", "");
    let world = World::trusting(trusted(&[&key], json!({ "audience": null }))).await;
    let right = without(&hasura(world.alice_place()), "aud");
    assert_eq!(with(&world.stranger(), &key.token(&right)).await.status, 200);
    assert_eq!(
        with(&world.stranger(), &key.token(&edit(&right, "aud", json!("x")))).await.status,
        200
    );
    let strict = World::trusting(trusted(&[&key], json!({}))).await;
    refused(&strict.stranger(), &key.token(&right)).await;
}
