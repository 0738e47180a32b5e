//! Where a caller stands, as headers say it (draft-ietf-httpapi-ratelimit-headers-10).

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::buckets::Left;
use super::rate::Rate;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A limit, as the header has it: `"user";q=1200;w=60`.
pub(crate) struct Policy {
    name: &'static str,
    text: String,
}

/// What is left of each limit that a request was counted by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    policies: String,
    states: String,
}

impl Policy {
    pub(crate) fn new(name: &'static str, rate: Rate) -> Self {
        let text = rate
            .numbers()
            .map(|(requests, seconds)| format!("\"{name}\";q={requests};w={seconds}"));
        Self { name, text: text.unwrap_or_default() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `"user";r=1199;t=1`: so many requests are left, and in so many seconds all of them are back.
    pub(crate) fn state(&self, left: Left) -> String {
        let mut state = String::with_capacity(32);
        self.write(&mut state, left);
        state
    }

    fn write(&self, text: &mut String, left: Left) {
        // A string takes everything.
        let _ = write!(text, "\"{}\";r={};t={}", self.name, left.requests, left.full_in);
    }
}

impl Standing {
    pub(crate) fn add(&mut self, policy: &Policy, left: Left) {
        if self.states.is_empty() {
            self.policies.reserve(64);
            self.states.reserve(64);
        } else {
            self.policies.push_str(", ");
            self.states.push_str(", ");
        }
        self.policies.push_str(policy.text());
        policy.write(&mut self.states, left);
    }

    /// Says it to the client.
    pub(crate) fn tell(self, response: &mut HttpResponse) {
        if self.states.is_empty() {
            return;
        }
        for (name, text) in [(RATE_LIMIT_POLICY, self.policies), (RATE_LIMIT, self.states)] {
            if let Ok(value) = HeaderValue::from_maybe_shared(actix_web::web::Bytes::from(text)) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}
