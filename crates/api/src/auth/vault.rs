//! Secrets that are needed again in the clear: stored encrypted, so that the database alone does not have them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use uuid::Uuid;

use crate::auth::refresh::derived;
use crate::http::problem::{Answer, Code, Problem};

/// AES-256-GCM with a random nonce, which stands before the text.
pub(crate) struct Vault(RandomizedNonceKey);

impl Vault {
    /// Derives its key from the service's secret, so that it is of no use for anything else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        match RandomizedNonceKey::new(
            &AES_256_GCM,
            &derived(secret, b"paddock second factor secret"),
        ) {
            Ok(key) => Self(key),
            Err(_) => unreachable!("the key is as long as the algorithm wants it"),
        }
    }

    /// Encrypts what belongs to an identity, and can be read as belonging to it alone.
    pub(crate) fn seal(&self, identity_id: Uuid, secret: &[u8]) -> Answer<Vec<u8>> {
        let mut text = secret.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(identity_id.as_bytes()), &mut text)
            .map_err(|_| Problem::new(Code::Internal))?;
        Ok([nonce.as_ref(), text.as_slice()].concat())
    }

    /// Decrypts it; none if it is another identity's, was edited, or was sealed with another secret of the service.
    pub(crate) fn open(&self, identity_id: Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let aad = Aad::from(identity_id.as_bytes());
        Some(self.0.open_in_place(nonce, aad, &mut text).ok()?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::Vault;
    use uuid::Uuid;

    #[test]
    fn what_was_sealed_is_opened_for_its_identity_alone_and_as_it_was() {
        let vault = Vault::new(b"a secret of the tests, 32 bytes.");
        let (hers, his) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault.seal(hers, b"12345678901234567890").ok().unwrap();
        assert_eq!(sealed.len(), 48);
        assert_eq!(vault.open(hers, &sealed).unwrap(), b"12345678901234567890");
        assert_ne!(vault.seal(hers, b"12345678901234567890").ok().unwrap(), sealed);
        assert_eq!(vault.open(his, &sealed), None);
        assert_eq!(Vault::new(b"another secret, of 32 bytes too.").open(hers, &sealed), None);
        for at in 0..sealed.len() {
            let mut edited = sealed.clone();
            edited[at] ^= 1;
            assert_eq!(vault.open(hers, &edited), None, "byte {at}");
            assert_eq!(vault.open(hers, &sealed[..at]), None, "cut at {at}");
        }
    }
}
