//! The time since the process began, or a time that stands until somebody moves it.

use std::time::{Duration, Instant};

use governor::clock::{Clock as Source, FakeRelativeClock};

/// What limits are measured by. Clones show the same time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    Running(Instant),
    /// One for tests: moved by `advance`.
    Standing(FakeRelativeClock),
}

impl Clock {
    /// A clock that stands.
    #[must_use]
    pub fn standing() -> Self {
        Self::Standing(FakeRelativeClock::default())
    }

    /// Moves a clock that stands; one that runs is not impressed.
    pub fn advance(&self, by: Duration) {
        if let Self::Standing(clock) = self {
            clock.advance(by);
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::Running(Instant::now())
    }
}

impl Source for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match self {
            Self::Running(start) => start.elapsed(),
            Self::Standing(clock) => clock.now().into(),
        }
    }
}
