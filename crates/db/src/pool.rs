//! The pool of one role, bounded in every direction: how many connections, how long to wait for each thing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use deadpool_postgres::{TimeoutType, Timeouts};
use uuid::Uuid;

use crate::connect::{ConnectError, Target};
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::lease::Lease;
use crate::row::Row;
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Key, Tenant};
use crate::walls::{Place, Walls};
use crate::wire::Connector;

const CLOCK: Statement = sql!("session.sql", "clock");

/// How much a pool may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at most.
    pub connections: usize,
    /// How long a request waits for a free connection before it is told that we are overloaded.
    pub wait: Duration,
    /// How long a request may take in the database, retries included.
    pub deadline: Duration,
    /// The same for a list, where that is less.
    pub list_deadline: Duration,
    /// How many percent of the connections one company may take at the same time, rounded up.
    pub share: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4,
            wait: Duration::from_secs(1),
            deadline: Duration::from_secs(10),
            list_deadline: Duration::from_secs(5),
            share: 50,
        }
    }
}

/// A pool of connections of one role. Clones share the connections.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    tls: Connector,
    limits: Limits,
    walls: Walls,
    keys: Keys,
}

impl Db {
    /// Makes the pool; connections are opened when they are first needed.
    ///
    /// # Errors
    /// If the connection string cannot be read.
    pub fn new(url: &str, limits: Limits) -> std::result::Result<Self, ConnectError> {
        let (config, tls) = Target::parse(url)?.pipelined();
        let manager = Manager::from_config(
            config,
            tls.clone(),
            // Fast: what a connection carries over is our business, see lease.rs.
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(limits.connections)
            // The connection used last has the warmest caches at the other end.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(limits.wait),
                create: Some(Duration::from_secs(3)),
                recycle: Some(Duration::from_secs(1)),
            })
            .build()
            .map_err(|error| ConnectError(error.to_string()))?;
        let walls = Walls::new(limits.connections, limits.share);
        Ok(Self { pool, tls, limits, walls, keys: Keys::default() })
    }

    /// Whoever is to act from here on.
    #[must_use]
    pub fn act_as(&self, actor: Actor) -> Tenant {
        Tenant::new(self.clone(), actor)
    }

    /// Whether this key was good when it was shown here last. Until it was, nobody knows whose it is.
    #[must_use]
    pub fn knows(&self, key: &Key) -> bool {
        self.keys.knows(key)
    }

    /// Whether keys were used, and [`Db::record_key_uses`] has something to write.
    #[must_use]
    pub fn has_key_uses(&self) -> bool {
        self.keys.has_uses()
    }

    /// Writes down which keys were used, apart from the flights that used them. What cannot be written is lost.
    pub async fn record_key_uses(&self) {
        self.keys.record(self).await;
    }

    /// What the check at the head of a flight said of the actor's key.
    pub(crate) fn note(&self, actor: &Actor, error: Option<&tokio_postgres::Error>) {
        if let Some(key) = &actor.key {
            self.keys.note(actor, key, error);
        }
    }

    /// Whether the database answers, for readiness checks: with its clock, in milliseconds since 1970.
    ///
    /// # Errors
    /// If no connection is to be had or it does not answer within a second.
    pub async fn ping(&self) -> Result<i64> {
        let ping = async {
            let lease = self.lease(&Stopwatch::default()).await?;
            let clock = lease.prepare(CLOCK.sql()).await?;
            lease.take_off();
            let pong = lease.client().query_one(&clock, &[]).await;
            lease.land();
            Row::new(&pong?).next()
        };
        tokio::time::timeout(Duration::from_secs(1), ping).await.unwrap_or(Err(Error::Overloaded))
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes a connection out of the pool for a question that is nobody's in particular.
    pub(crate) async fn lease(&self, watch: &Stopwatch) -> Result<Lease> {
        self.lease_to(None, watch).await
    }

    /// Takes a connection out of the pool for one flight or one transaction of a company, within its share.
    pub(crate) async fn lease_for(&self, company: Uuid, watch: &Stopwatch) -> Result<Lease> {
        let start = Instant::now();
        let place = self.walls.enter(company, self.limits.wait).await;
        watch.add_pool(start.elapsed());
        self.lease_to(Some(place?), watch).await
    }

    async fn lease_to(&self, place: Option<Place>, watch: &Stopwatch) -> Result<Lease> {
        let start = Instant::now();
        let object = self.pool.get().await;
        watch.add_pool(start.elapsed());
        object.map(|object| Lease::new(object, place, self.tls.clone())).map_err(pool_error)
    }
}

fn pool_error(error: PoolError) -> Error {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => Error::Overloaded,
        PoolError::Timeout(_) | PoolError::Closed => Error::Unavailable,
        PoolError::Backend(error) => match Error::from(error) {
            Error::Overloaded => Error::Overloaded,
            error => {
                tracing::error!(%error, "cannot open a database connection");
                Error::Unavailable
            }
        },
        error => Error::Internal(error.to_string()),
    }
}

/// Where the time of a request went, for the `Server-Timing` header.
#[derive(Debug, Default)]
pub struct Stopwatch {
    auth: AtomicU64,
    pool: AtomicU64,
    db: AtomicU64,
}

impl Stopwatch {
    /// Reading the access token.
    #[must_use]
    pub fn auth(&self) -> Duration {
        Duration::from_nanos(self.auth.load(Ordering::Relaxed))
    }

    /// Adds to [`Stopwatch::auth`], which happens outside of this crate.
    pub fn add_auth(&self, time: Duration) {
        add(&self.auth, time);
    }

    /// Waiting for a connection.
    #[must_use]
    pub fn pool(&self) -> Duration {
        Duration::from_nanos(self.pool.load(Ordering::Relaxed))
    }

    /// In flight to the database and back.
    #[must_use]
    pub fn db(&self) -> Duration {
        Duration::from_nanos(self.db.load(Ordering::Relaxed))
    }

    pub(crate) fn add_pool(&self, time: Duration) {
        add(&self.pool, time);
    }

    pub(crate) fn add_db(&self, time: Duration) {
        add(&self.db, time);
    }
}

fn add(sum: &AtomicU64, time: Duration) {
    sum.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
