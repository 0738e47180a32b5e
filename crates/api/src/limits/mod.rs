//! Rate limits: how often a company, a user or an address may ask, and how often somebody may try a password.
//!
//! Companies and users are those of the verified token; nothing here does any I/O. One instance is shared by
//! all workers of a process. Several processes count each for themselves.

mod address;
mod attempts;
mod buckets;
mod clock;
mod rate;
mod standing;

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::HttpRequest;
use paddock_db::Actor;

pub use self::address::{Networks, NotANetwork};
pub use self::clock::Clock;
pub use self::rate::{NotARate, Rate};

pub(crate) use self::attempts::Attempt;
use self::attempts::Attempts;
use self::buckets::{Buckets, Key, Refusal};
pub(crate) use self::standing::Standing;
use crate::http::problem::{Answer, Code};

/// All addresses together may try to log in so many times as often as one.
const CROWD: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// How often each may ask.
#[derive(Debug, Clone, Default)]
pub struct RateSettings {
    /// All users of a company together.
    pub company: Rate,
    /// One user.
    pub user: Rate,
    /// One API key; its user and company count as well.
    pub key: Rate,
    /// One address, without a valid token.
    pub address: Rate,
    /// One address, trying to log in or asking for mails; all addresses together fifty times that.
    pub login: Rate,
    /// Whether an e-mail is locked for a while after too many wrong passwords.
    pub lock_accounts: bool,
    /// Proxies that say truly whom they ask for.
    pub trusted_proxies: Networks,
}

/// Who has asked how often.
pub struct RateLimits {
    company: Option<Buckets>,
    user: Option<Buckets>,
    key: Option<Buckets>,
    address: Option<Buckets>,
    login: Option<Buckets>,
    logins: Option<Buckets>,
    attempts: Option<Attempts>,
    /// Mails that strangers ask for: apart from attempts, so that whoever forgot a password need not wait.
    mails: Option<Attempts>,
    trusted: Networks,
}

impl RateLimits {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(settings: RateSettings, clock: &Clock) -> Self {
        let buckets = |name, rate: Rate| Buckets::new(name, rate, clock.clone());
        Self {
            company: buckets("company", settings.company),
            user: buckets("user", settings.user),
            key: buckets("key", settings.key),
            address: buckets("address", settings.address),
            login: buckets("login", settings.login),
            logins: buckets("logins", settings.login.times(CROWD)),
            attempts: settings.lock_accounts.then(|| Attempts::new(clock.clone())),
            mails: settings.lock_accounts.then(|| Attempts::new(clock.clone())),
            trusted: settings.trusted_proxies,
        }
    }

    /// No limits at all.
    #[must_use]
    pub fn none() -> Self {
        Self::new(RateSettings::default(), &Clock::default())
    }

    /// Counts a request with a valid token. The key's limit comes first, then the user's: whoever has
    /// used theirs up takes nothing from the others.
    pub(crate) fn admit(&self, actor: &Actor) -> Answer<Standing> {
        let Actor { company_id, user_id, key, .. } = *actor;
        let mut standing = Standing::default();
        if let Some(key) = key {
            count(&mut standing, self.key.as_ref(), Key::Program(key.id))?;
        }
        count(&mut standing, self.user.as_ref(), Key::User(company_id, user_id))?;
        count(&mut standing, self.company.as_ref(), Key::Company(company_id))?;
        Ok(standing)
    }

    /// Counts a request without a valid token.
    pub(crate) fn admit_stranger(&self, request: &HttpRequest) -> Answer<Standing> {
        let mut standing = Standing::default();
        if let Some(buckets) = &self.address {
            count(&mut standing, Some(buckets), Key::Address(self.address_of(request)))?;
        }
        Ok(standing)
    }

    /// Counts an attempt to log in, before the password is looked at. Whether the e-mail is known plays no
    /// part.
    pub(crate) fn admit_login(&self, request: &HttpRequest, email: &str) -> Answer<Attempt<'_>> {
        let address = self.admit_address(request)?;
        Attempt::begin(self.attempts.as_ref(), email, address)
    }

    /// Counts a mail that somebody asks for, whether there is anybody to write to or not. Each one counts: after
    /// some of them the e-mail waits.
    pub(crate) fn admit_mail(&self, request: &HttpRequest, email: &str) -> Answer<()> {
        let address = self.admit_address(request)?;
        Attempt::begin(self.mails.as_ref(), email, address).map(drop)
    }

    /// Counts a token that came by mail, by the address that shows it: nobody guesses 256 bits, but looking
    /// for them costs something.
    pub(crate) fn admit_token(&self, request: &HttpRequest) -> Answer<()> {
        self.admit_address(request).map(drop)
    }

    /// Counts by the same limits whatever has to do with logins.
    fn admit_address(&self, request: &HttpRequest) -> Answer<IpAddr> {
        let too_many = |refusal: Refusal| refusal.problem(Code::TooManyAttempts);
        let address = self.address_of(request);
        if let Some(login) = &self.login {
            login.check(Key::Login(address)).map_err(too_many)?;
        }
        if let Some(logins) = &self.logins {
            logins.check(Key::Logins).map_err(too_many)?;
        }
        Ok(address)
    }

    fn address_of(&self, request: &HttpRequest) -> IpAddr {
        self.trusted.client_of(request)
    }
}

fn count(standing: &mut Standing, buckets: Option<&Buckets>, key: Key) -> Answer<()> {
    let Some(buckets) = buckets else { return Ok(()) };
    let left = buckets.check(key).map_err(|refusal| refusal.problem(Code::RateLimited))?;
    standing.add(buckets.policy(), left);
    Ok(())
}
