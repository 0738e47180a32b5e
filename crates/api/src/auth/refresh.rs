//! Refresh tokens: each is good once, and its successor follows from it, so that it can be given a second
//! time to somebody who lost it, without being stored.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use paddock_db::Actor;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::problem::{Answer, Code, Problem};

/// What every refresh token begins with, for scanners that look for secrets where none should be.
const PREFIX: &str = "pdk_rt_";
/// The first byte; another one is a token of another time.
const VERSION: u8 = 1;
/// Version, company, user, session, secret.
const PAYLOAD: usize = 1 + 3 * 16 + SECRET;
const SECRET: usize = 32;
/// How much of the seal is kept: 128 bits.
const SEAL: usize = 16;

/// One refresh token: the session in the clear, and 256 bits that nobody can guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) company_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) session_id: Uuid,
    pub(crate) secret: [u8; SECRET],
}

impl Link {
    /// What is stored of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&self.secret)
    }

    /// Whoever has it acts for the session: whether that is over is asked in the flight.
    pub(crate) fn actor(&self) -> Actor {
        let session_id = Some(self.session_id);
        Actor { session_id, ..Actor::trusted(self.company_id, self.user_id) }
    }

    fn payload(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for id in [self.company_id, self.user_id, self.session_id] {
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.extend_from_slice(&self.secret);
        bytes
    }
}

/// SHA-256, which is enough for what is random.
pub(crate) fn hash(secret: &[u8; SECRET]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// The secret that a session begins with.
pub(crate) fn first_secret() -> Answer<[u8; SECRET]> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(|_| Problem::new(Code::Internal))?;
    Ok(secret)
}

/// Writes, reads and continues refresh tokens. The key alone makes none: the first secret of a session is
/// random, and each later one follows from the one before.
pub(crate) struct Chain {
    seal: Hmac<Sha256>,
    next: Hmac<Sha256>,
}

impl Chain {
    /// Derives its keys from the service's secret, so that they are of no use for anything else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let derive = |purpose| new_hmac(&derived(secret, purpose));
        Self { seal: derive(b"paddock refresh seal"), next: derive(b"paddock refresh next") }
    }

    /// The token as text.
    pub(crate) fn write(&self, link: &Link) -> String {
        let mut bytes = link.payload();
        let seal = self.sealing(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&seal[..SEAL]);
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token that we wrote; nobody else's gets as far as the database.
    pub(crate) fn read(&self, text: &str) -> Option<Link> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (payload, seal) = bytes.split_at_checked(PAYLOAD)?;
        if seal.len() != SEAL || payload.first() != Some(&VERSION) {
            return None;
        }
        self.sealing(payload).verify_truncated_left(seal).ok()?;
        let id = |n: usize| Uuid::from_slice(&payload[1 + n * 16..][..16]).ok();
        Some(Link {
            company_id: id(0)?,
            user_id: id(1)?,
            session_id: id(2)?,
            secret: payload[PAYLOAD - SECRET..].try_into().ok()?,
        })
    }

    /// The one successor of a token.
    pub(crate) fn next(&self, link: &Link) -> Link {
        let mut mac = self.next.clone();
        mac.update(&link.payload());
        Link { secret: mac.finalize().into_bytes().into(), ..link.clone() }
    }

    fn sealing(&self, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.seal.clone();
        mac.update(payload);
        mac
    }
}

/// A key of its own for each purpose: none tells anything of another, nor of the secret.
pub(crate) fn derived(secret: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut mac = new_hmac(secret);
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

pub(crate) fn new_hmac(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key) {
        Ok(hmac) => hmac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, Link};
    use uuid::Uuid;

    fn link() -> Link {
        let id = Uuid::from_u128;
        Link { company_id: id(1), user_id: id(2), session_id: id(3), secret: [7; 32] }
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_in_no_other_form() {
        let chain = Chain::new(b"a secret of the tests, 32 bytes.");
        let text = chain.write(&link());
        assert_eq!(chain.read(&text), Some(link()));
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(chain.read(&String::from_utf8_lossy(&edited)), None, "letter {at}");
            assert_eq!(chain.read(&text[..at]), None, "cut at {at}");
        }
        assert_eq!(chain.read(&format!("{text}A")), None);
        assert_eq!(Chain::new(b"another secret, of 32 bytes too.").read(&text), None);
    }

    #[test]
    fn a_successor_is_always_the_same_and_of_one_session_only() {
        let chain = Chain::new(b"a secret of the tests, 32 bytes.");
        let next = chain.next(&link());
        assert_eq!(next, chain.next(&link()));
        let other = Link { session_id: Uuid::from_u128(4), ..link() };
        assert_ne!(chain.next(&other).secret, next.secret);
        assert_ne!(chain.next(&next).secret, next.secret);
    }
}
