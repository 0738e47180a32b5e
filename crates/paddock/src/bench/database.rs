//! The database of the benchmark: a durable cluster of its own in a folder, seeded once and kept.
#![expect(
    clippy::disallowed_methods,
    reason = "the benchmark prepares its data as nobody of any company"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use paddock_db::Statement;
use paddock_db::local::{Cluster, Installation, Options, random_password};
use paddock_db::migrate::{self, MigrateError};
use tokio::runtime::Runtime;

use super::data::{DataSet, RUNS_BEGIN};
use super::error::BenchError;
use super::procfs::Processes;

const SEED: &str = include_str!("seed.sql");
const LAYOUT: Statement = Statement::find("layout", SEED);
const COMPANIES: Statement = Statement::find("companies", SEED);
const USERS: Statement = Statement::find("users", SEED);
const CUSTOMERS: Statement = Statement::find("customers", SEED);
const COMMENTS: Statement = Statement::find("comments", SEED);
const CLEAR_UP: Statement = Statement::find("clear_up", SEED);
const CLEAN: Statement = Statement::find("clean", SEED);
const WARM: Statement = Statement::find("warm", SEED);

/// Which data set a database holds, once it is whole.
const DESCRIPTION: &str = "select obj_description(to_regnamespace('bench'), 'pg_namespace')";

/// In how many parts customers and comments are seeded; `seed.sql` knows it too.
const PARTS: u32 = 10;

/// For a machine of two cores. Checkpoints and vacuum come when the benchmark says so, never in between.
const SETTINGS: [(&str, &str); 6] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "4GB"),
    ("max_connections", "200"),
    ("autovacuum", "off"),
    ("checkpoint_timeout", "1h"),
    ("track_io_timing", "off"),
];

/// A running database with the data set in it. Dropping it stops the server.
pub(super) struct Database {
    cluster: Cluster,
    runtime: Runtime,
    name: &'static str,
    /// The password of `paddock_app` and `paddock_auth`, another one in each run.
    pub(super) password: String,
    /// As the server says it.
    pub(super) version: String,
    /// Where the programs of PostgreSQL are.
    pub(super) bin: PathBuf,
}

impl Database {
    /// Starts the cluster in that folder and seeds the data set unless it is there already.
    ///
    /// # Errors
    /// If there is no PostgreSQL, it does not start, or another benchmark uses the folder.
    pub(super) fn open(folder: &Path, programs: &Path, data: &DataSet) -> Result<Self, BenchError> {
        let mut say = |line: &str| eprintln!("{line}");
        let installation = Installation::find(None, programs, &mut say)?;
        let options = Options {
            folder: folder.to_path_buf(),
            durable: true,
            settings: SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            die_with: Some(std::process::id()),
        };
        let cluster = Cluster::start(&installation, &options, &mut say)?;
        if !cluster.started_here() {
            return Err(BenchError::new(format!(
                "another benchmark runs in {}, or one was interrupted a moment ago",
                folder.display()
            )));
        }
        let mut database = Self {
            cluster,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(BenchError::io("cannot start the runtime of", Path::new("tokio")))?,
            name: data.database,
            password: random_password()?,
            version: String::new(),
            bin: installation.bin,
        };
        database.prepare(data)?;
        Ok(database)
    }

    /// The port of the server.
    pub(super) fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// The name of the database.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The connection string of a role, on this port: the server's own, or that of a proxy.
    pub(super) fn url(&self, role: &str, port: u16) -> String {
        format!("postgres://{role}:{}@127.0.0.1:{port}/{}", self.password, self.name)
    }

    /// The CPU time that all processes of the server have used so far.
    pub(super) fn cpu(&self, processes: Processes) -> Option<Duration> {
        processes.family_cpu(self.cluster.postmaster_pid())
    }

    /// Puts everything on disk, so that a measurement does not pay for what was before it.
    ///
    /// # Errors
    /// If the server refuses.
    pub(super) fn checkpoint(&self) -> Result<(), BenchError> {
        self.execute(self.name, "checkpoint")
    }

    /// Removes what runs have written.
    ///
    /// # Errors
    /// If the server refuses.
    pub(super) fn clean(&self) -> Result<(), BenchError> {
        let clean = CLEAN.sql().replace("{since}", &format!("timestamptz '{RUNS_BEGIN}'"));
        self.execute(self.name, &fast(&clean))?;
        self.execute(self.name, "vacuum crm.customers")
    }

