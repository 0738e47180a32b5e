//! Where rows go: the database or a server, behind one trait.

use std::fmt;

use paddock_api::LifecycleStage;

/// One customer as a file has it, checked and ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRow {
    /// One to 200 characters.
    pub(crate) name: String,
    /// By this a customer is recognised when a file is imported again.
    pub(crate) email: String,
    /// At most 50 characters, never blank.
    pub(crate) phone: Option<String>,
    /// At most 200 characters, never blank.
    pub(crate) title: Option<String>,
    /// Lead if the file does not say.
    pub(crate) lifecycle_stage: LifecycleStage,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is stored.
    Created,
    /// It is not stored, the others of its chunk may be.
    Refused {
        /// The field that is to blame.
        field: String,
        /// Why, as a stable name.
        code: String,
        /// Why, for people.
        message: String,
    },
}

/// Takes rows in chunks of at most 1,000, never none.
pub(crate) trait Sink {
    /// Stores what it can; answers with one fate for each row, in their order.
    ///
    /// # Errors
    /// If the chunk as a whole failed; the import stops then.
    fn put(&mut self, rows: &[NewRow]) -> Result<Vec<Fate>, SinkError>;
}

/// Why a whole chunk could not be stored, as a sentence for whoever imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SinkError(String);

impl SinkError {
    /// A failure with this explanation.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SinkError {}

/// Keeps the rows in memory and refuses e-mails that it has.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct MemorySink {
    pub(crate) rows: Vec<NewRow>,
    pub(crate) taken: Vec<String>,
    pub(crate) chunks: Vec<usize>,
    pub(crate) fails_from_chunk: Option<usize>,
}

#[cfg(test)]
impl Sink for MemorySink {
    fn put(&mut self, rows: &[NewRow]) -> Result<Vec<Fate>, SinkError> {
        if self.fails_from_chunk.is_some_and(|chunk| self.chunks.len() >= chunk) {
            return Err(SinkError::new("the database cannot be reached"));
        }
        self.chunks.push(rows.len());
        let mut fates = Vec::new();
        for row in rows {
            if self.taken.contains(&row.email) {
                let [field, code, message] =
                    ["email", "taken", "another record has this value"].map(str::to_owned);
                fates.push(Fate::Refused { field, code, message });
            } else {
                self.rows.push(row.clone());
                fates.push(Fate::Created);
            }
        }
        Ok(fates)
    }
}

#[cfg(test)]
mod tests {
    use super::LifecycleStage;

    #[test]
    fn a_stage_is_read_in_any_case() {
        assert_eq!(LifecycleStage::parse("PrOsPeCt"), Some(LifecycleStage::Prospect));
        assert_eq!(LifecycleStage::parse("qualified"), None);
        assert!(
            LifecycleStage::ALL
                .iter()
                .all(|stage| LifecycleStage::parse(stage.as_str()) == Some(*stage))
        );
    }
}
