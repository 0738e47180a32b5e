//! One user of one company, and the one way for them to reach their rows.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row as PgRow, Statement as Prepared};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::lease::Lease;
use crate::pool::{Db, Stopwatch};
use crate::rehearsal::Rehearsal;
use crate::row::{FromRow, Row};
use crate::rows::Rows;
use crate::sql;
use crate::statement::{Listing, Statement};

/// The values of a statement, in the order of their numbers.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

const ENTER: Statement = sql!("session.sql", "enter");
const STILL_OPEN: Statement = sql!("session.sql", "still_open");

/// How often a flight is tried when others were in its way (40001, 40P01).
const TRIES: u32 = 3;

/// For whom a transaction acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The tenant.
    pub company_id: Uuid,
    /// The user within it.
    pub user_id: Uuid,
    /// The token's epoch, which must be the user's current one; `None` where no token is involved.
    pub epoch: Option<i32>,
    /// The session, which must not be over; `None` where there is none.
    pub session_id: Option<Uuid>,
    /// The link of an outside login, which must still be there; `None` where there is none.
    pub login_id: Option<Uuid>,
    /// The API key, which must be good; `None` where there is none.
    pub key: Option<Key>,
}

/// An API key that was shown, and what for. Whether it is good, the database says in the flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub id: Uuid,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// What the key must be good for: `customers:read`.
    pub scope: &'static str,
}

impl Actor {
    /// A user who has shown who they are just now, or for whom an administrator acts.
    #[must_use]
    pub const fn trusted(company_id: Uuid, user_id: Uuid) -> Self {
        Self { company_id, user_id, epoch: None, session_id: None, login_id: None, key: None }
    }
}

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `BEGIN READ ONLY`: the database refuses every write.
    Read,
    /// `BEGIN`.
    Write,
}

impl Access {
    const fn begin(self) -> &'static str {
        match self {
            Self::Read => "begin read only",
            Self::Write => "begin",
        }
    }
}

/// An [`Actor`] with a way to the database.
#[derive(Clone)]
pub struct Tenant {
    db: Db,
    actor: Actor,
    watch: Arc<Stopwatch>,
}

impl Tenant {
    pub(crate) fn new(db: Db, actor: Actor) -> Self {
        Self { db, actor, watch: Arc::default() }
    }

    /// Measures into this stopwatch from now on.
    #[must_use]
    pub fn watched_by(mut self, watch: Arc<Stopwatch>) -> Self {
        self.watch = watch;
        self
    }

