//! Looks at processes and signals them, without unsafe code.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{LocalError, io_error};

/// Whether the process is a PostgreSQL server of that data directory. A process id alone proves
/// nothing: after a crash it may belong to any other program.
pub(super) fn serves(pid: u32, data: &Path) -> bool {
    if Path::new("/proc/self/cmdline").exists() {
        serves_by_proc(pid, data)
    } else {
        serves_by_ps(pid, data)
    }
}

/// Sends a signal, named without its "SIG", to a process.
pub(super) fn signal(pid: u32, name: &str) -> Result<(), LocalError> {
    // The shell has `kill` built in; small images do not have it as a program.
    let shell = Path::new("/bin/sh");
    let mut command = Command::new(shell);
    command.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name]).arg(pid.to_string());
    let output = command.stdin(Stdio::null()).output().map_err(io_error("cannot run", shell))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LocalError::Program { program: format!("kill -s {name} {pid}"), said })
}

fn serves_by_proc(pid: u32, data: &Path) -> bool {
    // A dead process that nobody has collected yet has an empty command line.
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let mut arguments = line.split(|byte| *byte == 0);
    let program = arguments.next().unwrap_or_default();
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if name != b"postgres" && name != b"postmaster" {
        return false;
    }
    let named = arguments.any(|argument| argument == data.as_os_str().as_bytes());
    // Somebody may have started it by hand with a relative path; a server works in its data.
    named || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|directory| directory == data)
}

fn serves_by_ps(pid: u32, data: &Path) -> bool {
    let mut command = Command::new("ps");
    command.args(["-ww", "-o", "command=", "-p"]).arg(pid.to_string()).stdin(Stdio::null());
    let Ok(output) = command.output() else { return false };
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    line.contains("postgres") && line.contains(&*data.to_string_lossy())
}
