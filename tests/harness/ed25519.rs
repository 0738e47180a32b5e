//! Keys in folders, and access tokens that are signed with them by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A folder of signing keys; gone when dropped.
pub struct Folder(PathBuf);

/// A key of which we know both halves.
pub struct Signer {
    pub kid: String,
    pair: Ed25519KeyPair,
}

impl Folder {
    pub fn new() -> Self {
        let name = format!("keys-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a key with this id.
    pub fn add(&self, kid: &str) -> Signer {
        let pem = paddock_api::new_key().unwrap();
        self.write(kid, &pem);
        let inside: String =
            pem.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().concat();
        let pair = Ed25519KeyPair::from_pkcs8(&BASE64_STANDARD.decode(inside).unwrap()).unwrap();
        Signer { kid: kid.to_owned(), pair }
    }

    pub fn write(&self, kid: &str, text: &str) {
        fs::write(self.0.join(format!("{kid}.pem")), text).unwrap();
    }

    pub fn remove(&self, kid: &str) {
        fs::remove_file(self.0.join(format!("{kid}.pem"))).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Signer {
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn signature(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }

    /// The third segment of a token.
    pub fn sign(&self, text: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.signature(text))
    }
}
