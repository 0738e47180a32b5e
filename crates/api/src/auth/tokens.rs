//! Access tokens (RFC 7519, RFC 9068): what we write into them, and what we insist on when one comes back.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use paddock_db::Actor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http::params::Id;
use crate::http::problem::{Answer, Code, Problem};

/// How long an access token is good for, in seconds.
pub const LIFETIME: i64 = 600;
/// No token may claim to live longer than this, in seconds, whoever wrote it.
const LONGEST: i64 = 900;
/// How far the clocks of two machines may differ, in seconds.
const LEEWAY: i64 = 5;
/// Issuer and audience of our own tokens.
const SELF: &str = "paddock";
/// RFC 9068, section 2.1: nothing else that is signed with our key is an access token.
const TYPE: &str = "at+jwt";
const KEY_ID: &str = "hs256";

/// The claims of an access token. Each has one type; a token with another one is not ours.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    company_id: String,
    epoch: i32,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Writes and checks access tokens, with HMAC-SHA-256.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// A secret that is too easy to guess.
#[derive(Debug)]
pub struct WeakSecret;

impl fmt::Display for WeakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token secret needs at least 32 bytes; `openssl rand -hex 32` makes one")
    }
}

impl std::error::Error for WeakSecret {}

impl Tokens {
    /// Takes the secret that tokens are signed with.
    ///
    /// # Errors
    /// If it is shorter than 32 bytes (RFC 7518, section 3.2) or one byte over and over.
    pub fn new(secret: &[u8]) -> Result<Self, WeakSecret> {
        let varied = secret.first().is_some_and(|first| secret.iter().any(|byte| byte != first));
        if secret.len() < 32 || !varied {
            return Err(WeakSecret);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[SELF]);
        validation.set_audience(&[SELF]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.unsigned_abs();
        Ok(Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        })
    }

    /// Writes a token for a user, good from now on.
    ///
    /// # Errors
    /// If it cannot be signed: a defect of ours.
    pub(crate) fn issue(&self, actor: Actor) -> Answer<String> {
        let now = now();
        let claims = Claims {
            iss: SELF.to_owned(),
            aud: SELF.to_owned(),
            sub: actor.user_id.to_string(),
            company_id: actor.company_id.to_string(),
            epoch: actor.epoch.unwrap_or_default(),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(KEY_ID.to_owned());
        encode(&header, &claims, &self.encoding).map_err(|_| Problem::new(Code::Internal))
    }

    /// Reads a token. Every fault but age gets the same answer.
    pub(crate) fn verify(&self, token: &str) -> Answer<Actor> {
        use jsonwebtoken::errors::ErrorKind;
        let token = decode::<Claims>(token, &self.decoding, &self.validation).map_err(|error| {
            Problem::new(match error.kind() {
                ErrorKind::ExpiredSignature => Code::TokenExpired,
                _ => Code::InvalidToken,
            })
        })?;
        let honest = header_is_ours(&token.header) && times_are_sane(&token.claims, now());
        let ids = |c: &Claims| Some((id(&c.company_id)?, id(&c.sub)?));
        let (company_id, user_id) = ids(&token.claims)
            .filter(|_| honest)
            .ok_or_else(|| Problem::new(Code::InvalidToken))?;
        Ok(Actor { company_id, user_id, epoch: Some(token.claims.epoch) })
    }
}

/// A header may name its type and our key, and nothing that asks us to fetch or understand more.
fn header_is_ours(header: &Header) -> bool {
    *header
        == Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(KEY_ID.to_owned()),
            ..Header::new(Algorithm::HS256)
        }
}

fn times_are_sane(claims: &Claims, now: i64) -> bool {
    claims.iat <= now + LEEWAY
        && claims.exp > claims.iat
        && claims.exp.saturating_sub(claims.iat) <= LONGEST
}

fn id(text: &str) -> Option<Uuid> {
    Id::parse(text).map(|id| id.0)
}

/// Seconds since 1970, by the clock that also judges expiry.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
