//! A borrowed connection that cannot go back dirty: dropped in mid-flight, it is rolled back before anybody
//! else gets it, or else cancelled and closed.

use std::cell::Cell;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::Statement as Prepared;

use crate::error::{Error, Result};
use crate::walls::Place;
use crate::wire::Connector;

/// How long a dropped flight may take to come down by itself, before it is cancelled.
const PATIENCE: Duration = Duration::from_millis(20);

/// One connection, ours until dropped.
pub(crate) struct Lease {
    object: Option<Object>,
    /// That of its company: kept until the connection is free, not only until nobody waits for it.
    place: Option<Place>,
    tls: Connector,
    in_flight: Cell<bool>,
}

impl Lease {
    pub(crate) fn new(object: Object, place: Option<Place>, tls: Connector) -> Self {
        Self { object: Some(object), place, tls, in_flight: Cell::new(false) }
    }

    pub(crate) fn client(&self) -> &Object {
        match &self.object {
            Some(object) => object,
            None => unreachable!("the connection is taken out by drop only"),
        }
    }

    /// Prepares a statement, once a connection. In mid-flight it stays in flight, whatever comes of it.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Prepared> {
        let before = self.in_flight.replace(true);
        let prepared = self.client().prepare_cached(sql).await;
        self.in_flight.set(before);
        prepared.map_err(Error::from)
    }

    /// From here on a drop means that the server may be working for us, or hold our transaction open.
    pub(crate) fn take_off(&self) {
        self.in_flight.set(true);
    }

    /// The transaction has ended, one way or the other.
    pub(crate) fn land(&self) {
        self.in_flight.set(false);
    }

    /// After a migration has changed a result type, prepared statements are outdated (0A000, 26000).
    pub(crate) fn forget_statements(&self) {
        self.client().statement_cache.clear();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if !self.in_flight.get() {
            return;
        }
        let dirty = Dirty { object: Some(object), _place: self.place.take() };
        // Without a runtime nobody is left to talk to the server: the connection is closed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(clean(dirty, self.tls.clone())));
        }
    }
}

/// A connection that must not go back as it is: closed when dropped, which rolls back, unless it was cleaned.
/// Its company's place is free when it is.
struct Dirty {
    object: Option<Object>,
    _place: Option<Place>,
}

impl Drop for Dirty {
    fn drop(&mut self) {
        drop(self.object.take().map(Object::take));
    }
}

/// Rolls back and lets the connection go back to the pool, if what runs on it is over in a moment. If not,
/// cancels that and closes the connection: the request to cancel travels by itself and may be late, so that
/// on a connection in use it could hit the statement of the next borrower.
async fn clean(mut dirty: Dirty, tls: Connector) {
    let Some(object) = &dirty.object else { return };
    let rolled_back = tokio::time::timeout(PATIENCE, object.batch_execute("rollback")).await;
    if matches!(rolled_back, Ok(Ok(()))) {
        drop(dirty.object.take());
        return;
    }
    let cancel = object.cancel_token();
    if !matches!(
        tokio::time::timeout(Duration::from_secs(1), cancel.cancel_query(tls)).await,
        Ok(Ok(()))
    ) {
        tracing::debug!("a statement that nobody waits for could not be cancelled");
    }
}
