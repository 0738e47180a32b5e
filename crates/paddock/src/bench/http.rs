//! As little HTTP/1.1 as a load generator needs: one connection, one request at a time, blocking.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Nobody waits longer for an answer: a server that hangs is an error, not a slow server.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection that is kept.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the next request is not sent.
pub(super) struct Answer<'a> {
    /// The status code.
    pub(super) status: u16,
    /// What came after the headers.
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// Whether the request did what it should.
    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl Connection {
    /// Connects.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request and reads its answer whole.
    pub(super) fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled)?;
            if let Some(head) = Head::parse(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head.length + head.body;
        while filled < end {
            filled += self.read(filled)?;
        }
        Ok(Answer { status: head.status, body: &self.buffer[head.length..end] })
    }

    fn read(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )),
            read => Ok(read),
        }
    }
}

/// What matters of the first lines of an answer.
struct Head {
    status: u16,
    length: usize,
    body: usize,
}

impl Head {
    /// None as long as it is not complete.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = str::from_utf8(&bytes[..end]).map_err(|_| strange("its headers are no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| strange("it does not begin with a status"))?;
        let length = lines.find_map(content_length);
        let body = match length {
            Some(length) => length.map_err(|_| strange("its length is no number"))?,
            None if status == 204 || status == 304 => 0,
            None => return Err(strange("it does not say how long it is")),
        };
        Ok(Some(Self { status, length: end + 4, body }))
    }
}

fn content_length(line: &str) -> Option<Result<usize, std::num::ParseIntError>> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())
}

fn strange(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is not understood: {why}"))
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 7\r\netag: \"1\"\r\n\r\n{}";
        let head = |upto| {
            Head::parse(&text[..upto]).map(|head| head.map(|h| (h.status, h.length, h.body)))
        };
        assert!(matches!(head(20), Ok(None)));
        assert!(matches!(head(text.len()), Ok(Some((201, 54, 7)))));
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
