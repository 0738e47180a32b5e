//! A rate as people write it: `1200/60`, or `off`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use governor::Quota;

/// So many requests in so many seconds, all at once if need be; or any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate(Option<(NonZeroU32, NonZeroU32)>);

/// A text that is no rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARate;

impl Rate {
    /// No limit.
    pub const OFF: Self = Self(None);

    /// Requests and seconds.
    pub(crate) const fn numbers(self) -> Option<(NonZeroU32, NonZeroU32)> {
        self.0
    }

    /// So many times as many requests in the same time.
    pub(crate) fn times(self, times: NonZeroU32) -> Self {
        Self(self.0.map(|(requests, seconds)| (requests.saturating_mul(times), seconds)))
    }

    pub(crate) fn quota(self) -> Option<Quota> {
        let (requests, seconds) = self.0?;
        let each = Duration::from_secs(seconds.get().into()) / requests.get();
        Some(Quota::with_period(each.max(Duration::from_nanos(1)))?.allow_burst(requests))
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let (requests, seconds) = text.split_once('/').ok_or(NotARate)?;
        let number = |text: &str| text.parse().map_err(|_| NotARate);
        Ok(Self(Some((number(requests)?, number(seconds)?))))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some((requests, seconds)) => write!(f, "{requests}/{seconds}"),
        }
    }
}

impl fmt::Display for NotARate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate is <requests>/<seconds>, such as 1200/60, or off")
    }
}

impl std::error::Error for NotARate {}

#[cfg(test)]
mod tests {
    use super::{NotARate, Rate};

    #[test]
    fn a_rate_is_written_as_it_is_read() {
        for text in ["1200/60", "1/1", "4294967295/1", "off"] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "1200", "0/60", "60/0", "-1/60", "1.5/60", "1200/60s", "Off", "1/2/3"] {
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text}");
        }
    }
}
