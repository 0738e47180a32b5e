//! Faults that happen to every service some day: what is left behind, and what the client is told.
//!
//! The rule of the ledger: what was acknowledged is there; what is there was acknowledged or is unknown.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use paddock_db::{Access, Db, Error, Limits, Statement, Tenant};
use time::OffsetDateTime;

use crate::harness::{Psql, World, in_ci};

/// Statements of this file only.
const SQL: &str = "-- name: create
insert into crm.customers (name, email) values ($1::text, replace($1, ' ', '.') || '@example.com') returning name
-- name: touch
update crm.customers set title = $2::text where name = $1::text returning name
-- name: names
select c.name from crm.customers c order by c.name
-- name: companies
select c.name from crm.companies c
-- name: heavy
select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b
-- name: heavy_write
insert into crm.customers (name)
select 'heavy ' || count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b
returning name
-- name: divide
select 1 / $1::integer
-- name: look
select
    (now() >= $1::timestamptz)::text
    || ' ' || current_setting('app.company_id')
    || ' ' || current_setting('app.user_id')
    || coalesce(' ' || r.companies, '')
from (
    select string_agg(distinct n.company_id::text, ' ') as companies
    from (select c.company_id from crm.customers c order by c.created_at desc limit 3) n
) r
";

const CREATE: Statement = Statement::find("create", SQL);
const TOUCH: Statement = Statement::find("touch", SQL);
const NAMES: Statement = Statement::find("names", SQL);
const COMPANIES: Statement = Statement::find("companies", SQL);
const HEAVY: Statement = Statement::find("heavy", SQL);
const HEAVY_WRITE: Statement = Statement::find("heavy_write", SQL);
const DIVIDE: Statement = Statement::find("divide", SQL);
const LOOK: Statement = Statement::find("look", SQL);

/// One connection: whoever comes next gets what the last one left.
const ONE: Limits = Limits {
    connections: 1,
    wait: Duration::from_secs(5),
    deadline: Duration::from_secs(10),
    list_deadline: Duration::from_secs(10),
    share: 100,
};

/// A new connection takes a while where passwords are hashed without optimisation.
const PROMPTLY: Duration = Duration::from_secs(2);

/// A world, and a superuser's eye on it.
struct Scene {
    world: World,
    admin: Psql,
    alice: Tenant,
    bob: Tenant,
}

impl Scene {
    async fn new(limits: Limits) -> Self {
        let world = World::with(limits, &[]).await;
        let admin = Psql::new(&world.database.admin_url()).await;
        let (alice, bob) = (world.alice_tenant(), world.bob_tenant());
        Self { world, admin, alice, bob }
    }

    /// Another setting for the application's role, in this database and for new connections only.
    async fn set(&self, setting: &str) {
        let database = self.world.database.name();
        self.admin
            .run(&format!("alter role paddock_app in database {database} set {setting}"))
            .await;
    }

    /// The application's connections that are in this state.
    async fn sessions(&self, which: &str) -> usize {
        let sql = format!(
            "select count(*)
            from pg_stat_activity
            where datname = current_database() and usename = 'paddock_app' and {which}"
        );
        self.admin.value(&sql).await.parse().unwrap()
    }

