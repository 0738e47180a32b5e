//! `paddock bench`: holds the server against the database itself, in one run on one machine.
//!
//! A private PostgreSQL is seeded once and kept. The program is started as a server under test and loaded
//! over HTTP, in turns with pgbench, which runs the same transactions without any server in between.
//! What comes out are ratios and CPU times: absolute rates say more about the machine than about us.

mod check;
mod data;
mod database;
mod error;
mod figures;
mod floor;
mod histogram;
mod http;
mod load;
mod measure;
mod noisy;
mod procfs;
mod proxy;
mod report;
mod requests;
mod rng;
mod script;
mod server;
mod token;
mod workload;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;

use self::data::DataSet;
use self::database::Database;
pub(crate) use self::error::BenchError;
use self::figures::{Figures, Setting};
use self::floor::{Floor, Pgbench};
use self::measure::Bench;
use self::procfs::Processes;
use self::requests::Requests;
use self::server::Start;
use self::workload::{Plan, Workload};

/// Options of `paddock bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Measures less, with less data: done in two minutes.
    #[arg(long)]
    quick: bool,
    /// Where the database of the benchmark is kept between runs.
    #[arg(long, value_name = "FOLDER", default_value = ".paddock/bench")]
    folder: PathBuf,
    /// Where PostgreSQL is put if it has to be fetched.
    #[arg(long, value_name = "FOLDER", default_value = ".paddock/programs")]
    programs: PathBuf,
    /// The pgbench to hold the server against; otherwise one is looked for.
    #[arg(long, value_name = "PROGRAM")]
    pgbench: Option<PathBuf>,
    /// The server to measure; otherwise this program.
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// A setting for the server, as in its environment; can be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Only these workloads, for example hello,W1,W2.
    #[arg(long, value_name = "WORKLOADS", value_delimiter = ',')]
    only: Vec<Workload>,
    /// Writes all figures into this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, and prints the report on standard output. Progress goes to standard error. Must not be called
/// from within an asynchronous runtime.
///
/// # Errors
/// If something cannot be started, or any request fails: what was measured is reported nevertheless. A figure
/// below its bar is no error.
pub(crate) fn run(args: &BenchArgs) -> Result<(), BenchError> {
    let program = match &args.server {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|error| BenchError::new(format!("cannot find this program: {error}")))?,
    };
    let (plan, data) = if args.quick {
        (Plan::quick(), DataSet::quick())
    } else {
        (Plan::full(), DataSet::full())
    };
    let plan = plan.only(&args.only);
    let database = Database::open(&args.folder, &args.programs, &data)?;
    let figures = measure(args, &program, &plan, &data, &database)?;
    report::write(&figures, &mut std::io::stdout().lock())
        .map_err(BenchError::io("cannot write to", Path::new("standard output")))?;
    args.json.as_deref().map_or(Ok(()), |file| save(&figures, file))?;
    if figures.failures.is_empty() {
        Ok(())
    } else {
        Err(BenchError::new(figures.failures.join("\n")))
    }
}

fn measure(
    args: &BenchArgs,
    program: &Path,
    plan: &Plan,
    data: &DataSet,
    database: &Database,
) -> Result<Figures, BenchError> {
    let pgbench = Pgbench::find(args.pgbench.as_deref(), &database.bin);
    if let Err(why) = &pgbench {
        eprintln!("{why}");
    }
    let pgbench = pgbench.ok();
    let processes = Processes::new();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let folder = args.folder.as_path();
    let floor = |pgbench| Floor { pgbench, database, data, folder, processes };
    let mut bench = Bench {
        plan,
        data,
        database,
        floor: pgbench.as_ref().map(floor),
        start: Start { program, settings: &args.set, log: folder.join("paddock.log") },
        requests: Requests::new(data)?,
        processes,
        cores,
        memory: None,
        failures: Vec::new(),
    };
    let cold_starts_ms = bench.cold_starts()?;
    let server = bench.start.server(database, database.port())?;
    let cells = bench.cells(&server)?;
    let flat = bench.flat(&server)?;
    let memory = bench.memory;
    let trips = bench.trips(&server)?;
    let failures = std::mem::take(&mut bench.failures);
    let noise = bench.noise()?;
    let check = bench.check()?;
    let setting = Setting {
        paddock: env!("CARGO_PKG_VERSION").to_owned(),
        postgresql: database.version.clone(),
        pgbench: pgbench.as_ref().map(|pgbench| pgbench.version.clone()),
        cores,
        data: data.describe(),
        rounds: plan.rounds,
        seconds: plan.seconds,
    };
    let mut figures = Figures {
        setting,
        cells,
        flat,
        trips,
        noise,
        check,
        memory,
        cold_starts_ms,
        failures,
        bars: Vec::new(),
    };
    figures.judge();
    Ok(figures)
}

fn save(figures: &Figures, file: &Path) -> Result<(), BenchError> {
    let mut text = serde_json::to_string_pretty(figures)
        .map_err(|error| BenchError::new(format!("cannot write the figures: {error}")))?;
    text.push('\n');
    fs::write(file, text).map_err(BenchError::io("cannot write", file))
}
