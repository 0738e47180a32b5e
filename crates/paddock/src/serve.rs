//! `paddock serve`: checks that the database can keep the promise, then serves until it is told to stop.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use clap::Args;
use paddock_api::{Accounts, Keys, Passwords, Settings, State, app};
use paddock_db::audit::{Audit, Finding};
use paddock_db::{Db, Door, Limits};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::accounts::AccountArgs;
use crate::home::as_role;
use crate::keys;
use crate::logging::{self, LogFormat};
use crate::rate::RateArgs;
use crate::terminal::{Failure, say, warn};

/// How long requests that have begun may take to end after a stop.
const LAST_REQUESTS: u64 = 25;
/// How long mails that were handed in may take after that.
const LAST_MAILS: Duration = Duration::from_secs(5);

/// How to serve, wherever the database comes from.
#[derive(Args, Debug, Clone)]
pub(crate) struct ServerArgs {
    /// The address to listen on.
    #[arg(long, env = "PADDOCK_HOST", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 is any free one, which is printed.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub(crate) port: u16,
    /// Threads that serve; as many as there are cores where nothing is said.
    #[arg(long, env = "PADDOCK_WORKERS")]
    workers: Option<usize>,
    /// Connections to the database at most, shared out among the threads; four for each where nothing is said.
    #[arg(long, env = "PADDOCK_POOL_SIZE")]
    pool_size: Option<usize>,
    /// How long a request waits for a connection before it gets 503, in milliseconds.
    #[arg(long, env = "PADDOCK_POOL_WAIT_MS", default_value_t = 1000)]
    pool_wait_ms: u64,
    /// How long a request may take in the database before it gets 504, in milliseconds.
    #[arg(long, env = "PADDOCK_REQUEST_DEADLINE_MS", default_value_t = 10_000)]
    request_deadline_ms: u64,
    /// The same for a list, where that is less, in milliseconds.
    #[arg(long, env = "PADDOCK_LIST_DEADLINE_MS", default_value_t = 5_000)]
    list_deadline_ms: u64,
    /// How many percent of the connections of a thread one company may use at the same time, rounded up.
    #[arg(long, env = "PADDOCK_COMPANY_SHARE", default_value_t = 50,
        value_parser = clap::value_parser!(u8).range(1..=100))]
    company_share: u8,
    #[command(flatten)]
    rate: RateArgs,
    #[command(flatten)]
    accounts: AccountArgs,
    /// How long to go on serving after SIGTERM, for load balancers to notice, in milliseconds.
    #[arg(long, env = "PADDOCK_DRAIN_DELAY_MS", default_value_t = 0)]
    drain_delay_ms: u64,
    /// Origins whose pages may call the API, as browsers send them; separated by commas.
    #[arg(long, env = "PADDOCK_CORS_ORIGINS", value_delimiter = ',')]
    cors_origins: Vec<String>,
    /// How the log is written.
    #[arg(long, env = "PADDOCK_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What is logged: `info`, `debug`, `paddock_db=debug,info` …
    #[arg(long, env = "PADDOCK_LOG", default_value = "info,actix_server=warn")]
    log: String,
}

/// `paddock serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Connection string of the role paddock_app.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Connection string of the role paddock_auth; where nothing is said, that of paddock_app with the
    /// other role's name.
    #[arg(long, env = "PADDOCK_AUTH_DATABASE_URL", hide_env_values = true)]
    auth_database_url: Option<String>,
    /// The folder of the keys that access tokens are signed with (Ed25519). `paddock keys new` makes one. The
    /// last by name signs, all of them are accepted; it is read again when it changes.
    #[arg(long, env = "PADDOCK_SIGNING_KEYS")]
    signing_keys: Option<PathBuf>,
    /// A secret that access tokens may be signed with as well, and are where there are no signing keys: at
    /// least 32 bytes. `openssl rand -hex 32` makes one.
    #[arg(long, env = "PADDOCK_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<String>,
    /// What refresh tokens and cursors are made with: at least 32 bytes. Where nothing is said, it is the one
    /// of the access tokens.
    #[arg(long, env = "PADDOCK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Serve although the server lacks known fixes of row-level security.
    #[arg(long, env = "PADDOCK_ALLOW_UNPATCHED_POSTGRES")]
    allow_unpatched_postgres: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// What a server needs to know.
