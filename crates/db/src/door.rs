//! The login door: before somebody has logged in no company is known, so another role with another pool
//! looks up the identity, and sees nothing else.

use std::cell::Cell;
use std::time::Duration;

use uuid::Uuid;

use crate::connect::ConnectError;
use crate::error::{Error, Result};
use crate::pool::{Db, Limits, Stopwatch};
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Params};

const FIND_LOGIN: Statement = sql!("identities.sql", "find_login");
const RECORD_FAILED_LOGIN: Statement = sql!("identities.sql", "record_failed_login");

/// How long the door may take for an answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What a login is checked against.
#[derive(Debug, Clone)]
pub struct Login {
    /// The person, whatever company they act for.
    pub identity_id: Uuid,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// Whom the login acts as.
    pub actor: Actor,
    /// Whether the password alone is not enough.
    pub has_second_factor: bool,
}

impl FromRow for Login {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            identity_id: row.next()?,
            password_hash: row.next()?,
            actor: Actor::from_row(row)?,
            has_second_factor: row.next()?,
        })
    }
}

/// A user of a company, as the login door finds them.
impl FromRow for Actor {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self::trusted(row.next()?, row.next()?))
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

    /// The login of that e-mail, in any spelling, if it has a place in that company, or in any if none is given: then
    /// it acts for the one that it came to first, of those where it may.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, email: &str, company_id: Option<Uuid>) -> Result<Option<Login>> {
        Ok(self.ask(FIND_LOGIN, &[&email, &company_id]).await?.pop())
    }

    /// Records that somebody failed to log in with that e-mail, for each company in which it has a place: once a
    /// minute at most. For an e-mail without a login nothing is recorded.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn record_failure(&self, email: &str) -> Result<()> {
        self.write::<()>(RECORD_FAILED_LOGIN, &[&email]).await.map(drop)
    }

    /// Runs one statement, by itself.
    pub(crate) async fn ask<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        self.fly(statement, params, &Cell::new(false)).await
    }

    /// Runs one statement that writes: if the connection is lost, nobody knows whether it has.
    pub(crate) async fn write<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        let flying = Cell::new(false);
        self.fly(statement, params, &flying).await.map_err(|error| match error {
            Error::Unavailable | Error::Timeout if flying.get() => Error::OutcomeUnknown,
            error => error,
        })
    }

    /// Notes when the statement leaves: before that, nothing can have been written.
    async fn fly<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
        flying: &Cell<bool>,
    ) -> Result<Vec<T>> {
        let fly = async {
            let lease = self.0.lease(&Stopwatch::default()).await?;
            let prepared = lease.prepare(statement.sql()).await?;
            lease.take_off();
            flying.set(true);
            let rows = lease.client().query(&prepared, params).await;
            lease.land();
            rows?.iter().map(|row| T::from_row(&mut Row::new(row))).collect()
        };
        tokio::time::timeout(DEADLINE, fly).await.unwrap_or(Err(Error::Timeout))
    }
}
