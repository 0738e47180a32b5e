//! What became of every row: lines on stderr, a file to be mended, and a summary.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use csv::ByteRecord;

use super::error::ImportError;
use super::header::REPORT;
use super::progress::{Progress, counted};
use super::reader::Records;
use super::row::Refusal;

/// How many refused rows are printed one by one.
const PRINTED: u64 = 20;

/// An import in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Summary {
    /// Rows that were looked at and, if good, stored.
    pub(crate) rows: u64,
    /// Rows that are stored now.
    pub(crate) created: u64,
    /// Rows that are not, by the reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Columns that meant nothing.
    pub(crate) ignored: Vec<String>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// How many rows were refused.
    pub(crate) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// 0 if every row was taken, 2 if not.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.refused.is_empty() { 0 } else { 2 })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} created", counted(self.rows), self.created)?;
        if !self.refused.is_empty() {
            let mut reasons: Vec<_> = self.refused.iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let reasons: Vec<_> = reasons
                .iter()
                .map(|(code, count)| format!("{count} {}", printable(code)))
                .collect();
            write!(f, ", {} refused ({})", self.refusals(), reasons.join(", "))?;
        }
        write!(f, " in {:.1} s", self.elapsed.as_secs_f64())?;
        if !self.ignored.is_empty() {
            write!(f, "\nignored columns: {}", printable(&self.ignored.join(", ")))?;
        }
        Ok(())
    }
}

/// Counts, prints and keeps what is refused.
pub(crate) struct Report {
    summary: Summary,
    started: Instant,
    progress: Progress,
    errors: Option<ErrorFile>,
}

impl Report {
    /// Nothing has happened yet.
    pub(crate) fn new(progress: Progress, errors: Option<ErrorFile>, ignored: Vec<String>) -> Self {
        let summary = Summary { ignored, ..Summary::default() };
        Self { summary, started: Instant::now(), progress, errors }
    }

    /// Whether [`Report::refused`] wants the rows as they were.
    pub(crate) fn keeps_originals(&self) -> bool {
        self.errors.is_some()
    }

    /// So many bytes of the file are done.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.progress.advance(bytes, self.summary.rows);
    }

    /// One row is stored.
    pub(crate) fn created(&mut self) {
        self.summary.rows += 1;
        self.summary.created += 1;
    }

    /// One row is not stored.
    ///
    /// # Errors
    /// If the file for refused rows cannot be written.
    pub(crate) fn refused(
        &mut self,
        line: u64,
        refusal: &Refusal,
        original: Option<&ByteRecord>,
    ) -> Result<(), ImportError> {
        let Refusal { field, code, message } = refusal;
        if self.summary.refusals() < PRINTED {
            self.progress.line(&printable(&format!("line {line}: {field}: {code} — {message}")));
        }
        self.summary.rows += 1;
        *self.summary.refused.entry(code.clone()).or_default() += 1;
        match (&mut self.errors, original) {
            (Some(errors), Some(original)) => errors.write(line, refusal, original),
            _ => Ok(()),
        }
    }

    /// The numbers, and whether the file for refused rows is written to its end.
    pub(crate) fn finish(mut self) -> (Summary, Result<(), ImportError>) {
        self.summary.elapsed = self.started.elapsed();
        self.progress.finish();
        let more = self.summary.refusals().saturating_sub(PRINTED);
        if more > 0 {
            let hint =
                if self.errors.is_some() { "" } else { "; --errors FILE.csv keeps them all" };
            self.progress.line(&format!("… and {more} more{hint}"));
        }
        let closed = self.errors.map_or(Ok(()), ErrorFile::close);
        (self.summary, closed)
    }
}

/// Refused rows as CSV, each with the reason in front.
pub(crate) struct ErrorFile {
    csv: csv::Writer<File>,
    path: PathBuf,
    skipped: usize,
}

impl ErrorFile {
    /// Starts the file, with the separator of the one that is imported, and its columns.
    ///
    /// # Errors
    /// If it cannot be written, or is the one that is imported.
    pub(crate) fn create<R: Read>(
        path: &Path,
        imported: &Path,
        records: &Records<R>,
    ) -> Result<Self, ImportError> {
        let same = fs::canonicalize(path).ok().zip(fs::canonicalize(imported).ok());
        if same.is_some_and(|(one, other)| one == other) {
            return Err(ImportError::SameFile);
        }
        let failed = |error| ImportError::ErrorFile { path: path.to_owned(), error };
        let mut file = File::create(path).map_err(failed)?;
        if records.has_bom() {
            file.write_all("\u{feff}".as_bytes()).map_err(failed)?;
        }
        let mut csv = csv::WriterBuilder::new();
        let csv = csv.flexible(true).delimiter(records.delimiter()).from_writer(file);
        let skipped = records.header().report_columns();
        let mut errors = Self { csv, path: path.to_owned(), skipped };
        let names = records.header().names().iter().skip(skipped).map(String::as_str);
        errors.record(&REPORT.into_iter().chain(names).collect())?;
        Ok(errors)
    }

    fn write(
        &mut self,
        line: u64,
        refusal: &Refusal,
        original: &ByteRecord,
    ) -> Result<(), ImportError> {
        let mut record = ByteRecord::new();
        record.push_field(line.to_string().as_bytes());
        for text in [&refusal.field, &refusal.code, &refusal.message] {
            record.push_field(text.as_bytes());
        }
        record.extend(original.iter().skip(self.skipped));
        self.record(&record)
    }

    fn record(&mut self, record: &ByteRecord) -> Result<(), ImportError> {
        let written = self.csv.write_byte_record(record);
        written.map_err(|error| ImportError::ErrorFile {
            path: self.path.clone(),
            error: error.into(),
        })
    }

    fn close(mut self) -> Result<(), ImportError> {
        self.csv.flush().map_err(|error| ImportError::ErrorFile { path: self.path, error })
    }
}

/// A text from elsewhere without what would confuse a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Summary, printable};

    fn summary(refused: &[(&str, u64)]) -> Summary {
        let refused = refused.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
        Summary {
            rows: 10_000,
            created: 9712,
            refused,
            elapsed: Duration::from_millis(1249),
            ..Summary::default()
        }
    }

    #[test]
    fn a_summary_counts_the_commonest_reason_first() {
        let summary = summary(&[("invalid-email", 80), ("required", 120), ("taken", 88)]);
        let text = "10000 rows: 9712 created, 288 refused \
                    (120 required, 88 taken, 80 invalid-email) in 1.2 s";
        assert_eq!(summary.to_string(), text);
    }

    #[test]
    fn a_summary_names_the_ignored_columns() {
        let ignored = vec!["Notes".to_owned(), "Fax".to_owned()];
        let summary = Summary { ignored, ..summary(&[]) };
        let text = "10000 rows: 9712 created in 1.2 s\nignored columns: Notes, Fax";
        assert_eq!(summary.to_string(), text);
    }

    #[test]
    fn nothing_from_a_file_commands_the_terminal() {
        assert_eq!(printable("é\u{1b}[2J\n"), "é\u{fffd}[2J\u{fffd}");
    }
}
