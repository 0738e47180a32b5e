//! Reads the file in which a PostgreSQL server says that it runs, and takes the sting out of one
//! that a crash left behind.

use std::fs;
use std::io;
use std::path::Path;

use super::account::Account;
use super::error::{LocalError, io_error};
use super::place::Place;
use super::process;
use super::secret::write_private;

/// No system gives this number to a process.
const NOBODYS_PID: &str = "2147483647";

/// What the file says about a server that is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Live {
    /// The process id of the server.
    pub(super) pid: u32,
    /// The port that it listens on; zero as long as the server has not said so.
    pub(super) port: u16,
    /// Whether it accepts connections.
    pub(super) ready: bool,
}

/// The server of that data directory, if one is alive.
pub(super) fn live(data: &Path) -> Result<Option<Live>, LocalError> {
    let Some(text) = read(data)? else { return Ok(None) };
    Ok(parse(&text).filter(|found| process::serves(found.pid, data)))
}

/// Makes a file left behind by a crash harmless, should its process id now belong to something
/// else: PostgreSQL would take that process for a server and refuse to start. Only the id is
/// replaced. The file itself must stay, because PostgreSQL finds in it whether backends of the
/// crashed server are still attached to the old shared memory.
///
/// The caller has made sure that no server of this data directory is alive.
pub(super) fn disarm(place: &Place, account: Account) -> Result<(), LocalError> {
    let data = place.data();
    let Some(text) = read(&data)? else { return Ok(()) };
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    // The data directory belongs to another account than that of this process, perhaps root;
    // writing into it could follow a planted link, renaming into it cannot.
    let (new, old) = (place.home.join("postmaster.pid.new"), data.join("postmaster.pid"));
    write_private(&new, &format!("{NOBODYS_PID}\n{rest}"))?;
    account.give(&new)?;
    fs::rename(&new, &old).map_err(io_error("cannot replace", &old))
}

fn read(data: &Path) -> Result<Option<String>, LocalError> {
    let file = data.join("postmaster.pid");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("cannot read", &file)(error)),
    }
}

/// The lines are: process id, data directory, start time, port, socket directory, listen address,
/// shared memory key, status. A server writes them one after the other while it starts.
fn parse(text: &str) -> Option<Live> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pid = lines.first()?.parse().ok()?;
    let port = lines.get(3).and_then(|line| line.parse().ok()).unwrap_or(0);
    Some(Live { pid, port, ready: port != 0 && lines.get(7) == Some(&"ready") })
}