    /// Waits, at most five seconds, until so many of the application's connections are in this state.
    async fn until(&self, count: usize, which: &str) {
        let start = Instant::now();
        while self.sessions(which).await != count {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "never were there {count} with {which}"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn nothing_runs(&self) {
        self.until(0, "(state <> 'idle' or xact_start is not null)").await;
    }

    /// Bob comes next: at once, with a context of his own and nothing of anybody else's.
    async fn the_next_is_served(&self) {
        let start = Instant::now();
        look(&self.bob).await;
        let waited = start.elapsed();
        assert!(waited < PROMPTLY, "the next one waited {waited:?}");
        self.nothing_runs().await;
    }

    async fn stored(&self) -> BTreeSet<String> {
        self.admin.rows("select name from crm.customers").await.into_iter().collect()
    }
}

/// Reads as the tenant, and says so if anything is not the tenant's own.
#[expect(clippy::disallowed_methods, reason = "any time will do")]
async fn look(tenant: &Tenant) {
    let before = OffsetDateTime::now_utc();
    let seen: Vec<String> = tenant.read(LOOK, &[&before]).await.unwrap();
    let actor = tenant.actor();
    let own = format!("true {} {}", actor.company_id, actor.user_id);
    let with_rows = format!("{own} {}", actor.company_id);
    assert!(seen == [own.clone()] || seen == [with_rows], "{seen:?} for {own}");
}

async fn create(tenant: &Tenant, key: &str) -> Result<Vec<String>, Error> {
    tenant.write(CREATE, &[&key]).await
}

/// Polls a future so many times and drops it then; its answer if it came so far.
async fn drop_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Drops a future as soon as something has become true.
async fn drop_when<T: std::fmt::Debug>(
    truth: impl Future<Output = ()>,
    work: impl Future<Output = T>,
) {
    tokio::select! {
        biased;
        answer = work => panic!("answered {answer:?} before it could be dropped"),
        () = truth => {}
    }
}

// ── Dropped futures ────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_statement_that_nobody_waits_for_is_ended_on_the_server() {
    let scene = Scene::new(ONE).await;
    let (alice, running) = (&scene.alice, "state = 'active' and query like '-- name: heavy%'");
    drop_when(scene.until(1, running), alice.read::<i64>(HEAVY, &[])).await;
    scene.the_next_is_served().await;
    drop_when(scene.until(1, running), alice.write::<String>(HEAVY_WRITE, &[])).await;
    scene.the_next_is_served().await;
    let second_statement = alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        tx.query::<i64>(HEAVY, &[]).await
    });
    drop_when(scene.until(1, running), second_statement).await;
    scene.the_next_is_served().await;
    assert_eq!(scene.stored().await, BTreeSet::new());
}

#[actix_web::test]
async fn a_write_that_waits_for_a_lock_is_ended_on_the_server() {
    let scene = Scene::new(ONE).await;
    let waiting = "wait_event_type = 'Lock'";
    create(&scene.alice, "ada").await.unwrap();
    let holder = Psql::new(&scene.world.database.admin_url()).await;
    holder.run("begin; select from crm.customers for update").await;
    drop_when(scene.until(1, waiting), scene.alice.write::<String>(TOUCH, &[&"ada", &"Dr"])).await;
    scene.the_next_is_served().await;
    let work = scene.alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        tx.query::<String>(TOUCH, &[&"ada", &"Dr"]).await
    });
    drop_when(scene.until(1, waiting), work).await;
    scene.the_next_is_served().await;
    holder.run("commit").await;
    assert_eq!(scene.admin.rows("select name, title from crm.customers").await, ["ada|"]);
}

#[actix_web::test]
async fn wherever_a_request_is_dropped_the_next_one_finds_a_clean_connection() {
    let scene = Scene::new(ONE).await;
    let mut acknowledged = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for shape in ["read", "write", "transaction"] {
        let mut polls = 0;
        loop {
            let key = format!("{shape} {polls}");
            let work = async {
                match shape {
                    "read" => scene.alice.read(COMPANIES, &[]).await,
                    "write" => create(&scene.alice, &key).await,
                    _ => {
                        scene
                            .alice
                            .transaction(Access::Write, async |tx| {
                                let created = tx.query(CREATE, &[&key]).await?;
                                tx.query::<String>(TOUCH, &[&key, &"Dr"]).await?;
                                tokio::task::yield_now().await;
                                tx.query::<String>(NAMES, &[]).await?;
                                Ok(created)
                            })
                            .await
                    }
                }
            };
            // Unprepared at first, prepared later: both ways have all of their points.
            let answer = drop_after(polls, work).await;
            scene.the_next_is_served().await;
            match answer {
                Some(answer) => {
                    assert!(answer.is_ok(), "{answer:?}");
                    acknowledged.insert(key);
                    break;
                }
                None => unknown.insert(key),
            };
            polls += 1;
        }
        assert!(polls > 1, "{shape} was never dropped");
    }
    acknowledged.retain(|key| !key.starts_with("read"));
    let stored = scene.stored().await;
    assert!(acknowledged.is_subset(&stored), "{acknowledged:?} are not all in {stored:?}");
    let others: Vec<_> = stored.difference(&acknowledged).collect();
    assert!(others.iter().all(|key| unknown.contains(*key)), "{others:?}");
    assert_eq!(scene.world.database.log("already a transaction in progress"), [""; 0]);
}

