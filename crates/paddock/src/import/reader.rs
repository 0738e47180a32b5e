//! Reads the file record by record, whatever its separator and line ends, never all of it at once.

use std::io::{Chain, Cursor, Read};

use csv::ByteRecord;

use super::error::ImportError;
use super::header::Header;
use super::source::Source;

/// How much is read to find the header line.
const PEEK: u64 = 64 * 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One row of the file, as it is.
pub(crate) struct Record {
    /// The physical line on which it starts, the file's first being 1.
    pub(crate) line: u64,
    /// Its columns.
    pub(crate) fields: ByteRecord,
}

/// The rows of a file, after its header.
pub(crate) struct Records<R> {
    csv: csv::Reader<Source<Chain<Cursor<Vec<u8>>, R>>>,
    header: Header,
    delimiter: u8,
    bom: bool,
}

impl<R: Read> Records<R> {
    /// Reads the header line.
    ///
    /// # Errors
    /// If there is none, or its columns are not such as can be imported.
    pub(crate) fn open(mut input: R) -> Result<Self, ImportError> {
        let mut start = Vec::new();
        input.by_ref().take(PEEK).read_to_end(&mut start).map_err(ImportError::Read)?;
        if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
            return Err(ImportError::Utf16);
        }
        let bom = start.starts_with(BOM);
        if bom {
            start.drain(..BOM.len());
        }
        let delimiter = delimiter_of(&start);
        let source = Source::new(Cursor::new(start).chain(input), delimiter);
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(64 * 1024)
            .from_reader(source);
        let mut records = Self { csv, header: Header::default(), delimiter, bom };
        let first = records.next()?.ok_or(ImportError::Empty)?;
        records.header = Header::read(&first.fields)?;
        Ok(records)
    }

    /// What the columns mean.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The byte that separates columns.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether the file began with a byte order mark.
    pub(crate) fn has_bom(&self) -> bool {
        self.bom
    }

    /// How many bytes are read and parsed.
    pub(crate) fn position(&self) -> u64 {
        let bom = if self.bom { BOM.len() as u64 } else { 0 };
        self.csv.position().byte() + bom
    }

    /// The next row that holds anything; spreadsheets like to end in rows of mere separators.
    ///
    /// # Errors
    /// If the file cannot be read, or the row does not end.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, ImportError> {
        let mut fields = ByteRecord::new();
        loop {
            let start = self.csv.position().byte();
            self.csv.get_mut().allow_from(start);
            let read = self.csv.read_byte_record(&mut fields);
            let line = self.csv.get_mut().line_at(start);
            if self.csv.get_ref().is_unclosed() {
                return Err(ImportError::Unclosed { line });
            }
            if !read.map_err(|error| ImportError::Read(error.into()))? {
                return Ok(None);
            }
            if fields.iter().any(|field| !field.trim_ascii().is_empty()) {
                return Ok(Some(Record { line, fields }));
            }
        }
    }
}

