//! Decides which account of the machine runs the server, and prepares commands for it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{LocalError, io_error};

/// Variables that would make PostgreSQL programs look at another server, user or folder.
const DISTURBING: [&str; 16] = [
    "PGDATA",
    "PGPORT",
    "PGHOST",
    "PGHOSTADDR",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGDATABASE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGCLIENTENCODING",
    "PGDATESTYLE",
    "PGTZ",
    "PG_COLOR",
    "LANGUAGE",
];

/// The account that the programs of PostgreSQL run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The invoking user, who is not root.
    Own,
    /// Another user, because PostgreSQL refuses to run as root.
    Other {
        /// The user id.
        uid: u32,
        /// The id of the user's main group.
        gid: u32,
    },
}

impl Account {
    /// The account for a new cluster.
    pub(super) fn for_new() -> Result<Self, LocalError> {
        if own_uid()? != 0 {
            return Ok(Self::Own);
        }
        let list = Path::new("/etc/passwd");
        let list = fs::read_to_string(list).map_err(io_error("cannot read", list))?;
        let found = ["postgres", "_postgres", "nobody"].iter().find_map(|name| entry(&list, name));
        found.ok_or(LocalError::NoAccount)
    }

    /// The account for a data directory: its owner, once there is one. Thereby root can start what
    /// an ordinary user created.
    pub(super) fn for_data(data: &Path) -> Result<Self, LocalError> {
        let Ok(metadata) = fs::metadata(data) else { return Self::for_new() };
        let (own, owner) = (own_uid()?, metadata.uid());
        match (own, owner) {
            (0, 0) => Self::for_new(),
            (0, uid) => Ok(Self::Other { uid, gid: metadata.gid() }),
            (own, owner) if own == owner => Ok(Self::Own),
            (_, owner) => Err(LocalError::OtherOwner { data: data.to_path_buf(), owner }),
        }
    }

    /// A command that runs as this account, with no terminal, in a directory that it can enter.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The messages are compared with known texts, hence the language is fixed.
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for name in DISTURBING {
            command.env_remove(name);
        }
        if let Self::Other { uid, gid } = self {
            // The standard library gives up root's supplementary groups as well when it sets
            // another user id as root.
            command.uid(uid).gid(gid).env("HOME", "/");
        }
        command
    }

    /// Gives a file or directory to this account.
    pub(super) fn give(self, path: &Path) -> Result<(), LocalError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid))
                .map_err(io_error("cannot change the owner of", path)),
        }
    }

    /// Whether this account can enter a directory. Asking the system itself is the only answer
    /// that knows about access control lists and mounts too.
    pub(super) fn can_enter(self, directory: &Path) -> bool {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", "cd -- \"$1\"", "sh"]).arg(directory);
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        shell.status().is_ok_and(|status| status.success())
    }
}

/// The user id that this process acts with.
pub(super) fn own_uid() -> Result<u32, LocalError> {
    let program = Path::new("id");
    let output =
        Command::new(program).arg("-u").output().map_err(io_error("cannot run", program))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.parse().map_err(|_| LocalError::Program { program: "id -u".to_owned(), said })
}

/// The account of that name in the text of /etc/passwd.
fn entry(list: &str, name: &str) -> Option<Account> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
        Some(Account::Other { uid, gid: fields.next()?.parse().ok()? })
    })
}
