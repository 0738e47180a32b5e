//! Lists whose rows come in the order in which they were made, with no filters: the same code for each resource.

use paddock_db::{FromRow, Listing, Statement};

use crate::State;
use crate::auth::caller::Caller;
use crate::http::cursor::{Position, Scope};
use crate::http::page::{PageInfo, PageQuery, Paging};
use crate::http::params::Query;
use crate::http::problem::Answer;

/// What such a list is made of.
pub(crate) struct ByCreation {
    /// The list that its cursors belong to.
    pub(crate) list: &'static str,
    /// What is selected.
    pub(crate) rows: Statement,
    /// The condition on every row.
    pub(crate) always: Statement,
    /// By time and id.
    pub(crate) order: Statement,
    /// What comes after a time and an id.
    pub(crate) after: Statement,
}

impl ByCreation {
    /// One page. The position of a row is its time and its id.
    pub(crate) async fn page<T: FromRow>(
        &self,
        caller: &Caller,
        state: &State,
        query: Query<PageQuery>,
        position: impl Fn(&T) -> Position,
    ) -> Answer<(Vec<T>, PageInfo)> {
        let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
        let company_id = caller.company_id();
        let scope = Scope { company_id, list: self.list, fingerprint: &fingerprint };
        let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
        let (after, rows) = (paging.after_time()?, paging.rows());
        let mut listing = Listing::new(self.rows, self.order).always(self.always);
        if let Some((time, id)) = &after {
            listing = listing.after(self.after, time, id);
        }
        let mut data = caller.list(&listing.limit(&rows)).await?;
        let page = paging.end(&mut data, position);
        Ok((data, page))
    }
}
