//! `paddock keys`: makes keys to sign access tokens with; and what a server does when the folder changes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use paddock_api::{Keys, new_key};
use uuid::Uuid;

use crate::terminal::{Failure, say};

/// How often a server looks whether the folder has changed.
const LOOK: Duration = Duration::from_secs(1);

/// `paddock keys`.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and put it into the folder: servers sign with it from then on, within a second.
    New {
        /// The folder of the keys. It is created where it is not there.
        #[arg(long, env = "PADDOCK_SIGNING_KEYS")]
        folder: PathBuf,
    },
}

pub(crate) fn run(command: &KeysCommand) -> Result<ExitCode, Failure> {
    let KeysCommand::New { folder } = command;
    say(&make(folder)?.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Makes a key that is newer than all others: its name is a UUIDv7, which sorts by time.
fn make(folder: &Path) -> Result<PathBuf, Failure> {
    let id = Uuid::now_v7();
    let (path, draft) = (folder.join(format!("{id}.pem")), folder.join(format!(".{id}")));
    let pem = new_key().map_err(Failure::from_error)?;
    let write = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut options = fs::OpenOptions::new();
        let mut file = options.create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(pem.as_bytes())?;
        // Servers read whole keys only.
        fs::rename(&draft, &path)
    };
    write().map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(path)
}

/// The keys of a folder that is nobody else's, with a first one where there is none.
pub(crate) fn private(folder: &Path) -> Result<Keys, Failure> {
    match Keys::of_folder(folder, None) {
        Ok(keys) => Ok(keys),
        Err(error) => {
            let is_empty = fs::read_dir(folder).map_or(true, |mut files| files.next().is_none());
            if !is_empty {
                return Err(Failure::from_error(error));
            }
            make(folder)?;
            Keys::of_folder(folder, None).map_err(Failure::from_error)
        }
    }
}

/// Reads the folder again when it changes, as long as the server runs. What is wrong with it is said once.
pub(crate) async fn watch(keys: Keys) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let keys = keys.clone();
        match tokio::task::spawn_blocking(move || keys.look_again()).await {
            Ok(Ok(true)) => tracing::info!("the signing keys have changed"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) if error.to_string() == said => continue,
            Ok(Err(error)) => {
                said = error.to_string();
                tracing::error!(%error, "the signing keys cannot be read: those from before stay");
                continue;
            }
        }
        said.clear();
    }
}
