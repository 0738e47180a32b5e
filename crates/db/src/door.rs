//! The login door: before somebody has logged in no company is known, so another role with another pool
//! looks up the identity, and sees nothing else.

use std::time::Duration;

use tokio_postgres::Row as PgRow;
use uuid::Uuid;

use crate::connect::ConnectError;
use crate::error::{Error, Result};
use crate::pool::{Db, Limits, Stopwatch};
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::Actor;

const FIND_LOGIN: Statement = sql!("identities.sql", "find_login");
const RECORD_FAILED_LOGIN: Statement = sql!("identities.sql", "record_failed_login");

/// What a login is checked against.
#[derive(Debug, Clone)]
pub struct Login {
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// Whom the login acts as.
    pub actor: Actor,
}

impl FromRow for Login {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let (password_hash, company_id, user_id): (String, Uuid, Uuid) =
            (row.next()?, row.next()?, row.next()?);
        Ok(Self { password_hash, actor: Actor::trusted(company_id, user_id) })
    }
}

/// The pool of `paddock_auth`.
#[derive(Clone)]
pub struct Door(Db);

impl Door {
    /// Makes the pool; connections are opened when they are first needed.
    ///
    /// # Errors
    /// If the connection string cannot be read.
    pub fn new(url: &str, limits: Limits) -> std::result::Result<Self, ConnectError> {
        Ok(Self(Db::new(url, limits)?))
    }

    /// The login of that e-mail, in any spelling, if it has a place in a company.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, email: &str) -> Result<Option<Login>> {
        let row = self.ask(FIND_LOGIN, email).await?;
        row.map(|row| Login::from_row(&mut Row::new(&row))).transpose()
    }

    /// Records that somebody failed to log in with that e-mail, for each company in which it has a place: once a
    /// minute at most. For an e-mail without a login nothing is recorded.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn record_failure(&self, email: &str) -> Result<()> {
        self.ask(RECORD_FAILED_LOGIN, email).await.map(drop)
    }

    /// One statement about an e-mail, which answers one row at most.
    async fn ask(&self, statement: Statement, email: &str) -> Result<Option<PgRow>> {
        let ask = async {
            let lease = self.0.lease(&Stopwatch::default()).await?;
            let prepared = lease.prepare(statement.sql()).await?;
            lease.take_off();
            let row = lease.client().query_opt(&prepared, &[&email]).await;
            lease.land();
            Ok(row?)
        };
        tokio::time::timeout(Duration::from_secs(5), ask).await.unwrap_or(Err(Error::Timeout))
    }
}
