//! Challenges: that somebody knew the password a moment ago, and has still to show the second factor.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use paddock_db::{Actor, Login};
use sha2::Sha256;
use uuid::Uuid;

use crate::auth::refresh::{derived, new_hmac};
use crate::http::problem::{Answer, Code, Problem};

/// What every challenge begins with: it is no token, for nobody.
const PREFIX: &str = "pdk_2f_";
/// The first byte; another one is a challenge of another time.
const VERSION: u8 = 1;
/// How long a challenge is good for, in seconds.
const LIFETIME: i64 = 300;
/// How much of a MAC is kept: 128 bits.
const MAC: usize = 16;
/// Version, expiry, identity, company, user, mark of the password.
const PAYLOAD: usize = 1 + 8 + 3 * 16 + MAC;

/// Who knew a password, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) identity_id: Uuid,
    /// Whom the login acts as.
    pub(crate) actor: Actor,
    /// Of the stored hash, whose salt nobody else has: another password has another mark.
    mark: [u8; MAC],
}

/// Writes and reads challenges.
pub(crate) struct Challenges {
    seal: Hmac<Sha256>,
    mark: Hmac<Sha256>,
}

impl Challenges {
    /// Derives its keys from the service's secret, so that they are of no use for anything else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let derive = |purpose| new_hmac(&derived(secret, purpose));
        Self {
            seal: derive(b"paddock second factor challenge"),
            mark: derive(b"paddock second factor password"),
        }
    }

    /// For whoever has just shown the password of this login.
    pub(crate) fn write(&self, login: &Login, now: i64) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&(now + LIFETIME).to_be_bytes());
        for id in [login.identity_id, login.actor.company_id, login.actor.user_id] {
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.extend_from_slice(&self.mark_of(&login.password_hash));
        let seal = cut(&self.seal, &bytes);
        bytes.extend_from_slice(&seal);
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a challenge that we wrote and that is not too old.
    pub(crate) fn read(&self, text: &str, now: i64) -> Answer<Challenge> {
        let (challenge, until) =
            self.parse(text).ok_or_else(|| Problem::new(Code::InvalidToken))?;
        if until <= now { Err(Problem::new(Code::TokenExpired)) } else { Ok(challenge) }
    }

    /// Whether the password is still the one that was shown.
    pub(crate) fn fits(&self, challenge: &Challenge, password_hash: &str) -> bool {
        challenge.mark == self.mark_of(password_hash)
    }

    fn parse(&self, text: &str) -> Option<(Challenge, i64)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (payload, seal) = bytes.split_at_checked(PAYLOAD)?;
        if seal.len() != MAC || payload.first() != Some(&VERSION) {
            return None;
        }
        with(&self.seal, payload).verify_truncated_left(seal).ok()?;
        let id = |n: usize| Uuid::from_slice(&payload[9 + n * 16..][..16]).ok();
        let challenge = Challenge {
            identity_id: id(0)?,
            actor: Actor::trusted(id(1)?, id(2)?),
            mark: payload[PAYLOAD - MAC..].try_into().ok()?,
        };
        Some((challenge, i64::from_be_bytes(payload[1..9].try_into().ok()?)))
    }

    fn mark_of(&self, password_hash: &str) -> [u8; MAC] {
        cut(&self.mark, password_hash.as_bytes())
    }
}

fn with(key: &Hmac<Sha256>, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(bytes);
    mac
}

fn cut(key: &Hmac<Sha256>, bytes: &[u8]) -> [u8; MAC] {
    let whole = with(key, bytes).finalize().into_bytes();
    std::array::from_fn(|at| whole[at])
}

#[cfg(test)]
mod tests {
    use paddock_db::{Actor, Login};
    use uuid::Uuid;

    use super::{Challenges, LIFETIME};
    use crate::http::problem::Code;

    fn login() -> Login {
        let id = Uuid::from_u128;
        Login {
            identity_id: id(1),
            actor: Actor::trusted(id(2), id(3)),
            password_hash: "$argon2id$salt$hash".to_owned(),
            has_second_factor: true,
        }
    }

    #[test]
    fn a_challenge_is_read_for_five_minutes_as_it_was_written_and_in_no_other_form() {
        let challenges = Challenges::new(b"a secret of the tests, 32 bytes.");
        let text = challenges.write(&login(), 1000);
        let read = |text: &str, now| challenges.read(text, now).map_err(|problem| problem.code());
        let challenge = read(&text, 1000 + LIFETIME - 1).unwrap();
        assert_eq!(challenge.identity_id, login().identity_id);
        assert_eq!(challenge.actor, login().actor);
        assert_eq!(read(&text, 1000 + LIFETIME), Err(Code::TokenExpired));
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8_lossy(&edited);
            assert_eq!(read(&edited, 1000), Err(Code::InvalidToken), "letter {at}");
            assert_eq!(read(&text[..at], 1000), Err(Code::InvalidToken), "cut at {at}");
        }
        let other = Challenges::new(b"another secret, of 32 bytes too.");
        assert!(other.read(&text, 1000).is_err());
    }

    #[test]
    fn a_challenge_is_for_one_password() {
        let challenges = Challenges::new(b"a secret of the tests, 32 bytes.");
        let challenge = challenges.read(&challenges.write(&login(), 0), 1).ok().unwrap();
        assert!(challenges.fits(&challenge, "$argon2id$salt$hash"));
        assert!(!challenges.fits(&challenge, "$argon2id$salt$hasH"));
    }
}
