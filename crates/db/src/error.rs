//! Every way in which the database can say no, translated once. Its messages never leave this crate but
//! for the log.

use std::fmt;

use tokio_postgres::error::SqlState;

/// The result of an access to the database.
pub type Result<T> = std::result::Result<T, Error>;

/// Which kind of constraint refused a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Another row has this value already (SQLSTATE 23505, 23P01).
    Unique,
    /// The row that is referred to does not exist, or not in this company (23503).
    ForeignKey,
    /// The value is outside what the column takes (23514).
    Check,
    /// The value is missing (23502).
    NotNull,
}

/// Why an access failed. What a client may know of it is decided by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No connection became free in time, or the server has no more of them (53300, 53100, 53200).
    Overloaded,
    /// A row or table stayed locked longer than `lock_timeout` (55P03).
    Locked,
    /// The database cannot be reached or is shutting down; nothing was written.
    Unavailable,
    /// The connection was lost, or the deadline passed, after a COMMIT was sent: it may or may not be stored.
    OutcomeUnknown,
    /// The deadline of the request or `statement_timeout` passed; nothing was written (57014).
    Timeout,
    /// Deadlocks or serialization failures went on after three tries (40001, 40P01).
    Contended,
    /// The server takes no writes, as during a failover (25006).
    ReadOnly,
    /// The user left the company, was disabled, or holds an outdated token (28000).
    SessionOver,
    /// The API key is not one that is good: wrong, revoked, expired, or its user may not act (28P01).
    KeyRefused,
    /// The API key is good, and not for this; the scope that it lacks (42501 with the scope's name).
    OutOfScope(String),
    /// A statement ran without the context of a company: a defect of ours (42704).
    ContextMissing,
    /// A constraint refused the row; the constraint's or the column's name.
    Violation(Violation, String),
    /// There is no custom field with this key, or none that the acting user reads (PDFLD).
    UnknownField(String),
    /// A custom field does not take a value (PDVAL).
    FieldValue {
        /// The key of the field.
        key: String,
        /// The type of the field.
        kind: String,
    },
    /// A text holds what PostgreSQL cannot store, such as NUL (22021, 22P05).
    InvalidText,
    /// A value is out of its type's range (class 22).
    InvalidValue,
    /// A rule about roles keeps the acting user from what they asked for (42501 with the rule's name).
    NotPermitted,
    /// Row security refused a row, and no rule about roles did (42501). Of an upsert: it met a row with the
    /// same key that the acting user does not see. Of anything else: a defect of ours.
    Hidden,
    /// A statement failed, its error was swallowed, and the transaction could not commit (25P02).
    Aborted,
    /// Anything else: a defect of ours. The text is for the log.
    Internal(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded => f.write_str("no database connection became free in time"),
            Self::Locked => f.write_str("a lock was not granted in time"),
            Self::Unavailable => f.write_str("the database cannot be reached"),
            Self::OutcomeUnknown => f.write_str("a write was under way whose end is unknown"),
            Self::Timeout => f.write_str("the statement took too long"),
            Self::Contended => f.write_str("deadlock or serialization failure, three times"),
            Self::ReadOnly => f.write_str("the database takes no writes at present"),
            Self::SessionOver => f.write_str("the user's session is over"),
            Self::KeyRefused => f.write_str("the API key is good for nothing"),
            Self::OutOfScope(scope) => write!(f, "the API key lacks the scope {scope}"),
            Self::ContextMissing => f.write_str("no company is bound to the transaction"),
            Self::Violation(kind, name) => write!(f, "{kind:?} violated: {name}"),
            Self::UnknownField(key) => write!(f, "there is no field {key}"),
            Self::FieldValue { key, kind } => write!(f, "{key} takes another {kind}"),
            Self::InvalidText => f.write_str("a text that cannot be stored"),
            Self::InvalidValue => f.write_str("a value out of range"),
            Self::NotPermitted => f.write_str("the user's role does not permit this"),
            Self::Hidden => f.write_str("row security refused a row"),
            Self::Aborted => f.write_str("commit of an aborted transaction"),
            Self::Internal(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some_and(is_io) {
                Self::Unavailable
            } else {
                Self::Internal(describe(&error))
            };
        };
        let name = || db.constraint().or_else(|| db.column()).unwrap_or_default().to_owned();
        match *db.code() {
            SqlState::UNIQUE_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
                Self::Violation(Violation::Unique, name())
            }
            SqlState::FOREIGN_KEY_VIOLATION => Self::Violation(Violation::ForeignKey, name()),
            SqlState::CHECK_VIOLATION => Self::Violation(Violation::Check, name()),
            SqlState::NOT_NULL_VIOLATION => Self::Violation(Violation::NotNull, name()),
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Self::SessionOver,
            SqlState::INVALID_PASSWORD => Self::KeyRefused,
            SqlState::CHARACTER_NOT_IN_REPERTOIRE | SqlState::UNTRANSLATABLE_CHARACTER => {
                Self::InvalidText
            }
            SqlState::PROGRAM_LIMIT_EXCEEDED | SqlState::STATEMENT_TOO_COMPLEX => {
                Self::InvalidValue
            }
            SqlState::QUERY_CANCELED => Self::Timeout,
            SqlState::LOCK_NOT_AVAILABLE => Self::Locked,
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Contended
            }
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            SqlState::IN_FAILED_SQL_TRANSACTION => Self::Aborted,
            SqlState::TOO_MANY_CONNECTIONS | SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY => {
                Self::Overloaded
            }
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
                Self::Unavailable
            }
            SqlState::INSUFFICIENT_PRIVILEGE if db.constraint() == Some(SCOPES) => {
                Self::OutOfScope(db.column().unwrap_or_default().to_owned())
            }
            // `app.refuse` names its rule; what PostgreSQL refuses by itself has no name.
            SqlState::INSUFFICIENT_PRIVILEGE if db.constraint().is_some() => Self::NotPermitted,
            SqlState::INSUFFICIENT_PRIVILEGE if db.routine() == Some(CHECKED) => Self::Hidden,
            ref code if code.code() == UNKNOWN_FIELD => {
                Self::UnknownField(db.column().unwrap_or_default().to_owned())
            }
            ref code if code.code() == FIELD_VALUE => Self::FieldValue {
                key: db.column().unwrap_or_default().to_owned(),
                kind: db.constraint().unwrap_or_default().to_owned(),
            },
            // The context: never set in this session, or set in an earlier transaction of it.
            SqlState::UNDEFINED_OBJECT if db.message().contains("app.") => Self::ContextMissing,
            SqlState::INVALID_TEXT_REPRESENTATION if db.message().ends_with(": \"\"") => {
                Self::ContextMissing
            }
            ref code if code.code().starts_with("22") => Self::InvalidValue,
            ref code if code.code().starts_with("08") => Self::Unavailable,
            _ => Self::Internal(describe(&error)),
        }
    }
}

/// What `app.enter` calls its rule about scopes.
const SCOPES: &str = "api_keys_scopes";

/// What the functions of `sql/migrations/V0017__custom_fields.sql` say of a field.
const UNKNOWN_FIELD: &str = "PDFLD";
const FIELD_VALUE: &str = "PDVAL";

/// The function of the server in which row security refuses a row that is written, or one that an insert
/// meets. A missing grant is refused elsewhere.
const CHECKED: &str = "ExecWithCheckOptions";

/// The whole chain of causes in one line, for the log.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
}
