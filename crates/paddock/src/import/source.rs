//! The file's bytes on their way to the CSV parser: counts lines, and notices a quote that never ends.

use std::collections::VecDeque;
use std::io::{self, Read};

/// The longest row, in bytes. A longer one is an unclosed quote, and must not fill the memory.
const LONGEST: u64 = 1024 * 1024;

/// Passes bytes on and remembers where lines begin.
///
/// The parser counts lines too, but reports the line on which the last record ended if lines end in CRLF
/// or blank lines come between.
pub(crate) struct Source<R> {
    inner: R,
    delimiter: u8,
    offset: u64,
    limit: u64,
    line: u64,
    at_line_start: bool,
    after_cr: bool,
    starts: VecDeque<(u64, u64)>,
    quote: Quote,
    ended: bool,
}

/// Where in a field the last byte was, by the same rules as the parser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    FieldStart,
    Plain,
    Open,
    ClosedOrDoubled,
}

impl Quote {
    fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Open, b'"') => Self::ClosedOrDoubled,
            (Self::Open, _) | (Self::FieldStart | Self::ClosedOrDoubled, b'"') => Self::Open,
            (_, b'\n' | b'\r') => Self::FieldStart,
            (_, byte) if byte == delimiter => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}

impl<R: Read> Source<R> {
    /// Starts at the first byte after the byte order mark, if there is one.
    pub(crate) fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            offset: 0,
            limit: LONGEST,
            line: 1,
            at_line_start: true,
            after_cr: false,
            starts: VecDeque::new(),
            quote: Quote::FieldStart,
            ended: false,
        }
    }

    /// Allows one more row, which begins at this byte.
    pub(crate) fn allow_from(&mut self, offset: u64) {
        self.limit = offset.saturating_add(LONGEST);
    }

    /// The line of the first text at this byte or after it. Forgets everything before.
    pub(crate) fn line_at(&mut self, offset: u64) -> u64 {
        while self.starts.front().is_some_and(|(start, _)| *start < offset) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.line, |(_, line)| *line)
    }

    /// Whether the row that was read last does not end: it is too long, or the file ends within quotes.
    pub(crate) fn is_unclosed(&self) -> bool {
        self.offset >= self.limit || (self.ended && self.quote == Quote::Open)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'\n' if self.after_cr => {}
            b'\n' | b'\r' => {
                self.line += 1;
                self.at_line_start = true;
            }
            _ if self.at_line_start => {
                self.starts.push_back((self.offset, self.line));
                self.at_line_start = false;
            }
            _ => {}
        }
        self.after_cr = byte == b'\r';
        self.quote = self.quote.after(byte, self.delimiter);
        self.offset += 1;
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.offset >= self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.inner.read(buffer)?;
        self.ended = count == 0 && !buffer.is_empty();
        for byte in buffer.iter().take(count) {
            self.step(*byte);
        }
        Ok(count)
    }
}
