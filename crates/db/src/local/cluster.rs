//! A private PostgreSQL cluster in a folder: starts it, finds it, says how to connect, stops it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::error::{LocalError, io_error};
use super::installation::Installation;
use super::pidfile::{self, Live};
use super::place::{self, Place};
use super::{create, log, process, secret, server};

/// How long a server may take to stop.
const STOP: Duration = Duration::from_mins(1);

/// How a cluster is to be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder for data, log and password. It is created if it is not there.
    pub folder: PathBuf,
    /// Whether the data must survive a crash. Without that everything is faster, which is right for
    /// tests, but a killed server may lose its last transactions, and a crash of the machine may
    /// ruin the whole cluster.
    pub durable: bool,
    /// Further settings as in `postgresql.conf`, with plain values, for example
    /// `("max_connections", "200")`.
    pub settings: Vec<(String, String)>,
    /// A process id: when that process is gone, however it ended, the server is stopped within
    /// seconds. This has an effect only if the call starts the server; one that runs already keeps
    /// whatever it was started with.
    pub die_with: Option<u32>,
}

/// A running cluster. Dropping this does not stop the server.
#[derive(Debug, Clone)]
pub struct Cluster {
    place: Place,
    live: Live,
    password: String,
    started_here: bool,
}

impl Cluster {
    /// Starts the cluster in the folder, creating it first if it is not there. If it runs
    /// already, or somebody else is just starting it, that server is returned.
    ///
    /// The server listens on a free port of 127.0.0.1 and, if the path is short enough, on a Unix
    /// socket. Every connection needs a password. As root, the server runs as the owner of the
    /// data, which for a new cluster is the user `postgres` or else `nobody`.
    ///
    /// # Errors
    ///
    /// [`LocalError::Start`] with the end of the log if the server does not get ready;
    /// [`LocalError::OtherVersion`], [`LocalError::OtherOwner`] or [`LocalError::NoPassword`] if
    /// the folder holds a cluster that cannot be used; [`LocalError::Program`] if the cluster
    /// cannot be created; [`LocalError::NotOurs`] and [`LocalError::Io`] if a file cannot be used.
    pub fn start(
        installation: &Installation,
        options: &Options,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, LocalError> {
        place::open_folder(&options.folder)?;
        let _lock = place::lock(&options.folder)?;
        let place = Place::settle(&options.folder, say)?;
        let account = Account::for_data(&place.data())?;
        if let Some(live) = server::wait_for_other(&place)? {
            return Self::new(place, live, false);
        }
        create::ensure_created(installation, &place, account, options.durable, say)?;
        // Without the password a server would be of no use, so this is checked before the start.
        let password = read_password(&place)?;
        let live = server::launch(installation, &place, account, options)?;
        say(&format!("PostgreSQL {} runs on port {}", installation.version(), live.port));
        Ok(Self { place, live, password, started_here: true })
    }

    /// The cluster that runs in the folder and accepts connections, if any.
    ///
    /// # Errors
    ///
    /// [`LocalError::Io`] if the invoking user may not look into the folder, and
    /// [`LocalError::NoPassword`] if the file with the password is missing.
    pub fn running(folder: &Path) -> Result<Option<Self>, LocalError> {
        let Some(place) = Place::recorded(folder)? else { return Ok(None) };
        match pidfile::live(&place.data())?.filter(|live| live.ready) {
            Some(live) => Self::new(place, live, false).map(Some),
            None => Ok(None),
        }
    }

    /// Whether the call that returned this started the server; otherwise it ran already.
    #[must_use]
    pub fn started_here(&self) -> bool {
        self.started_here
    }

    /// Stops the server: connections are ended, and the data is written in good order. Waits until
    /// the server is gone; one that is gone already is fine.
    ///
    /// # Errors
    ///
    /// [`LocalError::Stop`] if the server is still there after a minute, and
    /// [`LocalError::Program`] if the invoking user may not signal it.
    pub fn stop(&self) -> Result<(), LocalError> {
        let data = self.data();
        let begin = Instant::now();
        let mut asked = false;
        while process::serves(self.live.pid, &data) {
            if !asked {
                self.ask_to_stop()?;
                asked = true;
            }
            if begin.elapsed() > STOP {
                let log = self.log();
                return Err(LocalError::Stop { pid: self.live.pid, lines: log::tail(&log), log });
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.live.port
    }

    /// The process id of the server's main process.
    #[must_use]
    pub fn postmaster_pid(&self) -> u32 {
        self.live.pid
    }

    /// The password of the superuser `postgres`.
    #[must_use]
    pub fn admin_password(&self) -> &str {
        &self.password
    }

    /// The data directory. It need not be below the folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.place.data()
    }

    /// The log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.place.log()
    }

    /// The directory of the Unix socket, usable as a host name in connection settings; none if the
    /// path was too long for one.
    #[must_use]
    pub fn socket_directory(&self) -> Option<PathBuf> {
        let run = self.place.run();
        let socket = run.join(format!(".s.PGSQL.{}", self.live.port));
        socket.exists().then_some(run)
    }

    /// The connection string of a user and database on this cluster.
    #[must_use]
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        let [user, password, database] = [user, password, database].map(secret::percent_encode);
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.live.port)
    }

    /// The connection string of the superuser `postgres`.
    #[must_use]
    pub fn admin_url(&self, database: &str) -> String {
        self.url("postgres", &self.password, database)
    }

    fn new(place: Place, live: Live, started_here: bool) -> Result<Self, LocalError> {
        let password = read_password(&place)?;
        Ok(Self { place, live, password, started_here })
    }

    /// Signals the server. That it ended by itself in just that moment is no error.
    fn ask_to_stop(&self) -> Result<(), LocalError> {
        let result = process::signal(self.live.pid, "INT");
        if process::serves(self.live.pid, &self.data()) { result } else { Ok(()) }
    }
}

fn read_password(place: &Place) -> Result<String, LocalError> {
    let file = place.password();
    let text = match fs::read_to_string(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(io_error("cannot read", &file)(error));
        }
        text => text.unwrap_or_default().trim().to_owned(),
    };
    if text.is_empty() {
        return Err(LocalError::NoPassword { file, data: place.data() });
    }
    Ok(text)
}
