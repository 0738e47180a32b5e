//! A chunk of the file: its good rows go to the sink at once, then everything is reported in order.

use csv::ByteRecord;

use super::error::ImportError;
use super::reader::Record;
use super::report::Report;
use super::row::Refusal;
use super::sink::{Fate, NewRow, Sink, SinkError};

/// Rows of the file in one chunk, good and bad.
const ROWS: usize = 1000;

/// Bytes after which a chunk is full all the same, if the records are kept.
const BYTES: usize = 8 * 1024 * 1024;

/// Up to 1,000 rows of the file.
pub(crate) struct Chunk {
    rows: Vec<NewRow>,
    entries: Vec<Entry>,
    bytes: usize,
    keeps_originals: bool,
}

/// One row of the file: where it is, and why it is refused if it is already.
struct Entry {
    line: u64,
    original: Option<ByteRecord>,
    refusal: Option<Refusal>,
}

impl Chunk {
    /// An empty chunk; keeps the records as they were if they may have to be written again.
    pub(crate) fn new(keeps_originals: bool) -> Self {
        Self { rows: Vec::new(), entries: Vec::new(), bytes: 0, keeps_originals }
    }

    /// Whether it is time to store it.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= ROWS || self.bytes >= BYTES
    }

    /// Adds one row, good or bad.
    pub(crate) fn push(&mut self, record: Record, row: Result<NewRow, Refusal>) {
        let refusal = match row {
            Ok(row) => {
                self.rows.push(row);
                None
            }
            Err(refusal) => Some(refusal),
        };
        if self.keeps_originals {
            self.bytes += record.fields.as_slice().len();
        }
        let original = self.keeps_originals.then_some(record.fields);
        self.entries.push(Entry { line: record.line, original, refusal });
    }

    /// Stores the good rows and reports all.
    ///
    /// # Errors
    /// If the sink failed, or the report cannot be written.
    pub(crate) fn settle(
        self,
        sink: &mut dyn Sink,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return Ok(());
        };
        let (first, last) = (first.line, last.line);
        let mut fates = store(&self.rows, sink)
            .map_err(|error| ImportError::Sink { first, last, error })?
            .into_iter();
        for entry in self.entries {
            match entry.refusal.or_else(|| fates.next().and_then(refusal)) {
                None => report.created(),
                Some(refusal) => report.refused(entry.line, &refusal, entry.original.as_ref())?,
            }
        }
        Ok(())
    }
}

/// Puts the rows, if there are any, and counts the answers.
fn store(rows: &[NewRow], sink: &mut dyn Sink) -> Result<Vec<Fate>, SinkError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let fates = sink.put(rows)?;
    if fates.len() != rows.len() {
        let message = format!("{} rows were sent and {} answered", rows.len(), fates.len());
        return Err(SinkError::new(message));
    }
    Ok(fates)
}

fn refusal(fate: Fate) -> Option<Refusal> {
    match fate {
        Fate::Created => None,
        Fate::Refused { field, code, message } => Some(Refusal { field, code, message }),
    }
}
