//! Stolen passwords: a file as Pwned Passwords gives it away, SHA-1 in hexadecimal and how often, sorted, one
//! a line. It is searched where it lies: nothing is loaded, and nobody is asked over a network.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The longest line that is read: 40 digits, a colon and a count.
const LINE: usize = 80;
/// A shorter beginning of a hash would fit by chance.
const FEWEST_DIGITS: usize = 16;

/// The list. Clones share the file.
#[derive(Clone)]
pub struct Breached(Arc<List>);

struct List {
    file: File,
    length: u64,
    path: PathBuf,
}

/// Why a file is no list of stolen passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBreached(String);

impl fmt::Display for NotBreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotBreached {}

impl Breached {
    /// Opens the list. Beginnings of hashes are taken too, of at least 16 digits.
    ///
    /// # Errors
    /// If it cannot be read, or does not begin and end like one.
    pub fn open(path: &Path) -> Result<Self, NotBreached> {
        let wrong = |what: &str| NotBreached(format!("{}: {what}", path.display()));
        let open = || -> io::Result<List> {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok(List { file, length, path: path.to_owned() })
        };
        let list = open().map_err(|error| wrong(&error.to_string()))?;
        let ends = [list.line_after(0), list.last_line()];
        let ends = ends.map(|line| line.ok().flatten().and_then(|(_, line)| hash_of(&line)));
        match ends {
            [Some(first), Some(last)] if first <= last => Ok(Self(Arc::new(list))),
            _ => Err(wrong("is no sorted list of SHA-1 in hexadecimal, such as Pwned Passwords")),
        }
    }

    /// Whether the password stands in it.
    ///
    /// # Errors
    /// If the file cannot be read any more, or a line of it is none.
    pub(crate) fn holds(&self, password: &str) -> Result<bool, NotBreached> {
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let wanted: String = sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        self.0.search(&wanted)
    }
}

impl List {
    /// By halves: between `low` and `high` begins the line, if it is there.
    fn search(&self, wanted: &str) -> Result<bool, NotBreached> {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            let line = self.line_after(middle).map_err(|error| self.wrong(&error.to_string()))?;
            let Some((at, line)) = line.filter(|(at, _)| *at < high) else {
                high = middle;
                continue;
            };
            let hash = hash_of(&line).ok_or_else(|| self.wrong("a line is no SHA-1"))?;
            if wanted.starts_with(&hash) {
                return Ok(true);
            }
            if hash.as_str() < wanted {
                low = at + line.len() as u64;
            } else {
                high = middle;
            }
        }
        Ok(false)
    }

    /// The first line that begins there or later, and where it does; none behind the last one.
    fn line_after(&self, from: u64) -> io::Result<Option<(u64, String)>> {
        // The byte before tells whether a line begins just there.
        let start = from.saturating_sub(1);
        let mut bytes = vec![0; 2 * LINE + 1];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], start + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        let skip = match from {
            0 => 0,
            _ => match bytes.iter().position(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                None => return Ok(None),
            },
        };
        let rest = &bytes[skip..];
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        Ok(Some((start + skip as u64, line)).filter(|(_, line)| !line.is_empty()))
    }

    fn last_line(&self) -> io::Result<Option<(u64, String)>> {
        let (mut at, mut last) = (self.length.saturating_sub(LINE as u64), None);
        while let Some((start, line)) = self.line_after(at)? {
            at = start + line.len() as u64;
            last = Some((start, line));
        }
        Ok(last)
    }

    fn wrong(&self, what: &str) -> NotBreached {
        NotBreached(format!("{}: {what}", self.path.display()))
    }
}

/// The hexadecimal digits of a line, in upper case.
fn hash_of(line: &str) -> Option<String> {
    let hash = line.trim_end().split(':').next().unwrap_or_default();
    let plain = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = (FEWEST_DIGITS..=40).contains(&hash.len());
    (plain && fits).then(|| hash.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Breached;

    fn file(name: &str, text: &str) -> PathBuf {
        let name = format!("paddock-breached-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// SHA-1 of `password-<n>`, for many n, and counts of different lengths.
    fn list(ending: &str, digits: usize) -> String {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
        let line = |n: u32| {
            let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("password-{n}").as_bytes());
            let hex: String = sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
            format!("{}:{}{ending}", &hex[..digits], 10_u64.pow(n % 9))
        };
        let mut lines: Vec<String> = (0..500).map(line).collect();
        lines.sort();
        lines.concat()
    }

    #[test]
    fn every_password_of_the_list_is_found_and_no_other_one() {
        for (ending, digits) in [("\n", 40), ("\r\n", 40), ("\n", 20)] {
            let path = file("list", &list(ending, digits));
            let breached = Breached::open(&path).unwrap();
            for n in 0..500 {
                assert_eq!(breached.holds(&format!("password-{n}")), Ok(true), "{n}");
                assert_eq!(breached.holds(&format!("passport-{n}")), Ok(false), "{n}");
            }
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_list_of_one_and_a_list_without_a_last_line_end_are_lists() {
        let one = file("one", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\n");
        assert_eq!(Breached::open(&one).unwrap().holds("password"), Ok(true));
        assert_eq!(Breached::open(&one).unwrap().holds("passwort"), Ok(false));
        let cut = file("cut", list("\n", 40).trim_end());
        assert_eq!(Breached::open(&cut).unwrap().holds("password-7"), Ok(true));
        for path in [one, cut] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_no_list_is_refused() {
        for (name, text) in [
            ("empty", ""),
            ("words", "password\nletmein\n"),
            ("short", "5BAA6\n5BAA7\n"),
            ("unsorted", "F000000000000000:1\n0000000000000000:1\n"),
        ] {
            let path = file(name, text);
            assert!(Breached::open(&path).is_err(), "{name}");
            std::fs::remove_file(path).unwrap();
        }
        assert!(Breached::open(&PathBuf::from("/no/such/file")).is_err());
    }
}
