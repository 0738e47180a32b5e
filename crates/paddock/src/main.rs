//! `paddock`: serves the API, and everything that an installation needs besides.

mod admin;
mod dev;
mod home;
mod logging;
mod seed;
mod serve;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Companies: the tenants.
    #[command(subcommand)]
    Company(admin::CompanyCommand),
    /// Users: the people of a company who log in.
    #[command(subcommand)]
    User(admin::UserCommand),
    /// The private PostgreSQL of `paddock dev`.
    #[command(subcommand)]
    Db(home::DbCommand),
    /// Print the description of the API (OpenAPI 3.1, YAML).
    Openapi,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(args) => dev::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Migrate(args) => admin::migrate(&args),
        Command::Company(command) => admin::company(&command),
        Command::User(command) => admin::user(&command),
        Command::Db(command) => home::run(&command),
        Command::Openapi => openapi(),
    };
    outcome.unwrap_or_else(|failure| {
        terminal::warn(&format!("paddock: {failure}"));
        ExitCode::FAILURE
    })
}

fn openapi() -> Result<ExitCode, Failure> {
    terminal::say(paddock_api::document().to_yaml().map_err(Failure::from_error)?.trim_end());
    Ok(ExitCode::SUCCESS)
}
