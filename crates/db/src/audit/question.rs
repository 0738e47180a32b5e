//! The questions of `sql/audit`, as they stood there when this program was built.

/// Every question, in the order of the folder.
pub const QUESTIONS: &[Question] = include!(concat!(env!("OUT_DIR"), "/questions.rs"));

/// One file of `sql/audit`: a sentence, why it matters, and a SELECT that finds what is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    file: &'static str,
    text: &'static str,
}

impl Question {
    const fn new(file: &'static str, text: &'static str) -> Self {
        Self { file, text }
    }

    /// The file's name in `sql/audit`.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The file's name without its number: what findings are called by.
    #[must_use]
    pub fn id(&self) -> &'static str {
        let stem = self.file.trim_end_matches(".sql");
        stem.split_once('_').map_or(stem, |(_, id)| id)
    }

    /// The question, as a DBA would ask it.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.comments().next().unwrap_or_default()
    }

    /// Why it matters, and which exceptions are signed.
    #[must_use]
    pub fn reason(&self) -> String {
        self.comments().skip(1).collect::<Vec<_>>().join(" ")
    }

    /// What is asked.
    #[must_use]
    pub const fn sql(&self) -> &'static str {
        self.text
    }

    /// The lines at the top of the file.
    fn comments(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().map_while(|line| line.strip_prefix("-- "))
    }
}
