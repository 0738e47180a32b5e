//! The keys that access tokens are signed with: a folder of Ed25519 keys, read again when it changes, and
//! for small installations a shared secret.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

/// The id of the shared secret; no file may have this name.
const SECRET: &str = "hs256";
/// How a key file ends.
const ENDING: &str = "pem";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// One key. What it is good for stands here, and nothing that a token says changes it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
    encoding: EncodingKey,
    /// The public half, if there is one, as JWKS has it.
    x: Option<String>,
}

/// The keys of one moment: all of them verify, the last one signs.
pub(crate) struct Ring(Vec<Key>);

/// The keys of this service. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    secret: Option<Vec<u8>>,
    folder: Option<PathBuf>,
    ring: RwLock<Arc<Ring>>,
    /// What the folder looked like when it was last read.
    looks: Mutex<Looks>,
}

/// Names, dates and sizes of the files of a folder.
type Looks = Vec<(String, Option<SystemTime>, u64)>;

/// A secret that is too easy to guess.
#[derive(Debug)]
pub struct WeakSecret;

impl fmt::Display for WeakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret needs at least 32 bytes; `openssl rand -hex 32` makes one")
    }
}

impl std::error::Error for WeakSecret {}

/// Why there are no keys to sign with. Says which file; never what stands in it.
#[derive(Debug)]
pub struct KeyError(String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

impl From<WeakSecret> for KeyError {
    fn from(weak: WeakSecret) -> Self {
        Self(weak.to_string())
    }
}

/// Refuses a secret that is shorter than 32 bytes (RFC 7518, section 3.2) or one byte over and over.
pub(crate) fn require_strength(secret: &[u8]) -> Result<(), WeakSecret> {
    let varied = secret.first().is_some_and(|first| secret.iter().any(|byte| byte != first));
    if secret.len() < 32 || !varied { Err(WeakSecret) } else { Ok(()) }
}

impl Keys {
    /// A shared secret alone (HS256).
    ///
    /// # Errors
    /// If it is too easy to guess.
    pub fn of_secret(secret: &[u8]) -> Result<Self, KeyError> {
        Self::new(None, Some(secret))
    }

    /// A folder of Ed25519 keys, of which the last by name signs. A secret given besides only verifies.
    ///
    /// # Errors
    /// If there is no key, or one that cannot be read.
    pub fn of_folder(folder: &Path, secret: Option<&[u8]>) -> Result<Self, KeyError> {
        Self::new(Some(folder.to_owned()), secret)
    }

    fn new(folder: Option<PathBuf>, secret: Option<&[u8]>) -> Result<Self, KeyError> {
        secret.map(require_strength).transpose()?;
        let secret = secret.map(<[u8]>::to_vec);
        let looks = folder.as_deref().map(look_at).transpose()?.unwrap_or_default();
        let ring = RwLock::new(Arc::new(Ring::read(folder.as_deref(), &looks, secret.as_deref())?));
        Ok(Self(Arc::new(Shared { secret, folder, ring, looks: Mutex::new(looks) })))
    }

    /// Reads the folder again if it has changed; answers whether it had.
    ///
    /// # Errors
    /// If a file cannot be read. The keys stay those that they were, and the next call tries again.
    pub fn look_again(&self) -> Result<bool, KeyError> {
        let Some(folder) = &self.0.folder else { return Ok(false) };
        let looks = look_at(folder)?;
        let mut before = self.0.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if *before == looks {
            return Ok(false);
        }
        let ring = Ring::read(Some(folder), &looks, self.0.secret.as_deref())?;
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        *before = looks;
        Ok(true)
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ring {
    fn read(folder: Option<&Path>, looks: &Looks, secret: Option<&[u8]>) -> Result<Self, KeyError> {
        let mut keys: Vec<Key> = secret.map(Key::of_secret).into_iter().collect();
        if let Some(folder) = folder {
            for (name, ..) in looks {
                keys.push(Key::of_file(&folder.join(name))?);
            }
            if looks.is_empty() {
                return Err(KeyError(format!(
                    "there is no key in {}; `paddock keys new` makes one",
                    folder.display()
                )));
            }
        }
        Ok(Self(keys))
    }

    /// The key with this id: a matter of memory, whatever the id is.
    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The key that signs.
    pub(crate) fn newest(&self) -> Option<(&Key, &EncodingKey)> {
        self.0.last().map(|key| (key, &key.encoding))
    }

    /// Ids and public halves of those that have one.
    pub(crate) fn public(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|key| Some((key.id.as_str(), key.x.as_deref()?)))
    }
}

impl Key {
    fn of_secret(secret: &[u8]) -> Self {
        Self {
            id: SECRET.to_owned(),
            algorithm: Algorithm::HS256,
            decoding: DecodingKey::from_secret(secret),
            encoding: EncodingKey::from_secret(secret),
            x: None,
        }
    }

    fn of_file(path: &Path) -> Result<Self, KeyError> {
        let wrong = |what: &str| KeyError(format!("{}: {what}", path.display()));
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if id == SECRET || id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
            return Err(wrong("name it with up to 64 letters, digits, - _ and ."));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
        let der = der_of(&text).ok_or_else(|| wrong("is not a PKCS#8 key in PEM"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| wrong("is not an Ed25519 key"))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            id: id.to_owned(),
            algorithm: Algorithm::EdDSA,
            decoding: DecodingKey::from_ed_der(public),
            encoding: EncodingKey::from_ed_der(&der),
            x: Some(BASE64_URL_SAFE_NO_PAD.encode(public)),
        })
    }
}

/// A new Ed25519 key: PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
///
/// # Errors
/// If the machine has no randomness to give.
pub fn new_key() -> Result<String, KeyError> {
    let pair = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1());
    let der = pair.map_err(|_| KeyError("no key could be made".to_owned()))?;
    Ok(format!("{BEGIN}\n{}\n{END}\n", BASE64_STANDARD.encode(der.as_ref())))
}

fn der_of(pem: &str) -> Option<Vec<u8>> {
    let inside = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    BASE64_STANDARD.decode(inside.split_ascii_whitespace().collect::<String>()).ok()
}

/// The key files of a folder, in the order of their names; links are followed, as secrets are mounted so.
fn look_at(folder: &Path) -> Result<Looks, KeyError> {
    let wrong = |error: std::io::Error| KeyError(format!("{}: {error}", folder.display()));
    let mut looks = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|ending| ending == ENDING) && !name.starts_with('.') {
            let file = std::fs::metadata(&path).map_err(wrong)?;
            looks.push((name.to_owned(), file.modified().ok(), file.len()));
        }
    }
    looks.sort();
    Ok(looks)
}
