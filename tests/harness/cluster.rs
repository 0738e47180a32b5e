//! One private PostgreSQL for the whole run, and in it a template that every test gets a copy of.
#![expect(
    clippy::disallowed_methods,
    reason = "`make test PG=18` speaks through the environment, and tests look at the database from outside"
)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::thread;

use paddock_db::local::{Cluster, Installation, Options};
use paddock_db::{connect, migrate, provision};
use uuid::Uuid;

use super::Wire;

/// Both people log in with it.
pub const PASSWORD: &str = "two-companies-one-database";
/// Both restricted roles connect with it.
const ROLE_PASSWORD: &str = "only-for-tests";
const TEMPLATE: &str = "template_paddock";
/// Where files are kept in memory, if the machine has such a place.
const MEMORY: &str = "/dev/shm";
/// How much of it must be free, in KiB: at most a tenth of that is used.
const PLENTY: u64 = 4 << 20;

/// Nothing here outlives the run, so nothing is kept safe. Tests that need statistics gather them, and what
/// superusers ask here is never worth a compiler.
const SETTINGS: [(&str, &str); 9] = [
    ("max_connections", "200"),
    ("log_line_prefix", "%m [%p] %d "),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "256MB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
];

/// Removes a folder when a process has ended, and with it the server in there.
const SWEEP: &str = r#"
(
    while kill -0 "$1" 2>/dev/null; do sleep 1; done
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        [ -e "$2/data/postmaster.pid" ] || break
        sleep 1
    done
    rm -rf "$2"
) &
"#;

/// The company and the user of one person in the template.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub company_id: Uuid,
    pub user_id: Uuid,
}

/// The cluster with its template.
pub struct Ground {
    cluster: Cluster,
    pub alice: Place,
    pub bob: Place,
    /// How copies are made: file by file is quick where a checkpoint costs nothing.
    strategy: &'static str,
    drops: Mutex<Sender<String>>,
}

static GROUND: LazyLock<Ground> = LazyLock::new(prepare);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The ground of this run, made at the first call.
pub fn ground() -> &'static Ground {
    &GROUND
}

/// A database of its own for one test; gone when dropped.
pub struct Database {
    name: String,
}

impl Database {
    pub async fn new() -> Self {
        Self::copy_of(TEMPLATE).await
    }

    /// A copy of a database that was shut, with everything in it.
    pub async fn copy_of(template: &str) -> Self {
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let postgres = connect(&admin_url("postgres")).await.unwrap();
        let strategy = ground().strategy;
        let text = format!("create database {name} template {template} strategy {strategy}");
        postgres.batch_execute(&text).await.unwrap();
        // A copy has everything of its template but the privileges on the database itself.
        let text = format!(
            "revoke all on database {name} from public;
            grant connect on database {name} to paddock_app, paddock_auth;
            grant connect, create on database {name} to paddock_owner"
        );
        postgres.batch_execute(&text).await.unwrap();
        Self { name }
    }

    /// A database with nothing in it, not even the schema.
    pub async fn empty() -> Self {
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let text = format!("create database {name}");
        connect(&admin_url("postgres")).await.unwrap().batch_execute(&text).await.unwrap();
        Self { name }
    }