#[actix_web::test]
async fn a_transaction_dropped_after_a_swallowed_error_leaves_nothing_open() {
    let scene = Scene::new(ONE).await;
    const UNKNOWN: Statement =
        Statement::find("unknown", "-- name: unknown\nselect shoe_size from crm.users");
    let work = scene.alice.transaction(Access::Write, async |tx| -> Result<(), Error> {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        assert!(tx.query::<String>(UNKNOWN, &[]).await.is_err());
        std::future::pending().await
    });
    drop_when(scene.until(1, "state = 'idle in transaction (aborted)'"), work).await;
    scene.the_next_is_served().await;
    assert_eq!(scene.stored().await, BTreeSet::new());
}

// ── Limits ─────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn the_deadline_ends_the_request_and_the_statement() {
    let scene = Scene::new(Limits { deadline: Duration::from_secs(1), ..ONE }).await;
    assert_eq!(scene.alice.read::<i64>(HEAVY, &[]).await, Err(Error::Timeout));
    scene.the_next_is_served().await;
    let work = scene.alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        tx.query::<i64>(HEAVY, &[]).await
    });
    assert_eq!(work.await, Err(Error::Timeout));
    scene.the_next_is_served().await;
    // Its COMMIT is on the way already, so nobody can say.
    assert_eq!(scene.alice.write::<String>(HEAVY_WRITE, &[]).await, Err(Error::OutcomeUnknown));
    scene.the_next_is_served().await;
    assert_eq!(scene.stored().await, BTreeSet::new());
}

#[actix_web::test]
async fn the_statement_timeout_of_the_role_is_a_timeout() {
    let scene = Scene::new(ONE).await;
    scene.set("statement_timeout = '100ms'").await;
    assert_eq!(scene.alice.read::<i64>(HEAVY, &[]).await, Err(Error::Timeout));
    assert_eq!(scene.alice.write::<String>(HEAVY_WRITE, &[]).await, Err(Error::Timeout));
    let work = scene.alice.transaction(Access::Read, async |tx| tx.query::<i64>(HEAVY, &[]).await);
    assert_eq!(work.await, Err(Error::Timeout));
    scene.the_next_is_served().await;
    assert_eq!(scene.stored().await, BTreeSet::new());
}

#[actix_web::test]
async fn a_locked_table_is_told_within_the_lock_timeout_and_other_tables_go_on() {
    let scene = Scene::new(ONE).await;
    scene.set("lock_timeout = '100ms'").await;
    scene.admin.run("begin; lock table crm.customers in access exclusive mode").await;
    assert_eq!(scene.alice.read::<String>(NAMES, &[]).await, Err(Error::Locked));
    assert_eq!(create(&scene.alice, "never").await, Err(Error::Locked));
    let work = scene
        .alice
        .transaction(Access::Write, async |tx| tx.query::<String>(CREATE, &[&"never"]).await);
    assert_eq!(work.await, Err(Error::Locked));
    assert_eq!(scene.bob.read(COMPANIES, &[]).await, Ok(vec!["Coca-Cola".to_owned()]));
    scene.admin.run("commit").await;
    assert_eq!(scene.alice.read::<String>(NAMES, &[]).await, Ok(vec![]));
}

#[actix_web::test]
async fn an_exhausted_pool_says_so_within_its_wait() {
    let scene = Scene::new(Limits { wait: Duration::from_millis(100), ..ONE }).await;
    let answer: Result<(), Error> = scene
        .alice
        .transaction(Access::Read, async |tx| {
            tx.query::<String>(COMPANIES, &[]).await?;
            let start = Instant::now();
            assert_eq!(scene.bob.read::<String>(COMPANIES, &[]).await, Err(Error::Overloaded));
            assert_eq!(create(&scene.bob, "never").await, Err(Error::Overloaded));
            let work = scene
                .bob
                .transaction(Access::Read, async |tx| tx.query::<()>(COMPANIES, &[]).await);
            assert_eq!(work.await, Err(Error::Overloaded));
            assert_eq!(scene.world.db.ping().await, Err(Error::Overloaded));
            assert!(start.elapsed() < Duration::from_secs(2), "four times 100 ms");
            Ok(())
        })
        .await;
    assert_eq!(answer, Ok(()));
    scene.the_next_is_served().await;
}

