//! The login door: before somebody has logged in no company is known, so another role with another pool
//! looks up the identity, and sees nothing else.

use std::time::Duration;

use uuid::Uuid;

use crate::connect::ConnectError;
use crate::error::{Error, Result};
use crate::pool::{Db, Limits, Stopwatch};
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Access, Actor, Params};

/// How long the door is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const FIND_LOGIN: Statement = sql!("identities.sql", "find_login");

/// What a login is checked against.
#[derive(Debug, Clone)]
pub struct Login {
    /// Whose login it is.
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
            actor: Actor::trusted(row.next()?, row.next()?),
            has_second_factor: row.next()?,
        })
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
        Ok(self.ask(Access::Read, FIND_LOGIN, &[&email]).await?.pop())
    }

    /// One statement, which is a transaction of its own.
    pub(crate) async fn ask<T: FromRow>(
        &self,
        access: Access,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        let ask = async {
            let lease = self.0.lease(&Stopwatch::default()).await?;
            let prepared = lease.prepare(statement.sql()).await?;
            lease.take_off();
            let rows = lease.client().query(&prepared, params).await;
            lease.land();
            rows.map_err(|error| match Error::from(error) {
                Error::Unavailable if access == Access::Write => Error::OutcomeUnknown,
                error => error,
            })
        };
        let late = if access == Access::Write { Error::OutcomeUnknown } else { Error::Timeout };
        let rows = tokio::time::timeout(PATIENCE, ask).await.unwrap_or(Err(late))?;
        rows.iter().map(|row| T::from_row(&mut Row::new(row))).collect()
    }
}
