//! Reads the end of a log file.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// More than this is never read of a log: twenty lines fit well.
const MOST_BYTES: u64 = 64 * 1024;

/// The last twenty lines of a text.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// The last twenty lines of a log file; empty if it cannot be read.
pub(super) fn tail(log: &Path) -> String {
    last_lines(&since(log, 0))
}

/// What was written to a log file after its first `start` bytes, at most the last part of it.
pub(super) fn since(log: &Path, start: u64) -> String {
    let start = start.max(size(log).saturating_sub(MOST_BYTES));
    let mut bytes = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.take(MOST_BYTES).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The size of a log file in bytes; zero if it is not there.
pub(super) fn size(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}
