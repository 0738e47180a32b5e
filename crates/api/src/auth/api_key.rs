//! API keys: what programs show in the place of an access token. A key says itself which company, user and key it
//! is of, so that one flight can find out whether that is true.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use paddock_db::{Actor, Key};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::refresh::{first_secret, hash};
use crate::http::problem::Answer;

/// What every key begins with, for scanners that look for secrets where none should be.
const PREFIX: &str = "pdk_live_";
const SECRET: usize = 32;
/// Key, company, user, secret.
const PAYLOAD: usize = 3 * 16 + SECRET;
/// The first bytes of the SHA-256 of all letters before them: tells a mistyped key from one that is wrong.
/// Together with the payload these are 84 bytes, which are 112 letters with nothing left over.
const CHECKSUM: usize = 4;
/// How many letters after the prefix people see: of the id, none of the secret.
const SHOWN: usize = 8;

/// One key.
pub(crate) struct ApiKey {
    pub(crate) id: Uuid,
    pub(crate) company_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) secret: Secret,
}

/// 256 bits that nobody can guess.
pub(crate) struct Secret([u8; SECRET]);

impl Secret {
    /// One that nobody has seen.
    pub(crate) fn new() -> Answer<Self> {
        first_secret().map(Self)
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&self.0)
    }
}

impl ApiKey {
    /// The key as text.
    pub(crate) fn write(&self) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD + CHECKSUM);
        for id in [self.id, self.company_id, self.user_id] {
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.extend_from_slice(&self.secret.0);
        bytes.extend_from_slice(&checksum(&bytes));
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a key in the one spelling that we write. Whether it is good, the database knows.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (payload, sum) = bytes.split_at_checked(PAYLOAD)?;
        if sum != checksum(payload) {
            return None;
        }
        let id = |n: usize| Uuid::from_slice(&payload[n * 16..][..16]).ok();
        Some(Self {
            id: id(0)?,
            company_id: id(1)?,
            user_id: id(2)?,
            secret: Secret(payload[PAYLOAD - SECRET..].try_into().ok()?),
        })
    }

    /// Whoever has it acts for its user, as far as the key is good for this scope.
    pub(crate) fn actor(&self, scope: &'static str) -> Actor {
        let secret_hash = Sha256::digest(self.secret.0).into();
        let key = Some(Key { id: self.id, secret_hash, scope });
        Actor { key, ..Actor::trusted(self.company_id, self.user_id) }
    }
}

/// Whether the text is to be read as a key.
pub(crate) fn is_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// How the key begins: enough to find it again, and nothing of its secret.
pub(crate) fn beginning(id: Uuid) -> String {
    let mut text = BASE64_URL_SAFE_NO_PAD.encode(id);
    text.truncate(SHOWN);
    format!("{PREFIX}{text}")
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM] {
    let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(payload));
    let whole = Sha256::digest(text);
    std::array::from_fn(|at| whole[at])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{ApiKey, Secret, beginning, is_one};

    fn key() -> ApiKey {
        let id = Uuid::from_u128;
        ApiKey { id: id(1 << 100), company_id: id(2), user_id: id(3), secret: Secret([7; 32]) }
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_in_no_other_form() {
        let text = key().write();
        assert_eq!(text.len(), 121);
        let read = ApiKey::read(&text).unwrap();
        assert_eq!(read.actor("customers:read"), key().actor("customers:read"));
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            assert!(ApiKey::read(&String::from_utf8_lossy(&edited)).is_none(), "letter {at}");
            assert!(ApiKey::read(&text[..at]).is_none(), "cut at {at}");
        }
        for odd in [format!("{text}="), format!("{text}A"), format!(" {text}"), text.to_uppercase()]
        {
            assert!(ApiKey::read(&odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_key_begins_with_what_people_see_of_it() {
        let text = key().write();
        assert!(is_one(&text));
        assert!(text.starts_with(&beginning(key().id)));
        assert_eq!(beginning(key().id), "pdk_live_AAAAEAAA");
    }
}
