//! The schema's way from one version to the next: as its owner, one at a time, never waiting for long.

use std::fmt;
use std::time::{Duration, Instant};

use refinery::Target;
use tokio_postgres::{Client, error::SqlState};

use crate::connect::{ConnectError, open};

mod embedded {
    refinery::embed_migrations!("../../sql/migrations");
}

/// What a superuser runs once in a database, before the first migration.
pub const BOOTSTRAP: &str = include_str!("../../../sql/bootstrap.sql");

/// Where refinery keeps what it has done.
const HISTORY: &str = "app.schema_history";

/// Whether the catalog was recorded when this schema's last migration had ended; if not, it is now.
const RECORD: &str = "
    select app.record_catalog()
    where not exists (
        select
        from app.catalog_record r
        where r.schema_version = (select max(h.version) from app.schema_history h)
    )";

/// The key of the advisory lock: "paddock" in ASCII, so that it is recognised in `pg_locks`.
const LOCK: i64 = 0x0070_6164_646f_636b;

/// How often a migration waits for a lock, two seconds each time, before it gives up.
const TRIES: u32 = 30;

/// One step of the way.
#[derive(Debug, Clone)]
pub enum Step {
    /// Another program is migrating this database: waiting until it is done.
    Waiting,
    /// This migration begins.
    Begun(String),
    /// This migration waits for tables that others are using; the number of the try.
    Blocked(String, u32),
    /// This migration is done.
    Done(String, Duration),
}

/// Why the schema is not where it should be.
#[derive(Debug)]
pub struct MigrateError(String);

impl MigrateError {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MigrateError {}

impl From<ConnectError> for MigrateError {
    fn from(error: ConnectError) -> Self {
        Self(error.to_string())
    }
}

impl From<tokio_postgres::Error> for MigrateError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned()))
    }
}

/// The version that this program was built for.
#[must_use]
pub fn latest_version() -> i64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()))
        .max()
        .unwrap_or_default()
}

/// Creates the roles and closes the database's doors. Needs a superuser; repeating it changes nothing.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn bootstrap(url: &str) -> Result<(), MigrateError> {
    let client = open(url).await?;
    lock(&client, &mut |_| {}).await?;
    client.batch_execute(BOOTSTRAP).await.map_err(MigrateError::from)
}

/// Creates a database on the server of the connection string, if it is not there.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn create_database(url: &str, name: &str) -> Result<(), MigrateError> {
    let client = open(url).await?;
    if client.query_opt("select from pg_database where datname = $1", &[&name]).await?.is_none() {
        client.batch_execute(&format!("create database {}", identifier(name))).await?;
    }
    Ok(())
}

/// Lets a role log in with this password.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn set_password(url: &str, role: &str, password: &str) -> Result<(), MigrateError> {
    let quoted = password.replace('\'', "''");
    let text = format!("alter role {} password '{quoted}'", identifier(role));
    Ok(open(url).await?.batch_execute(&text).await?)
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Brings the schema to [`latest_version`]. The connection's role must be a member of `paddock_owner`.
/// Two that start together are put in line by an advisory lock; no table is waited for longer than two
/// seconds at a time, so that those who use it are never held up behind us.
///
/// # Errors
/// If the server cannot be reached, a migration fails (it is rolled back whole), a table stays in use for
/// a minute, or the database's history differs from this program's.
pub async fn migrate(url: &str, mut report: impl FnMut(Step)) -> Result<usize, MigrateError> {
    let mut client = open(url).await?;
    lock(&client, &mut report).await?;
    client
        .batch_execute(
            "set role paddock_owner; set lock_timeout = '2s'; set search_path = pg_catalog",
        )
        .await?;
    let runner = embedded::migrations::runner().set_abort_missing(true);
    let mut runner = runner;
    runner.set_migration_table_name(HISTORY);
    let applied = applied_version(&client).await?;
    let mut pending: Vec<_> = runner
        .get_migrations()
        .iter()
        .filter(|migration| i64::from(migration.version()) > applied)
        .map(|migration| (migration.version(), migration.to_string()))
        .collect();
    pending.sort();
    for (version, name) in &pending {
        report(Step::Begun(name.clone()));
        let start = Instant::now();
        step(&mut client, *version, name, &mut report).await?;
        report(Step::Done(name.clone(), start.elapsed()));
    }
    if pending.is_empty() {
        // Nothing to do, but a history that is not ours must still be refused.
        runner.run_async(&mut client).await.map_err(|error| MigrateError(error.to_string()))?;
    }
    client.batch_execute(RECORD).await?;
    Ok(pending.len())
}

async fn lock(client: &Client, report: &mut impl FnMut(Step)) -> Result<(), MigrateError> {
    let free: bool = client.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await?.get(0);
    if !free {
        report(Step::Waiting);
        client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    }
    Ok(())
}

async fn applied_version(client: &Client) -> Result<i64, MigrateError> {
    let found: bool =
        client.query_one("select to_regclass($1) is not null", &[&HISTORY]).await?.get(0);
    if !found {
        return Ok(0);
    }
    let text = format!("select coalesce(max(version), 0)::bigint from {HISTORY}");
    Ok(client.query_one(&text, &[]).await?.get(0))
}

/// One migration, tried again while its tables are in use.
async fn step(
    client: &mut Client,
    version: refinery::SchemaVersion,
    name: &str,
    report: &mut impl FnMut(Step),
) -> Result<(), MigrateError> {
    for attempt in 1.. {
        let mut runner = embedded::migrations::runner()
            .set_abort_missing(true)
            .set_target(Target::Version(version));
        runner.set_migration_table_name(HISTORY);
        match runner.run_async(client).await {
            Ok(_) => return Ok(()),
            Err(error) if attempt < TRIES && is_lock_timeout(&error) => {
                report(Step::Blocked(name.to_owned(), attempt));
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(MigrateError(explain(name, &error))),
        }
    }
    Ok(())
}

fn explain(name: &str, error: &refinery::Error) -> String {
    let mut text = format!("{name}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(db) =
            error.downcast_ref::<tokio_postgres::Error>().and_then(|e| e.as_db_error())
        {
            return format!("{name}: {}", db.message());
        }
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn is_lock_timeout(error: &refinery::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let code =
            error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::code);
        if code == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return true;
        }
        cause = error.source();
    }
    false
}
