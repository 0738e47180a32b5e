//! What goes out for what was written, and what is read for what came in.

use std::collections::VecDeque;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::inbound::Inbound;
use super::{Expected, outbound};

/// A simple query as tokio-postgres writes it.
fn simple(text: &str) -> BytesMut {
    let mut bytes = BytesMut::new();
    frontend::query(text, &mut bytes).unwrap();
    bytes
}

/// A prepared statement as tokio-postgres runs it.
fn prepared(name: &str) -> BytesMut {
    let mut bytes = BytesMut::new();
    let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
    assert!(frontend::bind("", name, [], [], nothing, [1], &mut bytes).is_ok());
    frontend::execute("", 0, &mut bytes).unwrap();
    frontend::sync(&mut bytes);
    bytes
}

const PREAMBLE: &str = "begin read only;set local app.company_id = 'c';set local app.user_id = 'u'";

fn flight() -> Vec<BytesMut> {
    vec![simple(PREAMBLE), prepared("s0"), prepared("s1"), simple("commit")]
}

/// The tags of the messages, one letter each.
fn tags(bytes: &[u8]) -> String {
    let (mut tags, mut at) = (String::new(), 0);
    while at < bytes.len() {
        tags.push(char::from(bytes[at]));
        let length = u32::from_be_bytes(bytes[at + 1..at + 5].try_into().unwrap());
        at += 1 + length as usize;
    }
    tags
}

/// One conversation below tokio-postgres.
#[derive(Default)]
struct Talk {
    expected: VecDeque<Expected>,
    inbound: Inbound,
    answers: BytesMut,
    to_server: BytesMut,
}

impl Talk {
    fn of(requests: &[BytesMut]) -> (Self, String) {
        let mut talk = Self::default();
        let mut written = BytesMut::from(&*requests.concat());
        let (to, expected) = (&mut talk.to_server, &mut talk.expected);
        outbound::transform(&mut written, to, expected, &mut true).unwrap();
        assert!(written.is_empty());
        let sent = tags(&talk.to_server.split());
        (talk, sent)
    }

    /// The server's messages, in pieces of that size; answers what tokio-postgres reads.
    fn hear(&mut self, messages: &[u8], piece: usize) -> String {
        for bytes in messages.chunks(piece) {
            let Self { inbound, answers, expected, to_server } = self;
            inbound.digest(bytes, answers, expected, to_server).unwrap();
        }
        let answers = self.answers.split();
        let statuses = |at: usize| answers.get(at + 5).copied().map(char::from);
        let (mut text, mut at) = (String::new(), 0);
        for tag in tags(&answers).chars() {
            text.push(tag);
            if tag == 'Z' {
                text.extend(statuses(at));
                text.push(' ');
            }
            let length = u32::from_be_bytes(answers[at + 1..at + 5].try_into().unwrap());
            at += 1 + length as usize;
        }
        text.trim_end().to_owned()
    }
}

/// Messages of the server: a letter each, `Z` with the status after it.
fn messages(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut letters = text.chars().filter(|letter| *letter != ' ');
    while let Some(tag) = letters.next() {
        let body = match tag {
            'Z' => letters.next().unwrap().to_string(),
            'C' => "SELECT 1\0".to_owned(),
            'D' => "some row or other".to_owned(),
            'E' => "SERROR\0C22012\0\0".to_owned(),
            _ => String::new(),
        };
        bytes.push(tag as u8);
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body.bytes());
    }
    bytes
}

/// In pieces of every size the same is read.
fn reads(requests: &[BytesMut], from_server: &str, read: &str, said: &str) {
    let messages = messages(from_server);
    for piece in 1..=messages.len() {
        let (mut talk, _) = Talk::of(requests);
        assert_eq!(talk.hear(&messages, piece), read, "in pieces of {piece}");
        assert_eq!(tags(&talk.to_server), said);
        assert_eq!(talk.expected.len(), usize::from(!said.is_empty()), "more is expected");
    }
}

#[test]
fn a_flight_has_one_sync() {
    let (_, sent) = Talk::of(&flight());
    assert_eq!(sent, "BE PBE PBE BE BE BE S".replace(' ', ""));
}

#[test]
fn the_first_flight_prepares_what_every_flight_needs() {
    let (mut written, mut sent) = (BytesMut::from(&*flight().concat()), BytesMut::new());
    let (mut expected, mut kept) = (VecDeque::new(), false);
    outbound::transform(&mut written, &mut sent, &mut expected, &mut kept).unwrap();
    assert_eq!(tags(&sent), "CP CP CP BE PBE PBE BE BE BE S".replace(' ', ""));
    assert!(kept);
    let server = "31 31 31 2C 12C 12C 2C 2C 2C ZI";
    reads(&flight(), server, "CCCZT 2CZT 2CZT CZI", "");
}

