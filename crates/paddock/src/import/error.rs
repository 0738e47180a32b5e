//! Why an import did not start, or had to stop, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::sink::SinkError;

/// Why an import failed as a whole.
#[derive(Debug)]
pub(crate) enum ImportError {
    /// The file cannot be opened.
    Open {
        /// The file, as the user named it.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file cannot be read any further.
    Read(io::Error),
    /// There is no header line.
    Empty,
    /// The file is in UTF-16, as some spreadsheets write "Unicode text".
    Utf16,
    /// A column of the database that no file may set.
    ReservedColumn(String),
    /// Two columns mean the same field.
    ColumnTwice {
        /// What both mean.
        field: &'static str,
        /// The header of the one.
        first: String,
        /// The header of the other.
        second: String,
    },
    /// A needed column is not there.
    NoColumn {
        /// What is missing.
        field: &'static str,
        /// How the column may be called.
        called: &'static str,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A row goes on and on; almost always a quotation mark that is never closed.
    Unclosed {
        /// The line on which the row starts.
        line: u64,
    },
    /// `--server` needs a password.
    NoPassword,
    /// A chunk could not be stored.
    Sink {
        /// The line of the chunk's first row.
        first: u64,
        /// The line of the chunk's last row.
        last: u64,
        /// What the sink said.
        error: SinkError,
    },
    /// The file for refused rows cannot be written.
    ErrorFile {
        /// The file, as the user named it.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file for refused rows is the file that is imported.
    SameFile,
    /// The summary cannot be written.
    Output(io::Error),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, error } => write!(f, "cannot open {}: {error}", path.display()),
            Self::Read(error) => write!(f, "cannot read the file any further: {error}"),
            Self::Empty => f.write_str("the file is empty; its first line must name the columns"),
            Self::Utf16 => {
                f.write_str("the file is in UTF-16; save it as \"CSV UTF-8\" and import that")
            }
            Self::ReservedColumn(column) => write!(
                f,
                "the column {column} is set by the database, never by a file; remove it and import again"
            ),
            Self::ColumnTwice { field, first, second } => write!(
                f,
                "both {first} and {second} would be the {field}; remove or rename one of them"
            ),
            Self::NoColumn { field, called, found } => write!(
                f,
                "no column for the {field}; call one of them {called}. The columns are: {}",
                found.join(", ")
            ),
            Self::Unclosed { line } => write!(
                f,
                "the row at line {line} does not end: a quotation mark is opened there and never closed. \
                 The rows before it are done, those after it were not read. Mend the line and import again: \
                 what is stored already will be refused as taken"
            ),
            Self::NoPassword => f.write_str("--server needs --password, or PADDOCK_PASSWORD"),
            Self::Sink { first, last, error } => write!(
                f,
                "the rows at lines {first} to {last} could not be stored, or not all of them: {error}. \
                 Import the same file again: what is stored already will be refused as taken"
            ),
            Self::ErrorFile { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::SameFile => {
                f.write_str("--errors would overwrite the file that is imported; name another one")
            }
            Self::Output(error) => write!(f, "cannot write the summary: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}
