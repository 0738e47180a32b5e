//! Says where things are kept, and finds another place for what the server's account could not
//! reach below the folder.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::{Account, own_uid};
use super::error::{LocalError, io_error};
use super::secret::write_private;

/// Reachable by every account, and kept over a restart of the machine.
const COMMON_GROUND: &str = "/var/tmp";

/// The places of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder that the caller named, without links in its path.
    pub(super) folder: PathBuf,
    /// Where the data and the socket are: the folder, or a place in common ground.
    pub(super) home: PathBuf,
}

impl Place {
    /// The places of a cluster, as they were settled earlier; none if there is no such folder.
    pub(super) fn recorded(folder: &Path) -> Result<Option<Self>, LocalError> {
        let folder = match fs::canonicalize(folder) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("cannot open", folder)(error)),
        };
        let home = recorded_home(&folder)?.unwrap_or_else(|| folder.clone());
        Ok(Some(Self { folder, home }))
    }

    /// Settles where the data of that folder is. The folder exists, and the caller holds its lock.
    pub(super) fn settle(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Self, LocalError> {
        let folder = fs::canonicalize(folder).map_err(io_error("cannot open", folder))?;
        if let Some(home) = recorded_home(&folder)? {
            own_directory(&home)?;
            return Ok(Self { folder, home });
        }
        let here = Self { home: folder.clone(), folder };
        if here.data().exists() || Account::for_new()?.can_enter(&here.folder) {
            return Ok(here);
        }
        let elsewhere = Self { home: detour("paddock", &here.folder), folder: here.folder };
        own_directory(&elsewhere.home)?;
        elsewhere.record()?;
        say(&format!(
            "the account that runs the server cannot enter {}; the data goes to {}",
            elsewhere.folder.display(),
            elsewhere.home.display()
        ));
        Ok(elsewhere)
    }

    /// The data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// The directory of the Unix socket.
    pub(super) fn run(&self) -> PathBuf {
        self.home.join("run")
    }

    /// The log. It may be out of the server's reach, as the server gets it already opened.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The file with the superuser's password.
    pub(super) fn password(&self) -> PathBuf {
        self.folder.join("password")
    }

    fn record(&self) -> Result<(), LocalError> {
        let file = self.folder.join("location");
        let text = self.home.to_string_lossy().into_owned() + "\n";
        write_private(&file, &text)
    }
}

/// A place for fetched programs that the account can reach: the cache itself if possible.
pub(super) fn store(cache: &Path, account: Account) -> Result<PathBuf, LocalError> {
    let cache = std::path::absolute(cache).map_err(io_error("cannot use", cache))?;
    let existing = cache.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    if account == Account::Own || account.can_enter(existing) {
        return Ok(cache);
    }
    let cache = cache.canonicalize().unwrap_or(cache);
    Ok(detour("paddock-programs", &cache))
}

/// Makes a store ready for writing.
pub(super) fn open_store(store: &Path) -> Result<(), LocalError> {
    if store.parent() == Some(Path::new(COMMON_GROUND)) {
        return own_directory(store);
    }
    open_folder(store)
}

/// Creates a folder and what is missing above it, so that every account can enter them even if
/// the invoking user's file mode mask would not have it so.
pub(super) fn open_folder(folder: &Path) -> Result<(), LocalError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        open_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => set_mode(folder, 0o755),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(io_error("cannot create the folder", folder)(error)),
    }
}

/// Takes the lock of that name in a folder, waiting for whoever holds it. It is given back when
/// the file is dropped, or the process ends in whatever way.
pub(super) fn lock(folder: &Path) -> Result<File, LocalError> {
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(&path).map_err(io_error("cannot open", &path))?;
    file.lock().map_err(io_error("cannot lock", &path))?;
    Ok(file)
}

/// Sets the permission bits of a path.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), LocalError> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(io_error("cannot set the permissions of", path))
}

fn recorded_home(folder: &Path) -> Result<Option<PathBuf>, LocalError> {
    let file = folder.join("location");
    match fs::read(&file) {
        Ok(mut bytes) => {
            bytes.truncate(bytes.trim_ascii_end().len());
            Ok(Some(PathBuf::from(std::ffi::OsString::from_vec(bytes))))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("cannot read", &file)(error)),
    }
}

/// Makes sure that a directory exists that no other user has prepared. Everybody can create names
/// in common ground, so a name that is taken already has to be looked at.
fn own_directory(path: &Path) -> Result<(), LocalError> {
    match fs::create_dir(path) {
        Ok(()) => return set_mode(path, 0o755),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error("cannot create the folder", path)(error)),
    }
    let metadata = fs::symlink_metadata(path).map_err(io_error("cannot look at", path))?;
    if metadata.is_dir() && metadata.uid() == own_uid()? && metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(LocalError::NotOurs { path: path.to_path_buf() })
}

/// A place in common ground that is always the same for the same path.
fn detour(name: &str, path: &Path) -> PathBuf {
    // FNV-1a: the hash of the standard library may change with the compiler.
    let hash = path.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Path::new(COMMON_GROUND).join(format!("{name}-{hash:016x}"))
}
