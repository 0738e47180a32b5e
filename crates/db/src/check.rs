//! What the application checks before it serves: whether the database can keep the promise at all.

use std::fmt;

use crate::error::Result;
use crate::migrate;
use crate::pool::{Db, Stopwatch};
use crate::sql;
use crate::statement::Statement;

const POSTURE: Statement = sql!("session.sql", "posture");
const SCHEMA_VERSION: Statement = sql!("session.sql", "schema_version");

/// Minor versions from which on known defects of row security are mended (CVE-2026-14666).
const PATCHED: [(i32, i32); 4] = [(15, 19), (16, 15), (17, 11), (18, 6)];

/// What must be true of the role and the server, as found.
#[derive(Debug, Clone)]
pub struct Posture {
    superuser: bool,
    bypasses_row_security: bool,
    has_memberships: bool,
    owns_tables: bool,
    server_version: i32,
    synchronous_commit: String,
    encoding: String,
    folds_case: bool,
    role_name: String,
    schema_version: Option<i64>,
}

/// One reason not to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether an operator may decide to serve all the same.
    pub can_be_waived: bool,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.problem, self.remedy)
    }
}

impl Posture {
    /// Asks the database, as the role of the pool.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn of(db: &Db) -> Result<Self> {
        let lease = db.lease(&Stopwatch::default()).await?;
        let row = lease.client().query_one(POSTURE.sql(), &[]).await?;
        let schema_version = match lease.client().query_one(SCHEMA_VERSION.sql(), &[]).await {
            Ok(row) => row.get(0),
            // No schema yet, or one whose history we may not read: unknown either way.
            Err(error) if error.as_db_error().is_some() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            superuser: row.get(0),
            bypasses_row_security: row.get(1),
            has_memberships: row.get(2),
            owns_tables: row.get(3),
            server_version: row.get(4),
            synchronous_commit: row.get(5),
            encoding: row.get(6),
            folds_case: row.get(7),
            role_name: row.get(8),
            schema_version,
        })
    }

    /// Every reason not to serve; empty if there is none.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |wrong: bool, can_be_waived: bool, problem: String, remedy: &str| {
            if wrong {
                findings.push(Finding { can_be_waived, problem, remedy: remedy.to_owned() });
            }
        };
        let role = &self.role_name;
        let exempt = self.superuser || self.bypasses_row_security || self.owns_tables;
        find(
            exempt || self.has_memberships,
            false,
            format!(
                "the role {role} could step around row-level security (superuser, BYPASSRLS, owner or member of another role)"
            ),
            "Connect as paddock_app, which sql/bootstrap.sql creates.",
        );
        let (major, minor) = (self.server_version / 10_000, self.server_version % 10_000);
        find(
            major < 15,
            false,
            format!("PostgreSQL {major} is too old"),
            "Paddock needs PostgreSQL 15 or newer.",
        );
        let patched = PATCHED.iter().find(|(m, _)| *m == major).is_none_or(|(_, m)| minor >= *m);
        find(
            major >= 15 && !patched,
            true,
            format!("PostgreSQL {major}.{minor} lacks known fixes of row-level security"),
            "Update the server, or say --allow-unpatched-postgres.",
        );
        find(
            self.synchronous_commit == "off",
            false,
            "synchronous_commit is off: an acknowledged write may be lost".to_owned(),
            "Set synchronous_commit = on for the server, the database or the role.",
        );
        find(
            self.encoding != "UTF8" || !self.folds_case,
            false,
            "the database does not fold the case of all letters, or is not UTF-8".to_owned(),
            "Create it with encoding UTF8 and a Unicode LC_CTYPE such as C.UTF-8, not Turkish.",
        );
        let (known, found) = (migrate::latest_version(), self.schema_version);
        find(
            found != Some(known),
            false,
            found.map_or_else(
                || "the database has no Paddock schema".to_owned(),
                |found| {
                    format!("the schema has version {found}, this program knows version {known}")
                },
            ),
            "Run `paddock migrate`, or the program that fits the schema.",
        );
        findings
    }
}
