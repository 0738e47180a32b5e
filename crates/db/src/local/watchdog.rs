//! Stops a server when the process is gone for whose sake it runs, however that process ended.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{LocalError, io_error};

/// `$1` is the process to watch, `$2` the server. The outer shell ends at once, so that the inner
/// one is nobody's child whom somebody would have to collect. It closes what it may have
/// inherited, asks for a fast shutdown in the end, and after ten seconds for an immediate one.
///
/// A dead process that its parent has not collected yet ("Z") counts as gone.
const SCRIPT: &str = r#"
alive() {
    kill -0 "$1" 2>/dev/null || [ -e "/proc/$1/status" ] || return 1
    [ -r "/proc/$1/status" ] || return 0
    while read -r key value rest; do
        [ "$key" = State: ] || continue
        [ "$value" != Z ] && [ "$value" != X ]
        return
    done <"/proc/$1/status"
}
(
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    while alive "$1"; do
        alive "$2" || exit 0
        sleep 1
    done
    for signal in INT 0 0 0 0 0 0 0 0 0 QUIT; do
        alive "$2" || exit 0
        kill -s "$signal" "$2"
        sleep 1
    done
) &
"#;

/// Starts the watchdog. It ends by itself when the server is gone.
pub(super) fn watch(owner: u32, server: u32) -> Result<(), LocalError> {
    let shell = Path::new("/bin/sh");
    let mut command = Command::new(shell);
    command.args(["-c", SCRIPT, "paddock-watchdog"]).args([owner.to_string(), server.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    // A group of its own: the interrupt key of a terminal must not reach it.
    command.process_group(0).status().map(drop).map_err(io_error("cannot run", shell))
}
