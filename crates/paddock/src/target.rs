//! The database that a command works on: the one of DATABASE_URL, or the private one of `paddock dev`.

use clap::Args;
use paddock_db::audit::Audit;
use paddock_db::local::Cluster;
use paddock_db::{Actor, Db, Door, Limits, Tenant};

use crate::home::{self, HomeArgs, Role, as_role};
use crate::terminal::Failure;

/// Which database.
#[derive(Args, Debug, Default)]
pub(crate) struct TargetArgs {
    /// Connection string of the role paddock_app. Where nothing is said, the private PostgreSQL of
    /// `paddock dev`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Connection string of the role paddock_auth. Where nothing is said, that of paddock_app with the
    /// other role's name
    #[arg(long, env = "PADDOCK_AUTH_DATABASE_URL", hide_env_values = true)]
    auth_database_url: Option<String>,
    #[command(flatten)]
    home: HomeArgs,
}

/// A database that is there for the time of a command.
pub(crate) struct Target {
    db: Db,
    door: Door,
    /// Started for this command; to be stopped after it.
    cluster: Option<Cluster>,
}

impl Target {
    /// Reaches the database, and refuses one that the server would not serve.
    pub(crate) async fn open(args: &TargetArgs) -> Result<Self, Failure> {
        let target = Self::reach(args)?;
        match target.check().await {
            Ok(()) => Ok(target),
            Err(failure) => target.close().and(Err(failure)),
        }
    }

    /// Reaches the database as it is, starting the private one where that is meant and it does not run.
    pub(crate) fn reach(args: &TargetArgs) -> Result<Self, Failure> {
        let (app, auth, cluster) = match &args.database_url {
            Some(app) => {
                let auth = args
                    .auth_database_url
                    .clone()
                    .map_or_else(|| as_role(app, "paddock_auth", None), Ok);
                (app.clone(), auth?, None)
            }
            None => {
                let (cluster, secrets) =
                    (home::start(&args.home)?, home::secrets(&args.home.home)?);
                let url = |role| home::url(&cluster, &secrets, role);
                (
                    url(Role::App)?,
                    url(Role::Auth)?,
                    Some(cluster.clone()).filter(Cluster::started_here),
                )
            }
        };
        let limits = Limits { connections: 1, ..Limits::default() };
        let db = Db::new(&app, limits).map_err(Failure::from_error)?;
        let door = Door::new(&auth, limits).map_err(Failure::from_error)?;
        Ok(Self { db, door, cluster })
    }

    /// Asks it everything that `sql/audit` asks.
    pub(crate) async fn audit(&self) -> Result<Audit, Failure> {
        Audit::of(&self.db).await.map_err(Failure::from_error)
    }

    /// Acts as the user with this e-mail.
    pub(crate) async fn act_as(&self, email: &str) -> Result<Tenant, Failure> {
        let login = self.door.find(email, None).await.map_err(Failure::from_error)?;
        let nobody = || Failure::new(format!("nobody logs in as {email}"));
        let Actor { company_id, user_id, .. } = login.ok_or_else(nobody)?.actor;
        Ok(self.db.act_as(Actor::trusted(company_id, user_id)))
    }

    /// Leaves the database as it was found: running or not.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.cluster.map_or(Ok(()), |cluster| cluster.stop().map_err(Failure::from_error))
    }

    /// What the server would not serve must not be written to either.
    async fn check(&self) -> Result<(), Failure> {
        let findings = Audit::before_serving(&self.db).await.map_err(Failure::from_error)?;
        match findings.into_iter().find(|finding| !finding.can_be_waived()) {
            None => Ok(()),
            Some(finding) => Err(Failure::from_error(finding)),
        }
    }
}
