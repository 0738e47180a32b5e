//! Starts the server process of a cluster and waits until it accepts connections.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::cluster::Options;
use super::create::private_directory;
use super::error::{LocalError, io_error};
use super::installation::Installation;
use super::pidfile::{self, Live};
use super::place::Place;
use super::{log, process, watchdog};

/// How long a server may take without a word in its log, and altogether. A server that recovers
/// from a crash reports its progress there.
const SILENCE: Duration = Duration::from_secs(30);
const ALTOGETHER: Duration = Duration::from_mins(10);

/// How often a start is repeated that failed for a passing reason, and the pause in between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait between two looks at the server.
const LOOK: Duration = Duration::from_millis(25);

/// The longest path of a Unix socket; the systems reserve 108 and 104 bytes with the final zero.
const LONGEST_SOCKET: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Starts the server of a data directory which no server runs in.
pub(super) fn launch(
    installation: &Installation,
    place: &Place,
    account: Account,
    options: &Options,
) -> Result<Live, LocalError> {
    let mut tries = 1;
    loop {
        let before = log::size(&place.log());
        pidfile::disarm(place, account)?;
        let mut child = spawn(installation, place, account, options)?;
        if let Some(owner) = options.die_with {
            watchdog::watch(owner, child.id())?;
        }
        let why = match wait_ready(&mut child, place)? {
            Ok(live) => {
                collect_later(child);
                return Ok(live);
            }
            Err(why) => why,
        };
        if tries == TRIES || !is_passing(&log::since(&place.log(), before)) {
            let log = place.log();
            return Err(LocalError::Start { why, lines: log::tail(&log), log });
        }
        tries += 1;
        thread::sleep(PAUSE);
    }
}

/// Waits for a server that somebody else has started: it becomes ready, or goes away.
pub(super) fn wait_for_other(place: &Place) -> Result<Option<Live>, LocalError> {
    let data = place.data();
    let begin = Instant::now();
    loop {
        match pidfile::live(&data)? {
            Some(live) if !live.ready => {}
            other => return Ok(other),
        }
        if begin.elapsed() > SILENCE {
            let why = "a server is there, but neither accepts connections nor ends".to_owned();
            let log = place.log();
            return Err(LocalError::Start { why, lines: log::tail(&log), log });
        }
        thread::sleep(LOOK);
    }
}

fn spawn(
    installation: &Installation,
    place: &Place,
    account: Account,
    options: &Options,
) -> Result<Child, LocalError> {
    let path = place.log();
    let log = OpenOptions::new().create(true).append(true).open(&path);
    let log = log.map_err(io_error("cannot open", &path))?;
    let copy = log.try_clone().map_err(io_error("cannot open", &path))?;
    let program = installation.program("postgres");
    let mut server = account.command(&program);
    server.arg("-D").arg(place.data());
    add_settings(&mut server, place, account, options)?;
    // A group of its own: the interrupt key of a terminal must not reach the server.
    server.process_group(0).stdout(Stdio::from(log)).stderr(Stdio::from(copy));
    server.spawn().map_err(io_error("cannot run", &program))
}

/// Settings go on the command line: nothing is written into the data directory, and the last one
/// of equal names counts. Hence the ones that this module relies on come last.
fn add_settings(
    server: &mut Command,
    place: &Place,
    account: Account,
    options: &Options,
) -> Result<(), LocalError> {
    let mut set = |name: &str, value: &str| {
        server.arg("-c").arg(format!("{name}={value}"));
    };
    if !options.durable {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            set(name, "off");
        }
    }
    for (name, value) in &options.settings {
        set(name, value);
    }
    for (name, value) in [
        ("listen_addresses", "127.0.0.1"),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("lc_messages", "C"),
    ] {
        set(name, value);
    }
    let port = free_port()?.to_string();
    set("port", &port);
    set("unix_socket_directories", &socket_directory(place, account, &port)?);
    Ok(())
}

/// Any port that nobody listens on at this moment.
fn free_port() -> Result<u16, LocalError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(io_error("cannot find a free port at", Path::new("127.0.0.1")))
}

/// Prepares an empty directory for the socket; the empty text, for none, if its path is too long
/// or not plain text.
fn socket_directory(place: &Place, account: Account, port: &str) -> Result<String, LocalError> {
    let run = place.run();
    let socket = run.join(format!(".s.PGSQL.{port}"));
    let Some(text) = run.to_str().filter(|_| socket.as_os_str().as_bytes().len() <= LONGEST_SOCKET)
    else {
        return Ok(String::new());
    };
    private_directory(&run, account)?;
    // The setting is a list of names, in which quotes protect commas and blanks.
    Ok(format!("\"{}\"", text.replace('"', "\"\"")))
}

/// Waits until the server is ready; the inner error says in words why it is not.
fn wait_ready(child: &mut Child, place: &Place) -> Result<Result<Live, String>, LocalError> {
    let (data, log) = (place.data(), place.log());
    let begin = Instant::now();
    let mut heard = (log::size(&log), begin);
    loop {
        if let Some(status) = child.try_wait().map_err(io_error("cannot wait for", &data))? {
            return Ok(Err(format!("it ended ({status})")));
        }
        if let Some(live) =
            pidfile::live(&data)?.filter(|live| live.pid == child.id() && live.ready)
        {
            return Ok(Ok(live));
        }
        let size = log::size(&log);
        if size != heard.0 {
            heard = (size, Instant::now());
        }
        if heard.1.elapsed() > SILENCE || begin.elapsed() > ALTOGETHER {
            end(child);
            return Ok(Err("it was not ready in time".to_owned()));
        }
        thread::sleep(LOOK);
    }
}

/// Whether a failure is worth another try: somebody took the port in between, or the backends of
/// a server that was killed have not noticed it yet.
fn is_passing(log: &str) -> bool {
    log.contains("could not bind") || log.contains("pre-existing shared memory block")
}

/// Ends a server that did not get ready, politely at first.
fn end(child: &mut Child) {
    let _ = process::signal(child.id(), "QUIT");
    for _ in 0..200 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Lets a thread wait for the end of the server: otherwise a dead server would stay in the list
/// of processes as long as this process lives.
fn collect_later(mut child: Child) {
    let name = "postgres-collector".to_owned();
    let _ = thread::Builder::new().name(name).spawn(move || child.wait());
}
