//! Passwords: Argon2id (RFC 9106), on as many threads as there are cores and no more.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::http::problem::{Answer, Code, Problem};

/// What a password may measure, in bytes of UTF-8.
pub(crate) const LONGEST: usize = 1024;

/// How long a login waits for its turn before it is told that we are overloaded.
const WAIT: Duration = Duration::from_secs(5);

/// Verified for e-mails that nobody has, so that the answer takes as long. Written down and not computed at
/// the start, which would take 19 MiB and as much time as a login.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$tXg61DWXQOJPNV1IiJ/VDA$sRuDkOaqyDDK6Jg8B6NOQALXtBUaRqHu2BumNXLc70Q";

/// Checks passwords. Clones share the threads.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// Allows this many checks at the same time.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// Whether the password belongs to the hash; with no hash, takes as long and says no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Answer<bool> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Code::Overloaded))?;
        let (known, hash) = match hash {
            Some(hash) => (true, hash),
            None => (false, NOBODY.to_owned()),
        };
        let matches = web::block(move || {
            let matches = matches(&password, &hash);
            drop(turn);
            matches
        });
        Ok(matches.await.map_err(|_| Problem::new(Code::Overloaded))? && known)
    }
}

/// Hashes a password, in PHC form.
///
/// # Errors
/// If the machine has no randomness to give.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(normal(password).as_bytes())?.to_string())
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default().verify_password(normal(password).as_bytes(), &hash).is_ok()
    })
}

/// NFKC: the same password from two keyboards is the same password.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, hash};

    #[test]
    fn nobody_takes_as_long_as_somebody() {
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(hash("somebody").map(|hash| cost(&hash)).ok(), Some(cost(NOBODY)));
    }
}
