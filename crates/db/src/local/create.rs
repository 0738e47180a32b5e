//! Creates the data directory of a new cluster.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::account::Account;
use super::error::{LocalError, io_error};
use super::installation::Installation;
use super::log;
use super::place::{Place, set_mode};
use super::secret::{random_password, write_private};

/// Creates the data directory and the password of the superuser, unless they are there already.
/// A creation that was interrupted is begun anew.
pub(super) fn ensure_created(
    installation: &Installation,
    place: &Place,
    account: Account,
    durable: bool,
    say: &mut dyn FnMut(&str),
) -> Result<(), LocalError> {
    let data = place.data();
    if let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) {
        return check_version(&data, version.trim(), installation.major);
    }
    say(&format!("creating a PostgreSQL {} cluster in {}", installation.major, data.display()));
    // The name is given at the end, so that a data directory is always a whole one.
    let fresh = place.home.join("data.new");
    private_directory(&fresh, account)?;
    let password = random_password()?;
    write_private(&place.password(), &password)?;
    run_initdb(installation, &fresh, place, account, (&password, durable))?;
    // An empty directory of that name may be replaced; anything else is left alone.
    fs::rename(&fresh, &data).map_err(io_error("cannot create", &data))
}

/// Creates an empty directory that only the account can enter.
pub(super) fn private_directory(path: &Path, account: Account) -> Result<(), LocalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io_error("cannot remove", path)(error));
        }
        _ => {}
    }
    fs::create_dir(path).map_err(io_error("cannot create the folder", path))?;
    set_mode(path, 0o700)?;
    account.give(path)
}

fn check_version(data: &Path, found: &str, programs: u32) -> Result<(), LocalError> {
    if found == programs.to_string() {
        return Ok(());
    }
    Err(LocalError::OtherVersion { data: data.to_path_buf(), found: found.to_owned(), programs })
}

/// Runs `initdb` with a password file that its account can read, and that is gone afterwards.
fn run_initdb(
    installation: &Installation,
    fresh: &Path,
    place: &Place,
    account: Account,
    (password, durable): (&str, bool),
) -> Result<(), LocalError> {
    let file = place.home.join("password.new");
    write_private(&file, password)?;
    account.give(&file)?;
    let result = try_locales(installation.major, &mut || {
        let mut initdb = account.command(&installation.program("initdb"));
        initdb.arg("-D").arg(fresh).arg("--pwfile").arg(&file);
        initdb.args(["-U", "postgres", "-A", "scram-sha-256", "--encoding=UTF8"]);
        initdb.args(["--no-instructions"]).args((!durable).then_some("--no-sync"));
        initdb
    });
    let _ = fs::remove_file(&file);
    result
}

/// Tries one locale after the other, as machines differ in what they have. All of them sort by
/// code point and know upper and lower case of all letters.
fn try_locales(major: u32, initdb: &mut dyn FnMut() -> Command) -> Result<(), LocalError> {
    let mut said = String::new();
    for arguments in locales(major) {
        let output = initdb().args(&arguments).output();
        let output = output.map_err(io_error("cannot run", Path::new("initdb")))?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !said.contains("locale") {
            break;
        }
    }
    Err(LocalError::Program { program: "initdb".to_owned(), said: log::last_lines(&said) })
}

fn locales(major: u32) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![vec!["--locale=C.UTF-8".to_owned()]];
    if major >= 17 {
        let builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
        all.push(builtin.map(str::to_owned).to_vec());
    }
    for ctype in std::iter::once("en_US.UTF-8".to_owned()).chain(installed_locale()) {
        all.push(vec!["--locale=C".to_owned(), format!("--lc-ctype={ctype}")]);
    }
    all
}

/// Any locale of this machine that knows Unicode.
fn installed_locale() -> Option<String> {
    let output = Command::new("locale").arg("-a").output().ok()?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut names = list.lines().map(str::trim);
    names
        .find(|name| name.to_ascii_lowercase().replace('-', "").ends_with("utf8"))
        .map(str::to_owned)
}
