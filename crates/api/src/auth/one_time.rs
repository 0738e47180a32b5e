//! Tokens that travel by mail, and are good once. What each is good for stands with its hash in the database.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::http::problem::{Answer, Code, Problem};

/// What every one-time token begins with, for scanners that look for secrets where none should be.
const PREFIX: &str = "pdk_ot_";
const SECRET: usize = 32;

/// 256 random bits. Whoever has them reads the mail of an address.
pub(crate) struct Token([u8; SECRET]);

impl Token {
    /// One that nobody has seen.
    pub(crate) fn new() -> Answer<Self> {
        let mut secret = [0; SECRET];
        getrandom::fill(&mut secret).map_err(|_| Problem::new(Code::Internal))?;
        Ok(Self(secret))
    }

    /// Reads a token in the one spelling that we write; another text is no token.
    pub(crate) fn read(text: &str) -> Answer<Self> {
        let bytes = text.strip_prefix(PREFIX).and_then(|t| BASE64_URL_SAFE_NO_PAD.decode(t).ok());
        let secret = bytes.and_then(|bytes| bytes.try_into().ok());
        secret.map(Self).ok_or_else(|| Problem::new(Code::InvalidToken))
    }

    /// As it stands in a mail.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }

    /// What is stored of it: SHA-256, which is enough for what is random.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_read_as_it_was_written_and_in_no_other_form() {
        let token = Token::new().unwrap();
        let text = token.text();
        assert_eq!(Token::read(&text).ok().map(|read| read.hash()), Some(token.hash()));
        assert_ne!(Token::new().unwrap().text(), text);
        let bare = text.trim_start_matches("pdk_ot_");
        let odd = [
            bare.to_owned(),
            format!("{text}="),
            format!("{text}A"),
            format!(" {text}"),
            text.to_uppercase(),
            text[..text.len() - 1].to_owned(),
            format!("pdk_rt_{bare}"),
            String::new(),
        ];
        for odd in odd {
            assert!(Token::read(&odd).is_err(), "{odd}");
        }
    }
}
