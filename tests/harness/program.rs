//! The real binary, in a home of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

static BINARY: LazyLock<PathBuf> = LazyLock::new(binary);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A folder with a private PostgreSQL of its own; stopped and gone when dropped.
pub struct Home {
    pub folder: PathBuf,
}

/// A running `paddock dev` or `paddock serve`.
pub struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    pub url: String,
}

impl Home {
    pub fn new() -> Self {
        let name = format!("home-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join(name) }
    }

    /// A command of the binary that works in this home.
    pub fn paddock(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&*BINARY);
        command.args(args).env("PADDOCK_HOME", &self.folder).env_remove("DATABASE_URL");
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.paddock(args).output().expect("the binary runs")
    }

    /// Starts `paddock dev` on a free port.
    pub fn dev(&self) -> Server {
        Server::start(self.paddock(&["dev", "--port", "0"]))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["db", "stop"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// Starts a server and waits until it takes requests.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its first line");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned();
        Self { child, out, url }
    }

    /// `127.0.0.1:12345`
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Tells it to stop, as an operator does; answers whether it ended well, and the rest of its output.
    pub fn stop(mut self) -> (bool, String) {
        self.signal("TERM");
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("the rest of its output");
        (self.child.wait().expect("its end").success(), rest)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().expect("kill").success());
    }
}

/// Runs lines in a shell, with another address in them, and answers what they print.
pub fn shell(lines: &str, url: &str) -> String {
    let lines = lines.replace("http://127.0.0.1:8080", url);
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", &lines]).output().expect("bash");
    assert!(output.status.success(), "{lines}\n{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The binary beside this test. Nobody tests yesterday's: unless it is newer than everything it is made of, it is built
/// first. To ask cargo about that as well would be to wait for whoever else builds.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let binary = test.ancestors().nth(2).expect("target/debug").join("paddock");
    if !is_fresh(&binary).unwrap_or(false) {
        let build = Command::new(env!("CARGO")).args(["build", "--quiet", "--workspace"]).status();
        assert!(build.expect("cargo").success());
    }
    binary
}

/// Cargo lists what a binary is made of in a file beside it.
fn is_fresh(binary: &Path) -> std::io::Result<bool> {
    let built = std::fs::metadata(binary)?.modified()?;
    let list = std::fs::read_to_string(binary.with_extension("d"))?;
    // In the list, a backslash stands before a blank that is part of a name.
    let list = list.replace("\\ ", "\0");
    let made_of = list.split_whitespace().skip(1).map(|name| name.replace('\0', " "));
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock").to_owned();
    for name in made_of.chain([lock]) {
        if std::fs::metadata(name)?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Drop for Server {
    /// A test that fails leaves nothing running.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