#[actix_web::test]
async fn a_server_without_a_free_connection_is_overload_and_passes() {
    let scene = Scene::new(ONE).await;
    let others = Db::new(&scene.world.database.app_url(), ONE).unwrap();
    others.ping().await.unwrap();
    let database = scene.world.database.name();
    // A superuser counts, but is not counted out: one of us, one of the others.
    scene.admin.run(&format!("alter database {database} connection limit 2")).await;
    assert_eq!(scene.alice.read::<String>(COMPANIES, &[]).await, Err(Error::Overloaded));
    assert_eq!(create(&scene.alice, "never").await, Err(Error::Overloaded));
    drop(others);
    scene.until(0, "true").await;
    assert_eq!(create(&scene.alice, "ada").await, Ok(vec!["ada".to_owned()]));
    scene.the_next_is_served().await;
}

#[actix_web::test]
async fn a_read_only_server_is_read_and_not_written() {
    let scene = Scene::new(ONE).await;
    let database = scene.world.database.name();
    scene
        .admin
        .run(&format!("alter database {database} set default_transaction_read_only = on"))
        .await;
    assert_eq!(scene.alice.read(COMPANIES, &[]).await, Ok(vec!["Nike".to_owned()]));
    assert_eq!(create(&scene.alice, "never").await, Err(Error::ReadOnly));
    let work = scene
        .alice
        .transaction(Access::Write, async |tx| tx.query::<String>(CREATE, &[&"never"]).await);
    assert_eq!(work.await, Err(Error::ReadOnly));
    scene.the_next_is_served().await;
}

// ── Lost connections ───────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_connection_that_was_ended_while_idle_is_replaced_unnoticed() {
    let scene = Scene::new(ONE).await;
    let end = "
        select count(pg_terminate_backend(pid, 5000))
        from pg_stat_activity
        where datname = current_database() and usename = 'paddock_app'";
    for round in 0..10 {
        look(&scene.alice).await;
        assert_eq!(scene.admin.value(end).await, "1");
        match round % 3 {
            0 => look(&scene.bob).await,
            // A write that meets the end of its connection in just that moment cannot be sent again.
            1 => match create(&scene.bob, &format!("round {round}")).await {
                Ok(_) | Err(Error::OutcomeUnknown) => {}
                Err(error) => panic!("{error:?}"),
            },
            _ => {
                let work =
                    scene.bob.transaction(Access::Read, async |tx| tx.query(COMPANIES, &[]).await);
                assert_eq!(work.await, Ok(vec!["Coca-Cola".to_owned()]));
            }
        }
    }
    // Together, so that the end comes while a read is about to begin, or in the middle of it.
    for _ in 0..50 {
        let (_, ()) = futures_util::join!(scene.admin.value(end), look(&scene.alice));
    }
}

#[actix_web::test]
async fn a_write_whose_connection_was_ended_is_never_told_to_be_stored() {
    let scene = Scene::new(ONE).await;
    create(&scene.alice, "ada").await.unwrap();
    let holder = Psql::new(&scene.world.database.admin_url()).await;
    holder.run("begin; select from crm.customers for update").await;
    let other = Psql::new(&scene.world.database.admin_url()).await;
    let end = "
        select count(pg_terminate_backend(pid, 5000))
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let end_it = || async {
        scene.until(1, "wait_event_type = 'Lock'").await;
        assert_eq!(other.value(end).await, "1");
    };
    let write = scene.alice.write::<String>(TOUCH, &[&"ada", &"Dr"]);
    let (answer, ()) = futures_util::join!(write, end_it());
    assert!(matches!(answer, Err(Error::OutcomeUnknown | Error::Unavailable)), "{answer:?}");
    let work = scene.alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        tx.query::<String>(TOUCH, &[&"ada", &"Dr"]).await
    });
    // Before a COMMIT nothing is unknown: the work is done again, and gives up after three times.
    let (answer, ..) = futures_util::join!(work, async {
        end_it().await;
        end_it().await;
        end_it().await;
    });
    assert_eq!(answer, Err(Error::Unavailable));
    holder.run("commit").await;
    assert_eq!(scene.admin.rows("select name, title from crm.customers").await, ["ada|"]);
    scene.the_next_is_served().await;
}

