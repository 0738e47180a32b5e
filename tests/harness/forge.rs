//! Access tokens written by hand, as those who forge them do.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Person, SECRET};

pub fn header() -> Map<String, Value> {
    object(json!({ "typ": "at+jwt", "alg": "HS256", "kid": "hs256" }))
}

/// Ten minutes from now.
pub fn claims(person: &Person) -> Map<String, Value> {
    lasting(person, 0, 600)
}

/// From some seconds from now until some seconds from now.
pub fn lasting(person: &Person, from: i64, until: i64) -> Map<String, Value> {
    let now = now();
    object(json!({
        "iss": "paddock", "aud": "paddock", "sub": person.user_id, "company_id": person.company_id,
        "epoch": 0, "iat": now + from, "nbf": now + from, "exp": now + until,
    }))
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "tokens are judged by the clock of the machine")]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub fn edit(object: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut object = object.clone();
    object.insert(name.to_owned(), value);
    object
}

/// The JSON object with one member given twice.
pub fn twice(whole: &str, name: &str, value: &Value) -> String {
    format!("{{\"{name}\":{value},{}", &whole[1..])
}

pub fn sign(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    sign_raw(&json!(header).to_string(), &json!(claims).to_string())
}

pub fn sign_raw(header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let text = format!("{}.{}", encode(header), encode(claims));
    format!("{text}.{}", mac::<Hmac<Sha256>>(&text, SECRET))
}

/// What is signed.
pub fn text(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    sign(header, claims).rsplit_once('.').unwrap().0.to_owned()
}

pub fn mac<M: Mac + KeyInit>(text: &str, secret: &[u8]) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Header, claims, and nothing for the signature.
pub fn parts(token: &str) -> [Map<String, Value>; 3] {
    let mut parts = token.split('.').map(|part| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    [parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap()]
}
