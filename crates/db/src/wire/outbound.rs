//! From several requests to one pipeline.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::{Expected, HEAD, KEPT, Kind, Step};

/// Moves the requests that are complete from `from` to `to`, and notes what they will be answered. Those
/// which begin a transaction and follow in the same transaction lose the Sync between them: that changes
/// nothing for them, because after an error the rest of a transaction is refused anyway.
pub(super) fn transform(
    from: &mut BytesMut,
    to: &mut BytesMut,
    expected: &mut VecDeque<Expected>,
    kept: &mut bool,
) -> io::Result<()> {
    let requests = requests(from);
    let mut rest = &requests[..];
    while let Some((first, after)) = rest.split_first() {
        let length = flight(rest);
        if length > 0 {
            if !std::mem::replace(kept, true) {
                keep(to)?;
            }
            for (i, request) in rest[..length].iter().enumerate() {
                let last = i + 1 == length;
                let left = push(request.kind, &from[..request.length], to)?;
                expected.push_back(Expected::Step(Step { kind: request.kind, left, last }));
                from.advance(request.length);
            }
            frontend::sync(to);
            rest = &rest[length..];
        } else {
            to.extend_from_slice(&from[..first.length]);
            from.advance(first.length);
            if first.is_answered {
                expected.push_back(Expected::Untouched);
            }
            rest = after;
        }
    }
    Ok(())
}

/// One request: messages up to a simple query or a Sync.
struct Request {
    kind: Kind,
    length: usize,
    is_answered: bool,
}

/// How many of the requests, from the first one on, are one transaction.
fn flight(requests: &[Request]) -> usize {
    match requests.split_first() {
        Some((begin, rest)) if matches!(begin.kind, Kind::Begin | Kind::BeginReadOnly) => {
            let steps = rest.iter().take_while(|request| request.kind == Kind::Query).count();
            let ends = rest.get(steps).is_some_and(|request| request.kind == Kind::Commit);
            1 + steps + usize::from(ends)
        }
        _ => 0,
    }
}

/// Cuts what was written into requests; an incomplete message at the end waits for its rest.
fn requests(bytes: &[u8]) -> Vec<Request> {
    let mut requests = Vec::with_capacity(8);
    let (mut start, mut at) = (0, 0);
    let mut tags = Vec::with_capacity(8);
    while let Some(length) = message_length(&bytes[at..]) {
        let tag = bytes[at];
        tags.push(tag);
        at += length;
        let kind = match tag {
            b'Q' => simple(&bytes[at - length + HEAD..at]),
            b'S' => extended(&tags),
            // Terminate, the parts of a COPY and passwords are answered by no ReadyForQuery.
            b'X' | b'c' | b'd' | b'f' | b'p' => Kind::Other,
            _ => continue,
        };
        let is_answered = matches!(tag, b'Q' | b'S');
        requests.push(Request { kind, length: at - start, is_answered });
        tags.clear();
        start = at;
    }
    requests
}

/// The length of the message at the beginning, if all of it is there.
fn message_length(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(1..HEAD)?.try_into().ok()?;
    let length = 1 + u32::from_be_bytes(length) as usize;
    (bytes.len() >= length).then_some(length)
}

/// The statements that the preamble and the end of a flight are made of; see tenant.rs.
fn simple(text: &[u8]) -> Kind {
    let mut statements = statements(text.strip_suffix(b"\0").unwrap_or(text));
    let kind = match statements.next() {
        Some(b"begin") => Kind::Begin,
        Some(b"begin read only") => Kind::BeginReadOnly,
        Some(b"commit") if statements.next().is_none() => return Kind::Commit,
        _ => return Kind::Other,
    };
    if statements.all(|statement| statement.starts_with(b"set local app.")) {
        kind
    } else {
        Kind::Other
    }
}

/// What the context is made of has no semicolon inside; see tenant.rs.
fn statements(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b';')
}

fn extended(tags: &[u8]) -> Kind {
    match tags {
        [b'B', b'E', b'S'] | [b'P', b'B', b'D', b'E', b'S'] => Kind::Query,
        _ => Kind::Other,
    }
}

/// Prepares what every flight needs. Closing comes first, for a connection on which this has failed.
fn keep(to: &mut BytesMut) -> io::Result<()> {
    for text in KEPT {
        frontend::close(b'S', text, to)?;
        frontend::parse(text, text, [], to)?;
    }
    Ok(())
}

/// Writes one request without its Sync; simple queries by the extended protocol, which has none, and takes one
/// statement at a time. Answers how many they are.
fn push(kind: Kind, request: &[u8], to: &mut BytesMut) -> io::Result<usize> {
    if kind == Kind::Query {
        to.extend_from_slice(&request[..request.len() - HEAD]);
        return Ok(1);
    }
    let mut count = 0;
    for text in statements(&request[HEAD..request.len() - 1]) {
        let kept = KEPT.iter().find(|kept| kept.as_bytes() == text);
        if kept.is_none() {
            frontend::parse("", std::str::from_utf8(text).map_err(io::Error::other)?, [], to)?;
        }
        let no_value = |(), _: &mut BytesMut| Ok(IsNull::Yes);
        frontend::bind("", kept.unwrap_or(&""), [], [], no_value, [], to)
            .map_err(|_| io::Error::other("a statement without parameters could not be bound"))?;
        frontend::execute("", 0, to)?;
        count += 1;
    }
    Ok(count)
}
