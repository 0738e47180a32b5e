//! Why a benchmark could not be run, in words that say what to do about it.

use std::fmt;
use std::path::Path;

use paddock_db::ConnectError;
use paddock_db::local::LocalError;
use paddock_db::migrate::MigrateError;

/// Why a benchmark ended without figures.
#[derive(Debug)]
pub(crate) struct BenchError(String);

impl BenchError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For `map_err`: what was being done with which file or program.
    pub(super) fn io(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let context = format!("{doing} {}", path.display());
        move |error| Self(format!("{context}: {error}"))
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BenchError {}

impl From<LocalError> for BenchError {
    fn from(error: LocalError) -> Self {
        Self(error.to_string())
    }
}

impl From<MigrateError> for BenchError {
    fn from(error: MigrateError) -> Self {
        Self(format!("the database of the benchmark: {error}"))
    }
}

impl From<ConnectError> for BenchError {
    fn from(error: ConnectError) -> Self {
        Self(error.to_string())
    }
}
