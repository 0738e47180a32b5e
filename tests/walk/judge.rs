//! What an answer may not give away.

use serde_json::Value;

use super::book::Book;
use super::canaries::Canaries;
use super::rows::Sums;
use crate::harness::Reply;

pub const HERS_CHANGED: &str = "rows of the other company have changed";
const READ_AND_CHANGED: &str = "only read, and rows have changed all the same";
const REFUSED_AND_CHANGED: &str = "refused, and rows have changed all the same";

/// What is wrong with one answer, whatever another one was.
pub fn alone(reply: &Reply, log: &str, canaries: &Canaries, request: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let headers = format!("{:?}", reply.headers);
    for (place, text) in [("the body", &*reply.text), ("the headers", &headers), ("the log", log)] {
        let found = canaries.seen(text, request);
        if !found.is_empty() {
            wrong.push(format!("{place} shows {} of the other company", found.join(", ")));
        }
    }
    if log.is_empty() {
        wrong.push("nothing was logged: the walk looks at the wrong log".to_owned());
    }
    if reply.status >= 500 {
        wrong.push(format!("{} was answered: {}", reply.status, reply.text));
    }
    wrong
}

/// What is different between an answer about her records and one about records that never were.
pub fn together(hers: &Reply, nobodys: &Reply, books: &[&Book]) -> Option<String> {
    let [one, other] = [hers, nobodys]
        .map(|reply| books.iter().fold(all_of(reply), |text, book| book.masked(&text)));
    (one != other).then(|| format!("about hers\n      {one}\n    about nobody's\n      {other}"))
}

/// What has happened to rows that must not change.
pub fn rows(before: &Sums, after: &Sums, replies: [&Reply; 2]) -> Option<&'static str> {
    if before.hers != after.hers {
        Some(HERS_CHANGED)
    } else if before.all != after.all && replies.iter().all(|reply| reply.status >= 400) {
        Some(REFUSED_AND_CHANGED)
    } else {
        None
    }
}

/// What has happened to rows while everybody only read.
pub fn unread(before: &Sums, after: &Sums) -> Option<&'static str> {
    if before.hers != after.hers {
        Some(HERS_CHANGED)
    } else {
        (before.all != after.all).then_some(READ_AND_CHANGED)
    }
}

/// Status, headers and body; without what is new in every record, if one was written or read.
fn all_of(reply: &Reply) -> String {
    let (status, mut headers, mut text) = reply.seen();
    if status < 300 {
        headers.retain(|(name, _)| name != "etag" && name != "link");
        headers.iter_mut().for_each(|(_, value)| *value = without_ids(value));
        let mut json = reply.json.clone();
        loosen(&mut json);
        text = if json.is_null() { text } else { json.to_string() };
    }
    format!("{status} {headers:?} {text}")
}

/// Ids, times, versions and cursors are those of one's own new records.
fn loosen(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let new = ["version", "next_cursor", "access_token", "secret", "otpauth_uri"];
                if new.contains(&name.as_str()) && !inner.is_null() {
                    *inner = Value::from("<new>");
                }
                loosen(inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        Value::String(text) if is_time(text) => *text = "<time>".to_owned(),
        Value::String(text) if text.starts_with("pdk_live_") => *text = "<key>".to_owned(),
        Value::String(text) => *text = without_ids(text),
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    text.len() == 27 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

fn without_ids(text: &str) -> String {
    let is_id = |part: &&str| uuid::Uuid::try_parse(part).is_ok();
    let ids = text.split(['/', '"']).filter(is_id);
    ids.fold(text.to_owned(), |text, id| text.replace(id, "<id>"))
}
