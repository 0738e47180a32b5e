//! The first sight of somebody who logs in elsewhere: whom their login stands for in a company, by the login door.
//! Every later flight asks whether the link is still there.

use uuid::Uuid;

use crate::door::Door;
use crate::error::{Error, Result};
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Params};

const ARRIVE: Statement = sql!("accounts.sql", "arrive");

/// A login of an outside identity provider, whose token has been verified.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The company that the token names.
    pub company_id: Uuid,
    /// Who issued it.
    pub issuer: &'a str,
    /// The issuer's name for the person.
    pub subject: &'a str,
    /// The person's e-mail; without one nobody is linked or made.
    pub email: Option<&'a str>,
    /// Whether an existing user of this e-mail may be linked: only if the issuer has verified it.
    pub by_email: bool,
    /// Name and role of the user to be made if there is none; `None` if none may be.
    pub new_user: Option<(&'a str, &'a str)>,
}

/// A link: its id, and the user.
struct Link {
    login_id: Uuid,
    user_id: Uuid,
}

impl FromRow for Link {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { login_id: row.next()?, user_id: row.next()? })
    }
}

impl Door {
    /// Whom the login stands for, after linking or making the user where the arrival allows it.
    ///
    /// # Errors
    /// [`Error::SessionOver`] if it stands for nobody; the others as for any step of the door.
    pub async fn welcome(&self, arrival: &Arrival<'_>) -> Result<Actor> {
        let Arrival { company_id, issuer, subject, email, by_email, new_user } = arrival;
        let (name, role) = new_user.unzip();
        let values: Params<'_> = &[company_id, issuer, subject, email, by_email, &name, &role];
        // Whoever asks again finds what was made: that nobody knows whether it was is no riddle here.
        let Link { login_id, user_id } = match self.ask(ARRIVE, values).await {
            Err(error @ (Error::Violation(..) | Error::InvalidText | Error::InvalidValue)) => {
                tracing::warn!(%error, issuer, "somebody arrives with an e-mail or a name that no user can have");
                None
            }
            answer => answer?.pop(),
        }
        .ok_or(Error::SessionOver)?;
        Ok(Actor { login_id: Some(login_id), ..Actor::trusted(*company_id, user_id) })
    }
}
