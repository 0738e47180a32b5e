//! `paddock sample`: made-up customers as CSV, as messy as real ones and the same each time.

use std::collections::HashMap;
use std::io::{self, Write};

use clap::Args;
use csv::Terminator;
use fake::Fake;
use fake::faker::company::raw::CompanyName;
use fake::faker::job::raw::Title;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT, JA_JP, NL_NL, PT_BR, TR_TR};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use unicode_normalization::UnicodeNormalization;

const COLUMNS: [&str; 7] =
    ["First Name", "Last Name", "E-mail", "Phone", "Job Title", "Lifecycle Stage", "Notes"];

/// Domains that nobody can own (RFC 2606): no mail ever reaches a stranger.
const DOMAINS: [&str; 9] = [
    "example.com",
    "example.net",
    "example.org",
    "acme.example",
    "globex.example",
    "initech.example",
    "mail.example.com",
    "sample.example",
    "umbrella.example",
];

const STAGES: [&str; 10] = [
    "lead", "Lead", "LEAD", "prospect", "Prospect", "customer", "Customer", "CUSTOMER", "former",
    "",
];

const WRONG_STAGES: [&str; 4] = ["Qualified", "MQL", "hot", "n/a"];

/// How many earlier rows a duplicate may be of.
const REMEMBERED: usize = 500;

/// Writes made-up customers as CSV to the standard output: names of many countries, and the mistakes of
/// real files, about one in twelve rows. The same rows and seed give the same file.
#[derive(Args)]
pub(crate) struct SampleArgs {
    /// How many rows to write
    #[arg(long, default_value_t = 10_000)]
    pub(crate) rows: usize,

    /// Where the dice start: another seed, other people
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
}

/// Writes a header and so many rows.
///
/// # Errors
/// If the output cannot be written.
pub(crate) fn write(out: &mut dyn Write, rows: usize, seed: u64) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut csv =
        csv::WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(out);
    csv.write_record(COLUMNS)?;
    let mut people = People::new(seed);
    for _ in 0..rows {
        csv.write_record(people.row())?;
    }
    csv.flush()
}

/// One line of the file before it is damaged.
#[derive(Clone)]
struct Person {
    first: String,
    last: String,
    email: String,
    phone: String,
    title: String,
    stage: String,
    notes: String,
}

impl Person {
    fn columns(self) -> Vec<String> {
        vec![self.first, self.last, self.email, self.phone, self.title, self.stage, self.notes]
    }
}

/// Invents people.
struct People {
    rng: StdRng,
    locals: HashMap<String, u32>,
    earlier: Vec<Person>,
    written: usize,
}

impl People {
    fn new(seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self { rng, locals: HashMap::new(), earlier: Vec::new(), written: 0 }
    }

    /// One row, good or bad; of a thousand, so many of each kind.
    fn row(&mut self) -> Vec<String> {
        let person = self.person();
        match self.rng.random_range(0..1000) {
            0..20 => Person { first: String::new(), last: String::new(), ..person }.columns(),
            20..40 => Person { email: String::new(), ..person }.columns(),
            40..50 => Person { email: self.malformed(&person.email), ..person }.columns(),
            50..70 => self.duplicate(person).columns(),
            70..75 => {
                [person.columns(), vec!["imported from".to_owned(), "old CRM".to_owned()]].concat()
            }
            75..80 => Person { stage: self.one_of(&WRONG_STAGES).to_owned(), ..person }.columns(),
            80..82 => Person { last: [person.last.as_str(); 120].join(" "), ..person }.columns(),
            82..90 => padded(person).columns(),
            _ => {
                self.remember(person.clone());
                person.columns()
            }
        }
    }

    /// A person of some country.
    fn person(&mut self) -> Person {
        match self.rng.random_range(0..100) {
            0..3 => junior(self.person_of(EN, &["555-01##"])),
            3..40 => self.person_of(EN, &["+1 (212) 555-01##", "555-01##", "+44 20 7946 0###", ""]),
            40..55 => {
                self.person_of(DE_DE, &["+49 30 23125 ###", "030/23125###", "0171 39200##", ""])
            }
            55..67 => self.person_of(FR_FR, &["+33 1 99 00 ## ##", "01.99.00.##.##", ""]),
            67..75 => self.person_of(JA_JP, &["03-5550-####", "+81 3 5550 ####", ""]),
            75..84 => self.person_of(PT_BR, &["(11) 5550-####", "+55 11 5550 ####", ""]),
            84..92 => self.person_of(IT_IT, &["+39 06 5550 ####", "06 5550####", ""]),
            92..96 => self.person_of(NL_NL, &["+31 20 555 0###", ""]),
            _ => self.person_of(TR_TR, &["+90 212 555 0# ##", ""]),
        }
    }

    fn person_of<L: Data + Copy>(&mut self, locale: L, phones: &[&str]) -> Person {
        let first: String = FirstName(locale).fake_with_rng(&mut self.rng);
        let last: String = LastName(locale).fake_with_rng(&mut self.rng);
        Person {
            email: self.email(&first, &last),
            phone: self.phone(phones),
            title: self.title(),
            stage: self.one_of(&STAGES).to_owned(),
            notes: self.notes(&first),
            last,
            first,
        }
    }

