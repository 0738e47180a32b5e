//! What somebody knows of the records of one company, or of records that never were.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

/// Values by name. Two books with the same names make the same requests about different records.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// What is in no other book, for values that must be unique.
    pub tag: String,
    /// `customer_id`, `company_id`, …
    pub ids: BTreeMap<String, String>,
    /// The ids of records that have been deleted.
    pub deleted: BTreeMap<String, String>,
    /// The records as the API showed them, by the name of their id.
    pub records: BTreeMap<String, Map<String, Value>>,
    /// Where lists go on, by the path of the collection.
    pub cursors: BTreeMap<String, String>,
    /// Entity tags, by the name of the id.
    pub etags: BTreeMap<String, String>,
}

impl Book {
    pub fn new() -> Self {
        Self { tag: Uuid::now_v7().simple().to_string(), ..Self::default() }
    }

    /// The same values, but for those that must be unique.
    pub fn again(&self) -> Self {
        Self { tag: Self::new().tag, ..self.clone() }
    }

    /// The same names, with values that have never existed. Entity tags only count, so they stay.
    pub fn of_nobody(&self) -> Self {
        let fresh = |ids: &BTreeMap<String, String>| {
            ids.keys().map(|name| (name.clone(), Uuid::now_v7().to_string())).collect()
        };
        let records = self.records.iter().map(|(name, record)| (name.clone(), nobody(record)));
        let cursors = self.cursors.iter().map(|(path, cursor)| (path.clone(), garbled(cursor)));
        Self {
            ids: fresh(&self.ids),
            deleted: fresh(&self.deleted),
            records: records.collect(),
            cursors: cursors.collect(),
            etags: self.etags.clone(),
            ..Self::new()
        }
    }

    /// The text of a record's field: `name` for the parameter `name_starts_with`.
    pub fn text(&self, resource: &str, parameter: &str) -> Option<&str> {
        let record = self.records.get(resource)?;
        let fitting = record.iter().filter(|(name, value)| {
            let rest = parameter.strip_prefix(name.as_str());
            value.is_string() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        });
        fitting.max_by_key(|(name, _)| name.len())?.1.as_str()
    }

    /// The text with names in the place of this book's values, to compare it with that of another book.
    pub fn masked(&self, text: &str) -> String {
        let ids = self.ids.iter().chain(&self.deleted).chain(&self.cursors);
        let mut text = text.replace(&self.tag, "<tag>");
        for (name, value) in ids {
            text = text.replace(value, &format!("<{name}>"));
        }
        let words = ["canary", "nobody", "CANARY", "NOBODY"];
        words.iter().fold(text, |text, word| text.replace(word, "<text>"))
    }
}

fn nobody(record: &Map<String, Value>) -> Map<String, Value> {
    let text = serde_json::to_string(record).unwrap().replace("canary", "nobody");
    serde_json::from_str(&text).unwrap()
}

/// A cursor of the same length that nobody has signed.
fn garbled(cursor: &str) -> String {
    let turn = |letter: char| if letter == 'A' { 'B' } else { 'A' };
    cursor.chars().map(turn).collect()
}
