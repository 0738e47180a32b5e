//! A borrowed connection that cannot go back dirty: dropped in mid-flight, it is cancelled and rolled back
//! before anybody else gets it.

use std::cell::Cell;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::Statement as Prepared;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// One connection, ours until dropped.
pub(crate) struct Lease {
    object: Option<Object>,
    tls: MakeRustlsConnect,
    in_flight: Cell<bool>,
}

impl Lease {
    pub(crate) fn new(object: Object, tls: MakeRustlsConnect) -> Self {
        Self { object: Some(object), tls, in_flight: Cell::new(false) }
    }

    pub(crate) fn client(&self) -> &Object {
        match &self.object {
            Some(object) => object,
            None => unreachable!("the connection is taken out by drop only"),
        }
    }

    /// Prepares a statement, once a connection.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Prepared> {
        self.in_flight.set(true);
        let prepared = self.client().prepare_cached(sql).await;
        self.in_flight.set(false);
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
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clean(object, self.tls.clone()))),
            // Nobody is left to talk to the server: close the connection, which rolls back.
            Err(_) => drop(Object::take(object)),
        }
    }
}

/// Cancels what runs, rolls back, and only then lets the connection go back to the pool.
///
/// The order matters: the cancel request has been delivered before the ROLLBACK is sent, so it cannot hit
/// the statement of the next borrower.
async fn clean(object: Object, tls: MakeRustlsConnect) {
    let cancel = object.cancel_token();
    let rolled_back = tokio::time::timeout(Duration::from_secs(2), async {
        cancel.cancel_query(tls).await?;
        object.batch_execute("rollback").await
    })
    .await;
    if !matches!(rolled_back, Ok(Ok(()))) {
        drop(Object::take(object));
    }
}