#[test]
fn a_flight_that_did_not_begin_may_have_prepared_nothing() {
    let (mut talk, _) = Talk::of(&flight());
    assert_eq!(talk.hear(&messages("3E ZI"), 1000), "EZI EZE EZE");
    assert!(talk.inbound.has_lost_what_is_kept());
    let (mut talk, _) = Talk::of(&flight());
    talk.hear(&messages("2C 12C 12C E ZE"), 1000);
    assert!(!talk.inbound.has_lost_what_is_kept());
}

#[test]
fn what_is_no_flight_is_sent_as_it_is() {
    let requests = [prepared("s0"), simple("select 1"), simple("rollback"), simple("commit")];
    let (talk, sent) = Talk::of(&requests);
    assert_eq!(sent, "BES Q Q Q".replace(' ', ""));
    assert!(talk.expected.iter().all(|expected| *expected == Expected::Untouched));
}

#[test]
fn a_flight_ends_before_what_it_does_not_understand() {
    let mut requests = flight();
    requests.insert(2, simple("rollback to savepoint s"));
    let (_, sent) = Talk::of(&requests);
    assert_eq!(sent, "BE PBE PBE BE S Q BES Q".replace(' ', ""));
}

#[test]
fn a_preamble_with_anything_else_in_it_is_sent_as_it_is() {
    for more in ["drop table t", " set local app.user_id = 'u'", "", "commit", "set role r"] {
        let (_, sent) = Talk::of(&[simple(&format!("{PREAMBLE};{more}")), prepared("s0")]);
        assert_eq!(sent, "Q BES".replace(' ', ""), "{more}");
    }
    assert_eq!(Talk::of(&[simple("commit;begin")]).1, "Q");
}

#[test]
fn a_preamble_without_a_statement_is_still_one_message_for_each_part() {
    reads(&[simple(PREAMBLE)], "2C 12C 12C ZT", "CCCZT", "");
    reads(&[simple(PREAMBLE)], "2C E ZE", "CEZE", "");
}

#[test]
fn an_incomplete_request_waits_for_its_rest() {
    let whole = flight().concat();
    for cut in 0..whole.len() {
        let (mut written, mut sent) = (BytesMut::from(&whole[..cut]), BytesMut::new());
        let mut expected = VecDeque::new();
        outbound::transform(&mut written, &mut sent, &mut expected, &mut true).unwrap();
        written.extend_from_slice(&whole[cut..]);
        outbound::transform(&mut written, &mut sent, &mut expected, &mut true).unwrap();
        assert!(written.is_empty());
        assert_eq!(expected.len(), 4, "cut at {cut}");
    }
}

#[test]
fn every_request_of_a_flight_gets_its_own_answer() {
    let server = "2C 12C 12C 2DC 2DDC 2C ZI";
    reads(&flight(), server, "CCCZT 2DCZT 2DDCZT CZI", "");
}

#[test]
fn after_an_error_the_rest_is_refused_and_the_commit_rolls_back() {
    let (requests, server) = (flight(), "2C 12C 12C E ZE");
    reads(&requests, server, "CCCZT EZE EZE", "Q");
    let (mut talk, _) = Talk::of(&requests);
    talk.hear(&messages(server), 1000);
    assert_eq!(talk.hear(&messages("C ZI"), 1000), "CZI");
    assert!(talk.expected.is_empty());
}

#[test]
fn a_commit_that_fails_is_not_rolled_back_again() {
    reads(&flight(), "2C 12C 12C 2C 2C E ZI", "CCCZT 2CZT 2CZT EZI", "");
}

#[test]
fn a_flight_without_commit_stays_open() {
    let requests = &flight()[..3];
    reads(requests, "2C 12C 12C 2C 2C ZT", "CCCZT 2CZT 2CZT", "");
    reads(requests, "2C 12C E ZE", "CCEZE EZE EZE", "");
}

#[test]
fn notices_in_between_are_passed_on() {
    reads(&flight(), "2NC 12C 12C 2C 2NC 2C ZI", "NCCCZT 2CZT 2NCZT CZI", "");
}

#[test]
fn two_flights_in_a_row_are_told_apart() {
    let requests = [flight(), vec![prepared("s0")], flight()].concat();
    let flight = "2C 12C 12C 2C 2C 2C ZI";
    let read = "CCCZT 2CZT 2CZT CZI";
    reads(&requests, &format!("{flight} 2CZI {flight}"), &format!("{read} 2CZI {read}"), "");
}

#[test]
fn a_flight_behind_one_that_failed_closes_the_connection() {
    let (mut talk, _) = Talk::of(&[flight(), flight()].concat());
    let Talk { inbound, answers, expected, to_server } = &mut talk;
    assert!(inbound.digest(&messages("E ZE"), answers, expected, to_server).is_err());
}