    /// For whom this tenant acts.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// Runs one statement in a read-only transaction of its own, in one round trip.
    ///
    /// # Errors
    /// See [`Error`]. Nothing was written.
    pub async fn read<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        self.fly(Access::Read, Errand::Named(statement, params)).await
    }

    /// Runs one list statement in a read-only transaction of its own, in one round trip.
    ///
    /// # Errors
    /// See [`Error`]. Nothing was written.
    pub async fn list<T: FromRow>(&self, listing: &Listing<'_>) -> Result<Vec<T>> {
        self.fly(Access::Read, Errand::Listing(listing)).await
    }

    /// The same for rows that are passed on as they came.
    ///
    /// # Errors
    /// See [`Error`]. Nothing was written.
    pub async fn list_rows(&self, listing: &Listing<'_>) -> Result<Rows> {
        self.fly_for_rows(Access::Read, Errand::Listing(listing)).await.map(Rows::new)
    }

    /// Runs one statement in a transaction of its own, in one round trip. It is committed when this returns.
    ///
    /// # Errors
    /// See [`Error`]. Nothing was written, except perhaps with [`Error::OutcomeUnknown`].
    pub async fn write<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        self.fly(Access::Write, Errand::Named(statement, params)).await
    }

    /// Runs several statements in one transaction, which is committed if `work` says `Ok` and all of its
    /// statements succeeded, and rolled back otherwise. `work` runs again, at most three times in all,
    /// when other transactions or a migration were in its way, or the connection was lost before the
    /// COMMIT: it must not do anything but talk to the database.
    ///
    /// # Errors
    /// Those of `work`, and those of the commit; see [`Error`]. [`Error::Aborted`] if `work` swallowed an
    /// error of a statement.
    pub async fn transaction<T, E: From<Error>>(
        &self,
        access: Access,
        work: impl AsyncFn(&Tx<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.perform(access, Curtain::Commit, work).await
    }

    /// Runs several statements in one transaction that is rolled back in any case: to find out what would
    /// happen, from the database itself. Otherwise as [`Tenant::transaction`].
    ///
    /// # Errors
    /// Those of `work`; see [`Error`]. Nothing was written.
    pub async fn rehearse<T, E: From<Error>>(
        &self,
        work: impl AsyncFn(&Rehearsal<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.perform(Access::Write, Curtain::RollBack, async |tx: &Tx<'_>| {
            work(&Rehearsal::new(tx)).await
        })
        .await
    }

    /// One transaction, with its deadline and its retries.
    async fn perform<T, E: From<Error>>(
        &self,
        access: Access,
        curtain: Curtain,
        work: impl AsyncFn(&Tx<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let committing = Cell::new(false);
        let tries = async {
            for attempt in 1.. {
                let tx = Tx {
                    tenant: self,
                    lease: self.db.lease_for(self.actor.company_id, &self.watch).await?,
                    access,
                    curtain,
                    open: Cell::new(false),
                    failed: Cell::new(false),
                    again: Cell::new(false),
                    committing: &committing,
                };
                let answer = tx.run(&work).await;
                if answer.is_ok() || attempt >= TRIES || !tx.again.get() {
                    return answer;
                }
                pause(attempt).await;
            }
            unreachable!("the loop ends by return only")
        };
        match tokio::time::timeout(self.db.limits().deadline, tries).await {
            Ok(answer) => answer,
            Err(_) => Err(too_late(&committing).into()),
        }
    }

    async fn fly<T: FromRow>(&self, access: Access, errand: Errand<'_>) -> Result<Vec<T>> {
        let rows = self.fly_for_rows(access, errand).await?;
        rows.iter().map(|row| T::from_row(&mut Row::new(row))).collect()
    }

    /// One errand, with its deadline and its retries.
    async fn fly_for_rows(&self, access: Access, errand: Errand<'_>) -> Result<Vec<PgRow>> {
        let committing = Cell::new(false);
        let tries = async {
            let mut attempt = 1;
            loop {
                match self.try_once(access, &errand, &committing).await {
                    Ok(rows) => return Ok(rows),
                    Err(failure) if failure.again && attempt < TRIES => {
                        tracing::debug!(statement = errand.name(), error = %failure.error, "trying again");
                        if failure.error == Error::Contended {
                            pause(attempt).await;
                        }
                        attempt += 1;
                    }
                    Err(failure) => return Err(failure.error),
                }
            }
        };
        tokio::time::timeout(self.deadline(&errand), tries)
            .await
            .unwrap_or_else(|_| Err(too_late(&committing)))
    }

    fn deadline(&self, errand: &Errand<'_>) -> Duration {
        let limits = self.db.limits();
        match errand {
            Errand::Named(..) => limits.deadline,
            Errand::Listing(_) => limits.deadline.min(limits.list_deadline),
        }
    }

    /// BEGIN, context, user check, statement and COMMIT, sent together.
    async fn try_once(
        &self,
        access: Access,
        errand: &Errand<'_>,
        committing: &Cell<bool>,
    ) -> std::result::Result<Vec<PgRow>, Failure> {
        let lease =
            self.db.lease_for(self.actor.company_id, &self.watch).await.map_err(Failure::last)?;
        let start = Instant::now();
        let enter = lease.prepare(ENTER.sql()).await.map_err(Failure::on_the_ground)?;
        let ready = errand.prepare(&lease).await.map_err(Failure::on_the_ground)?;
        lease.take_off();
        committing.set(access == Access::Write);
        let (preamble, rows, commit) = join!(
            preamble(&lease, access, self, &enter),
            errand.send(&lease, ready.as_ref()),
            lease.client().batch_execute("commit"),
        );
        committing.set(false);
        lease.land();
        self.watch.add_db(start.elapsed());
        self.db.note(&self.actor, preamble.as_ref().err());
        // An error anywhere before the COMMIT made it a ROLLBACK; it answers Ok in both cases.
        preamble.map_err(|error| Failure::of_preamble(error, access, &lease))?;
        let rows = rows.map_err(|error| Failure::of_statement(error, access, &lease))?;
        commit.map_err(|error| Failure::of_statement(error, access, &lease))?;
        Ok(rows)
    }
}

/// What a flight is for.
enum Errand<'a> {
    Named(Statement, Params<'a>),
    Listing(&'a Listing<'a>),
}

impl Errand<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Named(statement, _) => statement.name(),
            Self::Listing(listing) => listing.name(),
        }
    }

    /// What is prepared is prepared before the flight: inside it, the statement would run after COMMIT.
    async fn prepare(&self, lease: &Lease) -> Result<Option<Prepared>> {
        match self {
            Self::Named(statement, _) => lease.prepare(statement.sql()).await.map(Some),
            Self::Listing(listing) if listing.is_worth_keeping() => {
                lease.prepare(&listing.sql()).await.map(Some)
            }
            Self::Listing(_) => Ok(None),
        }
    }

    async fn send(
        &self,
        lease: &Lease,
        prepared: Option<&Prepared>,
    ) -> std::result::Result<Vec<PgRow>, tokio_postgres::Error> {
        match (self, prepared) {
            (Self::Named(_, params), Some(prepared)) => {
                lease.client().query(prepared, params).await
            }
            (Self::Named(statement, params), None) => {
                lease.client().query(statement.sql(), params).await
            }
            (Self::Listing(listing), Some(prepared)) => {
                let params: Vec<_> = listing.values().iter().map(|(value, _)| *value).collect();
                lease.client().query(prepared, &params).await
            }
            (Self::Listing(listing), None) => {
                lease.client().query_typed(&listing.sql(), listing.values()).await
            }
        }
    }
}