    /// An address from the name that no earlier row has.
    fn email(&mut self, first: &str, last: &str) -> String {
        let (first, last) = (ascii(first), ascii(last));
        let local = match (first.chars().next(), last.is_empty()) {
            (None, true) => "contact".to_owned(),
            (None, false) => last,
            (Some(_), true) => first,
            (Some(initial), false) if self.chance(25) => format!("{initial}.{last}"),
            _ => format!("{first}.{last}"),
        };
        let count = self.locals.entry(local.clone()).or_default();
        *count += 1;
        let number = if *count == 1 { String::new() } else { count.to_string() };
        format!("{local}{number}@{}", self.one_of(&DOMAINS))
    }

    fn phone(&mut self, patterns: &[&str]) -> String {
        let pattern = self.one_of(patterns).to_owned();
        let mut digit = |c| if c == '#' { self.rng.random_range('0'..='9') } else { c };
        pattern.chars().map(&mut digit).collect()
    }

    fn title(&mut self) -> String {
        if self.chance(20) { String::new() } else { Title(EN).fake_with_rng(&mut self.rng) }
    }

    fn notes(&mut self, first: &str) -> String {
        match self.rng.random_range(0..12) {
            0 => format!("{first} said \"call me after the holidays\""),
            1 => "Met at the fair in Hannover.\r\nWants an offer, soon; two sites.".to_owned(),
            2 => {
                format!("Formerly at {}", CompanyName(EN).fake_with_rng::<String, _>(&mut self.rng))
            }
            3 => "prefers e-mail, not phone".to_owned(),
            _ => String::new(),
        }
    }

    fn malformed(&mut self, email: &str) -> String {
        match self.rng.random_range(0..4) {
            0 => email.replace('@', " at "),
            1 => email.replace('@', "@@"),
            2 => email.split('@').next().unwrap_or_default().to_owned(),
            _ => email.replace('@', " @"),
        }
    }

    /// An earlier person again, in upper case; the new one if there is none.
    fn duplicate(&mut self, person: Person) -> Person {
        let Some(earlier) = self.earlier.choose(&mut self.rng) else { return person };
        Person { email: earlier.email.to_uppercase(), ..earlier.clone() }
    }

    fn remember(&mut self, person: Person) {
        if self.earlier.len() < REMEMBERED {
            self.earlier.push(person);
        } else {
            self.earlier[self.written % REMEMBERED] = person;
        }
        self.written += 1;
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices.choose(&mut self.rng).copied().unwrap_or_default()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }
}

/// A name with a comma in it.
fn junior(person: Person) -> Person {
    Person { last: format!("{}, Jr.", person.last), ..person }
}

/// Spaces where nobody sees them.
fn padded(person: Person) -> Person {
    Person {
        first: format!("  {}", person.first),
        last: format!("{} \t", person.last),
        email: format!(" {} ", person.email),
        ..person
    }
}

/// The letters of a name that an address can have, in lower case: `Müller` gives `muller`.
fn ascii(name: &str) -> String {
    let letters = name.replace('ß', "ss").replace('ı', "i").replace('ø', "o");
    letters.nfkd().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::error::Error;
    use std::io;

    use super::{COLUMNS, write};
    use crate::import::tests::Import;
    use crate::import::{MemorySink, Summary};

    const ROWS: usize = 5000;

    fn sample(rows: usize, seed: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write(&mut bytes, rows, seed)?;
        Ok(bytes)
    }

    /// Imports a sample into memory.
    fn imported() -> Result<(Summary, MemorySink), Box<dyn Error>> {
        let mut sink = MemorySink::default();
        let summary = Import::of(&sample(ROWS, 7)?, &mut sink)?.result?;
        Ok((summary, sink))
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() -> io::Result<()> {
        assert_eq!(sample(500, 7)?, sample(500, 7)?);
        assert_ne!(sample(500, 7)?, sample(500, 8)?);
        assert!(sample(500, 7)?.starts_with(&sample(100, 7)?));
        Ok(())
    }

    #[test]
    fn a_sample_looks_like_a_spreadsheets_export() -> io::Result<()> {
        let text = String::from_utf8_lossy(&sample(ROWS, 7)?).into_owned();
        assert!(text.starts_with(&format!("\u{feff}{}\r\n", COLUMNS.join(","))));
        for part in ["\", Jr.\"", "\"\"call me", "Hannover.\r\nWants", "é", "ü", "佐藤", "ã", "ş"]
        {
            assert!(text.contains(part.trim_start_matches('"')), "{part}");
        }
        Ok(())
    }

    #[test]
    fn most_rows_can_be_imported_and_every_mistake_occurs() -> Result<(), Box<dyn Error>> {
        let (summary, sink) = imported()?;
        assert_eq!(summary.rows, ROWS as u64);
        assert!(summary.created * 100 > summary.rows * 85, "{summary}");
        assert!(summary.refusals() * 100 > summary.rows * 4, "{summary}");
        let reasons: BTreeSet<&str> = summary.refused.keys().map(String::as_str).collect();
        let expected =
            ["columns", "duplicate", "invalid-email", "invalid-value", "required", "too-long"];
        assert_eq!(reasons, BTreeSet::from(expected), "{summary}");
        assert_eq!(summary.ignored, ["Notes"]);
        assert_eq!(summary.created, sink.rows.len() as u64);
        Ok(())
    }

    #[test]
    fn no_mail_reaches_a_stranger() -> Result<(), Box<dyn Error>> {
        for row in imported()?.1.rows {
            let domain = row.email.rsplit('@').next().unwrap_or_default();
            let top = domain.rsplit('.').take(2).collect::<Vec<_>>();
            let reserved = top[0] == "example" || (top.len() == 2 && top[1] == "example");
            assert!(reserved, "{}", row.email);
        }
        Ok(())
    }
}