pub(crate) struct Plan {
    pub(crate) app_url: String,
    pub(crate) auth_url: String,
    /// What access tokens are signed with.
    pub(crate) keys: Keys,
    /// What refresh tokens and cursors are made with.
    pub(crate) secret: String,
    /// Whether findings that an operator may waive are waived.
    pub(crate) waive: bool,
    /// Whether this is a developer's machine.
    pub(crate) at_home: bool,
    pub(crate) server: ServerArgs,
}

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let auth_url = match &args.auth_database_url {
        Some(url) => url.clone(),
        None => as_role(&args.database_url, "paddock_auth", None)?,
    };
    let plan = Plan {
        app_url: args.database_url.clone(),
        auth_url,
        keys: keys_of(args)?,
        secret: secret_of(args)?,
        waive: args.allow_unpatched_postgres,
        at_home: false,
        server: args.server.clone(),
    };
    serve(&plan, |_| {})
}

/// Those of the folder, or the shared secret alone.
fn keys_of(args: &ServeArgs) -> Result<Keys, Failure> {
    let secret = args.jwt_secret.as_ref().map(String::as_bytes);
    let keys = match (&args.signing_keys, secret) {
        (Some(folder), secret) => Keys::of_folder(folder, secret),
        (None, Some(secret)) => Keys::of_secret(secret),
        (None, None) => {
            return Err(Failure::new(
                "nothing to sign access tokens with: set PADDOCK_SIGNING_KEYS to a folder (`paddock keys new` \
                 makes a key), or PADDOCK_JWT_SECRET",
            ));
        }
    };
    keys.map_err(Failure::from_error)
}

fn secret_of(args: &ServeArgs) -> Result<String, Failure> {
    args.secret.as_ref().or(args.jwt_secret.as_ref()).cloned().ok_or_else(|| {
        Failure::new("PADDOCK_SECRET is not set; `openssl rand -hex 32` makes a secret")
    })
}

