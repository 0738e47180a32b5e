//! What others of the company could do, found out by trying it in their place.

use uuid::Uuid;

use crate::error::Result;
use crate::row::FromRow;
use crate::statement::Statement;
use crate::tenant::{Params, Tx};

/// A transaction that is rolled back, whatever happens in it; see [`Tenant::rehearse`](crate::Tenant::rehearse).
/// Only here may a user stand in for another one of the same company.
pub struct Rehearsal<'a>(&'a Tx<'a>);

impl<'a> Rehearsal<'a> {
    pub(crate) const fn new(tx: &'a Tx<'a>) -> Self {
        Self(tx)
    }

    /// Runs one statement as the user whose transaction this is. It must come before [`Self::query_as_each`].
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn query<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        self.0.query(statement, params).await
    }

    /// Runs one statement once as each of these users, in one round trip; one answer for each. Whoever is
    /// of another company finds nothing, because the company stays the same.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn query_as_each<T: FromRow>(
        &self,
        users: &[Uuid],
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<Vec<T>>> {
        self.0.query_as_each(users, statement, params).await
    }
}
