//! The audit: asks the database every question of `sql/audit`. No finding means that it can keep the promise.

mod question;
mod session;

use std::fmt;

use futures_util::future::join_all;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

pub use self::question::{QUESTIONS, Question};
pub use self::session::schema_version;
use crate::error::{Error, Result};
use crate::pool::{Db, Stopwatch};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Against the house's rules; harms nobody today.
    Low,
    /// One mistake away from harm, or slow.
    Medium,
    /// A wall is down; another one still stands. The server does not serve.
    High,
    /// A company can reach what is not its own, or nobody can tell. The server does not serve.
    Critical,
}

impl Severity {
    /// As it stands in `sql/audit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn from_str(text: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which question found it.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a table, a role, a function …
    pub object: String,
    /// What is wrong about it.
    pub detail: String,
    /// What to do about it: a statement, or an instruction.
    pub remedy: String,
    /// The question, in words.
    pub question: String,
}

impl Finding {
    /// Whether the server refuses to serve.
    #[must_use]
    pub fn forbids_serving(&self) -> bool {
        self.severity >= Severity::High
    }

    /// Whether an operator may decide to serve all the same: a server that waits for its update.
    #[must_use]
    pub fn can_be_waived(&self) -> bool {
        self.id == "server_patches"
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, severity, object, detail, remedy, .. } = self;
        write!(f, "{severity} {id}: {object} {detail}\n    remedy: {remedy}")
    }
}

/// What the questions found.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// In the order of the questions.
    pub findings: Vec<Finding>,
    /// Questions that the database would not answer, and what it said instead.
    pub unanswered: Vec<(Question, String)>,
}

impl Audit {
    /// Asks every question as the role of the pool, in one flight.
    ///
    /// # Errors
    /// If the database cannot be reached or the connection is lost. A question that fails by itself is
    /// counted among those unanswered.
    pub async fn of(db: &Db) -> Result<Self> {
        let lease = db.lease(&Stopwatch::default()).await?;
        lease.take_off();
        let answers = join_all(QUESTIONS.iter().map(async |question| {
            // Both travel as one message, so the setting lasts as long as the question: whatever the
            // role's search_path is, names mean what they say.
            let text = format!("set local search_path = pg_catalog; {}", question.sql());
            (*question, lease.client().simple_query(&text).await)
        }))
        .await;
        lease.land();
        let mut audit = Self::default();
        for (question, answer) in answers {
            match answer {
                Ok(messages) => audit.take(question, &messages)?,
                Err(error) => match error.as_db_error() {
                    Some(db) => audit.unanswered.push((question, db.message().to_owned())),
                    None => return Err(error.into()),
                },
            }
        }
        Ok(audit)
    }

    /// What forbids serving: the role, the schema's version, and every question that finds something high
    /// or critical, or is not answered.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn before_serving(db: &Db) -> Result<Vec<Finding>> {
        let mut findings = session::findings(db).await?;
        if findings.iter().any(|finding| finding.id == session::SCHEMA_VERSION_ID) {
            // The questions are about the schema that this program knows.
            return Ok(findings);
        }
        let audit = Self::of(db).await?;
        findings.extend(audit.findings.into_iter().filter(Finding::forbids_serving));
        findings.extend(audit.unanswered.into_iter().map(|(question, error)| Finding {
            id: question.id().to_owned(),
            severity: Severity::Critical,
            object: format!("sql/audit/{}", question.file()),
            detail: format!("cannot be asked: {error}"),
            remedy: "Ask it in psql as this role, and see what it lacks.".to_owned(),
            question: question.sentence().to_owned(),
        }));
        Ok(findings)
    }

    fn take(&mut self, question: Question, messages: &[SimpleQueryMessage]) -> Result<()> {
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                self.findings.push(finding(question, row)?);
            }
        }
        Ok(())
    }
}

fn finding(question: Question, row: &SimpleQueryRow) -> Result<Finding> {
    let column = |name: &str| {
        let text = row.try_get(name).ok().flatten();
        text.ok_or_else(|| Error::Internal(format!("{}: no {name}", question.file())))
    };
    let severity = column("severity")?;
    Ok(Finding {
        id: column("id")?.to_owned(),
        severity: Severity::from_str(severity)
            .ok_or_else(|| Error::Internal(format!("{}: {severity}", question.file())))?,
        object: column("object")?.to_owned(),
        detail: column("detail")?.to_owned(),
        remedy: column("remedy")?.to_owned(),
        question: question.sentence().to_owned(),
    })
}
