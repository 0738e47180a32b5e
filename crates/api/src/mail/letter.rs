//! What is written in mails: short, plain text, and never a word that a stranger has chosen.

use paddock_db::{Addressee, ChangedEmail};

use crate::auth::invitation::Invite;
use crate::auth::one_time::Token;

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, for the log: nothing else of a letter stands there.
    pub kind: &'static str,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text. It may hold a token.
    pub text: String,
}

/// The file of a letter: the subject in the first line, then the text.
macro_rules! template {
    ($kind:literal) => {
        ($kind, include_str!(concat!("letters/", $kind, ".txt")))
    };
}

/// What can be written about.
pub(super) enum Subject<'a> {
    SignUp(&'a Token),
    SignUpKnown,
    PasswordReset(&'a Token),
    PasswordChanged,
    EmailChange(&'a Token),
    EmailChangeKnown,
    EmailChanged,
    Invitation(&'a Invite),
}

impl Subject<'_> {
    /// To whoever signed up, with the truth about their e-mail.
    pub(super) fn of_sign_up<'a>(addressee: &Addressee, token: &'a Token) -> Subject<'a> {
        if addressee.is_known { Subject::SignUpKnown } else { Subject::SignUp(token) }
    }

    /// To whoever reads the new e-mail, with the truth about it.
    pub(super) fn of_email_change<'a>(addressee: &Addressee, token: &'a Token) -> Subject<'a> {
        if addressee.is_known { Subject::EmailChangeKnown } else { Subject::EmailChange(token) }
    }

    fn template(&self) -> (&'static str, &'static str) {
        match self {
            Self::SignUp(_) => template!("verify_email"),
            Self::SignUpKnown => template!("sign_up_known"),
            Self::PasswordReset(_) => template!("reset_password"),
            Self::PasswordChanged => template!("password_changed"),
            Self::EmailChange(_) => template!("change_email"),
            Self::EmailChangeKnown => template!("change_email_known"),
            Self::EmailChanged => template!("email_changed"),
            Self::Invitation(_) => template!("invitation"),
        }
    }

    /// The page that takes the token. It stands after `#`: browsers send that to no server and no log.
    fn link(&self, public_url: &str) -> String {
        let (page, token) = match self {
            Self::SignUp(token) => ("verify-email", token.text()),
            Self::PasswordReset(token) => ("reset-password", token.text()),
            Self::EmailChange(token) => ("confirm-email", token.text()),
            Self::Invitation(invite) => ("accept-invitation", invite.text()),
            _ => return String::new(),
        };
        format!("{}/{page}#token={}", public_url.trim_end_matches('/'), token)
    }

    /// Writes the letter.
    pub(super) fn letter(&self, to: String, public_url: &str) -> Letter {
        let (kind, template) = self.template();
        let (subject, text) = template.split_once('\n').unwrap_or((template, ""));
        let text = text.replace("{link}", &self.link(public_url));
        Letter { kind, to, subject: subject.to_owned(), text }
    }
}

/// To the address that was given up.
pub(super) fn email_changed(changed: ChangedEmail, public_url: &str) -> Letter {
    Subject::EmailChanged.letter(changed.old, public_url)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Subject;
    use crate::auth::invitation::Invite;
    use crate::auth::one_time::Token;

    #[test]
    fn a_letter_says_what_it_is_about_and_where_to_go() {
        let token = Token::new().unwrap();
        let letter = Subject::SignUp(&token).letter("a@b".to_owned(), "https://crm.example/");
        assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("a@b", "Confirm your e-mail"));
        let link = format!("\nhttps://crm.example/verify-email#token={}\n", token.text());
        assert!(letter.text.contains(&link), "{}", letter.text);
    }

    #[test]
    fn every_letter_is_short_and_complete() {
        let token = Token::new().unwrap();
        let invite = Invite::new(Uuid::nil()).unwrap();
        let subjects = [
            Subject::SignUp(&token),
            Subject::SignUpKnown,
            Subject::PasswordReset(&token),
            Subject::PasswordChanged,
            Subject::EmailChange(&token),
            Subject::EmailChangeKnown,
            Subject::EmailChanged,
            Subject::Invitation(&invite),
        ];
        for subject in subjects {
            let letter = subject.letter("a@b".to_owned(), "https://crm.example");
            assert!(!letter.subject.is_empty() && letter.text.len() < 600, "{}", letter.kind);
            assert!(!letter.text.contains(['{', '}']), "{}", letter.text);
        }
    }
}