/// Serves until SIGTERM or SIGINT. `ready` is called with the address as soon as requests are taken.
pub(crate) fn serve(plan: &Plan, ready: impl FnOnce(&str)) -> Result<ExitCode, Failure> {
    logging::start(plan.server.log_format, &plan.server.log);
    actix_web::rt::System::new().block_on(async {
        inspect(plan).await?;
        let draining = Arc::new(AtomicBool::new(false));
        let workers = plan.server.workers.unwrap_or_else(cores).max(1);
        let listener = listen(&plan.server)?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::from_error)?);
        let limits = Limits { connections: 1, ..Limits::default() };
        let door = Door::new(&plan.auth_url, limits).map_err(Failure::from_error)?;
        let (accounts, office) = plan.server.accounts.open(door, plan.at_home, &url)?;
        let states = states(plan, workers, &draining, &accounts)?;
        drop(accounts);
        let office = office.map(|office| actix_web::rt::spawn(office.run()));
        let server = HttpServer::new(move || app(Data::from(next(&states))))
            .workers(workers)
            .disable_signals()
            .tcp_nodelay(true)
            // A client that has gone does not keep its statement running.
            .h1_allow_half_closed(false)
            .keep_alive(Duration::from_secs(75))
            .shutdown_timeout(LAST_REQUESTS)
            .listen(listener)
            .map_err(Failure::from_error)?
            .run();
        actix_web::rt::spawn(stop_on_signal(
            Signals::listen().map_err(Failure::from_error)?,
            server.handle(),
            draining,
            Duration::from_millis(plan.server.drain_delay_ms),
        ));
        actix_web::rt::spawn(keys::watch(plan.keys.clone()));
        say(&format!("listening on {url}"));
        ready(&url);
        server.await.map_err(Failure::from_error)?;
        if let Some(office) = office {
            // What is not sent by then is not sent: whoever waits for it asks again.
            let _ = tokio::time::timeout(LAST_MAILS, office).await;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Refuses to serve when the database could not keep the promise.
async fn inspect(plan: &Plan) -> Result<(), Failure> {
    let limits = Limits { connections: 1, ..Limits::default() };
    let db = Db::new(&plan.app_url, limits).map_err(Failure::from_error)?;
    let findings = Audit::before_serving(&db).await.map_err(Failure::from_error)?;
    let (waived, refused): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.can_be_waived() && plan.waive);
    for finding in waived {
        warn(&format!("relaxed: {finding}"));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = refused.iter().map(|finding| format!("\n  - {finding}")).collect();
    Err(Failure::new(format!(
        "refusing to serve:{}\nThe questions stand in sql/audit; `paddock audit` asks all of them.",
        reasons.concat()
    )))
}

/// More of them take turns on the cores of the database and make each other dearer: with eight for each
/// thread, a request took a tenth more of its CPU than with four.
const CONNECTIONS_PER_WORKER: usize = 4;

/// One state for each worker: a pool that is used from one thread needs no hand-over between threads.
fn states(
    plan: &Plan,
    workers: usize,
    draining: &Arc<AtomicBool>,
    accounts: &Accounts,
) -> Result<Arc<Mutex<Vec<Arc<State>>>>, Failure> {
    let passwords = Passwords::new(cores());
    let rate_limits = Arc::new(plan.server.rate.limits());
    let limits = Limits {
        connections: plan
            .server
            .pool_size
            .map_or(CONNECTIONS_PER_WORKER, |size| size.div_ceil(workers)),
        wait: Duration::from_millis(plan.server.pool_wait_ms),
        deadline: Duration::from_millis(plan.server.request_deadline_ms),
        list_deadline: Duration::from_millis(plan.server.list_deadline_ms),
        share: plan.server.company_share,
    };
    let state = || {
        State::new(Settings {
            db: Db::new(&plan.app_url, limits).map_err(Failure::from_error)?,
            door: Door::new(&plan.auth_url, Limits { connections: 1, ..limits })
                .map_err(Failure::from_error)?,
            passwords: passwords.clone(),
            keys: plan.keys.clone(),
            secret: plan.secret.as_bytes(),
            origins: plan.server.cors_origins.clone(),
            draining: Arc::clone(draining),
        })
        .map(|state| state.limited_by(Arc::clone(&rate_limits)).with_accounts(accounts.clone()))
        .map_err(Failure::from_error)
    };
    let states: Result<Vec<_>, Failure> = (0..workers).map(|_| state().map(Arc::new)).collect();
    Ok(Arc::new(Mutex::new(states?)))
}

/// The next worker's state; the last one stays for a worker that has to be started again.
fn next(states: &Mutex<Vec<Arc<State>>>) -> Arc<State> {
    let mut states = states.lock().unwrap_or_else(PoisonError::into_inner);
    match states.len() {
        0 => unreachable!("there is at least one worker, and the last state is never taken away"),
        1 => Arc::clone(&states[0]),
        n => states.swap_remove(n - 1),
    }
}

fn listen(server: &ServerArgs) -> Result<TcpListener, Failure> {
    let address = SocketAddr::new(server.host, server.port);
    TcpListener::bind(address).map_err(|error| {
        Failure::new(format!("cannot listen on {address}: {error}; --port 0 takes any free port"))
    })
}

/// What an operator says to a service.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on signals wait to be heard.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}

/// The first signal lets requests end; the second one does not.
async fn stop_on_signal(
    mut signals: Signals,
    handle: ServerHandle,
    draining: Arc<AtomicBool>,
    delay: Duration,
) {
    signals.next().await;
    draining.store(true, Ordering::Relaxed);
    tracing::info!("stopping: requests that have begun are finished");
    tokio::time::sleep(delay).await;
    actix_web::rt::spawn(handle.stop(true));
    signals.next().await;
    handle.stop(false).await;
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
