//! Passwords that are tried first. The list is the most frequent ones of zxcvbn's, and all of that which are
//! long enough; licence in `common.LICENSE.txt`.
//!
//! Few people have fifteen characters of their own accord: who is asked for them writes the password that
//! they have twice, or two of them, or adds digits. So two in a row are as common as one.

use std::sync::LazyLock;

/// Sorted, folded, one a line.
static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// A word in front of it, or behind it, has at least so many letters.
const SHORTEST: usize = 4;

/// Whether a folded password is one of the list, two of them in a row, or one thing over and over; digits,
/// blanks and signs around and between them do not count.
pub(super) fn is_common(folded: &str) -> bool {
    let inner = folded.trim_matches(|c: char| !c.is_alphabetic());
    let bare: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    [folded, inner, &bare].into_iter().any(|text| is_one_or_two(text) || repeats(text))
}

fn is_one_or_two(text: &str) -> bool {
    let mut splits = text.char_indices().map(|(at, _)| text.split_at(at));
    is_listed(text) || splits.any(|(one, other)| counts(one) && counts(other))
}

/// A part: a word of the list, or digits in a row, which anybody adds to it.
fn counts(part: &str) -> bool {
    part.len() >= SHORTEST && (is_listed(part) || part.bytes().all(|b| b.is_ascii_digit()))
}

fn is_listed(word: &str) -> bool {
    LIST.binary_search(&word).is_ok()
}

/// At most five characters, at least three times: `abcabcabcabcabc`.
fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let of = |length: usize| letters.iter().zip(letters.iter().skip(length)).all(|(a, b)| a == b);
    (1..=5).any(|length| letters.len() >= 3 * length && of(length))
}

#[cfg(test)]
mod tests {
    use super::{LIST, is_common};

    #[test]
    fn the_list_is_long_sorted_and_folded() {
        assert!(LIST.len() >= 3_000 && LIST.is_sorted(), "{}", LIST.len());
        assert!(LIST.iter().all(|word| word.to_lowercase() == *word));
    }

    #[test]
    fn what_many_people_make_of_fifteen_characters_is_common() {
        for password in [
            "1qaz2wsx3edc4rfv",
            "q1w2e3r4t5y6u7i8",
            "passwordpassword",
            "password-password",
            "password123456789",
            "!!password12345!!",
            "iloveyou iloveyou",
            "footballbaseball",
            "qwertyuiopasdfgh",
            "123456789012345",
            "aaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "               ",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn what_few_people_think_of_is_not() {
        for password in [
            "two-companies-one-database",
            "correct horse stapled a battery",
            "hunting unicorns at dawn",
            "monkey business in the harbour",
            "☃☂☀★☆☎☏☐☑☒☓☔☕☖☗",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }
}
