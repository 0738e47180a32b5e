//! Checks of values that JSON types cannot express. All fields are looked at, so that a client sees
//! everything that is wrong at once. The database checks the same again.

use crate::auth::passwords::LONGEST;
use crate::http::problem::{Answer, Code, FieldError, Problem};

/// Collects what is wrong with the fields of one body.
#[derive(Default)]
pub(crate) struct Checks {
    errors: Vec<FieldError>,
    unstorable: bool,
}

impl Checks {
    /// A text of one to `max` characters that is not blank.
    pub(crate) fn text(&mut self, field: &str, value: &str, max: usize) {
        if value.contains('\0') {
            self.refuse_nul(field);
        } else if value.trim().is_empty() {
            self.refuse(field, "blank", "must not be blank");
        } else if value.chars().count() > max {
            self.refuse(field, "too-long", &format!("at most {max} characters"));
        }
    }

    /// A NUL character, which cannot be stored.
    pub(crate) fn refuse_nul(&mut self, field: &str) {
        self.unstorable = true;
        self.refuse(field, "invalid-text", "a NUL character cannot be stored");
    }

    /// As [`Checks::text`], where the value may be absent.
    pub(crate) fn optional_text(&mut self, field: &str, value: Option<&str>, max: usize) {
        if let Some(value) = value {
            self.text(field, value, max);
        }
    }

    /// An e-mail address: one `@`, no spaces, at most 254 characters (RFC 5321).
    pub(crate) fn email(&mut self, field: &str, value: &str) {
        let before = self.errors.len();
        self.text(field, value, 254);
        let (local, domain) = value.split_once('@').unwrap_or_default();
        let odd = local.is_empty() || domain.is_empty() || domain.contains('@');
        if self.errors.len() == before && (odd || value.contains(char::is_whitespace)) {
            self.refuse(field, "invalid-email", "not an e-mail address");
        }
    }

    /// A password that is shown: at most 1024 bytes, so that hashing it costs what it should.
    pub(crate) fn password(&mut self, field: &str, value: &str) {
        if value.len() > LONGEST {
            self.refuse(field, "too-long", "at most 1024 bytes");
        }
    }

    /// Refuses a field.
    pub(crate) fn refuse(&mut self, field: &str, code: &'static str, message: &str) {
        self.errors.push(FieldError {
            pointer: format!("/{field}"),
            code,
            message: message.to_owned(),
        });
    }

    /// A problem if anything was refused.
    pub(crate) fn done(self) -> Answer<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let code = if self.unstorable { Code::InvalidText } else { Code::Validation };
        Err(Problem::fields(code, self.errors))
    }
}
