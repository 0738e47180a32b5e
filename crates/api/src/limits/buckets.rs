//! One bucket for each key, all of the same rate: the generic cell rate algorithm, by `governor`.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header;
use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use uuid::Uuid;

use super::clock::Clock;
use super::rate::Rate;
use super::standing::{Policy, RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::http::problem::{Code, Problem};

/// After so many requests, buckets that have filled again are forgotten.
const SWEEP: u32 = 8_192;

/// With more buckets than this, further addresses share some.
const MOST: usize = 65_536;

/// Who is counted. Companies and users come from verified tokens, so that there are no more than there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Company(Uuid),
    User(Uuid, Uuid),
    Program(Uuid),
    Address(IpAddr),
    Login(IpAddr),
    /// All who try to log in.
    Logins,
    /// Some of too many addresses.
    Crowd(u16),
}

/// The buckets of one kind of key.
pub(crate) struct Buckets {
    policy: Policy,
    limiter: Limiter,
    checks: AtomicU32,
    crowded: AtomicBool,
    hasher: RandomState,
}

type Limiter = RateLimiter<Key, DashMapStateStore<Key>, Clock, StateInformationMiddleware>;

/// What is left in a bucket, and in how many seconds it will be full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: u32,
    pub(crate) full_in: u64,
}

/// The bucket is empty.
#[derive(Debug)]
pub(crate) struct Refusal {
    state: String,
    policy: String,
    seconds: u64,
}

impl Buckets {
    /// None where there is no limit.
    pub(crate) fn new(name: &'static str, rate: Rate, clock: Clock) -> Option<Self> {
        let limiter = RateLimiter::dashmap_with_clock(rate.quota()?, clock).with_middleware();
        Some(Self {
            policy: Policy::new(name, rate),
            limiter,
            checks: AtomicU32::new(0),
            crowded: AtomicBool::new(false),
            hasher: RandomState::new(),
        })
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes one out of the bucket.
    pub(crate) fn check(&self, key: Key) -> Result<Left, Refusal> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.sweep();
        }
        let key = if self.crowded.load(Ordering::Relaxed) { self.crowd(key) } else { key };
        match self.limiter.check_key(&key) {
            Ok(state) => {
                let requests = state.remaining_burst_capacity();
                let missing = state.quota().burst_size().get().saturating_sub(requests);
                let full_in = seconds(state.quota().replenish_interval() * missing);
                Ok(Left { requests, full_in })
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.limiter.clock().now());
                Err(self.refusal(seconds(wait).max(1)))
            }
        }
    }

    fn refusal(&self, seconds: u64) -> Refusal {
        let state = self.policy.state(Left { requests: 0, full_in: seconds });
        Refusal { state, policy: self.policy.text().to_owned(), seconds }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.crowded.store(self.limiter.len() > MOST, Ordering::Relaxed);
    }

    fn crowd(&self, key: Key) -> Key {
        match key {
            Key::Address(_) | Key::Login(_) => Key::Crowd(self.hasher.hash_one(key) as u16 % 1_024),
            key => key,
        }
    }
}

impl Refusal {
    /// 429, and when to come back.
    pub(crate) fn problem(&self, code: Code) -> Problem {
        Problem::new(code)
            .header(header::RETRY_AFTER, &self.seconds.to_string())
            .header(RATE_LIMIT_POLICY, &self.policy)
            .header(RATE_LIMIT, &self.state)
    }
}

/// Begun seconds: whoever comes back after them does not come too early.
pub(crate) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use uuid::Uuid;

    use super::{Buckets, Key, Left, MOST, SWEEP};
    use crate::limits::Clock;

    fn buckets(rate: &str, clock: &Clock) -> Buckets {
        Buckets::new("test", rate.parse().unwrap(), clock.clone()).unwrap()
    }

    #[test]
    fn a_bucket_runs_empty_and_fills_again() {
        let clock = Clock::standing();
        let buckets = buckets("3/60", &clock);
        let check = || buckets.check(Key::Logins).map_err(|refusal| refusal.seconds);
        assert_eq!(check(), Ok(Left { requests: 2, full_in: 20 }));
        assert_eq!(check(), Ok(Left { requests: 1, full_in: 40 }));
        assert_eq!(check(), Ok(Left { requests: 0, full_in: 60 }));
        assert_eq!(check(), Err(20));
        clock.advance(Duration::from_millis(19_500));
        assert_eq!(check(), Err(1));
        clock.advance(Duration::from_millis(500));
        assert_eq!(check(), Ok(Left { requests: 0, full_in: 60 }));
        assert_eq!(check(), Err(20));
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let clock = Clock::standing();
        let buckets = buckets("1/1", &clock);
        for number in 0..u128::from(SWEEP - 1) {
            assert!(buckets.check(Key::Company(Uuid::from_u128(number))).is_ok());
        }
        assert_eq!(buckets.limiter.len(), SWEEP as usize - 1);
        clock.advance(Duration::from_secs(60));
        assert!(buckets.check(Key::Logins).is_ok());
        assert_eq!(buckets.limiter.len(), 1);
    }

    #[test]
    fn too_many_addresses_share_buckets_and_companies_never_do() {
        let clock = Clock::standing();
        let buckets = buckets("100000/60", &clock);
        let address = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(number));
        for number in 0..200_000 {
            assert!(buckets.check(Key::Address(address(number))).is_ok());
        }
        assert!(buckets.limiter.len() <= MOST + SWEEP as usize + 1_024);
        let fresh = buckets.check(Key::Company(Uuid::nil())).map(|left| left.requests);
        assert_eq!(fresh.ok(), Some(99_999));
        let shared = buckets.check(Key::Address(address(u32::MAX))).map(|left| left.requests);
        assert!(shared.is_ok_and(|left| left < 99_999));
    }
}
