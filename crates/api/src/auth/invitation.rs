//! Tokens of invitations, which travel by mail: the company, and 256 random bits that are good once.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::problem::{Answer, Code, Problem};

/// What every one begins with, for scanners that look for secrets where none should be.
const PREFIX: &str = "pdk_in_";
const COMPANY: usize = 16;
const SECRET: usize = 32;

/// Whoever has it reads the mail of who is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) company_id: Uuid,
    secret: [u8; SECRET],
}

impl Invite {
    /// One that nobody has seen.
    pub(crate) fn new(company_id: Uuid) -> Answer<Self> {
        let mut secret = [0; SECRET];
        getrandom::fill(&mut secret).map_err(|_| Problem::new(Code::Internal))?;
        Ok(Self { company_id, secret })
    }

    /// Reads a token in the one spelling that we write; another text is no token.
    pub(crate) fn read(text: &str) -> Answer<Self> {
        let bytes = text.strip_prefix(PREFIX).and_then(|t| BASE64_URL_SAFE_NO_PAD.decode(t).ok());
        let invite = bytes.and_then(|bytes| {
            let (company, secret) = bytes.split_at_checked(COMPANY)?;
            let company_id = Uuid::from_slice(company).ok()?;
            Some(Self { company_id, secret: secret.try_into().ok()? })
        });
        invite.ok_or_else(|| Problem::new(Code::InvalidToken))
    }

    /// As it stands in a mail.
    pub(crate) fn text(&self) -> String {
        let bytes = [self.company_id.as_bytes(), self.secret.as_slice()].concat();
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What is stored of it: SHA-256, which is enough for what is random.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Invite;

    #[test]
    fn a_token_is_read_as_it_was_written_and_in_no_other_form() {
        let invite = Invite::new(Uuid::from_u128(7)).unwrap();
        let text = invite.text();
        assert_eq!(Invite::read(&text).ok(), Some(invite.clone()));
        assert_ne!(Invite::new(invite.company_id).unwrap().text(), text);
        let bare = text.trim_start_matches("pdk_in_");
        let odd = [
            bare.to_owned(),
            format!("{text}="),
            format!("{text}A"),
            format!(" {text}"),
            text.to_uppercase(),
            text[..text.len() - 1].to_owned(),
            format!("pdk_ot_{bare}"),
            "pdk_in_AAAA".to_owned(),
            String::new(),
        ];
        for odd in odd {
            assert!(Invite::read(&odd).is_err(), "{odd}");
        }
    }
}
