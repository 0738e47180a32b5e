//! Tokens of outside providers (RFC 7519, RFC 8725): what we insist on, whoever wrote them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use paddock_db::Actor;
use serde_json::Value;

use super::file::Users;
use super::jwks::Key;
use super::{Login, Provider, Trusted};
use crate::auth::strict::{self, Object};
use crate::auth::tokens::{Bearer, LEEWAY};
use crate::http::params::Id;
use crate::http::problem::{Answer, Code, Problem};

/// No token is longer, in bytes.
const LONGEST: usize = 16 * 1024;
/// The types that an access token may say it is; it may say nothing.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];
/// Members of a header that ask for more than a signature to be checked, or to trust what comes along.
const REFUSED: [&str; 9] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip", "cty"];

/// Whom a token of an outside provider speaks for, and until when; nothing if it is not one of theirs.
pub(crate) fn read(token: &str, trusted: &Trusted, now: i64) -> Option<Answer<(Bearer, i64)>> {
    let [head, body, signature] = segments(token)?;
    let claims = strict::segment(body)?;
    let provider = trusted.find(claims.get("iss")?.as_str()?)?;
    let signed = &token[..head.len() + 1 + body.len()];
    Some(
        provider
            .check(head, signed, signature)
            .and_then(|()| provider.accept(&claims, now))
            .ok_or_else(|| Problem::new(Code::InvalidToken))
            .and_then(|accepted| match accepted {
                Accepted::Good(bearer, until) => Ok((bearer, until)),
                Accepted::TooOld => Err(Problem::new(Code::TokenExpired)),
            }),
    )
}

fn segments(token: &str) -> Option<[&str; 3]> {
    let mut segments = token.split('.');
    let three = [segments.next()?, segments.next()?, segments.next()?];
    (segments.next().is_none() && token.len() <= LONGEST).then_some(three)
}

/// What may be said of a token with a right signature.
enum Accepted {
    Good(Bearer, i64),
    TooOld,
}

impl Provider {
    /// Whether the provider signed it.
    fn check(&self, head: &str, signed: &str, signature: &str) -> Option<()> {
        let header = strict::segment(head)?;
        let key = self.key_of(&header)?;
        // The library would take a signature that is written in a second way, too.
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let canonical = BASE64_URL_SAFE_NO_PAD.encode(bytes) == signature;
        let right = jsonwebtoken::crypto::verify(
            signature,
            signed.as_bytes(),
            &key.decoding,
            key.algorithm,
        );
        (canonical && right.unwrap_or(false)).then_some(())
    }

    /// The key that the header names, if the header says nothing else that matters.
    fn key_of(&self, header: &Object) -> Option<&Key> {
        let typed = match header.get("typ") {
            None => true,
            Some(typ) => TYPES.iter().any(|known| typ == known),
        };
        if !typed || REFUSED.iter().any(|name| header.contains_key(*name)) {
            return None;
        }
        let id = match header.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?),
        };
        let Some(key) = self.keys.find(id) else {
            self.missed.store(true, Ordering::Relaxed);
            return None;
        };
        // The algorithm is the key's, whatever the header says; it has to say the same.
        (header.get("alg")?.as_str()?.parse() == Ok(key.algorithm)).then_some(key)
    }

    /// Whether its claims are those of an access token for us, and whose.
    fn accept(&self, claims: &Object, now: i64) -> Option<Accepted> {
        let settings = &self.settings;
        if !is_for(settings.audience.as_deref(), claims.get("aud")) {
            return None;
        }
        let company_id = Id::parse(&settings.claims.company.text(claims)?)?.0;
        if settings.companies.as_ref().is_some_and(|listed| !listed.contains(&company_id)) {
            return None;
        }
        let subject = settings.claims.user.text(claims)?;
        let bearer = match settings.users {
            Users::SameId => Bearer::Known(Actor::trusted(company_id, Id::parse(&subject)?.0)),
            Users::Linked => {
                let storable = !subject.contains('\0') && (1..=255).contains(&subject.len());
                storable.then_some(())?;
                Bearer::Login(Arc::new(Login::new(settings, company_id, subject, claims)))
            }
        };
        let exp = claims.get("exp")?.as_i64()?;
        let (nbf, iat) = (time(claims, "nbf")?, time(claims, "iat")?);
        let until = exp.saturating_add(LEEWAY);
        let begun = nbf.is_none_or(|nbf| nbf <= now + LEEWAY)
            && iat.is_none_or(|iat| iat <= now + LEEWAY && exp > iat);
        let age = exp.saturating_sub(iat.unwrap_or(now));
        if !begun || age > settings.longest_lifetime {
            return None;
        }
        Some(if until <= now { Accepted::TooOld } else { Accepted::Good(bearer, until) })
    }
}

/// A time that need not be there, but if it is, is whole seconds.
#[expect(clippy::option_option, reason = "absent is not the same as wrong")]
fn time(claims: &Object, name: &str) -> Option<Option<i64>> {
    match claims.get(name) {
        None => Some(None),
        Some(value) => value.as_i64().map(Some),
    }
}

/// One audience, or several of which we are one (RFC 7519, section 4.1.3).
fn is_for(audience: Option<&str>, aud: Option<&Value>) -> bool {
    match (audience, aud) {
        (None, _) => true,
        (Some(we), Some(Value::String(aud))) => aud == we,
        (Some(we), Some(Value::Array(list))) => {
            list.iter().all(Value::is_string) && list.iter().any(|aud| aud == we)
        }
        (Some(_), _) => false,
    }
}
