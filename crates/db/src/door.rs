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
use crate::tenant::Actor;

const FIND_LOGIN: Statement = sql!("identities.sql", "find_login");

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
        let find = async {
            let lease = self.0.lease(&Stopwatch::default()).await?;
            let prepared = lease.prepare(FIND_LOGIN.sql()).await?;
            lease.take_off();
            let row = lease.client().query_opt(&prepared, &[&email]).await;
            lease.land();
            row?.map(|row| Login::from_row(&mut Row::new(&row))).transpose()
        };
        tokio::time::timeout(Duration::from_secs(5), find).await.unwrap_or(Err(Error::Timeout))
    }
}
