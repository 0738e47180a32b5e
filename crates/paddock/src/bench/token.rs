//! Makes access tokens as the server would (RFC 9068, HS256), with the secret that both were given.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::data::{COMPANY, USER, id};
use super::error::BenchError;

/// The secret of a server that nobody else can reach.
pub(super) const SECRET: &str = "the benchmark's secret is no secret";

/// How long a token is valid, in seconds.
pub(super) const LIFETIME: u64 = 900;

/// A token for the first user of a company, valid from now on.
#[expect(clippy::disallowed_methods, reason = "tokens of the benchmark expire like all others")]
pub(super) fn access_token(company: u64) -> Result<String, BenchError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| BenchError::new("the clock of this machine stands before 1970"))?
        .as_secs();
    let claims = serde_json::json!({
        "iss": "paddock",
        "aud": "paddock",
        "sub": id(USER, company * 2),
        "company_id": id(COMPANY, company),
        "epoch": 0,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
    });
    sign(&claims.to_string())
}

fn sign(claims: &str) -> Result<String, BenchError> {
    let header = r#"{"typ":"at+jwt","alg":"HS256","kid":"hs256"}"#;
    let mut token =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())
        .map_err(|error| BenchError::new(format!("cannot sign a token: {error}")))?;
    mac.update(token.as_bytes());
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    Ok(token)
}