#[actix_web::test]
async fn a_lost_answer_to_a_commit_is_told_as_unknown() {
    let scene = Scene::new(ONE).await;
    let (url, wire) = scene.world.database.app_url_over_a_wire().await;
    let limits = Limits { deadline: Duration::from_secs(1), ..ONE };
    let alice = Db::new(&url, limits).unwrap().act_as(scene.alice.actor());
    let stored = |key: &'static str| {
        let admin = &scene.admin;
        async move {
            let sql = format!("select count(*) from crm.customers where name = '{key}'");
            while admin.value(&sql).await == "0" {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    };
    // By the deadline.
    create(&alice, "warm up").await.unwrap();
    wire.silence(true);
    assert_eq!(create(&alice, "by the deadline").await, Err(Error::OutcomeUnknown));
    stored("by the deadline").await;
    wire.silence(false);
    // By the end of the connection.
    create(&alice, "warm up again").await.unwrap();
    wire.silence(true);
    let cut = async {
        stored("by the cut").await;
        wire.cut();
    };
    let (answer, ()) = futures_util::join!(create(&alice, "by the cut"), cut);
    assert_eq!(answer, Err(Error::OutcomeUnknown));
    wire.silence(false);
    // In a transaction of several statements.
    let work = alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"in a transaction"]).await?;
        wire.silence(true);
        Ok::<_, Error>(())
    });
    assert_eq!(work.await, Err(Error::OutcomeUnknown));
    stored("in a transaction").await;
    // What was never sent to be committed is known.
    wire.silence(false);
    let work = alice.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"never"]).await?;
        wire.silence(true);
        tx.query::<String>(NAMES, &[]).await
    });
    assert_eq!(work.await, Err(Error::Timeout));
    wire.silence(false);
    assert_eq!(alice.read::<String>(COMPANIES, &[]).await, Ok(vec!["Nike".to_owned()]));
    assert!(!scene.stored().await.contains("never"));
}

#[actix_web::test]
async fn a_silent_network_is_a_timeout_and_the_next_request_gets_another_connection() {
    let scene = Scene::new(ONE).await;
    let (url, wire) = scene.world.database.app_url_over_a_wire().await;
    let limits = Limits { deadline: Duration::from_secs(1), ..ONE };
    let alice = Db::new(&url, limits).unwrap().act_as(scene.alice.actor());
    for _ in 0..3 {
        look(&alice).await;
        wire.silence(true);
        assert_eq!(alice.read::<String>(COMPANIES, &[]).await, Err(Error::Timeout));
        wire.silence(false);
    }
    look(&alice).await;
    for _ in 0..3 {
        wire.cut();
        look(&alice).await;
    }
    scene.nothing_runs().await;
}

// ── All of it, ten thousand times ──────────────────────────────────────────────────────────────────

