//! The floor: how fast PostgreSQL itself does the same transactions, driven by pgbench.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::data::DataSet;
use super::database::Database;
use super::error::BenchError;
use super::procfs::Processes;
use super::script;
use super::workload::Workload;

/// A pgbench that can do pipelines.
pub(super) struct Pgbench {
    program: PathBuf,
    /// As it says it.
    pub(super) version: String,
}

impl Pgbench {
    /// The one that is named, or else the one beside the server's programs, on the search path, or the
    /// newest of the packages of Debian. The inner error says in words why there is none.
    pub(super) fn find(named: Option<&Path>, bin: &Path) -> Result<Self, String> {
        let candidates = match named {
            Some(named) => vec![named.to_path_buf()],
            None => candidates(bin),
        };
        let found = candidates.iter().find_map(|program| Self::probe(program));
        found.ok_or_else(|| {
            let tried: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
            format!(
                "there is no pgbench of PostgreSQL 14 or newer, so nothing to hold the server against \
                 (looked for {}). PostgreSQL from pip or npm comes without it: install the packages of \
                 your system (postgresql-contrib, or postgresql on Debian), or name one with --pgbench",
                tried.join(", ")
            )
        })
    }

    fn probe(program: &Path) -> Option<Self> {
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.trim().rsplit_once("(PostgreSQL)")?.1.trim().to_owned();
        let major: u32 = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        (major >= 14).then(|| Self { program: program.to_path_buf(), version })
    }
}

/// What one turn of the floor came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloorRun {
    /// Transactions per second.
    pub(super) rate: f64,
    /// CPU time of the database for one transaction.
    pub(super) database_cpu: Option<Duration>,
}

/// pgbench with a database and a data set.
pub(super) struct Floor<'a> {
    /// The program.
    pub(super) pgbench: &'a Pgbench,
    /// The database under test.
    pub(super) database: &'a Database,
    /// What is in it.
    pub(super) data: &'a DataSet,
    /// Where scripts are written to.
    pub(super) folder: &'a Path,
    /// Tells CPU time.
    pub(super) processes: Processes,
}

impl Floor<'_> {
    /// Runs a workload for some seconds after one of warm-up, in which everything is prepared.
    ///
    /// # Errors
    /// If pgbench fails, or a transaction of it.
    pub(super) fn run(
        &self,
        workload: Workload,
        clients: usize,
        seconds: u32,
    ) -> Result<FloorRun, BenchError> {
        let mut command = self.command(workload, clients, seconds)?;
        let child = command.spawn().map_err(BenchError::io("cannot run", &self.pgbench.program))?;
        let mut child = Ended(child);
        let stderr =
            child.0.stderr.take().ok_or_else(|| BenchError::new("pgbench cannot be heard"))?;
        self.listen(&mut BufReader::new(stderr), seconds)
    }

    fn command(
        &self,
        workload: Workload,
        clients: usize,
        seconds: u32,
    ) -> Result<Command, BenchError> {
        let mut command = Command::new(&self.pgbench.program);
        command.args(["-h", "127.0.0.1", "-U", "paddock_app", "-n", "-M", "prepared", "-P", "1"]);
        command.args(["-p", &self.database.port().to_string(), "-c", &clients.to_string()]);
        command.args(["-j", &clients.min(2).to_string()]);
        // Longer than it is listened to, so that the end is no part of what is measured.
        command.args(["-T", &(seconds + 10).to_string()]);
        for (name, value) in script::variables() {
            command.args(["-D", &format!("{name}={value}")]);
        }
        for script in script::scripts(workload, self.data, clients) {
            let file = self.folder.join(format!("floor-{}.sql", script.workload.code()));
            fs::write(&file, &script.text).map_err(BenchError::io("cannot write", &file))?;
            command.arg("-f").arg(format!("{}@{}", file.display(), script.weight));
        }
        command.arg(self.database.name()).env("PGPASSWORD", &self.database.password);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(command)
    }

    /// pgbench says its rate each second. The first of these is left out, and what the database has used
    /// is looked at between the first and the last.
    fn listen(&self, stderr: &mut impl BufRead, seconds: u32) -> Result<FloorRun, BenchError> {
        self.next_rate(stderr)?;
        let (start, before) = (Instant::now(), self.database.cpu(self.processes));
        let mut sum = 0.0;
        for _ in 0..seconds {
            sum += self.next_rate(stderr)?;
        }
        let (time, after) = (start.elapsed(), self.database.cpu(self.processes));
        let rate = sum / f64::from(seconds);
        let transactions = rate * time.as_secs_f64();
        let database_cpu = before
            .zip(after)
            .filter(|_| transactions > 0.0)
            .map(|(before, after)| after.saturating_sub(before).div_f64(transactions));
        Ok(FloorRun { rate, database_cpu })
    }

    fn next_rate(&self, stderr: &mut impl BufRead) -> Result<f64, BenchError> {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let read = stderr.read_line(&mut line);
            let read = read.map_err(BenchError::io("cannot listen to", &self.pgbench.program))?;
            if let Some(rate) = rate(&line) {
                return Ok(rate);
            }
            said.push_str(&line);
            if read == 0 || line.contains("aborted") || line.contains("rror:") {
                // What it says next explains the first line, but it may go on for long.
                let _ = stderr.take(2_000).read_line(&mut said);
                return Err(BenchError::new(format!("pgbench failed: {}", said.trim())));
            }
        }
    }
}

/// Reads "progress: 2.0 s, 8165.0 tps, lat 0.122 ms stddev 0.376, 0 failed".
fn rate(line: &str) -> Option<f64> {
    let rest = line.strip_prefix("progress: ")?;
    rest.split(", ").find_map(|part| part.strip_suffix(" tps"))?.parse().ok()
}

fn candidates(bin: &Path) -> Vec<PathBuf> {
    let mut all = vec![bin.join("pgbench"), PathBuf::from("pgbench")];
    let packages = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packages: Vec<PathBuf> =
        packages.map(|entry| entry.path().join("bin/pgbench")).collect();
    packages.sort();
    all.extend(packages.into_iter().rev().filter(|program| program.is_file()));
    all
}

/// A child that does not outlive this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // That it has ended already is no error.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn the_rate_is_read_from_a_line_of_progress() {
        let line = "progress: 2.0 s, 8165.0 tps, lat 0.122 ms stddev 0.376, 0 failed\n";
        assert_eq!(rate(line), Some(8165.0));
        assert_eq!(rate("pgbench (15.18)\n"), None);
    }
}
