//! Fetching the keys of a provider: seldom, never in the way of a request, and never for long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::Agent;
use ureq::http::header::CACHE_CONTROL;
use ureq::tls::TlsConfig;

use super::file::Settings;
use super::jwks::KeySet;

/// However short-lived a provider says its keys are, and whatever tokens come: once a minute.
const SHORTEST: Duration = Duration::from_secs(60);
/// However long-lived: once a day.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Where the provider says nothing.
const USUAL: Duration = Duration::from_secs(3600);
/// Keys that could not be fetched again for so long are good for nothing any more.
const STALE: Duration = Duration::from_secs(86_400);
/// How long one answer may take, from the name of the host to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// No key set is larger, in bytes.
const LARGEST: u64 = 256 * 1024;

/// When the keys of one provider were fetched, and when they are to be fetched again.
pub(super) struct Upkeep {
    url: String,
    agent: Agent,
    times: Mutex<Times>,
}

#[derive(Default)]
struct Times {
    last_try: Option<Duration>,
    last_success: Option<Duration>,
    due: Duration,
}

/// Keys, and how long they are good for.
pub(super) struct Answer {
    pub(super) keys: KeySet,
    good_for: Duration,
}

/// What is to become of the keys that are there, after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Forget,
}

impl Upkeep {
    pub(super) fn new(url: String) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // Whom the file names is asked, and nobody whom they name.
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .max_idle_connections(0)
            .user_agent(concat!("paddock/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { url, agent: config.into(), times: Mutex::default() }
    }

    /// Whether it is time: because the keys have run out, or because one was missing.
    pub(super) fn is_due(&self, missed: bool, now: Duration) -> bool {
        let times = self.times();
        let rested = times.last_try.is_none_or(|last| now >= last + SHORTEST);
        rested && (missed || now >= times.due)
    }

    pub(super) async fn fetch(&self, settings: Arc<Settings>) -> Result<Answer, String> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        let answer = tokio::task::spawn_blocking(move || ask(&agent, &url, &settings)).await;
        answer.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Remembers how it went.
    pub(super) fn note(&self, answer: &Result<Answer, String>, now: Duration) -> Verdict {
        let mut times = self.times();
        times.last_try = Some(now);
        match answer {
            Ok(answer) => {
                times.last_success = Some(now);
                times.due = now + answer.good_for;
                Verdict::Keep
            }
            Err(_) => {
                times.due = now + SHORTEST;
                match times.last_success {
                    Some(last) if now >= last + STALE => {
                        times.last_success = None;
                        Verdict::Forget
                    }
                    _ => Verdict::Keep,
                }
            }
        }
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(agent: &Agent, url: &str, settings: &Settings) -> Result<Answer, String> {
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    if response.status() != 200 {
        return Err(format!("{url} answers {}", response.status()));
    }
    let cache = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let good_for = good_for(cache.unwrap_or_default());
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    let body = body.map_err(|error| format!("{url}: {error}"))?;
    let keys = KeySet::of_jwks(&body, &settings.algorithms)
        .map_err(|error| format!("{url}: what it answers {error}"))?;
    Ok(Answer { keys, good_for })
}

/// What `Cache-Control` says (RFC 9111, section 5.2.2), within our bounds.
fn good_for(cache_control: &str) -> Duration {
    let mut directives = cache_control.split(',').map(|each| each.trim().to_ascii_lowercase());
    let age = directives.find_map(|each| match each.as_str() {
        "no-store" | "no-cache" => Some(Some(0)),
        other => other.strip_prefix("max-age=").map(|age| age.trim_matches('"').parse().ok()),
    });
    let age = age.flatten().map_or(USUAL, Duration::from_secs);
    age.clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{Answer, LONGEST, SHORTEST, Upkeep, Verdict, good_for};
    use crate::auth::providers::jwks::KeySet;
    use std::time::Duration;

    #[test]
    fn keys_are_fetched_once_a_day_at_least_and_once_a_minute_at_most() {
        let texts =
            ["", "public", "max-age=600", "Max-Age=\"600\"", "max-age=x", "public, max-age=600"];
        let seconds = texts.map(|text| good_for(text).as_secs());
        assert_eq!(seconds, [3600, 3600, 600, 600, 3600, 600]);
        for short in ["max-age=0", "no-store", "no-cache, max-age=600", "max-age=59"] {
            assert_eq!(good_for(short), SHORTEST, "{short}");
        }
        for long in ["max-age=86401", "max-age=18446744073709551615"] {
            assert_eq!(good_for(long), LONGEST, "{long}");
        }
    }

    #[test]
    fn a_missing_key_is_looked_for_once_a_minute_and_old_keys_are_forgotten_after_a_day() {
        let (upkeep, at) = (Upkeep::new("http://[::1]:9/".to_owned()), Duration::from_secs);
        let good = |seconds| Ok(Answer { keys: KeySet::default(), good_for: at(seconds) });
        let down = Err("down".to_owned());
        assert!(upkeep.is_due(false, at(0)), "at the start");
        assert_eq!(upkeep.note(&good(600), at(0)), Verdict::Keep);
        let due = [(true, 59), (true, 60), (false, 599), (false, 600)];
        assert_eq!(due.map(|(missed, s)| upkeep.is_due(missed, at(s))), [false, true, false, true]);
        for hour in 1..24 {
            assert_eq!(upkeep.note(&down, at(hour * 3600)), Verdict::Keep);
        }
        assert!(!upkeep.is_due(true, at(23 * 3600 + 59)));
        assert_eq!(upkeep.note(&down, at(24 * 3600)), Verdict::Forget);
        assert_eq!(upkeep.note(&down, at(25 * 3600)), Verdict::Keep, "there are none left");
    }
}
