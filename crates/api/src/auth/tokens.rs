//! Access tokens (RFC 7519, RFC 9068): what we write into them, and what we insist on when one comes back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use paddock_db::Actor;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::clock::WallClock;
use crate::auth::keys::{Key, Keys, Ring};
use crate::auth::providers::{self, Login, Providers, Trusted};
use crate::http::params::Id;
use crate::http::problem::{Answer, Code, Problem};

/// How long an access token is good for, in seconds.
pub const LIFETIME: i64 = 600;
/// No token may claim to live longer than this, in seconds, whoever wrote it.
const LONGEST: i64 = 900;
/// How far the clocks of two machines may differ, in seconds.
pub(crate) const LEEWAY: i64 = 5;
/// Issuer and audience of our own tokens.
pub(crate) const SELF: &str = "paddock";
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

/// Whom a good token speaks for.
#[derive(Clone)]
pub(crate) enum Bearer {
    /// A user of ours.
    Known(Actor),
    /// Somebody who logs in elsewhere, and is linked to a user of ours.
    Login(Arc<Login>),
}

/// Writes and checks access tokens. Each worker has one, and remembers what it has checked.
pub(crate) struct Tokens {
    keys: Keys,
    providers: Option<Providers>,
    clock: WallClock,
    checked: Mutex<Checked>,
}

/// Tokens that were good under these keys, by their SHA-256: whoever reads this memory finds no token.
struct Checked {
    under: Under,
    bearers: HashMap<[u8; 32], (Bearer, i64)>,
}

/// All keys of one moment.
#[derive(Clone)]
struct Under {
    ring: Arc<Ring>,
    trusted: Option<Arc<Trusted>>,
}

impl Under {
    fn is(&self, other: &Self) -> bool {
        let same = match (&self.trusted, &other.trusted) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        same && Arc::ptr_eq(&self.ring, &other.ring)
    }
}

impl Tokens {
    /// Takes the keys that tokens are signed with.
    pub(crate) fn new(keys: Keys) -> Self {
        let under = Under { ring: keys.ring(), trusted: None };
        let checked = Checked { under, bearers: HashMap::new() };
        let clock = WallClock::default();
        Self { keys, providers: None, clock, checked: Mutex::new(checked) }
    }

    /// Accepts the tokens of these providers, too.
    pub(crate) fn trust(&mut self, providers: Providers) {
        self.providers = Some(providers);
    }

    /// Judges by this clock from now on.
    pub(crate) fn go_by(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    /// What tokens are judged by.
    pub(crate) const fn clock(&self) -> WallClock {
        self.clock
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
        let now = self.clock.seconds();
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
    pub(crate) fn verify(&self, token: &str) -> Answer<Bearer> {
        let (digest, now) = (Sha256::digest(token).into(), self.clock.seconds());
        let trusted = self.providers.as_ref().map(Providers::trusted);
        let under = Under { ring: self.keys.ring(), trusted };
        if let Some(bearer) = self.checked().recall(&digest, &under, now) {
            return Ok(bearer);
        }
        let foreign = under.trusted.as_ref().and_then(|list| providers::read(token, list, now));
        let (bearer, until) = foreign.unwrap_or_else(|| read(token, &under.ring, now))?;
        self.checked().remember(digest, under, bearer.clone(), until, now);
        Ok(bearer)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checked {
    /// A token that was good under the same keys and has not expired since.
    fn recall(&self, digest: &[u8; 32], under: &Under, now: i64) -> Option<Bearer> {
        let (bearer, until) = self.bearers.get(digest)?;
        (self.under.is(under) && *until > now).then(|| bearer.clone())
    }

    /// Under other keys, and where there are too many, everything is forgotten and learnt anew.
    fn remember(&mut self, digest: [u8; 32], under: Under, bearer: Bearer, until: i64, now: i64) {
        if !self.under.is(&under) {
            self.under = under;
            self.bearers.clear();
        }
        if self.bearers.len() >= MOST_REMEMBERED {
            self.bearers.retain(|_, (_, until)| *until > now);
        }
        if self.bearers.len() >= MOST_REMEMBERED {
            self.bearers.clear();
        }
        self.bearers.insert(digest, (bearer, until));
    }
}

/// Whom one of our own tokens speaks for, and until when.
fn read(token: &str, ring: &Ring, now: i64) -> Answer<(Bearer, i64)> {
    let invalid = || Problem::new(Code::InvalidToken);
    let id = decode_header(token).ok().and_then(|header| header.kid).ok_or_else(invalid)?;
    // The algorithm is the key's, whatever the header says.
    let key = ring.find(&id).ok_or_else(invalid)?;
    let token = decode::<Claims>(token, &key.decoding, &validation(key)).map_err(|_| invalid())?;
    if token.header != header_of(key) || !times_are_sane(&token.claims, now) {
        return Err(invalid());
    }
    let (actor, until) = (actor(&token.claims).ok_or_else(invalid)?, token.claims.exp + LEEWAY);
    if until <= now {
        return Err(Problem::new(Code::TokenExpired));
    }
    Ok((Bearer::Known(actor), until))
}

fn validation(key: &Key) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.set_issuer(&[SELF]);
    validation.set_audience(&[SELF]);
    // Times are judged below, by our one clock.
    validation.validate_exp = false;
    validation
}

/// A header names its type and our key, and nothing that asks us to fetch or understand more.
fn header_of(key: &Key) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(key.id.clone()), ..Header::new(key.algorithm) }
}

fn times_are_sane(claims: &Claims, now: i64) -> bool {
    claims.iat <= now + LEEWAY
        && claims.nbf <= now + LEEWAY
        && claims.exp > claims.iat
        && claims.exp.saturating_sub(claims.iat) <= LONGEST
}

fn actor(claims: &Claims) -> Option<Actor> {
    let session_id = match &claims.sid {
        Some(sid) => Some(id(sid)?),
        None => None,
    };
    let (company_id, user_id) = (id(&claims.company_id)?, id(&claims.sub)?);
    Some(Actor { epoch: Some(claims.epoch), session_id, ..Actor::trusted(company_id, user_id) })
}

fn id(text: &str) -> Option<Uuid> {
    Id::parse(text).map(|id| id.0)
}
