//! What an administrator does: migrations, companies, users. By the owner's role, which sees no customers.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use paddock_db::migrate::{self, Step};
use paddock_db::provision;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::terminal::{Failure, say, warn};

/// How to reach the database as a member of paddock_owner.
#[derive(Args, Debug)]
pub(crate) struct OwnerArgs {
    /// Connection string of a role that is a member of paddock_owner, or of a superuser.
    #[arg(long, env = "PADDOCK_OWNER_DATABASE_URL", hide_env_values = true)]
    pub(crate) owner_database_url: String,
}

/// `paddock migrate`.
#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Run sql/bootstrap.sql before: creates the roles. Needs a superuser.
    #[arg(long)]
    bootstrap: bool,
}

/// `paddock company`.
#[derive(Subcommand)]
pub(crate) enum CompanyCommand {
    /// Create a company; prints its id.
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// Let nobody act for a company, from the next request on.
    Suspend(WhichCompany),
    /// Let its people act for a company again.
    Resume(WhichCompany),
}

/// A company that is there.
#[derive(Args, Debug)]
pub(crate) struct WhichCompany {
    /// Its id.
    company: Uuid,
    #[command(flatten)]
    owner: OwnerArgs,
}

/// `paddock user`.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Give a person a place in a company; prints the user's id. The password comes from standard input.
    Create {
        /// The company.
        #[arg(long)]
        company: Uuid,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// The e-mail they log in with.
        #[arg(long)]
        email: String,
        /// What they are in the company.
        #[arg(long, value_enum, default_value_t = UserRole::Member)]
        role: UserRole,
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// Link a login of an outside identity provider to a user; prints the user's id.
    Link {
        /// The company.
        #[arg(long)]
        company: Uuid,
        /// The user's e-mail.
        #[arg(long)]
        email: String,
        /// The provider, as its tokens name it.
        #[arg(long)]
        issuer: String,
        /// The provider's name for the person.
        #[arg(long)]
        subject: String,
        #[command(flatten)]
        owner: OwnerArgs,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum UserRole {
    Owner,
    Admin,
    Member,
    Viewer,
}

impl UserRole {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }
}

pub(crate) fn migrate(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let url = &args.owner.owner_database_url;
    block_on(async {
        if args.bootstrap {
            migrate::bootstrap(url).await.map_err(Failure::from_error)?;
            warn("roles are in place");
        }
        migrate_to_latest(url).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Migrates, with a line for each step.
pub(crate) async fn migrate_to_latest(url: &str) -> Result<(), Failure> {
    let done = migrate::migrate(url, |step| match step {
        Step::Waiting => warn("another program is migrating this database: waiting"),
        Step::Begun(name) => warn(&format!("migrating: {name}")),
        Step::Blocked(name, attempt) => {
            warn(&format!("{name}: tables are in use, try {}", attempt + 1))
        }
        Step::Done(name, time) => warn(&format!("migrated: {name} in {} ms", time.as_millis())),
    })
    .await
    .map_err(Failure::from_error)?;
    if done == 0 {
        warn(&format!("the schema is at version {}", migrate::latest_version()));
    }
    Ok(())
}

pub(crate) fn company(command: &CompanyCommand) -> Result<ExitCode, Failure> {
    match command {
        CompanyCommand::Create { name, owner } => {
            let id = block_on(async {
                let url = &owner.owner_database_url;
                provision::company(url, name).await.map_err(Failure::from_error)
            })?;
            say(&id.to_string());
        }
        CompanyCommand::Suspend(which) => suspend(which, true)?,
        CompanyCommand::Resume(which) => suspend(which, false)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn suspend(which: &WhichCompany, suspended: bool) -> Result<(), Failure> {
    let found = block_on(async {
        let url = &which.owner.owner_database_url;
        provision::suspend(url, which.company, suspended).await.map_err(Failure::from_error)
    })?;
    if found { Ok(()) } else { Err(Failure::new("there is no such company")) }
}

pub(crate) fn user(command: &UserCommand) -> Result<ExitCode, Failure> {
    let id = match command {
        UserCommand::Create { company, name, email, role, owner } => {
            let password_hash = &paddock_api::hash_password(&password(&[name, email])?)
                .map_err(Failure::from_error)?;
            let user = provision::NewUser { name, email, role: role.as_str(), password_hash };
            let url = &owner.owner_database_url;
            block_on(async {
                provision::user(url, *company, &user).await.map_err(Failure::from_error)
            })?
        }
        UserCommand::Link { company, email, issuer, subject, owner } => {
            let url = &owner.owner_database_url;
            block_on(async {
                let linked = provision::user_login(url, *company, email, issuer, subject).await;
                linked.map_err(Failure::from_error)
            })?
        }
    };
    say(&id.to_string());
    Ok(ExitCode::SUCCESS)
}

/// The first line of standard input. Arguments and variables can be read by others; this cannot. It must not
/// hold these words.
fn password(words: &[&str]) -> Result<String, Failure> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        warn(
            "password (at least 15 characters; it is shown while you type, so better pipe it in):",
        );
    }
    let mut text = String::new();
    if input.is_terminal() {
        input.read_line(&mut text).map_err(Failure::from_error)?;
    } else {
        input.read_to_string(&mut text).map_err(Failure::from_error)?;
    }
    let password = text.lines().next().unwrap_or_default();
    paddock_api::check_password(password, words).map_err(Failure::from_error)?;
    Ok(password.to_owned())
}

/// Runs a task of a command to its end.
pub(crate) fn block_on<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime()?.block_on(task)
}

/// A runtime for a command that does one thing at a time.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(Failure::from_error)
}
