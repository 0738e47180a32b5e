//! Which passwords are taken (NIST SP 800-63B, OWASP ASVS 6.2): long ones that nobody guesses first. Which
//! characters they are made of, and how old they are, plays no part.

mod breached;
mod common;

use std::fmt;

use actix_web::web;

use crate::auth::passwords::{LONGEST, normal};
use crate::http::problem::{Answer, Code, FieldError, Problem};

pub use breached::{Breached, NotBreached};

/// A password alone lets somebody in, so that it has at least so many characters.
const SHORTEST: usize = 15;
/// The name of this product.
const PRODUCT: &str = "paddock";
/// A shorter word is in too many passwords by chance.
const SHORTEST_WORD: usize = 4;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Fewer than 15 characters.
    TooShort,
    /// More than 1024 bytes.
    TooLong,
    /// Among those that are tried first.
    Common,
    /// It holds a name, the company, the e-mail or the product.
    ContextWord,
    /// It stands in a list of stolen passwords.
    Breached,
}

impl Rejection {
    const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::Common => "common",
            Self::ContextWord => "context-word",
            Self::Breached => "breached",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::TooShort => "at least 15 characters",
            Self::TooLong => "at most 1024 bytes",
            Self::Common => "made of what many people have for a password",
            Self::ContextWord => {
                "holds your name, your company, your e-mail or the name of this product"
            }
            Self::Breached => "stands in a list of stolen passwords",
        }
    }

    /// The problem of this field.
    fn problem(self, field: &str) -> Problem {
        let pointer = format!("/{field}");
        let (code, message) = (self.code(), self.message().to_owned());
        Problem::field(Code::PasswordRejected, FieldError { pointer, code, message })
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the password is not taken: {}", self.message())
    }
}

impl std::error::Error for Rejection {}

/// Whether a password is taken, but for lists of stolen ones. `words` are what its owner is known by: names,
/// companies, the e-mail.
///
/// # Errors
/// Why it is not.
pub fn check(password: &str, words: &[&str]) -> Result<(), Rejection> {
    let normal = normal(password);
    if normal.chars().count() < SHORTEST {
        return Err(Rejection::TooShort);
    }
    if password.len() > LONGEST {
        return Err(Rejection::TooLong);
    }
    let folded = normal.to_lowercase();
    if common::is_common(&folded) {
        return Err(Rejection::Common);
    }
    let bare = bare(&folded);
    let held = |word: &String| bare.contains(word.as_str());
    if context(words).iter().any(held) {
        return Err(Rejection::ContextWord);
    }
    Ok(())
}

/// The same, with the list of stolen passwords, as an answer about this field.
pub(crate) async fn require(
    field: &str,
    password: &str,
    words: &[&str],
    breached: Option<&Breached>,
) -> Answer<()> {
    check(password, words).map_err(|rejection| rejection.problem(field))?;
    let Some(breached) = breached.cloned() else { return Ok(()) };
    let password = normal(password);
    let found = web::block(move || breached.holds(&password)).await;
    match found.map_err(|_| Problem::new(Code::Overloaded))? {
        Ok(false) => Ok(()),
        Ok(true) => Err(Rejection::Breached.problem(field)),
        Err(error) => {
            tracing::error!(%error, "the list of stolen passwords cannot be read");
            Err(Problem::new(Code::Internal))
        }
    }
}

/// The words themselves and their parts, and of an e-mail what stands before the `@`.
fn context(words: &[&str]) -> Vec<String> {
    let mut context = vec![PRODUCT.to_owned()];
    for word in words {
        let folded = normal(word).to_lowercase();
        let (local, _) = folded.split_once('@').unwrap_or((&folded, ""));
        context.push(bare(local));
        context.extend(local.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
    }
    context.retain(|word| word.chars().count() >= SHORTEST_WORD);
    context
}

/// Letters and digits: `n-i-k-e` is Nike too.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Rejection, check};

    const WORDS: [&str; 3] = ["Coca-Cola", "Zoë Müller", "zoe.mueller@coca-cola.example"];

    #[test]
    fn a_long_password_is_taken_whatever_it_is_made_of() {
        for password in [
            "two-companies-one-database",
            "hunting unicorns at dawn",
            "☃☂☀★☆☎☏☐☑☒☓☔☕☖☗",
            "umbrella\0and a clementine",
            "zzyzx zzyzx road 9",
        ] {
            assert_eq!(check(password, &WORDS), Ok(()), "{password}");
        }
    }

    #[test]
    fn it_is_measured_in_characters_of_its_normal_form() {
        assert_eq!(check("fourteen chars", &[]), Err(Rejection::TooShort));
        assert_eq!(check("fifteen chars.!", &[]), Ok(()));
        assert_eq!(check(&"é".repeat(14), &[]), Err(Rejection::TooShort));
        // Fifteen code points that compose to fewer.
        assert_eq!(check(&"e\u{301}".repeat(14), &[]), Err(Rejection::TooShort));
        let long = "a long one, and not a common one. ".repeat(31);
        assert_eq!(check(&long[..1024], &[]), Ok(()));
        assert_eq!(check(&long[..1025], &[]), Err(Rejection::TooLong));
    }

    #[test]
    fn names_companies_and_the_product_are_not_in_it() {
        for password in [
            "I love coca-cola a lot",
            "WE DRINK C.O.C.A. C.O.L.A.",
            "the müller family dog",
            "ｍüller in wide letters",
            "zoe.mueller was here",
            "mueller-and-daughters",
            "my paddock is my castle",
        ] {
            assert_eq!(check(password, &WORDS), Err(Rejection::ContextWord), "{password}");
        }
        // Too short to be more than chance.
        assert_eq!(check("gazoeing at the moon", &WORDS), Ok(()));
        assert_eq!(check("bobsleigh on a hill", &["Bob"]), Ok(()));
    }
}
