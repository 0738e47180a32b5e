//! Passwords: Argon2id (RFC 9106), on as many threads as there are cores and no more.
//!
//! 19 MiB, two passes, one lane: the least that OWASP's cheat sheet takes for good, and on purpose no more. A
//! guess costs 30 to 60 ms of a core, and a server can be asked for one by anybody: what is made dearer for
//! thieves of the table is made dearer for it, too. A password has fifteen characters instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// Allows this many checks at the same time.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), computed: Arc::default() }
    }

    /// How many hashes have been computed so far: what answers cost, whomever they are about.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Whether the password belongs to the hash; with no hash, takes as long and says no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Answer<bool> {
        let (known, hash) = match hash {
            Some(hash) => (true, hash),
            None => (false, NOBODY.to_owned()),
        };
        Ok(self.compute(move || matches(&password, &hash)).await? && known)
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: String) -> Answer<String> {
        let hash = self.compute(move || hash(&password)).await?;
        hash.map_err(|_| Problem::new(Code::Internal))
    }

    /// Hashes a password anew that has just been found right, if its hash is not made as they are today.
    pub(crate) async fn renewed(&self, password: String, old: &str) -> Answer<Option<String>> {
        if cost(old) == cost(NOBODY) {
            return Ok(None);
        }
        self.hash(password).await.map(Some)
    }

    /// Waits for a turn, and does the work of one hash.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Code::Overloaded))?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        let done = web::block(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| Problem::new(Code::Overloaded))
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

/// Algorithm, version and parameters of a hash: what it is made with.
fn cost(hash: &str) -> Vec<&str> {
    hash.split('$').take(4).collect()
}

/// NFKC: the same password from two keyboards is the same password.
pub(super) fn normal(password: &str) -> String {
    password.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, cost, hash};

    #[test]
    fn nobody_takes_as_long_as_somebody() {
        assert_eq!(cost(&hash("somebody").unwrap()), cost(NOBODY));
    }
}
