//! Outside identity providers: whose tokens are accepted beside our own, under which keys, and whom they stand
//! for. Nothing here does any I/O while a token is looked at; keys are fetched in the background.

mod claims;
mod fetch;
mod file;
mod jwks;
mod login;
mod token;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use governor::clock::Clock as _;

use self::fetch::{Answer, Upkeep};
pub use self::file::ProvidersError;
use self::file::{Settings, Source};
use self::jwks::KeySet;
pub(crate) use self::login::Login;
pub(crate) use self::token::read;
use crate::limits::Clock;

/// How often it is looked whether keys are to be fetched.
const LOOK: Duration = Duration::from_secs(1);

/// All outside providers. Clones share their keys.
#[derive(Clone)]
pub struct Providers(Arc<Shared>);

struct Shared {
    list: RwLock<Arc<Trusted>>,
    upkeep: Vec<Option<Upkeep>>,
    clock: Clock,
}

/// The providers of one moment, with their keys.
pub(crate) struct Trusted(Vec<Provider>);

#[derive(Clone)]
pub(crate) struct Provider {
    settings: Arc<Settings>,
    keys: Arc<KeySet>,
    /// Set when a token names a key that is not there; the next round fetches then, once a minute at most.
    missed: Arc<AtomicBool>,
}

impl Trusted {
    /// The provider that signs itself so.
    fn find(&self, issuer: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.settings.issuer == issuer)
    }
}

impl Providers {
    /// Reads the file; keys that stand at an address come with the first [`Providers::refresh`].
    ///
    /// # Errors
    /// If there is something wrong with it: says where and what.
    pub fn of_file(path: &Path) -> Result<Self, ProvidersError> {
        Self::of_settings(file::read(path)?, Clock::default())
    }

    /// The same from a text; files that it names are looked for in the folder.
    ///
    /// # Errors
    /// If there is something wrong with it: says where and what.
    pub fn of_text(text: &str, folder: &Path, clock: Clock) -> Result<Self, ProvidersError> {
        Self::of_settings(file::parse(text, folder)?, clock)
    }

    fn of_settings(
        settings: Vec<(Settings, Source)>,
        clock: Clock,
    ) -> Result<Self, ProvidersError> {
        let (mut list, mut upkeep) = (Vec::new(), Vec::new());
        for (settings, source) in settings {
            let (keys, url) = match source {
                Source::Here(keys) => (keys, None),
                Source::Url(url) => (KeySet::default(), Some(url)),
            };
            let settings = Arc::new(settings);
            list.push(Provider { settings, keys: Arc::new(keys), missed: Arc::default() });
            upkeep.push(url.map(Upkeep::new));
        }
        let list = RwLock::new(Arc::new(Trusted(list)));
        Ok(Self(Arc::new(Shared { list, upkeep, clock })))
    }

    /// Those of this moment.
    pub(crate) fn trusted(&self) -> Arc<Trusted> {
        Arc::clone(&self.0.list.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the keys that are due: those whose time has come, and those of which one was missing when a
    /// token came, if the last try was a minute ago. Each takes five seconds at most.
    pub async fn refresh(&self) {
        let trusted = self.trusted();
        let all = trusted.0.iter().zip(&self.0.upkeep).enumerate();
        join_all(all.filter_map(|(nth, (provider, upkeep))| {
            upkeep.as_ref().map(|upkeep| self.refresh_one(nth, provider, upkeep))
        }))
        .await;
    }

    async fn refresh_one(&self, nth: usize, provider: &Provider, upkeep: &Upkeep) {
        let (issuer, now) = (&provider.settings.issuer, self.0.clock.now());
        if !upkeep.is_due(provider.missed.load(Ordering::Relaxed), now) {
            return;
        }
        provider.missed.store(false, Ordering::Relaxed);
        let answer = upkeep.fetch(Arc::clone(&provider.settings)).await;
        match upkeep.note(&answer, now) {
            fetch::Verdict::Keep => {}
            fetch::Verdict::Forget => {
                tracing::error!(
                    issuer,
                    "the keys of the provider are a day old: they are forgotten"
                );
                self.replace(nth, KeySet::default());
            }
        }
        match answer {
            Ok(Answer { keys, .. }) => self.replace(nth, keys),
            Err(error) => {
                tracing::warn!(issuer, error, "the keys of the provider were not fetched")
            }
        }
    }

    /// Tokens that were good are only looked at again if the keys have changed.
    fn replace(&self, nth: usize, keys: KeySet) {
        let mut list = self.0.list.write().unwrap_or_else(PoisonError::into_inner);
        if *list.0[nth].keys == keys {
            return;
        }
        tracing::info!(
            issuer = list.0[nth].settings.issuer,
            keys = keys.len(),
            "keys have changed"
        );
        let mut providers = list.0.clone();
        providers[nth].keys = Arc::new(keys);
        *list = Arc::new(Trusted(providers));
    }

    /// Goes on fetching as long as the service runs.
    pub async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.refresh().await;
        }
    }

    /// How many providers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.upkeep.len()
    }
}
