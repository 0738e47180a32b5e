//! From the answer of one pipeline to the answers of several requests.

use std::collections::VecDeque;
use std::io;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;

use super::{Expected, HEAD, Kind, Step};

/// `current transaction is aborted`, as the server says it to the statements after the failed one.
const SKIPPED: &[u8] =
    b"SERROR\0VERROR\0C25P02\0Mcurrent transaction is aborted, commands ignored until end of transaction block\0\0";

/// Reads the server's messages as they come in, in pieces of any size.
#[derive(Default)]
pub(super) struct Inbound {
    /// Tag and length of the message that is coming in; of ReadyForQuery also its only byte.
    head: Vec<u8>,
    /// How much of its body is still to come.
    left: usize,
    /// Whether tokio-postgres is to see it.
    hidden: bool,
    /// Whether a step of the flight that is being answered has failed.
    failed: bool,
    /// Whether a flight failed before it had begun.
    lost: bool,
}

impl Inbound {
    /// Whether what every flight needs has to be prepared again; asked once.
    pub(super) fn has_lost_what_is_kept(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }

    /// Turns what the server sent into what tokio-postgres expects, and says to the server what is needed.
    pub(super) fn digest(
        &mut self,
        mut bytes: &[u8],
        answers: &mut BytesMut,
        expected: &mut VecDeque<Expected>,
        to_server: &mut BytesMut,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left == 0 {
                bytes = self.read_head(bytes, answers, expected, to_server)?;
                continue;
            }
            let (here, rest) = bytes.split_at(self.left.min(bytes.len()));
            if !self.hidden {
                answers.extend_from_slice(here);
            }
            self.left -= here.len();
            bytes = rest;
            if self.left == 0 {
                self.finish(answers, expected, to_server)?;
            }
        }
        Ok(())
    }

    /// Takes the beginning of a message; answers what is left.
    fn read_head<'a>(
        &mut self,
        bytes: &'a [u8],
        answers: &mut BytesMut,
        expected: &mut VecDeque<Expected>,
        to_server: &mut BytesMut,
    ) -> io::Result<&'a [u8]> {
        let is_ready = self.head.first().or(bytes.first()) == Some(&b'Z');
        let size = HEAD + usize::from(is_ready);
        let (here, rest) = bytes.split_at((size - self.head.len()).min(bytes.len()));
        self.head.extend_from_slice(here);
        if self.head.len() < size {
            return Ok(rest);
        }
        let length = u32::from_be_bytes([self.head[1], self.head[2], self.head[3], self.head[4]]);
        self.left = (length as usize + 1).saturating_sub(size);
        self.hidden = is_ready || self.is_hidden(self.head[0], expected);
        if !self.hidden {
            answers.extend_from_slice(&self.head);
        }
        if self.left == 0 {
            self.finish(answers, expected, to_server)?;
        }
        Ok(rest)
    }

    /// A simple query is not told that anything was parsed, bound or closed.
    fn is_hidden(&self, tag: u8, expected: &VecDeque<Expected>) -> bool {
        matches!(tag, b'1' | b'2' | b'3')
            && matches!(expected.front(), Some(Expected::Step(step)) if step.kind.is_simple())
    }

    /// All of a message is here.
    fn finish(
        &mut self,
        answers: &mut BytesMut,
        expected: &mut VecDeque<Expected>,
        to_server: &mut BytesMut,
    ) -> io::Result<()> {
        let tag = self.head[0];
        let status = self.head.get(HEAD).copied();
        self.head.clear();
        match (tag, expected.front_mut()) {
            (b'Z', front) => {
                let flight = matches!(front, Some(Expected::Step(_)));
                ready(status.unwrap_or(b'I'), answers);
                let step = expected.pop_front();
                if flight && std::mem::take(&mut self.failed) {
                    skip(step, answers, expected, to_server)?;
                }
            }
            (b'E', Some(Expected::Step(step))) => {
                self.failed = true;
                // Whether what is kept was prepared is not known any more.
                self.lost |= matches!(step.kind, Kind::Begin | Kind::BeginReadOnly);
            }
            // CommandComplete, EmptyQueryResponse, PortalSuspended: a statement is done, and with its last one
            // the step.
            (b'C' | b'I' | b's', Some(Expected::Step(step))) => {
                step.left = step.left.saturating_sub(1);
                if step.left == 0 && !step.last {
                    expected.pop_front();
                    ready(b'T', answers);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// After an error the server has skipped the rest of the flight: every step gets the answer that it would
/// have got by itself. A COMMIT would have rolled back, so that is done now.
fn skip(
    failed: Option<Expected>,
    answers: &mut BytesMut,
    expected: &mut VecDeque<Expected>,
    to_server: &mut BytesMut,
) -> io::Result<()> {
    let mut step = failed;
    while let Some(Expected::Step(Step { last: false, .. })) = step {
        step = expected.pop_front();
        if let Some(Expected::Step(Step { kind: Kind::Commit, .. })) = step {
            // Its answer is the answer of the COMMIT. Behind a flight nothing is sent before it has landed
            // but the ROLLBACK of lease.rs, and it does not matter which of the two comes first.
            if expected.iter().any(|next| *next != Expected::Untouched) {
                return Err(io::Error::other("a flight was sent behind one that failed"));
            }
            expected.push_front(Expected::Untouched);
            return frontend::query("rollback", to_server);
        }
        answers.put_u8(b'E');
        answers.put_u32(u32::try_from(SKIPPED.len() + 4).unwrap_or(u32::MAX));
        answers.extend_from_slice(SKIPPED);
        ready(b'E', answers);
    }
    Ok(())
}

fn ready(status: u8, answers: &mut BytesMut) {
    answers.extend_from_slice(&[b'Z', 0, 0, 0, 5, status]);
}