    /// How long a round trip takes through that port, as the median of many.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub(super) fn round_trip(&self, port: u16) -> Result<Duration, BenchError> {
        const TRIES: usize = 201;
        self.runtime.block_on(async {
            let client = paddock_db::connect(&self.url("paddock_app", port)).await?;
            let mut times = Vec::with_capacity(TRIES);
            for _ in 0..TRIES {
                let start = Instant::now();
                client.batch_execute("").await.map_err(MigrateError::from)?;
                times.push(start.elapsed());
            }
            times.sort();
            Ok(times[TRIES / 2])
        })
    }

    fn prepare(&mut self, data: &DataSet) -> Result<(), BenchError> {
        if self.is_seeded(data)? {
            eprintln!("the data set is there: {}", data.describe());
        } else {
            self.seed(data)?;
        }
        // What an interrupted run may have left.
        self.clean()?;
        if self.execute(self.name, WARM.sql()).is_err() {
            eprintln!("without the module pg_prewarm the first turns are slower than the others");
        }
        for role in ["paddock_app", "paddock_auth"] {
            self.execute(self.name, &format!("alter role {role} password '{}'", self.password))?;
        }
        self.version = self.text(self.name, "show server_version")?.unwrap_or_default();
        Ok(())
    }

    /// Whether the database holds this very data set in the schema of this program.
    fn is_seeded(&self, data: &DataSet) -> Result<bool, BenchError> {
        let exists =
            format!("select datname::text from pg_database where datname = '{}'", self.name);
        if self.text("postgres", &exists)?.is_none()
            || self.text(self.name, DESCRIPTION)? != Some(describe(data))
        {
            return Ok(false);
        }
        // A migration that was edited since then makes this fail: the data is of no use any more.
        Ok(self.bring_up_to_date().is_ok_and(|applied| applied == 0))
    }

    fn bring_up_to_date(&self) -> Result<usize, BenchError> {
        let url = self.cluster.admin_url(self.name);
        Ok(self.runtime.block_on(async {
            migrate::bootstrap(&url).await?;
            migrate::migrate(&url, |_| {}).await
        })?)
    }

    fn seed(&self, data: &DataSet) -> Result<(), BenchError> {
        eprintln!("seeding: {}", data.describe());
        self.execute("postgres", &format!("drop database if exists {} with (force)", self.name))?;
        self.execute("postgres", &format!("create database {}", self.name))?;
        self.bring_up_to_date()?;
        self.execute(self.name, LAYOUT.sql())?;
        self.execute(self.name, &sizes(data))?;
        self.step("companies", &fast(COMPANIES.sql()))?;
        self.step("users", &fast(USERS.sql()))?;
        self.parts("customers", CUSTOMERS)?;
        self.parts("comments", COMMENTS)?;
        self.step("vacuum and statistics", "vacuum (analyze)")?;
        self.step("checkpoint", "checkpoint")?;
        self.execute(self.name, CLEAR_UP.sql())?;
        // Last: whatever was interrupted before is begun anew.
        let description = describe(data).replace('\'', "''");
        self.execute(self.name, &format!("comment on schema bench is '{description}'"))
    }

    /// Two parts at a time, which is what two cores can do.
    fn parts(&self, what: &str, statement: Statement) -> Result<(), BenchError> {
        let url = self.cluster.admin_url(self.name);
        let part = |part: u32| fast(&statement.sql().replace("{part}", &part.to_string()));
        for first in (0..PARTS).step_by(2) {
            let start = Instant::now();
            let (one, other) = (part(first), part(first + 1));
            self.runtime
                .block_on(async { tokio::try_join!(execute(&url, &one), execute(&url, &other)) })?;
            let seconds = start.elapsed().as_secs_f64();
            eprintln!("seeding: {what}, {} of {PARTS} parts ({seconds:.1} s)", first + 2);
        }
        Ok(())
    }

    fn step(&self, what: &str, sql: &str) -> Result<(), BenchError> {
        let start = Instant::now();
        self.execute(self.name, sql)?;
        eprintln!("seeding: {what} ({:.1} s)", start.elapsed().as_secs_f64());
        Ok(())
    }

    fn execute(&self, database: &str, sql: &str) -> Result<(), BenchError> {
        self.runtime.block_on(execute(&self.cluster.admin_url(database), sql))
    }

    fn text(&self, database: &str, sql: &str) -> Result<Option<String>, BenchError> {
        let url = self.cluster.admin_url(database);
        self.runtime.block_on(async {
            let client = paddock_db::connect(&url).await?;
            let row = client.query_opt(sql, &[]).await.map_err(MigrateError::from)?;
            Ok(row.and_then(|row| row.get::<_, Option<String>>(0)))
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.stop() {
            eprintln!("{error}");
        }
    }
}

async fn execute(url: &str, sql: &str) -> Result<(), BenchError> {
    let client = paddock_db::connect(url).await?;
    Ok(client.batch_execute(sql).await.map_err(MigrateError::from)?)
}

/// What tells one data set from another: its measures and the statements that make it.
fn describe(data: &DataSet) -> String {
    format!("signed: schema version {}, {}\n{SEED}", migrate::latest_version(), data.describe())
}

fn sizes(data: &DataSet) -> String {
    let companies = data.companies().iter().enumerate();
    let rows = companies.map(|(n, c)| format!("({n}, {}, {})", c.start, c.end - c.start));
    format!("insert into bench.companies values {}", rows.collect::<Vec<_>>().join(", "))
}

/// Without foreign keys, which would look at each row again, and without waiting for the disk.
fn fast(sql: &str) -> String {
    format!(
        "set session_replication_role = replica; set synchronous_commit = off; \
         set work_mem = '256MB'; {sql}"
    )
}
