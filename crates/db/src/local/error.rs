//! What can go wrong with a local PostgreSQL, in words that say what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a local PostgreSQL could not be found, fetched, started or stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum LocalError {
    /// A major version below the oldest supported one was asked for.
    TooOld {
        /// The major version that was asked for.
        wanted: u32,
        /// The oldest one that is supported.
        oldest: u32,
    },
    /// The wanted major version is not installed, and no package registry offers it.
    NotInstalled {
        /// The major version that was asked for.
        wanted: u32,
        /// The major versions that are installed.
        installed: Vec<u32>,
    },
    /// PostgreSQL is not installed and could not be fetched.
    NotFetched {
        /// The major version that was to be fetched.
        major: u32,
        /// What was tried, and why each did not work.
        reasons: Vec<String>,
    },
    /// The folder holds data of another major version than that of the programs.
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// The version that wrote the data.
        found: String,
        /// The major version of the programs.
        programs: u32,
    },
    /// The data belongs to another user than the one who wants to start it.
    OtherOwner {
        /// The data directory.
        data: PathBuf,
        /// The user id of its owner.
        owner: u32,
    },
    /// The invoking user is root, and there is no account that could run the server.
    NoAccount,
    /// A path outside the folder that was to be used belongs to somebody else.
    NotOurs {
        /// The path in question.
        path: PathBuf,
    },
    /// The data is there, but the file with the superuser's password is not.
    NoPassword {
        /// Where the password was expected.
        file: PathBuf,
        /// The data directory that it opens.
        data: PathBuf,
    },
    /// A program ended with an error.
    Program {
        /// What was run.
        program: String,
        /// The last lines of what it said.
        said: String,
    },
    /// The server did not start.
    Start {
        /// What was observed.
        why: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        lines: String,
    },
    /// The server did not stop.
    Stop {
        /// The process id of the server.
        pid: u32,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        lines: String,
    },
    /// The operating system refused something.
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file or program.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { wanted, oldest } => write!(
                f,
                "PostgreSQL {wanted} is too old: Paddock needs PostgreSQL {oldest} or newer. {}",
                how_to_install(None)
            ),
            Self::NotInstalled { wanted, installed } => not_installed(f, *wanted, installed),
            Self::NotFetched { major, reasons } => not_fetched(f, *major, reasons),
            Self::OtherVersion { data, found, programs } => write!(
                f,
                "{} was written by PostgreSQL {found}, but the programs found are of PostgreSQL \
                 {programs}. Ask for version {found}, or remove the folder to begin with empty \
                 databases.",
                data.display()
            ),
            Self::OtherOwner { data, owner } => write!(
                f,
                "{} belongs to the user with id {owner}. Run this as that user or as root, or \
                 name another folder.",
                data.display()
            ),
            Self::NoAccount => f.write_str(
                "PostgreSQL refuses to run as root, and /etc/passwd has neither a user \"postgres\" \
                 nor \"nobody\" to run it instead. Create one (useradd --system postgres), or run \
                 this as an ordinary user.",
            ),
            Self::NotOurs { path } => write!(
                f,
                "{} exists already and is not a directory of the invoking user, so it is not \
                 trusted. Remove it, or name a folder that every user may enter.",
                path.display()
            ),
            Self::NoPassword { file, data } => write!(
                f,
                "the password of the superuser is missing: {} is not there or is empty. Put it \
                 back, or remove {} to begin with empty databases.",
                file.display(),
                data.display()
            ),
            Self::Program { program, said } => write!(f, "{program} failed:\n{said}"),
            Self::Start { why, log, lines } => {
                write!(f, "PostgreSQL did not start: {why}. {}", see_log(log, lines))
            }
            Self::Stop { pid, log, lines } => write!(
                f,
                "PostgreSQL (process {pid}) did not stop in time. {}",
                see_log(log, lines)
            ),
            Self::Io { doing, path, source } => write!(f, "{doing} {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for LocalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Makes the error for an input or output operation; for `map_err`.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalError {
    let path = path.to_path_buf();
    move |source| LocalError::Io { doing, path, source }
}

fn not_installed(f: &mut fmt::Formatter<'_>, wanted: u32, installed: &[u32]) -> fmt::Result {
    let found: Vec<String> = installed.iter().map(u32::to_string).collect();
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    write!(
        f,
        "PostgreSQL {wanted} is not installed (usable versions found: {found}). Only version {} can \
         be fetched automatically. {}",
        super::fetch::MAJOR,
        how_to_install(Some(wanted))
    )
}

fn not_fetched(f: &mut fmt::Formatter<'_>, major: u32, reasons: &[String]) -> fmt::Result {
    writeln!(f, "PostgreSQL is not installed, and PostgreSQL {major} could not be fetched:")?;
    for reason in reasons {
        writeln!(f, "- {reason}")?;
    }
    f.write_str(&how_to_install(None))
}

fn how_to_install(major: Option<u32>) -> String {
    let (debian, fedora, brew) = match major {
        Some(major) => (
            format!("postgresql-{major}"),
            format!("postgresql{major}-server"),
            format!("postgresql@{major}"),
        ),
        None => ("postgresql".to_owned(), "postgresql-server".to_owned(), "postgresql@18".into()),
    };
    let note = match major {
        Some(_) => {
            "\n(If your distribution lacks that version, add the PostgreSQL project's own package \
             repository first.)"
        }
        None => "",
    };
    format!(
        "Install it with one of\n  sudo apt-get install {debian}\n  sudo dnf install {fedora}\n  \
         brew install {brew}{note}"
    )
}

fn see_log(log: &Path, lines: &str) -> String {
    format!("The log is {}; its last lines:\n{lines}", log.display())
}
