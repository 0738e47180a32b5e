//! What an identity shows at a login besides its password: behind the login door, where the application's role
//! does not come.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::door::Door;
use crate::error::Result;
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Params};

const FIND_SECOND_FACTOR: Statement = sql!("second_factors.sql", "find_second_factor");
const BEGIN_SECOND_FACTOR: Statement = sql!("second_factors.sql", "begin_second_factor");
const CONFIRM_SECOND_FACTOR: Statement = sql!("second_factors.sql", "confirm_second_factor");
const USE_CODE: Statement = sql!("second_factors.sql", "use_code");
const USE_RECOVERY_CODE: Statement = sql!("second_factors.sql", "use_recovery_code");
const REPLACE_RECOVERY_CODES: Statement = sql!("second_factors.sql", "replace_recovery_codes");
const REMOVE_SECOND_FACTOR: Statement = sql!("second_factors.sql", "remove_second_factor");
const LIST_PLACES: Statement = sql!("second_factors.sql", "list_places");

/// The identity behind a user, with what it is checked against.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose login it is.
    pub identity_id: Uuid,
    /// The user by whom it was found.
    pub actor: Actor,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// What the authenticator has too, encrypted; none if there is no factor.
    pub sealed_secret: Option<Vec<u8>>,
    /// Since when logins ask for it; none while it is set up.
    pub confirmed_at: Option<OffsetDateTime>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i32,
}

impl FromRow for Account {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            identity_id: row.next()?,
            actor: Actor::from_row(row)?,
            password_hash: row.next()?,
            sealed_secret: row.next()?,
            confirmed_at: row.next()?,
            recovery_codes_left: row.next()?,
        })
    }
}

impl Door {
    /// The identity behind a user; none if the user does not log in here.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn account_of(&self, actor: Actor) -> Result<Option<Account>> {
        let Actor { company_id, user_id, .. } = actor;
        Ok(self.ask(FIND_SECOND_FACTOR, &[&company_id, &user_id]).await?.pop())
    }

    /// Keeps the secret of a factor until it is confirmed; false if there is a confirmed one.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn begin_second_factor(&self, identity_id: Uuid, sealed: &[u8]) -> Result<bool> {
        self.change(BEGIN_SECOND_FACTOR, &[&identity_id, &sealed]).await
    }

    /// From now on logins ask for it; false if it is another one meanwhile. The code of `step` is used.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn confirm_second_factor(
        &self,
        identity_id: Uuid,
        sealed: &[u8],
        step: i64,
        recovery_hashes: &[Vec<u8>],
    ) -> Result<bool> {
        self.change(CONFIRM_SECOND_FACTOR, &[&identity_id, &sealed, &step, &recovery_hashes]).await
    }

    /// Uses the code of a step; false if it was used, or a later one.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn use_code(&self, identity_id: Uuid, sealed: &[u8], step: i64) -> Result<bool> {
        self.change(USE_CODE, &[&identity_id, &sealed, &step]).await
    }

    /// Uses a recovery code; false if there is none with this hash.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn use_recovery_code(&self, identity_id: Uuid, hash: &[u8]) -> Result<bool> {
        self.change(USE_RECOVERY_CODE, &[&identity_id, &hash]).await
    }

    /// These in the place of those that are left; false if there is no factor.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn replace_recovery_codes(
        &self,
        identity_id: Uuid,
        recovery_hashes: &[Vec<u8>],
    ) -> Result<bool> {
        self.change(REPLACE_RECOVERY_CODES, &[&identity_id, &recovery_hashes]).await
    }

    /// From now on the password is enough; false if it was before.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn remove_second_factor(&self, identity_id: Uuid) -> Result<bool> {
        self.change(REMOVE_SECOND_FACTOR, &[&identity_id]).await
    }

    /// All users that an identity acts as.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn places_of(&self, identity_id: Uuid) -> Result<Vec<Actor>> {
        self.ask(LIST_PLACES, &[&identity_id]).await
    }

    /// Whether the statement found its row.
    async fn change(&self, statement: Statement, params: Params<'_>) -> Result<bool> {
        let changed: Vec<Uuid> = self.write(statement, params).await?;
        Ok(!changed.is_empty())
    }
}
