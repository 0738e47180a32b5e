//! `paddock`: serves the API, and everything that an installation needs besides.

mod accounts;
mod admin;
mod audit;
mod bench;
mod dev;
mod explain;
mod home;
mod import;
mod keys;
mod logging;
mod purge;
mod rate;
mod sample;
mod seed;
mod serve;
mod target;
mod terminal;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::import::DatabaseSink;
use crate::target::Target;
use crate::terminal::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A multi-tenant CRM backend whose tenant isolation lives in PostgreSQL.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything for development: a private PostgreSQL, migrations, demonstration data, the server.
    Dev(dev::DevArgs),
    /// Serve the API, with a database that is there already.
    Serve(serve::ServeArgs),
    /// Bring the schema to the version of this program.
    Migrate(admin::MigrateArgs),
    /// Ask the database every question of sql/audit: whether anything of its protection is missing.
    ///
    /// Ends with 0 if nothing was found, with 1 if something was, with 2 if it could not be asked.
    Audit(audit::AuditArgs),
    /// Companies: the tenants.
    #[command(subcommand)]
    Company(admin::CompanyCommand),
    /// Users: the people of a company who log in.
    #[command(subcommand)]
    User(admin::UserCommand),
    /// Take out sessions, invitations and one-time tokens that are over.
    Purge(purge::PurgeArgs),
    /// Keys that access tokens are signed with.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The private PostgreSQL of `paddock dev`.
    #[command(subcommand)]
    Db(home::DbCommand),
    /// Load records from a file.
    #[command(subcommand)]
    Import(Import),
    /// Say who may see and change a record, and by which rule.
    Explain(explain::ExplainArgs),
    /// Write made-up data, as messy as the real world's.
    #[command(subcommand)]
    Sample(Sample),
    /// Measure this program against the database's own speed.
    Bench(bench::BenchArgs),
    /// Print the description of the API (OpenAPI 3.1, YAML).
    Openapi,
}

#[derive(Subcommand)]
enum Import {
    Customers(import::ImportArgs),
}

#[derive(Subcommand)]
enum Sample {
    Customers(sample::SampleArgs),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(args) => dev::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Migrate(args) => admin::migrate(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Company(command) => admin::company(&command),
        Command::User(command) => admin::user(&command),
        Command::Purge(args) => purge::run(&args),
        Command::Keys(command) => keys::run(&command),
        Command::Db(command) => home::run(&command),
        Command::Import(Import::Customers(args)) => import(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Sample(Sample::Customers(args)) => sample(&args),
        Command::Bench(args) => measure(&args),
        Command::Openapi => openapi(),
    };
    outcome.unwrap_or_else(|failure| {
        terminal::warn(&format!("paddock: {failure}"));
        ExitCode::FAILURE
    })
}

fn measure(args: &bench::BenchArgs) -> Result<ExitCode, Failure> {
    bench::run(args).map_err(Failure::from_error)?;
    Ok(ExitCode::SUCCESS)
}

fn openapi() -> Result<ExitCode, Failure> {
    terminal::say(paddock_api::document().to_yaml().map_err(Failure::from_error)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn import(args: &import::ImportArgs) -> Result<ExitCode, Failure> {
    let mut out = io::stdout();
    if let Some(mut sink) = args.http_sink().map_err(Failure::from_error)? {
        let summary = import::run(args, &mut sink, &mut out).map_err(Failure::from_error)?;
        return Ok(summary.exit_code());
    }
    let runtime = admin::runtime()?;
    let target = runtime.block_on(Target::open(&args.target))?;
    let imported = runtime.block_on(target.act_as(&args.user)).and_then(|tenant| {
        import::run(args, &mut DatabaseSink::new(&runtime, tenant), &mut out)
            .map_err(Failure::from_error)
    });
    target.close()?;
    imported.map(|summary| summary.exit_code())
}

fn sample(args: &sample::SampleArgs) -> Result<ExitCode, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match sample::write(&mut out, args.rows, args.seed).and_then(|()| out.flush()) {
        // Whoever reads may have enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::from_error(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}
