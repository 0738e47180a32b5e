//! Notices an e-mail that the same file has twice, in sixteen bytes a row.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

use unicode_normalization::UnicodeNormalization;

use super::row::Refusal;

/// The e-mails so far, as hashes, with the lines that had them first.
#[derive(Default)]
pub(crate) struct Duplicates {
    hasher: RandomState,
    lines: HashMap<u64, u64>,
}

impl Duplicates {
    /// Remembers an e-mail.
    ///
    /// # Errors
    /// If an earlier line had it.
    pub(crate) fn check(&mut self, email: &str, line: u64) -> Result<(), Refusal> {
        match self.lines.entry(self.hasher.hash_one(fold(email))) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let message = format!("same e-mail as line {}", entry.get());
                Err(Refusal::new("email", "duplicate", message))
            }
        }
    }
}

/// What two spellings have in common: compatibility form, lower case, as `app.fold` in the database.
pub(crate) fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Duplicates;

    #[test]
    fn an_e_mail_is_the_same_in_another_case_or_form() {
        let mut seen = Duplicates::default();
        assert_eq!(seen.check("zoë@sample.example", 2), Ok(()));
        assert_eq!(seen.check("zoe@sample.example", 3), Ok(()));
        for again in ["ZOË@SAMPLE.EXAMPLE", "zoe\u{308}@sample.example", "ｚoë@sample.example"] {
            let refusal = seen.check(again, 4).err().map(|refusal| (refusal.code, refusal.message));
            assert_eq!(refusal, Some(("duplicate".to_owned(), "same e-mail as line 2".to_owned())));
        }
    }
}
