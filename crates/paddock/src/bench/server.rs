//! The server under test: a child process, with nothing in its environment but what is said here.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::database::Database;
use super::error::BenchError;
use super::http::Connection;
use super::token::SECRET;

/// How long a server may take until it listens, and until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Debug, Clone)]
pub(super) struct Start<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// Settings beside those that it needs, as `NAME=value`.
    pub(super) settings: &'a [String],
    /// Where its log goes, behind that of others.
    pub(super) log: PathBuf,
}

/// A running server. Dropping it ends the process.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Start<'_> {
    /// Starts a server that reaches the database through that port, and waits until it listens.
    ///
    /// # Errors
    /// If the program cannot be run, or ends, or does not listen in time; with the end of its log.
    pub(super) fn server(&self, database: &Database, port: u16) -> Result<Server, BenchError> {
        let mut child = self.spawn(database, port)?;
        let address = match child.stdout.take().map(listen) {
            Some(said) => said.recv_timeout(PATIENCE).ok(),
            None => None,
        };
        // From here on the child is ended whatever happens.
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server { child, address: address.unwrap_or(unknown) };
        if address.is_none() {
            return Err(BenchError::new(format!(
                "{} did not begin to listen: {}",
                self.program.display(),
                self.end_of_log()
            )));
        }
        Ok(server)
    }

    /// The time from the start of a server until it has answered for the first time.
    ///
    /// # Errors
    /// As above, or if it does not answer in time.
    pub(super) fn first_answer(&self, database: &Database) -> Result<Duration, BenchError> {
        let start = Instant::now();
        let server = self.server(database, database.port())?;
        while !server.is_alive() {
            if start.elapsed() > PATIENCE {
                return Err(BenchError::new("the server listens, but /livez does not answer 200"));
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(start.elapsed())
    }

    fn spawn(&self, database: &Database, port: u16) -> Result<Child, BenchError> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(BenchError::io("cannot write", &self.log))?;
        let mut command = Command::new(self.program);
        command.args(["serve", "--port", "0", "--allow-unpatched-postgres"]);
        command.env_clear();
        command.env("DATABASE_URL", database.url("paddock_app", port));
        command.env("PADDOCK_AUTH_DATABASE_URL", database.url("paddock_auth", port));
        command.env("PADDOCK_JWT_SECRET", SECRET);
        // Counted as in production, and never reached.
        for whom in ["COMPANY", "USER", "ADDRESS"] {
            command.env(format!("PADDOCK_RATE_LIMIT_{whom}"), "100000000/1");
        }
        command.envs(self.settings.iter().filter_map(|setting| setting.split_once('=')));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log));
        command.spawn().map_err(BenchError::io("cannot run", self.program))
    }

    fn end_of_log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.trim().lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Server {
    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn is_alive(&self) -> bool {
        let request = b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
        let Ok(mut connection) = Connection::open(self.address) else { return false };
        connection.exchange(request).is_ok_and(|answer| answer.status == 200)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // That it has ended already is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the line that says where the server listens, and goes on reading: a server that nobody
/// listens to would stand still when the pipe is full.
fn listen(stdout: ChildStdout) -> mpsc::Receiver<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let address =
                line.split_once("listening on http://").map(|(_, address)| address.trim());
            if let Some(address) = address.and_then(|address| address.parse().ok()) {
                // The other end has gone if it was too late.
                let _ = sender.send(address);
            }
        }
    });
    receiver
}
