//! How a login comes into companies, goes from one to another, and how its user leaves one: by the login door, each
//! step whole or not at all.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::door::Door;
use crate::error::Result;
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Params};

const FIND_INVITATION: Statement = sql!("memberships.sql", "find_invitation");
const ACCEPT_INVITATION: Statement = sql!("memberships.sql", "accept_invitation");
const LIST_COMPANIES: Statement = sql!("memberships.sql", "list_companies");
const FIND_PLACE: Statement = sql!("memberships.sql", "find_place");
const REMOVE_USER: Statement = sql!("memberships.sql", "remove_user");

/// What the token of an invitation is good for.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Where it was sent to.
    pub email: String,
    /// What to call them, if who invited said so.
    pub name: Option<String>,
    /// The name of the company.
    pub company_name: String,
    /// Whose login has that e-mail, if it has one.
    pub identity_id: Option<Uuid>,
    /// That of the login, in PHC form.
    pub password_hash: Option<String>,
    /// Whether its password alone is not enough for a session.
    pub has_second_factor: bool,
}

/// A company that a login may enter.
#[derive(Debug, Clone)]
pub struct Place {
    /// The company.
    pub company_id: Uuid,
    /// Whom the login acts as there.
    pub user_id: Uuid,
    /// The name of the company.
    pub name: String,
    /// What the user is there, as it is stored.
    pub role: String,
    /// Since when.
    pub joined_at: OffsetDateTime,
}

impl FromRow for Invited {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            email: row.next()?,
            name: row.next()?,
            company_name: row.next()?,
            identity_id: row.next()?,
            password_hash: row.next()?,
            has_second_factor: row.next()?,
        })
    }
}

impl FromRow for Place {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            company_id: row.next()?,
            user_id: row.next()?,
            name: row.next()?,
            role: row.next()?,
            joined_at: row.next()?,
        })
    }
}

impl Door {
    /// Whom a token invites; none if it is not good, or not any more.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn find_invitation(&self, company_id: Uuid, hash: &[u8]) -> Result<Option<Invited>> {
        Ok(self.ask(FIND_INVITATION, &[&company_id, &hash]).await?.pop())
    }

    /// Makes a user of the login with this password, or of a new one where there is none; answers whom it acts as
    /// from now on, none if token or password are not good any more.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn accept_invitation(
        &self,
        company_id: Uuid,
        hash: &[u8],
        name: &str,
        identity_id: Option<Uuid>,
        password_hash: &str,
    ) -> Result<Option<Actor>> {
        let values: Params<'_> = &[&company_id, &hash, &name, &identity_id, &password_hash];
        Ok(self.write(ACCEPT_INVITATION, values).await?.pop())
    }

    /// The companies that a user's login may enter, in the order in which it came to them, behind that one.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn companies_of(
        &self,
        actor: Actor,
        after: Option<(OffsetDateTime, Uuid)>,
        most: i64,
    ) -> Result<Vec<Place>> {
        let Actor { company_id, user_id, .. } = actor;
        let (time, id) = after.unzip();
        self.ask(LIST_COMPANIES, &[&company_id, &user_id, &time, &id, &most]).await
    }

    /// Whom a user's login acts as in another company; none if it has no place there.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn place_in(&self, actor: Actor, company_id: Uuid) -> Result<Option<Actor>> {
        Ok(self.ask(FIND_PLACE, &[&actor.company_id, &actor.user_id, &company_id]).await?.pop())
    }

    /// Takes a user out of the acting user's company. None if there is no such user, false if their version is none of
    /// those expected.
    ///
    /// # Errors
    /// See [`Error`](crate::Error): also if the role does not permit it, or no owner would be left.
    pub async fn remove_user(
        &self,
        actor: Actor,
        user_id: Uuid,
        versions: Option<&[i64]>,
    ) -> Result<Option<bool>> {
        let Actor { company_id, user_id: acting, key, .. } = actor;
        let key = key.map(|key| key.id);
        let values: Params<'_> = &[&company_id, &acting, &key, &user_id, &versions];
        Ok(self.write(REMOVE_USER, values).await?.pop())
    }
}
