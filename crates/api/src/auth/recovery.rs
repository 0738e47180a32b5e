//! Recovery codes: ten of 80 random bits each, for whoever has lost the authenticator.

use sha2::{Digest, Sha256};

use crate::auth::totp::{base32, of_base32};
use crate::http::problem::{Answer, Code, Problem};

/// How many there are in a set.
pub(crate) const COUNT: usize = 10;
/// Bytes of a code.
const BYTES: usize = 10;

/// A new set, as text, and what is stored of each.
pub(crate) fn new_set() -> Answer<(Vec<String>, Vec<Vec<u8>>)> {
    let mut random = [0; COUNT * BYTES];
    getrandom::fill(&mut random).map_err(|_| Problem::new(Code::Internal))?;
    Ok(random.chunks_exact(BYTES).map(|code| (write(code), hash(code))).unzip())
}

/// What is stored of the code that somebody typed; none if it cannot be one.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    let letters: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let code = of_base32(&letters)?;
    (code.len() == BYTES).then(|| hash(&code))
}

/// Four groups of four: `abcd-efgh-ijkl-mnop`.
fn write(code: &[u8]) -> String {
    let letters = base32(code).to_lowercase();
    let groups: Vec<&str> = (0..4).filter_map(|n| letters.get(4 * n..4 * n + 4)).collect();
    groups.join("-")
}

/// SHA-256, which is enough for what is random.
fn hash(code: &[u8]) -> Vec<u8> {
    Sha256::digest(code).to_vec()
}

#[cfg(test)]
mod tests {
    use super::{COUNT, new_set, read};

    #[test]
    fn a_code_is_read_as_it_was_written_and_as_people_type_it() {
        let (codes, hashes) = new_set().ok().unwrap();
        assert_eq!((codes.len(), hashes.len()), (COUNT, COUNT));
        for (code, hash) in codes.iter().zip(&hashes) {
            assert_eq!(code.len(), 19);
            for typed in
                [code, &code.to_uppercase(), &code.replace('-', " "), &code.replace('-', "")]
            {
                assert_eq!(read(typed).as_ref(), Some(hash), "{typed}");
            }
            assert_eq!(read(&code[..18]), None);
            assert_eq!(read(&format!("{code}-aaaa-aaaa")), None);
        }
        assert_eq!(read(""), None);
    }
}
