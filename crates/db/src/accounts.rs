//! The steps of sign-up, forgotten passwords and new e-mails: by the login door, each whole or not at all.
//!
//! What was sent by mail is known here by its SHA-256 alone.

use uuid::Uuid;

use crate::door::Door;
use crate::error::Result;
use crate::row::{FromRow, Row};
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Params};

const BEGIN_SIGN_UP: Statement = sql!("accounts.sql", "begin_sign_up");
const COMPLETE_SIGN_UP: Statement = sql!("accounts.sql", "complete_sign_up");
const BEGIN_PASSWORD_RESET: Statement = sql!("accounts.sql", "begin_password_reset");
const WORDS_OF_RESET: Statement = sql!("accounts.sql", "words_of_reset");
const RESET_PASSWORD: Statement = sql!("accounts.sql", "reset_password");
const CHANGE_PASSWORD: Statement = sql!("accounts.sql", "change_password");
const RENEW_PASSWORD_HASH: Statement = sql!("accounts.sql", "renew_password_hash");
const BEGIN_EMAIL_CHANGE: Statement = sql!("accounts.sql", "begin_email_change");
const CHANGE_EMAIL: Statement = sql!("accounts.sql", "change_email");

/// A company and its first owner, before their mail is confirmed.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The company's name.
    pub company_name: String,
    /// The owner's name.
    pub name: String,
    /// The e-mail to log in with.
    pub email: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
}

/// Where to write to, and whether the e-mail that was asked for has a login already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Somebody has a login with it.
    pub is_known: bool,
    /// The address on record if there is a login, which may be spelt differently.
    pub email: String,
}

/// A login that has another e-mail now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedEmail {
    /// The one before.
    pub old: String,
    /// The one from now on.
    pub new: String,
}

impl FromRow for Addressee {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { is_known: row.next()?, email: row.next()? })
    }
}

impl FromRow for ChangedEmail {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { old: row.next()?, new: row.next()? })
    }
}

impl Door {
    /// Keeps a sign-up for 24 hours under the hash of its token, unless the e-mail has a login.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn begin_sign_up(&self, new: &SignUp, hash: &[u8]) -> Result<Option<Addressee>> {
        let SignUp { company_name, name, email, password_hash } = new;
        let values: Params<'_> = &[email, company_name, name, password_hash, &hash];
        Ok(self.write(BEGIN_SIGN_UP, values).await?.pop())
    }

    /// Makes login, company and owner out of a sign-up; none if the token is not good, or not any more.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn complete_sign_up(&self, hash: &[u8]) -> Result<Option<Actor>> {
        Ok(self.write(COMPLETE_SIGN_UP, &[&hash]).await?.pop())
    }

    /// Makes a token for a new password, good for an hour; answers the address on record, if there is one.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn begin_password_reset(&self, email: &str, hash: &[u8]) -> Result<Option<String>> {
        Ok(self.write(BEGIN_PASSWORD_RESET, &[&email, &hash]).await?.pop())
    }

    /// E-mail, names and companies of whoever has the token; none if it is not good, or not any more.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn words_of_reset(&self, hash: &[u8]) -> Result<Option<Vec<String>>> {
        let words: Vec<String> = self.ask(WORDS_OF_RESET, &[&hash]).await?;
        Ok(Some(words).filter(|words| !words.is_empty()))
    }

    /// Sets a new password and ends all sessions; answers the address to tell, none if the token is not good.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn reset_password(&self, hash: &[u8], password_hash: &str) -> Result<Option<String>> {
        Ok(self.write(RESET_PASSWORD, &[&hash, &password_hash]).await?.pop())
    }

    /// Sets a new password in the place of the old one and ends all sessions; answers the address to tell,
    /// none if the password is another one by now.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn change_password(
        &self,
        identity_id: Uuid,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<Option<String>> {
        Ok(self.write(CHANGE_PASSWORD, &[&identity_id, &old_hash, &new_hash]).await?.pop())
    }

    /// Stores the same password, hashed anew. Sessions go on.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn renew_password_hash(
        &self,
        identity_id: Uuid,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<()> {
        let values: Params<'_> = &[&identity_id, &old_hash, &new_hash];
        let _: Vec<()> = self.write(RENEW_PASSWORD_HASH, values).await?;
        Ok(())
    }

    /// Makes a token for a new e-mail, good for an hour, unless that e-mail is somebody else's.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn begin_email_change(
        &self,
        identity_id: Uuid,
        email: &str,
        hash: &[u8],
    ) -> Result<Option<Addressee>> {
        Ok(self.write(BEGIN_EMAIL_CHANGE, &[&identity_id, &email, &hash]).await?.pop())
    }

    /// Sets the e-mail that the token was sent to, everywhere; none if the token is not good.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn change_email(&self, hash: &[u8]) -> Result<Option<ChangedEmail>> {
        Ok(self.write(CHANGE_EMAIL, &[&hash]).await?.pop())
    }
}
