//! Access tokens (RFC 7519, RFC 9068): what we write into them, and what we insist on when one comes back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use paddock_db::Actor;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::keys::{Key, Keys, Ring};
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
/// How many tokens a worker remembers at most: about a megabyte.
const MOST_REMEMBERED: usize = 8192;

/// The claims of an access token. Each has one type; a token with another one is not ours.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    company_id: String,
    /// The session; tokens that belong to none live for their ten minutes.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    epoch: i32,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Where the claim is there it is a text: null is none.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// Writes and checks access tokens. Each worker has one, and remembers what it has checked.
pub struct Tokens {
    keys: Keys,
    checked: Mutex<Checked>,
}

/// Tokens that were good under these keys, by their SHA-256: whoever reads this memory finds no token.
struct Checked {
    ring: Arc<Ring>,
    actors: HashMap<[u8; 32], (Actor, i64)>,
}

impl Tokens {
    /// Takes the keys that tokens are signed with.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        let checked = Checked { ring: keys.ring(), actors: HashMap::new() };
        Self { keys, checked: Mutex::new(checked) }
    }

    /// The keys of this moment.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.keys.ring()
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
            sid: actor.session_id.map(|id| id.to_string()),
            epoch: actor.epoch.unwrap_or_default(),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
        };
        let ring = self.keys.ring();
        let (key, encoding) = ring.newest().ok_or_else(|| Problem::new(Code::Internal))?;
        encode(&header_of(key), &claims, encoding).map_err(|_| Problem::new(Code::Internal))
    }

    /// Reads a token, or remembers it. Every fault but age gets the same answer.
    ///
    /// # Errors
    /// If the token is not ours, or too old.
    pub fn verify(&self, token: &str) -> Answer<Actor> {
        let (digest, ring, now) = (Sha256::digest(token).into(), self.keys.ring(), now());
        if let Some(actor) = self.checked().recall(&digest, &ring, now) {
            return Ok(actor);
        }
        let (actor, until) = read(token, &ring, now)?;
        self.checked().remember(digest, &ring, actor, until, now);
        Ok(actor)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checked {
    /// A token that was good under the same keys and has not expired since.
    fn recall(&self, digest: &[u8; 32], ring: &Arc<Ring>, now: i64) -> Option<Actor> {
        let (actor, until) = self.actors.get(digest)?;
        (Arc::ptr_eq(&self.ring, ring) && *until > now).then_some(*actor)
    }

    /// Under other keys, and where there are too many, everything is forgotten and learnt anew.
    fn remember(&mut self, digest: [u8; 32], ring: &Arc<Ring>, actor: Actor, until: i64, now: i64) {
        if !Arc::ptr_eq(&self.ring, ring) {
            self.ring = Arc::clone(ring);
            self.actors.clear();
        }
        if self.actors.len() >= MOST_REMEMBERED {
            self.actors.retain(|_, (_, until)| *until > now);
        }
        if self.actors.len() >= MOST_REMEMBERED {
            self.actors.clear();
        }
        self.actors.insert(digest, (actor, until));
    }
}

/// Whom the token speaks for, and until when.
fn read(token: &str, ring: &Ring, now: i64) -> Answer<(Actor, i64)> {
    use jsonwebtoken::errors::ErrorKind;
    let invalid = || Problem::new(Code::InvalidToken);
    let id = decode_header(token).ok().and_then(|header| header.kid).ok_or_else(invalid)?;
    // The algorithm is the key's, whatever the header says.
    let key = ring.find(&id).ok_or_else(invalid)?;
    let token = decode::<Claims>(token, &key.decoding, &validation(key)).map_err(|error| {
        Problem::new(match error.kind() {
            ErrorKind::ExpiredSignature => Code::TokenExpired,
            _ => Code::InvalidToken,
        })
    })?;
    if token.header != header_of(key) || !times_are_sane(&token.claims, now) {
        return Err(invalid());
    }
    let actor = actor(&token.claims).ok_or_else(invalid)?;
    Ok((actor, token.claims.exp + LEEWAY))
}

fn validation(key: &Key) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.set_issuer(&[SELF]);
    validation.set_audience(&[SELF]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY.unsigned_abs();
    validation
}

/// A header names its type and our key, and nothing that asks us to fetch or understand more.
fn header_of(key: &Key) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(key.id.clone()), ..Header::new(key.algorithm) }
}

fn times_are_sane(claims: &Claims, now: i64) -> bool {
    claims.iat <= now + LEEWAY
        && claims.exp > claims.iat
        && claims.exp.saturating_sub(claims.iat) <= LONGEST
}

fn actor(claims: &Claims) -> Option<Actor> {
    let session_id = match &claims.sid {
        Some(sid) => Some(id(sid)?),
        None => None,
    };
    let (company_id, user_id) = (id(&claims.company_id)?, id(&claims.sub)?);
    Some(Actor { company_id, user_id, epoch: Some(claims.epoch), session_id, key: None })
}

fn id(text: &str) -> Option<Uuid> {
    Id::parse(text).map(|id| id.0)
}

/// Seconds since 1970, by the clock that also judges expiry.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