    /// Ends all connections and lets nobody in any more: from now on it can be copied.
    pub async fn shut(&self) {
        let Self { name } = self;
        let text = format!(
            "alter database {name} allow_connections false;
            select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'"
        );
        connect(&admin_url("postgres")).await.unwrap().batch_execute(&text).await.unwrap();
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the application does: restricted.
    pub fn app_url(&self) -> String {
        ground().cluster.url("paddock_app", ROLE_PASSWORD, &self.name)
    }

    /// As the application does, by way of a wire that the test holds.
    pub async fn app_url_over_a_wire(&self) -> (String, Wire) {
        let port = ground().cluster.port();
        let wire = Wire::to(port).await;
        (self.app_url().replace(&format!(":{port}/"), &format!(":{}/", wire.port)), wire)
    }

    /// As the login door does.
    pub fn auth_url(&self) -> String {
        ground().cluster.url("paddock_auth", ROLE_PASSWORD, &self.name)
    }

    /// As a role of the test's own.
    pub fn url_as(&self, role: &str, password: &str) -> String {
        ground().cluster.url(role, password, &self.name)
    }

    /// The lines with this text that the server has logged about this database.
    pub fn log(&self, text: &str) -> Vec<String> {
        let name = format!("] {} ", self.name);
        let log = std::fs::read_to_string(ground().cluster.log()).unwrap();
        log.lines()
            .filter(|line| line.contains(&name) && line.contains(text))
            .map(str::to_owned)
            .collect()
    }

    /// As superuser: to prepare, to inject faults, to look at everything.
    pub fn admin_url(&self) -> String {
        admin_url(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = ground().drops.lock().unwrap().send(self.name.clone());
    }
}

/// The superuser's connection string to a database of the cluster.
pub fn admin_url(database: &str) -> String {
    ground().cluster.admin_url(database)
}

/// In a thread of its own: whoever asks first is inside the runtime of a test.
fn prepare() -> Ground {
    thread::spawn(|| {
        let cluster = start();
        let (alice, bob) = block_on(template(&cluster));
        let drops = Mutex::new(janitor(cluster.admin_url("postgres")));
        let strategy = if cluster.data().starts_with(MEMORY) { "file_copy" } else { "wal_log" };
        Ground { cluster, alice, bob, strategy, drops }
    })
    .join()
    .expect("the private PostgreSQL for the tests")
}

fn start() -> Cluster {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    forget_the_dead(&folder);
    let wanted =
        std::env::var("PG").ok().filter(|pg| !pg.is_empty()).map(|pg| pg.parse().expect("PG"));
    let mut say = |line: &str| eprintln!("{line}");
    let installation =
        Installation::find(wanted, &folder.join("programs"), &mut say).expect("PostgreSQL");
    let pid = std::process::id();
    let options = Options {
        folder: in_memory(pid).unwrap_or_else(|| folder.join(format!("postgres-{pid}"))),
        durable: false,
        settings: SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        die_with: Some(pid),
    };
    Cluster::start(&installation, &options, &mut say).expect("a private PostgreSQL")
}

/// A new folder in memory, gone when the process is; none where memory is scarce. Hundreds of databases are a
/// few hundred thousand files, which disks take their time for.
fn in_memory(pid: u32) -> Option<PathBuf> {
    if free(MEMORY)? < PLENTY {
        return None;
    }
    let folder = Path::new(MEMORY).join(format!("paddock-tests-{pid}"));
    // Whatever has that name already is somebody else's.
    std::fs::create_dir(&folder).ok()?;
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).ok()?;
    let mut sweep = Command::new("/bin/sh");
    sweep.args(["-c", SWEEP, "sweep", &pid.to_string()]).arg(&folder);
    sweep.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    // A group of its own: the interrupt key of a terminal must not reach it.
    sweep.process_group(0).status().ok()?.success().then_some(folder)
}

/// How much can be written there, in KiB: no more than the memory that is left.
fn free(folder: &str) -> Option<u64> {
    let df = Command::new("df").args(["-Pk", folder]).output().ok()?;
    let df = String::from_utf8(df.stdout).ok()?;
    let disk = df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    let memory = std::fs::read_to_string("/proc/meminfo").ok()?;
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(memory.split_whitespace().next()?.parse::<u64>().ok()?.min(disk))
}

/// Removes the clusters of runs that have ended.
fn forget_the_dead(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix("postgres-");
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

async fn template(cluster: &Cluster) -> (Place, Place) {
    let postgres = connect(&cluster.admin_url("postgres")).await.unwrap();
    postgres.batch_execute(&format!("create database {TEMPLATE}")).await.unwrap();
    let url = cluster.admin_url(TEMPLATE);
    migrate::bootstrap(&url).await.unwrap();
    for role in ["paddock_app", "paddock_auth"] {
        let text = format!("alter role {role} password '{ROLE_PASSWORD}'");
        postgres.batch_execute(&text).await.unwrap();
    }
    migrate::migrate(&url, |_| {}).await.unwrap();
    let password_hash = paddock_api::hash_password(PASSWORD).unwrap();
    let alice = place(&url, "Nike", "Alice", "alice@nike.example", &password_hash).await;
    let bob = place(&url, "Coca-Cola", "Bob", "bob@coca-cola.example", &password_hash).await;
    (alice, bob)
}

async fn place(url: &str, company: &str, name: &str, email: &str, password_hash: &str) -> Place {
    let company_id = provision::company(url, company).await.unwrap();
    let user = provision::NewUser { name, email, role: "owner", password_hash };
    Place { company_id, user_id: provision::user(url, company_id, &user).await.unwrap() }
}

/// Drops databases in the background.
fn janitor(url: String) -> Sender<String> {
    let (drops, names) = channel::<String>();
    thread::spawn(move || {
        block_on(async {
            let client = connect(&url).await.unwrap();
            while let Ok(name) = names.recv() {
                let _ = client.batch_execute(&format!("drop database {name} with (force)")).await;
            }
        });
    });
    drops
}

fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(task)
}
