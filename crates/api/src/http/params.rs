//! Ids in paths and parameters in query strings: read strictly, never dropped silently.

use std::fmt;
use std::ops::Deref;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use std::future::{Ready, ready};
use uuid::Uuid;

use crate::http::problem::{Answer, Code, FieldError, Problem};

/// An id in its canonical lower-case spelling and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) Uuid);

impl Id {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let canonical =
            |id: &Uuid| id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        Uuid::try_parse(text).ok().filter(canonical).map(Self)
    }
}

impl Deref for Id {
    type Target = Uuid;

    fn deref(&self) -> &Uuid {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected an id"))
    }
}

/// Several values in one parameter, separated by commas: `user_id_in=a,b`.
#[derive(Debug, Clone)]
pub(crate) struct Csv<T>(pub(crate) Vec<T>);

/// How many values a parameter may hold.
const MOST_VALUES: usize = 500;

impl<'de, T: DeserializeOwned> Deserialize<'de> for Csv<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let values = text
            .split(',')
            .map(|part| T::deserialize(serde::de::value::StrDeserializer::<D::Error>::new(part)))
            .collect::<Result<Vec<T>, _>>()?;
        if values.len() > MOST_VALUES {
            return Err(D::Error::custom("expected at most 500 values"));
        }
        Ok(Self(values))
    }
}

/// How long a text to compare with may be.
pub(crate) const MOST_LETTERS: usize = 254;

/// A text to compare with: one to 254 characters, none of them NUL.
#[derive(Debug, Clone)]
pub(crate) struct Term(pub(crate) String);

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !(1..=MOST_LETTERS).contains(&text.chars().count()) || text.contains('\0') {
            return Err(D::Error::custom("expected 1 to 254 characters"));
        }
        Ok(Self(text))
    }
}

/// The query string, read into a type that denies unknown fields.
pub(crate) struct Query<T> {
    pub(crate) params: T,
    /// What identifies this list: all parameters but `cursor` and `limit`, in order.
    pub(crate) fingerprint: String,
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_but(request.query_string(), |_| false))
    }
}

/// Reads all parameters but those whose names somebody else reads. The list is identified by all of them.
pub(crate) fn read_but<T: DeserializeOwned>(
    text: &str,
    left_out: impl Fn(&str) -> bool,
) -> Answer<Query<T>> {
    let pairs = || form_urlencoded::parse(text.as_bytes());
    let ours: Vec<_> = pairs().filter(|(name, _)| !left_out(name)).collect();
    let ours = form_urlencoded::Serializer::new(String::new()).extend_pairs(ours).finish();
    let ours = serde_urlencoded::Deserializer::new(form_urlencoded::parse(ours.as_bytes()));
    let params = serde_path_to_error::deserialize(ours)
        .map_err(|error| refused(&error.path().to_string(), &error.inner().to_string()))?;
    let mut rest: Vec<_> =
        pairs().filter(|(name, _)| name != "cursor" && name != "limit").collect();
    rest.sort();
    let fingerprint = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
    Ok(Query { params, fingerprint })
}

fn refused(path: &str, text: &str) -> Problem {
    let (code, message) = if text.starts_with("unknown field") {
        ("unknown", "not a parameter of this operation")
    } else if text.starts_with("duplicate field") {
        ("repeated", "given more than once")
    } else {
        ("invalid", text.find("expected ").map_or(text, |from| &text[from..]))
    };
    let name = text.split('`').nth(1).filter(|_| code != "invalid").unwrap_or(path);
    refusal(name, code, message)
}

/// The problem of an operation that takes no parameters and got one.
pub(crate) fn none_taken(query: &str) -> Option<Problem> {
    let (name, _) = form_urlencoded::parse(query.as_bytes()).next()?;
    Some(refusal(&name, "unknown", "not a parameter of this operation"))
}

/// The problem of one parameter.
pub(crate) fn refusal(name: &str, code: &'static str, message: &str) -> Problem {
    let name: String = name.chars().take(100).collect();
    let (pointer, message) = (format!("?{name}"), message.replace('`', ""));
    Problem::field(Code::InvalidParameter, FieldError { pointer, code, message })
}

/// An id in a path. A malformed one is answered like an unknown one.
pub(crate) fn path_id(text: &str) -> Answer<Uuid> {
    Id::parse(text).map(|id| id.0).ok_or_else(Problem::not_found)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let id = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b";
        assert!(Id::parse(id).is_some());
        for other in
            [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}")]
        {
            assert!(Id::parse(&other).is_none(), "{other}");
        }
    }
}
