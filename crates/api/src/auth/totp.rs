//! Codes of an authenticator (RFC 6238): six digits, SHA-1, another one every thirty seconds.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use crate::http::problem::{Answer, Code, Problem};

/// Bytes of a secret: as long as the hash (RFC 4226, section 4).
pub(crate) const SECRET: usize = 20;
/// Digits of a code.
pub(crate) const DIGITS: usize = 6;
/// Seconds of a step.
const STEP: i64 = 30;
/// How many steps the clock of the authenticator may be ahead or behind.
const DRIFT: i64 = 1;
/// Five bits a letter (RFC 4648, section 6).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret of a new factor.
pub(crate) fn new_secret() -> Answer<[u8; SECRET]> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(|_| Problem::new(Code::Internal))?;
    Ok(secret)
}

/// The step, of those around this second, whose code this is.
pub(crate) fn step_of(code: &str, secret: &[u8], now: i64) -> Option<i64> {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let current = now.div_euclid(STEP);
    let mut steps = current - DRIFT..=current + DRIFT;
    steps.find(|step| {
        let expected = format!("{:0width$}", number(&key, *step), width = DIGITS);
        verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok()
    })
}

/// RFC 4226, section 5.3: four bytes out of the hash, at a place that its last byte names.
fn number(key: &Key, step: i64) -> u32 {
    let hash = sign(key, &step.to_be_bytes());
    let hash = hash.as_ref();
    let at = usize::from(hash[hash.len() - 1] & 15);
    let four = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
    u32::from_be_bytes(four) % 10_u32.pow(DIGITS as u32)
}

/// What authenticators read from a picture: `otpauth://totp/Paddock:alice%40nike.example?secret=…`.
pub(crate) fn address(secret: &[u8], email: &str) -> String {
    let account: String = form_urlencoded::byte_serialize(email.as_bytes()).collect();
    // In a path a space is not a plus.
    let account = account.replace('+', "%20");
    let secret = base32(secret);
    format!(
        "otpauth://totp/Paddock:{account}?secret={secret}&issuer=Paddock&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

/// As letters and digits that people can type. Full groups of five bytes need no padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |n| char::from(ALPHABET[(bits >> (5 * n) & 31) as usize]))
    };
    bytes.chunks_exact(5).flat_map(group).collect()
}

/// The bytes of full groups of eight letters, upper or lower case.
pub(crate) fn of_base32(text: &str) -> Option<Vec<u8>> {
    let value = |letter: &u8| {
        let letter = letter.to_ascii_uppercase();
        ALPHABET.iter().position(|known| *known == letter).map(|value| value as u64)
    };
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for group in text.as_bytes().chunks(8) {
        let values = group.iter().map(value).collect::<Option<Vec<u64>>>()?;
        let bits = values.iter().fold(0, |bits, value| bits << 5 | value);
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    text.len().is_multiple_of(8).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{address, base32, of_base32, step_of};

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (now, code) in vectors {
            assert_eq!(step_of(code, SECRET, now), Some(now / 30), "{now}");
        }
    }

    #[test]
    fn a_code_is_good_for_half_a_minute_more_in_both_directions_and_no_longer() {
        let good = |now| step_of("287082", SECRET, now);
        let seconds = [-1, 0, 30, 59, 89, 90];
        let expected = [false, true, true, true, true, false];
        assert_eq!(seconds.map(|now| good(now).is_some()), expected);
        assert_eq!([30, 59, 89].map(good), [Some(1); 3]);
        assert_eq!(step_of("287082", b"12345678901234567891", 59), None);
        for odd in ["", "28708", "2870820", "94287082", "28708２", "+87082", " 287082"] {
            assert_eq!(step_of(odd, SECRET, 59), None, "{odd}");
        }
    }

    #[test]
    fn a_secret_is_written_as_rfc_4648_has_it_and_read_again() {
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(of_base32("gezdgnbvGY3TQOJQGEZDGNBVGY3TQOJQ").as_deref(), Some(SECRET));
        for odd in ["A", "AAAAAAA", "AAAAAAA=", "AAAAAAA1", "AAAA-AAA", "AAAAAAAAA", "ÄAAAAAA"] {
            assert_eq!(of_base32(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_address_names_issuer_and_account() {
        assert_eq!(
            address(SECRET, "ada+1@nike.example"),
            "otpauth://totp/Paddock:ada%2B1%40nike.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Paddock&algorithm=SHA1&digits=6&period=30"
        );
    }
}
