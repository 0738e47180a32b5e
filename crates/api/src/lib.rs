//! HTTP: thin handlers over one way to the database, and the document that describes them.
//!
//! A request's way: [`http::envelope`] → `Caller` (no I/O) → a handler of `resources` → one named statement
//! in one flight → rows → JSON. Every error is in one table, [`Problem`].

mod auth;
mod http;
pub mod limits;
pub mod mail;
mod openapi;
mod resources;
mod routes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use limits::RateLimits;
use mail::Post;
use paddock_db::{Db, Door};

pub use auth::clock::WallClock;
pub use auth::keys::{KeyError, Keys, WeakSecret, new_key};
pub use auth::password_rules::{
    Breached, NotBreached, Rejection as PasswordRejection, check as check_password,
};
pub use auth::passwords::{Passwords, hash as hash_password};
pub use auth::providers::{Providers, ProvidersError};
pub use auth::tokens::LIFETIME as TOKEN_LIFETIME;
pub use http::problem::{Code, FieldError, Problem};
pub use resources::custom_fields::values::CustomValues;
pub use resources::customers::{
    AccessRule, LifecycleStage, NewCustomer, UserAccess, create_each, explain_access,
};
pub use resources::users::Role;
pub use routes::{app, document};

/// How far the clocks of server and database may be apart before it is said, in milliseconds.
pub const MOST_SKEW: i64 = 5000;

/// What the handlers of one worker share.
pub struct State {
    db: Db,
    door: Door,
    passwords: Passwords,
    tokens: auth::tokens::Tokens,
    chain: auth::refresh::Chain,
    challenges: auth::challenge::Challenges,
    vault: auth::vault::Vault,
    cursors: http::cursor::Signer,
    origins: Vec<String>,
    draining: Arc<AtomicBool>,
    limits: Arc<RateLimits>,
    /// Whether the database's clock was far from ours when it was last looked at.
    skewed: AtomicBool,
    accounts: Accounts,
}

/// How people come in, and what is written to them.
#[derive(Clone)]
pub struct Accounts {
    /// Where mails are handed in; shared by all workers.
    pub post: Post,
    /// Whether anybody may sign up for a company of their own.
    pub sign_up_is_open: bool,
    /// Stolen passwords, which nobody may choose.
    pub breached: Option<Breached>,
}

/// What a [`State`] is made of.
pub struct Settings<'a> {
    /// The pool of the application's role.
    pub db: Db,
    /// The pool of the login door.
    pub door: Door,
    /// Shared by all workers, so that hashing takes no more threads than there are cores.
    pub passwords: Passwords,
    /// What access tokens are signed with; shared by all workers.
    pub keys: Keys,
    /// What cursors and refresh tokens are made with, and secrets of second factors are encrypted with: at least
    /// 32 bytes.
    pub secret: &'a [u8],
    /// The origins whose pages may call the API (`https://crm.example`), exactly as browsers send them.
    pub origins: Vec<String>,
    /// Set when the service begins to shut down.
    pub draining: Arc<AtomicBool>,
}

impl State {
    /// Prepares everything that need not be done per request.
    ///
    /// # Errors
    /// If the secret is too weak.
    pub fn new(settings: Settings<'_>) -> Result<Self, WeakSecret> {
        auth::keys::require_strength(settings.secret)?;
        Ok(Self {
            db: settings.db,
            door: settings.door,
            passwords: settings.passwords,
            tokens: auth::tokens::Tokens::new(settings.keys),
            chain: auth::refresh::Chain::new(settings.secret),
            challenges: auth::challenge::Challenges::new(settings.secret),
            vault: auth::vault::Vault::new(settings.secret),
            cursors: http::cursor::Signer::new(settings.secret),
            origins: settings.origins,
            draining: settings.draining,
            limits: Arc::new(RateLimits::none()),
            skewed: AtomicBool::new(false),
            accounts: Accounts { post: Post::nowhere(), sign_up_is_open: false, breached: None },
        })
    }

    /// The same with rate limits; where nothing is said there are none.
    #[must_use]
    pub fn limited_by(mut self, limits: Arc<RateLimits>) -> Self {
        self.limits = limits;
        self
    }

    /// The same, accepting tokens of outside providers.
    #[must_use]
    pub fn trusting(mut self, providers: Providers) -> Self {
        self.tokens.trust(providers);
        self
    }

    /// The same with another clock to judge tokens by.
    #[must_use]
    pub fn going_by(mut self, clock: WallClock) -> Self {
        self.tokens.go_by(clock);
        self
    }

    /// Whether the database answers, and how many milliseconds its clock is ahead of ours. The log says when
    /// they begin to differ by more than [`MOST_SKEW`], and when they agree again.
    ///
    /// # Errors
    /// See [`paddock_db::Error`].
    pub async fn look_at_clocks(&self) -> paddock_db::Result<i64> {
        let ahead = self.db.ping().await? - self.tokens.clock().millis();
        let skewed = ahead.abs() > MOST_SKEW;
        if self.skewed.swap(skewed, Ordering::Relaxed) != skewed {
            if skewed {
                tracing::warn!(
                    milliseconds = ahead,
                    "the database's clock differs from the server's"
                );
            } else {
                tracing::info!(milliseconds = ahead, "the clocks agree again");
            }
        }
        Ok(ahead)
    }

    /// The same with sign-up and mail; where nothing is said nobody signs up and no mail is sent.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Accounts) -> Self {
        self.accounts = accounts;
        self
    }
}
