//! Wrong passwords: after some of them an e-mail waits, longer each time, never for good.
//!
//! It waits for whoever tries from that address, and, after many more, for everybody. Whether somebody has
//! the e-mail plays no part, so that waiting tells nothing. An attempt is counted before the password is
//! looked at, so that a thousand at once are a thousand.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::header;
use governor::clock::Clock as _;
use unicode_normalization::UnicodeNormalization;

use super::buckets::seconds;
use super::clock::Clock;
use crate::http::problem::{Answer, Code, Problem};

/// How many attempts are free, from one address and from all of them.
const FREE_HERE: u32 = 5;
const FREE_EVERYWHERE: u32 = 20;

/// The first wait; each further failure doubles it, up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// After so long without an attempt everything is forgotten.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// How much is remembered at most.
const MOST: usize = 262_144;

/// What was tried in this process.
pub(super) struct Attempts {
    clock: Clock,
    /// Keyed by whoever started the process: nobody can aim at another e-mail's entry.
    hasher: RandomState,
    failures: Mutex<HashMap<u64, Failures>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: u32,
    last: Duration,
    until: Duration,
}

/// An attempt that has been counted.
pub(crate) struct Attempt<'a> {
    attempts: Option<&'a Attempts>,
    keys: [u64; 2],
}

impl Attempts {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, hasher: RandomState::new(), failures: Mutex::default() }
    }

    /// For the e-mail from this address, and for the e-mail.
    fn keys(&self, email: &str, address: IpAddr) -> [u64; 2] {
        let email = normal(email);
        [self.hasher.hash_one((&email, address)), self.hasher.hash_one(&email)]
    }

    /// Counts an attempt as a failure, unless it has to wait: then it changes nothing.
    fn count(&self, keys: [u64; 2]) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut failures = self.failures();
        let until = keys.iter().filter_map(|key| Some(failures.get(key)?.until)).max();
        if let Some(wait) = until.and_then(|until| until.checked_sub(now)).filter(|w| !w.is_zero())
        {
            return Err(wait);
        }
        make_room(&mut failures, now);
        for (key, free) in keys.into_iter().zip([FREE_HERE, FREE_EVERYWHERE]) {
            if failures.len() < MOST || failures.contains_key(&key) {
                failures.entry(key).or_default().add(free, now);
            }
        }
        Ok(())
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<u64, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn add(&mut self, free: u32, now: Duration) {
        if now.saturating_sub(self.last) > MEMORY {
            *self = Self::default();
        }
        self.last = now;
        self.count = self.count.saturating_add(1);
        if let Some(further) = self.count.checked_sub(free) {
            let wait = FIRST.saturating_mul(1_u32.checked_shl(further).unwrap_or(u32::MAX));
            self.until = now + wait.min(LONGEST);
        }
    }
}

impl<'a> Attempt<'a> {
    /// Counts it, or says how long to wait.
    pub(super) fn begin(
        attempts: Option<&'a Attempts>,
        email: &str,
        address: IpAddr,
    ) -> Answer<Self> {
        let keys = attempts.map_or([0; 2], |attempts| attempts.keys(email, address));
        let waiting = |wait| {
            let seconds = seconds(wait).to_string();
            Problem::new(Code::TooManyAttempts).header(header::RETRY_AFTER, &seconds)
        };
        attempts.map_or(Ok(()), |attempts| attempts.count(keys)).map_err(waiting)?;
        Ok(Self { attempts, keys })
    }

    /// The password was right: nothing has happened.
    pub(crate) fn succeeded(self) {
        if let Some(attempts) = self.attempts {
            let mut failures = attempts.failures();
            for key in self.keys {
                failures.remove(&key);
            }
        }
    }
}

/// Those who are long gone are forgotten; if that is not enough, those who wait for nothing.
fn make_room(failures: &mut HashMap<u64, Failures>, now: Duration) {
    if failures.len() < MOST {
        return;
    }
    failures.retain(|_, failures| now.saturating_sub(failures.last) <= MEMORY);
    if failures.len() >= MOST {
        failures.retain(|_, failures| failures.until > now);
    }
}

/// At least as coarse as `app.fold` in the database: two spellings of one e-mail are counted together.
fn normal(email: &str) -> String {
    let folded: String = email.nfkc().collect();
    folded.to_lowercase().to_uppercase().to_lowercase().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use super::{Attempt, Attempts, FREE_EVERYWHERE, FREE_HERE, LONGEST, MEMORY, normal};
    use crate::limits::Clock;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn wait(attempts: &Attempts, address: IpAddr) -> Option<u64> {
        let keys = attempts.keys("a@b", address);
        attempts.count(keys).err().map(|wait| wait.as_secs())
    }

    #[test]
    fn waits_grow_to_a_limit_and_end() {
        let clock = Clock::standing();
        let attempts = Attempts::new(clock.clone());
        assert!((0..FREE_HERE).all(|_| wait(&attempts, HERE).is_none()));
        let mut waits = Vec::new();
        for _ in 0..12 {
            let seconds = wait(&attempts, HERE).unwrap();
            assert_eq!(wait(&attempts, HERE), Some(seconds), "to ask again makes it no longer");
            clock.advance(Duration::from_secs(seconds));
            assert_eq!(wait(&attempts, HERE), None);
            waits.push(seconds);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        clock.advance(LONGEST + MEMORY);
        assert!((0..FREE_HERE).all(|_| wait(&attempts, HERE).is_none()));
    }

    #[test]
    fn whoever_guesses_from_one_address_does_not_lock_out_another() {
        let attempts = Attempts::new(Clock::standing());
        while wait(&attempts, HERE).is_none() {}
        assert_eq!(wait(&attempts, IpAddr::V4(Ipv4Addr::BROADCAST)), None);
    }

    #[test]
    fn whoever_guesses_from_many_addresses_waits_too() {
        let attempts = Attempts::new(Clock::standing());
        let tries = (0..1_000).take_while(|number| {
            wait(&attempts, IpAddr::V4(Ipv4Addr::from_bits(*number))).is_none()
        });
        assert_eq!(tries.count(), FREE_EVERYWHERE as usize);
    }

    #[test]
    fn success_is_a_new_beginning() {
        let attempts = Attempts::new(Clock::standing());
        for _ in 0..FREE_HERE * 3 {
            Attempt::begin(Some(&attempts), "a@b", HERE).ok().unwrap().succeeded();
        }
        assert!(attempts.failures().is_empty());
    }

    #[test]
    fn spellings_of_one_email_are_one() {
        for [one, other] in [["A@B.c", "a@b.C"], ["ﬁ@b", "FI@B"], ["σς@b", "ΣΣ@b"], ["ß@b", "SS@B"]]
        {
            assert_eq!(normal(one), normal(other));
        }
    }
}
