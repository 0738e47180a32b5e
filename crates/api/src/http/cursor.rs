//! Where a list goes on: opaque to clients, signed, and bound to company, list, sort and filter.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::http::problem::{Answer, Code, Problem};

/// The first byte of every cursor; another one is a cursor of another time.
const VERSION: u8 = 1;
/// How much of the signature is kept: 128 bits.
const MAC: usize = 16;

/// The sort key of the last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Time(OffsetDateTime),
    Text(String),
}

/// The last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) key: Key,
    pub(crate) id: Uuid,
}

impl Position {
    /// In a list that is sorted by time.
    pub(crate) const fn at(time: OffsetDateTime, id: Uuid) -> Self {
        Self { key: Key::Time(time), id }
    }
}

/// What a cursor is good for, and for nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) company_id: Uuid,
    /// The list, by its path.
    pub(crate) list: &'a str,
    /// Sort and filters, see [`crate::http::params::Query::fingerprint`].
    pub(crate) fingerprint: &'a str,
}

/// The key that cursors are signed with.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// Derives the key from the service's secret, so that it is of no use for tokens.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut derive = new_hmac(secret);
        derive.update(b"paddock cursor");
        Self(new_hmac(&derive.finalize().into_bytes()))
    }

    /// Writes a cursor.
    pub(crate) fn sign(&self, scope: Scope<'_>, position: &Position) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(position.id.as_bytes());
        match &position.key {
            Key::Time(time) => {
                bytes.push(b't');
                bytes.extend_from_slice(&(time.unix_timestamp_nanos() / 1000).to_be_bytes());
            }
            Key::Text(text) => {
                bytes.push(b's');
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        let mac = self.mac(scope, &bytes);
        bytes.extend_from_slice(&mac[..MAC]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that was written for the same scope.
    pub(crate) fn verify(&self, scope: Scope<'_>, cursor: &str) -> Answer<Position> {
        self.read(scope, cursor).ok_or_else(|| Problem::new(Code::InvalidCursor))
    }

    fn read(&self, scope: Scope<'_>, cursor: &str) -> Option<Position> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, given) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let mac = self.begin(scope, payload);
        mac.verify_truncated_left(given).ok()?;
        let (id, key) = payload.strip_prefix(&[VERSION])?.split_at_checked(16)?;
        let key = match key.split_first()? {
            (b't', rest) => {
                let micros = i128::from_be_bytes(rest.try_into().ok()?);
                Key::Time(OffsetDateTime::from_unix_timestamp_nanos(micros * 1000).ok()?)
            }
            (_, rest) => Key::Text(String::from_utf8(rest.to_vec()).ok()?),
        };
        Some(Position { key, id: Uuid::from_slice(id).ok()? })
    }

    fn mac(&self, scope: Scope<'_>, payload: &[u8]) -> [u8; 32] {
        self.begin(scope, payload).finalize().into_bytes().into()
    }

    fn begin(&self, scope: Scope<'_>, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(scope.company_id.as_bytes());
        for part in [scope.list.as_bytes(), scope.fingerprint.as_bytes(), payload] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

fn new_hmac(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key) {
        Ok(hmac) => hmac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Position, Scope, Signer};
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let signer = Signer::new(b"a secret of the tests, 32 bytes.");
        let nike = Scope {
            company_id: Uuid::from_u128(1),
            list: "/v1/customers",
            fingerprint: "sort=name",
        };
        let position = Position { key: Key::Text("é".into()), id: Uuid::from_u128(7) };
        let cursor = signer.sign(nike, &position);
        assert_eq!(signer.verify(nike, &cursor).ok(), Some(position));
        let others = [
            Scope { company_id: Uuid::from_u128(2), ..nike },
            Scope { list: "/v1/users", ..nike },
            Scope { fingerprint: "sort=-name", ..nike },
        ];
        assert!(others.iter().all(|other| signer.verify(*other, &cursor).is_err()));
        for at in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap_or_default();
            assert!(signer.verify(nike, &edited).is_err(), "byte {at}");
            assert!(signer.verify(nike, &cursor[..at]).is_err(), "cut at {at}");
        }
    }
}
