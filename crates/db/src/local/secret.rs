//! Passwords: makes them, keeps them in a private file, and writes them into connection strings.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::{LocalError, io_error};

/// A random password: 32 hexadecimal characters, that is 128 bits from the operating system.
///
/// # Errors
///
/// [`LocalError::Io`] if the random source of the machine cannot be read.
pub fn random_password() -> Result<String, LocalError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    let mut file = File::open(source).map_err(io_error("cannot open", source))?;
    file.read_exact(&mut bytes).map_err(io_error("cannot read", source))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Writes a file that only its owner can read, replacing what was there.
pub(super) fn write_private(file: &Path, text: &str) -> Result<(), LocalError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io_error("cannot replace", file)(error));
        }
        _ => {}
    }
    // A new file, never an existing one: its mode is right from the first moment on.
    let mut options = OpenOptions::new();
    let mut opened = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(io_error("cannot create", file))?;
    opened.write_all(text.as_bytes()).map_err(io_error("cannot write", file))
}

/// Escapes everything in a part of a URL that is not a letter, digit or one of `-._~`.
pub(super) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
