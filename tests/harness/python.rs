//! Programs of others that are written in Python, each with what it needs in a place of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// One installation after the other.
static TURN: Mutex<()> = Mutex::new(());

/// The Python that has what the `requirements.txt` of a folder beside the tests pins, installed once. Says why if
/// that is not possible here.
pub fn python_with(folder: &Path) -> Option<PathBuf> {
    let _turn = TURN.lock();
    let name = folder.file_name().unwrap();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let python = place.join("bin/python");
    let wanted = fs::read_to_string(folder.join("requirements.txt")).unwrap();
    let installed = place.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Some(python);
    }
    if let Err(why) = install(&place, &python, folder) {
        // Past the capture of the test's output: nobody should believe that it was judged.
        let name = name.to_string_lossy();
        let line = format!("\nSKIPPED, {name} cannot be installed here: {why}\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
        return None;
    }
    fs::write(installed, wanted).unwrap();
    Some(python)
}

fn install(place: &Path, python: &Path, folder: &Path) -> Result<(), String> {
    let mut environment = Command::new("python3");
    succeed(environment.args(["-m", "venv", "--clear"]).arg(place))?;
    let options = "-m pip install --quiet --disable-pip-version-check --no-input --retries 1 \
        --timeout 10 --only-binary :all: --requirement";
    let mut pip = Command::new(python);
    succeed(pip.args(options.split_whitespace()).arg(folder.join("requirements.txt")))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("no reason given").to_owned();
    if output.status.success() { Ok(()) } else { Err(last) }
}