/// Comma, semicolon or tab: whichever the first line with text has most of, outside of quotes.
fn delimiter_of(start: &[u8]) -> u8 {
    let header = start.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.is_empty());
    let outside: Vec<u8> = header
        .unwrap_or_default()
        .split(|byte| *byte == b'"')
        .step_by(2)
        .flatten()
        .copied()
        .collect();
    let count = |delimiter: u8| outside.iter().filter(|byte| **byte == delimiter).count();
    // The last of equals wins.
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{ImportError, Records, delimiter_of};

    /// The lines on which rows start, with the rows' first columns.
    fn rows(text: &str) -> Result<Vec<(u64, String)>, ImportError> {
        let mut records = Records::open(text.as_bytes())?;
        let mut rows = Vec::new();
        while let Some(record) = records.next()? {
            let first = record.fields.get(0).unwrap_or_default();
            rows.push((record.line, String::from_utf8_lossy(first).into_owned()));
        }
        Ok(rows)
    }

    fn lines(text: &str) -> Result<Vec<u64>, ImportError> {
        Ok(rows(text)?.into_iter().map(|(line, _)| line).collect())
    }

    #[test]
    fn the_separator_is_the_one_that_the_header_has_most_of() {
        assert_eq!(delimiter_of(b"Name,Email\n;;;;"), b',');
        assert_eq!(delimiter_of(b"\n\nName;Email\n"), b';');
        assert_eq!(delimiter_of(b"Name\tEmail\tA,B"), b'\t');
        assert_eq!(delimiter_of(b"\"a,b,c,d\";Email"), b';');
        assert_eq!(delimiter_of(b"Email"), b',');
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() -> Result<(), ImportError> {
        let records = Records::open("\u{feff}\"Name\";Email\nA;a@b.example\n".as_bytes())?;
        assert!(records.has_bom());
        assert_eq!(records.header().names()[0], "Name");
        Ok(())
    }

    #[test]
    fn rows_are_numbered_by_physical_lines_with_either_line_end() -> Result<(), ImportError> {
        let text = "name,email\nA,a\n\n\nB,b\n\"C\nC\",c\nD,d";
        assert_eq!(lines(text)?, [2, 5, 6, 8]);
        assert_eq!(lines(&text.replace('\n', "\r\n"))?, [2, 5, 6, 8]);
        assert_eq!(lines(&text.replace('\n', "\r"))?, [2, 5, 6, 8]);
        assert_eq!(lines(&format!("\u{feff}\r\n{}", text.replace('\n', "\r\n")))?, [3, 6, 7, 9]);
        Ok(())
    }

    #[test]
    fn line_numbers_hold_beyond_the_first_buffer() -> Result<(), ImportError> {
        let note = "x\r\n".repeat(50);
        let text = format!("name,email\r\n{}", format!("A,\"{note}\"\r\n").repeat(3000));
        let expected: Vec<u64> = (0..3000).map(|row| 2 + row * 51).collect();
        assert_eq!(lines(&text)?, expected);
        Ok(())
    }

    #[test]
    fn quoted_separators_quotes_and_line_breaks_belong_to_the_value() -> Result<(), ImportError> {
        let rows = rows("name,email\r\n\"Smith, \"\"Jr.\"\"\r\nII\",a\r\n")?;
        assert_eq!(rows, [(2, "Smith, \"Jr.\"\r\nII".to_owned())]);
        Ok(())
    }

    #[test]
    fn blank_rows_and_rows_of_mere_separators_are_skipped() -> Result<(), ImportError> {
        assert_eq!(lines("name,email\n\n,\n , \n\"\",\nA,a\n,,,\n")?, [6]);
        Ok(())
    }

    #[test]
    fn a_file_without_a_header_is_empty() {
        for text in ["", "\u{feff}", "\n\r\n", ",,\n"] {
            assert!(matches!(Records::open(text.as_bytes()), Err(ImportError::Empty)), "{text:?}");
        }
        assert!(matches!(Records::open(&b"\xFF\xFEn\0"[..]), Err(ImportError::Utf16)));
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_swallow_the_rest() -> Result<(), ImportError> {
        let mut records = Records::open("name,email\nA,a\nB,\"b\nC,c\n".as_bytes())?;
        assert!(records.next()?.is_some());
        assert!(matches!(records.next(), Err(ImportError::Unclosed { line: 3 })));
        Ok(())
    }

    #[test]
    fn a_row_without_end_does_not_fill_the_memory() -> Result<(), ImportError> {
        let endless = "name,email\nA,a\n\nB,\"".as_bytes().chain(std::io::repeat(b'x'));
        let mut records = Records::open(endless)?;
        assert!(records.next()?.is_some());
        assert!(matches!(records.next(), Err(ImportError::Unclosed { line: 4 })));
        Ok(())
    }

    #[test]
    fn a_quote_inside_a_value_opens_nothing() -> Result<(), ImportError> {
        assert_eq!(lines("name,email\nA \"the,a\n5\",b\n\"C\"x\",c")?, [2, 3, 4]);
        Ok(())
    }
}
