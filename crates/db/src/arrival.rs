//! The first sight of somebody who logs in elsewhere: whom their login stands for in a company.
//!
//! It takes a flight of its own, in which nobody acts: `app.user_id` is all zeros, and the policies of arrivals
//! are the only ones that ask for that. Every later flight asks whether the link is still there.

use uuid::Uuid;

use crate::error::{Error, Result, Violation};
use crate::pool::Db;
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Tenant};

const FIND_USER_LOGIN: Statement = sql!("user_logins.sql", "find_user_login");
const ARRIVE: Statement = sql!("user_logins.sql", "arrive");

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

impl Db {
    /// Whom the login stands for, after linking or making the user where the arrival allows it.
    ///
    /// # Errors
    /// [`Error::SessionOver`] if it stands for nobody; the others as for any flight.
    pub async fn welcome(&self, arrival: &Arrival<'_>) -> Result<Actor> {
        let company_id = arrival.company_id;
        let nobody = Tenant::arriving(self.clone(), company_id);
        let mut link = find(&nobody, arrival).await?;
        if link.is_none() && arrival.may_become_somebody() {
            link = match arrive(&nobody, arrival).await? {
                Some(link) => Some(link),
                // Somebody else may have been quicker.
                None => find(&nobody, arrival).await?,
            };
        }
        let Link { login_id, user_id } = link.ok_or(Error::SessionOver)?;
        Ok(Actor { login_id: Some(login_id), ..Actor::trusted(company_id, user_id) })
    }
}

impl Arrival<'_> {
    fn may_become_somebody(&self) -> bool {
        self.email.is_some() && (self.by_email || self.new_user.is_some())
    }
}

async fn find(nobody: &Tenant, arrival: &Arrival<'_>) -> Result<Option<Link>> {
    let found = nobody.read(FIND_USER_LOGIN, &[&arrival.issuer, &arrival.subject]).await;
    found.map(|mut links| links.pop())
}

async fn arrive(nobody: &Tenant, arrival: &Arrival<'_>) -> Result<Option<Link>> {
    let Arrival { issuer, subject, email, by_email, .. } = arrival;
    let (name, role) = arrival.new_user.unzip();
    match nobody.write(ARRIVE, &[issuer, subject, email, by_email, &name, &role]).await {
        // The user has another login of this issuer, or this login has become somebody's meanwhile.
        Err(Error::Violation(Violation::Unique, _)) => Ok(None),
        Err(error @ (Error::Violation(..) | Error::InvalidText | Error::InvalidValue)) => {
            tracing::warn!(%error, issuer, "somebody arrives with an e-mail or a name that no user can have");
            Ok(None)
        }
        written => written.map(|mut links| links.pop()),
    }
}
