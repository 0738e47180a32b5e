//! The one clock by which tokens are judged: the server's. Rows are dated by the database's.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock {
    ahead: i64,
}

impl WallClock {
    /// One for tests, so many seconds before the machine's.
    #[must_use]
    pub const fn ahead_by(seconds: i64) -> Self {
        Self { ahead: seconds }
    }

    /// Milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub(crate) fn millis(self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.ahead * 1000)
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> i64 {
        self.millis().div_euclid(1000)
    }
}
