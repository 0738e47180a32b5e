//! `paddock dev`: everything on a fresh machine, in one command.

use std::process::ExitCode;

use clap::Args;
use paddock_db::local::Cluster;
use paddock_db::migrate;

use crate::admin;
use crate::home::{self, HomeArgs, Role, Secrets, as_role};
use crate::keys;
use crate::seed;
use crate::serve::{Plan, ServerArgs, serve};
use crate::terminal::{Failure, say};

/// `paddock dev`.
#[derive(Args, Debug)]
pub(crate) struct DevArgs {
    /// Connection string of an administrator (a superuser, or whoever may create roles) of a server of
    /// yours, for development only. Where nothing is said, a private PostgreSQL is started.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// What to paste next: the story of Alice and Bob.
const TRY: &str = include_str!("dev_try.txt");

pub(crate) fn run(args: &DevArgs) -> Result<ExitCode, Failure> {
    let secrets = home::secrets(&args.home.home)?;
    let (cluster, urls) = match &args.database_url {
        Some(url) => (None, Urls::of_server(url, &secrets)?),
        None => {
            let cluster = home::start(&args.home)?;
            let urls = Urls::of_cluster(&cluster, &secrets)?;
            (Some(cluster), urls)
        }
    };
    let outcome = prepare(cluster.as_ref(), &urls, &secrets, &args.home).and_then(|()| {
        let plan = Plan {
            app_url: urls.app.clone(),
            auth_url: urls.auth.clone(),
            keys: keys::private(&args.home.home.join("keys"))?,
            secret: secrets.jwt_secret.clone(),
            waive: true,
            at_home: true,
            server: args.server.clone(),
        };
        serve(&plan, |url| say(&TRY.replace("http://127.0.0.1:8080", url)))
    });
    if let Some(cluster) = cluster.filter(Cluster::started_here) {
        cluster.stop().map_err(Failure::from_error)?;
    }
    outcome
}

/// Connection strings of the three roles that `dev` uses.
struct Urls {
    admin: String,
    app: String,
    auth: String,
}

impl Urls {
    fn of_cluster(cluster: &Cluster, secrets: &Secrets) -> Result<Self, Failure> {
        let url = |role| home::url(cluster, secrets, role);
        Ok(Self { admin: url(Role::Admin)?, app: url(Role::App)?, auth: url(Role::Auth)? })
    }

    fn of_server(admin: &str, secrets: &Secrets) -> Result<Self, Failure> {
        Ok(Self {
            admin: admin.to_owned(),
            app: as_role(admin, "paddock_app", Some(&secrets.app_password))?,
            auth: as_role(admin, "paddock_auth", Some(&secrets.auth_password))?,
        })
    }
}

/// Database, roles, schema, demonstration data: whatever of it is not there yet.
fn prepare(
    cluster: Option<&Cluster>,
    urls: &Urls,
    secrets: &Secrets,
    home: &HomeArgs,
) -> Result<(), Failure> {
    admin::block_on(async {
        if let Some(cluster) = cluster {
            home::create_database(cluster).await?;
        }
        migrate::bootstrap(&urls.admin).await.map_err(Failure::from_error)?;
        set_passwords(urls, secrets).await?;
        let migrated = admin::migrate_to_latest(&urls.admin).await;
        migrated.map_err(
            |failure| if cluster.is_some() { begin_anew(&failure, home) } else { failure },
        )?;
        seed::companies(&urls.admin, &urls.app, &urls.auth).await
    })
}

/// A private database may be as old as somebody's first try of an unreleased version.
fn begin_anew(failure: &Failure, home: &HomeArgs) -> Failure {
    let folder = home.home.join("postgres");
    Failure::new(format!(
        "{failure}\nThe private database is of another version of Paddock. To begin anew, without what is in it:\n    \
         paddock db stop; rm -r {}",
        folder.display()
    ))
}

async fn set_passwords(urls: &Urls, secrets: &Secrets) -> Result<(), Failure> {
    let passwords =
        [("paddock_app", &secrets.app_password), ("paddock_auth", &secrets.auth_password)];
    for (role, password) in passwords {
        migrate::set_password(&urls.admin, role, password).await.map_err(Failure::from_error)?;
    }
    Ok(())
}
