//! A set of public keys (RFC 7517): each with the one algorithm that it is good for.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::auth::strict::{self, Object};

/// More keys than these are no key set.
const MOST: usize = 100;
/// The longest id of a key, in bytes.
const LONGEST_ID: usize = 256;

/// One key. What it is good for stands here, and nothing that a token says changes it.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// What it was made of, to see whether it has changed.
    text: String,
}

/// The keys of one provider.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|key| &key.text).eq(other.0.iter().map(|key| &key.text))
    }
}

impl KeySet {
    /// The usable keys of a set; others, such as those for encryption, are passed over.
    pub(super) fn of_jwks(json: &[u8], algorithms: &[Algorithm]) -> Result<Self, String> {
        let set = strict::object(json).ok_or("is not a JSON object, or a name is given twice")?;
        let list = set.get("keys").and_then(Value::as_array).ok_or("has no list \"keys\"")?;
        if list.len() > MOST {
            return Err(format!("has more than {MOST} keys"));
        }
        let keys: Vec<Key> = list
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|jwk| Key::of_jwk(jwk, algorithms))
            .collect();
        let ids: Vec<&Option<String>> = keys.iter().map(|key| &key.id).collect();
        if ids.iter().enumerate().any(|(nth, id)| ids[..nth].contains(id)) {
            return Err("has two keys of one id".to_owned());
        }
        if keys.is_empty() {
            return Err("has no public key for the algorithms that are allowed".to_owned());
        }
        Ok(Self(keys))
    }

    /// A shared secret (HS256), which has no id.
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let decoding = DecodingKey::from_secret(secret);
        Self(vec![Key { id: None, algorithm: Algorithm::HS256, decoding, text: String::new() }])
    }

    /// The key that a token names. One that names none means the only key there is.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, _) => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn of_jwk(jwk: &Object, algorithms: &[Algorithm]) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let for_signatures = jwk.get("use").is_none_or(|purpose| purpose == "sig")
            && jwk.get("key_ops").is_none_or(|operations| {
                operations.as_array().is_some_and(|list| list.iter().any(|each| each == "verify"))
            });
        // Whoever publishes the private half has lost it.
        let is_public = !["d", "k", "p", "q"].iter().any(|name| jwk.contains_key(*name));
        let id = text("kid").map(str::to_owned);
        let plain_id = jwk.contains_key("kid") == id.is_some()
            && id.as_ref().is_none_or(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        if !for_signatures || !is_public || !plain_id {
            return None;
        }
        let (family, decoding) = match (text("kty")?, text("crv")) {
            ("RSA", _) => rsa(text("n")?, text("e")?)?,
            ("EC", Some("P-256")) => ec(Algorithm::ES256, 32, text("x")?, text("y")?)?,
            ("EC", Some("P-384")) => ec(Algorithm::ES384, 48, text("x")?, text("y")?)?,
            ("OKP", Some("Ed25519")) if bytes(text("x")?)?.len() == 32 => {
                (vec![Algorithm::EdDSA], DecodingKey::from_ed_components(text("x")?).ok()?)
            }
            _ => return None,
        };
        let algorithm = match jwk.get("alg") {
            // RFC 9864 has another name for EdDSA with this curve.
            Some(name) if name == "Ed25519" => Algorithm::EdDSA,
            Some(name) => name.as_str()?.parse().ok()?,
            None => *algorithms.iter().find(|algorithm| family.contains(algorithm))?,
        };
        let allowed = family.contains(&algorithm) && algorithms.contains(&algorithm);
        let text = format!("{algorithm:?} {}", Value::Object(jwk.clone()));
        allowed.then_some(Self { id, algorithm, decoding, text })
    }
}

/// At least 2048 bits (RFC 7518, section 3.3).
fn rsa(n: &str, e: &str) -> Option<(Vec<Algorithm>, DecodingKey)> {
    use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    let modulus = bytes(n)?;
    let length = modulus.iter().skip_while(|byte| **byte == 0).count();
    let key = DecodingKey::from_rsa_components(n, e).ok()?;
    (256..=1024).contains(&length).then_some((vec![RS256, RS384, RS512, PS256, PS384, PS512], key))
}

fn ec(
    algorithm: Algorithm,
    size: usize,
    x: &str,
    y: &str,
) -> Option<(Vec<Algorithm>, DecodingKey)> {
    let fits = bytes(x)?.len() == size && bytes(y)?.len() == size;
    let key = DecodingKey::from_ec_components(x, y).ok()?;
    fits.then_some((vec![algorithm], key))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