/// What must be there, what may be there; everything else must not.
#[derive(Default)]
struct Ledger {
    acknowledged: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Ledger {
    fn write(&mut self, company: &str, keys: &[String], answer: Option<Result<(), Error>>) {
        let keys = keys.iter().map(|key| format!("{company}|{key}"));
        match answer {
            Some(Ok(())) => self.acknowledged.extend(keys),
            Some(Err(Error::OutcomeUnknown)) | None => self.unknown.extend(keys),
            Some(Err(_)) => {}
        }
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// How a request of several statements ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Well,
    EarlyReturn,
    SwallowedError,
    Panic,
}

async fn several(tenant: &Tenant, keys: &[String], end: End) -> Result<(), Error> {
    tenant
        .transaction(Access::Write, async |tx| {
            tx.query::<String>(CREATE, &[&keys[0]]).await?;
            match end {
                End::Well => {}
                End::EarlyReturn => return Err(Error::Internal("on purpose".to_owned())),
                End::SwallowedError => assert!(tx.query::<i32>(DIVIDE, &[&0]).await.is_err()),
                End::Panic => resume_unwind(Box::new("on purpose")),
            }
            if end == End::Well {
                tx.query::<String>(CREATE, &[&keys[1]]).await?;
            }
            Ok(())
        })
        .await
}

/// Fails the query for the schema's version if the borrower finds a context.
const SPY: &str = "
    create function app.spy() returns boolean language plpgsql stable as $$
    begin
        if coalesce(current_setting('app.company_id', true), '') <> ''
            or coalesce(current_setting('app.user_id', true), '') <> '' then
            raise exception 'somebody left a context';
        end if;
        return true;
    end
    $$;
    grant execute on function app.spy() to paddock_app;
    alter policy schema_history_read on app.schema_history using (app.spy())";

async fn finds_a_context(db: &Db) -> bool {
    paddock_db::audit::schema_version(db).await.unwrap().is_none()
}

#[actix_web::test]
async fn thousands_of_requests_of_two_companies_over_one_connection() {
    let steps: u32 = if in_ci() { 10_000 } else { 2_000 };
    let scene = Scene::new(ONE).await;
    scene.admin.run(SPY).await;
    let (mut dice, mut ledger) = (Dice(20_261_123), Ledger::default());
    for step in 0..steps {
        let (tenant, other) =
            if step % 2 == 0 { (&scene.alice, &scene.bob) } else { (&scene.bob, &scene.alice) };
        let company = tenant.actor().company_id.to_string();
        let keys = [format!("{step} a"), format!("{step} b")];
        let end = match dice.roll(4) {
            0 => End::Well,
            1 => End::EarlyReturn,
            2 => End::SwallowedError,
            _ => End::Panic,
        };
        match dice.roll(10) {
            0..=2 => look(tenant).await,
            3 | 4 => {
                let answer = create(tenant, &keys[0]).await.map(drop);
                assert_eq!(answer, Ok(()));
                ledger.write(&company, &keys[..1], Some(answer));
            }
            5 => {
                let polls = usize::try_from(dice.roll(5)).unwrap();
                let answer = drop_after(polls, create(tenant, &keys[0])).await;
                ledger.write(&company, &keys[..1], answer.map(|answer| answer.map(drop)));
            }
            6 | 7 => {
                let work = AssertUnwindSafe(several(tenant, &keys, end)).catch_unwind().await;
                // A panic happens before anything could be committed.
                let answer = work.unwrap_or_else(|_| Err(Error::Internal("panic".to_owned())));
                assert_eq!(answer.is_ok(), end == End::Well, "{answer:?}");
                ledger.write(&company, &keys, Some(answer));
            }
            8 => {
                let polls = usize::try_from(dice.roll(9)).unwrap();
                let work = AssertUnwindSafe(several(tenant, &keys, end)).catch_unwind();
                if let Some(Ok(answer)) = drop_after(polls, work).await {
                    ledger.write(&company, &keys, Some(answer));
                } else if end == End::Well {
                    ledger.write(&company, &keys, None);
                }
            }
            _ => assert_eq!(tenant.write::<i32>(DIVIDE, &[&0]).await, Err(Error::InvalidValue)),
        }
        // Also says whether the transaction began with this request, or was left open by the last one.
        look(other).await;
        if step % 20 == 0 {
            assert_eq!(scene.sessions("true").await, 1, "step {step}");
            let busy = scene.sessions("(state <> 'idle' or xact_start is not null)").await;
            assert_eq!(busy, 0, "step {step}");
            assert!(!finds_a_context(&scene.world.db).await, "step {step}");
        }
    }
    let stored = scene.admin.rows("select company_id, name from crm.customers").await;
    let present: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(stored.len(), present.len(), "a key is there twice");
    let Ledger { acknowledged, unknown } = ledger;
    let (known, rest) = (acknowledged.len(), unknown.len());
    let many = steps as usize;
    assert!(known > many / 5 && rest > many / 20, "{known}, {rest}");
    let lost: Vec<_> = acknowledged.difference(&present).collect();
    assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
    let never: Vec<_> = present
        .iter()
        .filter(|key| !acknowledged.contains(*key) && !unknown.contains(*key))
        .collect();
    assert!(never.is_empty(), "there and never acknowledged: {never:?}");
    assert_eq!(scene.world.database.log("already a transaction in progress"), [""; 0]);
    // The spy would have noticed.
    scene.set(&format!("app.company_id = '{}'", scene.alice.actor().company_id)).await;
    let newcomer = Db::new(&scene.world.database.app_url(), ONE).unwrap();
    assert!(finds_a_context(&newcomer).await);
}
