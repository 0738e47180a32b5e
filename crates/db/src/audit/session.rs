//! What no question can know: as whom this program connects, and which schema it was built for.

use crate::audit::{Finding, Severity};
use crate::error::Result;
use crate::lease::Lease;
use crate::migrate;
use crate::pool::{Db, Stopwatch};
use crate::sql;
use crate::statement::Statement;

const SESSION: Statement = sql!("session.sql", "session");
const SCHEMA_VERSION: Statement = sql!("session.sql", "schema_version");

pub(super) const SCHEMA_VERSION_ID: &str = "schema_version";

/// The version of the schema; `None` if there is none, or none that this role may see.
///
/// # Errors
/// If the database cannot be reached.
pub async fn schema_version(db: &Db) -> Result<Option<i64>> {
    version(&db.lease(&Stopwatch::default()).await?).await
}

/// What forbids serving whatever the catalog says.
pub(super) async fn findings(db: &Db) -> Result<Vec<Finding>> {
    let lease = db.lease(&Stopwatch::default()).await?;
    let row = lease.client().query_one(SESSION.sql(), &[]).await?;
    let (role, is_exempt): (String, bool) = (row.get(0), row.get(1));
    let mut findings = Vec::new();
    if is_exempt {
        findings.push(exempt(&role));
    }
    findings.extend(outdated(version(&lease).await?));
    Ok(findings)
}

async fn version(lease: &Lease) -> Result<Option<i64>> {
    match lease.client().query_one(SCHEMA_VERSION.sql(), &[]).await {
        Ok(row) => Ok(row.get(0)),
        // No schema yet, or one whose history we may not read: unknown either way.
        Err(error) if error.as_db_error().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn exempt(role: &str) -> Finding {
    Finding {
        id: "session_role".to_owned(),
        severity: Severity::Critical,
        object: format!("the role {role}"),
        detail: "could step around row-level security (superuser, BYPASSRLS, owner or member of \
                 another role)"
            .to_owned(),
        remedy: "Connect as paddock_app, which sql/bootstrap.sql creates.".to_owned(),
        question: "Does the server connect as a role that the walls hold?".to_owned(),
    }
}

fn outdated(found: Option<i64>) -> Option<Finding> {
    let known = migrate::latest_version();
    let (object, detail) = match found {
        Some(found) if found == known => return None,
        Some(found) => {
            ("the schema", format!("has version {found}, this program knows version {known}"))
        }
        None => ("the database", "has no Paddock schema".to_owned()),
    };
    Some(Finding {
        id: SCHEMA_VERSION_ID.to_owned(),
        severity: Severity::Critical,
        object: object.to_owned(),
        detail,
        remedy: "Run `paddock migrate`, or the program that fits the schema.".to_owned(),
        question: "Is the schema the one that this program was built for?".to_owned(),
    })
}