/// How a transaction ends whose work went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curtain {
    Commit,
    RollBack,
}

/// Several statements in one transaction, see [`Tenant::transaction`].
pub struct Tx<'a> {
    tenant: &'a Tenant,
    lease: Lease,
    access: Access,
    curtain: Curtain,
    open: Cell<bool>,
    /// Whether a statement failed, on the server or before it got there.
    failed: Cell<bool>,
    /// Whether the same work may succeed if done again.
    again: Cell<bool>,
    /// Whether a COMMIT is under way.
    committing: &'a Cell<bool>,
}

impl Tx<'_> {
    /// Runs one statement. The first one of a transaction takes BEGIN and the context along.
    ///
    /// # Errors
    /// See [`Error`]; the transaction can only be rolled back then.
    pub async fn query<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<T>> {
        let start = Instant::now();
        let rows = self.send(statement, params).await;
        self.tenant.watch.add_db(start.elapsed());
        rows?.iter().map(|row| T::from_row(&mut Row::new(row))).collect()
    }

    async fn send(&self, statement: Statement, params: Params<'_>) -> Result<Vec<PgRow>> {
        self.try_send(statement, params).await.map_err(|failure| self.fail(failure))
    }

    /// The first failure tells whether to try again: the others may be its consequence.
    fn fail(&self, failure: Failure) -> Error {
        if !self.failed.replace(true) {
            self.again.set(failure.again);
        }
        failure.error
    }

    async fn try_send(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> std::result::Result<Vec<PgRow>, Failure> {
        let prepare = |statement: Statement| async move {
            self.lease.prepare(statement.sql()).await.map_err(Failure::on_the_ground)
        };
        let enter = prepare(ENTER).await?;
        prepare(STILL_OPEN).await?;
        let prepared = prepare(statement).await?;
        self.lease.take_off();
        let rows = if self.open.replace(true) {
            self.lease.client().query(&prepared, params).await
        } else {
            let (preamble, rows) = join!(
                preamble(&self.lease, self.access, self.tenant, &enter),
                self.lease.client().query(&prepared, params),
            );
            self.tenant.db.note(&self.tenant.actor, preamble.as_ref().err());
            preamble.and(rows)
        };
        // Nothing is written before the COMMIT, so a lost connection is no riddle here.
        rows.map_err(|error| Failure::of_statement(error, Access::Read, &self.lease))
    }

    /// Runs one statement as each of these users of the same company, all in one round trip.
    pub(crate) async fn query_as_each<T: FromRow>(
        &self,
        users: &[Uuid],
        statement: Statement,
        params: Params<'_>,
    ) -> Result<Vec<Vec<T>>> {
        if !self.open.get() {
            return Err(Error::Internal("nobody can stand in before the first statement".into()));
        }
        let prepared = self.lease.prepare(statement.sql()).await?;
        let as_user = async |user: &Uuid| {
            let user = set_user(*user);
            let client = self.lease.client();
            let (bound, rows) = join!(client.batch_execute(&user), client.query(&prepared, params));
            bound.and(rows)
        };
        let answers = join_all(users.iter().map(as_user)).await;
        let read = |answer: std::result::Result<Vec<PgRow>, tokio_postgres::Error>| {
            let rows = answer.map_err(|error| {
                self.fail(Failure::of_statement(error, Access::Read, &self.lease))
            })?;
            rows.iter().map(|row| T::from_row(&mut Row::new(row))).collect()
        };
        answers.into_iter().map(read).collect()
    }

    async fn run<T, E: From<Error>>(
        &self,
        work: &impl AsyncFn(&Tx<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let answer = match work(self).await {
            Ok(_) if self.failed.get() => Err(Error::Aborted.into()),
            answer => answer,
        };
        if !self.open.get() {
            return answer;
        }
        match answer {
            Ok(answer) if self.curtain == Curtain::Commit => {
                self.commit().await.map(|()| answer).map_err(E::from)
            }
            answer => {
                if self.lease.client().batch_execute("rollback").await.is_ok() {
                    self.lease.land();
                }
                answer
            }
        }
    }

    /// COMMIT of an aborted transaction succeeds silently, so a statement goes ahead of it that does not.
    async fn commit(&self) -> Result<()> {
        let start = Instant::now();
        let still_open = self.lease.prepare(STILL_OPEN.sql()).await?;
        self.committing.set(self.access == Access::Write);
        let (probe, commit) = join!(
            self.lease.client().query(&still_open, &[]),
            self.lease.client().batch_execute("commit")
        );
        self.committing.set(false);
        self.tenant.watch.add_db(start.elapsed());
        match probe.and(commit).map_err(Error::from) {
            Err(Error::Unavailable) if self.access == Access::Write => Err(Error::OutcomeUnknown),
            answer => {
                self.again.set(answer == Err(Error::Contended));
                self.lease.land();
                answer
            }
        }
    }
}

/// BEGIN and the context, and the user check. The values are formatted from typed ids and nothing else. What is one
/// text here is one message for each statement on the wire: poolers and routers between us and the database
/// understand `SET LOCAL` only so.
async fn preamble(
    lease: &Lease,
    access: Access,
    tenant: &Tenant,
    enter: &Prepared,
) -> std::result::Result<(), tokio_postgres::Error> {
    let begin = format!(
        "{};set local app.company_id = '{}';{}",
        access.begin(),
        tenant.actor.company_id,
        set_user(tenant.actor.user_id)
    );
    let Actor { epoch, session_id, login_id, key, .. } = &tenant.actor;
    let key_id = key.map(|key| key.id);
    let secret_hash = key.as_ref().map(|key| &key.secret_hash[..]);
    let scope = key.map(|key| key.scope);
    let evidence: Params<'_> = &[epoch, session_id, login_id, &key_id, &secret_hash, &scope];
    let client = lease.client();
    let (begin, enter) = join!(client.batch_execute(&begin), client.query(enter, evidence));
    begin.and(enter.map(drop))
}

/// Binds the acting user.
fn set_user(user_id: Uuid) -> String {
    format!("set local app.user_id = '{user_id}'")
}

/// Why a flight failed, and whether the same flight may succeed if sent again.
struct Failure {
    error: Error,
    again: bool,
}

impl Failure {
    fn last(error: Error) -> Self {
        Self { error, again: false }
    }

    /// Before anything was sent that could write, a connection that is gone is replaced by another one.
    fn on_the_ground(error: Error) -> Self {
        Self { again: error == Error::Unavailable, error }
    }

    /// Until the user check has answered, nothing has been written, unless the connection was lost.
    fn of_preamble(error: tokio_postgres::Error, access: Access, lease: &Lease) -> Self {
        let access = if error.as_db_error().is_some() { Access::Read } else { access };
        Self::of_statement(error, access, lease)
    }

    fn of_statement(error: tokio_postgres::Error, access: Access, lease: &Lease) -> Self {
        let outdated = error.code().is_some_and(|code| {
            use tokio_postgres::error::SqlState;
            *code == SqlState::FEATURE_NOT_SUPPORTED
                || *code == SqlState::INVALID_SQL_STATEMENT_NAME
        });
        if outdated {
            lease.forget_statements();
        }
        match Error::from(error) {
            Error::Unavailable if access == Access::Write => Self::last(Error::OutcomeUnknown),
            error => {
                let again = outdated || matches!(error, Error::Contended | Error::Unavailable);
                Self { error, again }
            }
        }
    }
}

/// The deadline has passed: a write that was to be committed just then may be stored or not.
fn too_late(committing: &Cell<bool>) -> Error {
    if committing.get() { Error::OutcomeUnknown } else { Error::Timeout }
}

/// A short wait with some randomness, so that two who met do not meet again.
async fn pause(attempt: u32) {
    let mut byte = [0_u8; 1];
    let jitter = getrandom::fill(&mut byte).map_or(0, |()| u64::from(byte[0]) / 16);
    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 5 + jitter)).await;
}
