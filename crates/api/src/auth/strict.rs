//! JSON as it is signed: a member that is given twice is read in one way by one program and in another way by
//! the next, so it is read in no way here.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// The members of a JSON object.
pub(crate) type Object = Map<String, Value>;

/// An object, as a segment of a token carries it: base64url without padding (RFC 7515, section 2).
pub(crate) fn segment(text: &str) -> Option<Object> {
    object(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?)
}

/// An object and nothing else, no name in it given twice.
pub(crate) fn object(json: &[u8]) -> Option<Object> {
    match serde_json::from_slice(json).ok()? {
        Strict(Value::Object(object)) => Some(object),
        Strict(_) => None,
    }
}

/// Any value; in no object of it is a name given twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything).map(Self)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is given twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn a_name_that_is_given_twice_is_refused_at_any_depth() {
        let good = [r#"{}"#, r#"{"a":1,"b":{"a":[{"a":1.5},{"a":null}]}}"#];
        assert!(good.iter().all(|json| object(json.as_bytes()).is_some()));
        let bad = [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            "[]",
            "7",
            "",
            "{}{}",
            "{} x",
        ];
        assert!(bad.iter().all(|json| object(json.as_bytes()).is_none()));
        assert!(object(("[".repeat(5000)).as_bytes()).is_none());
    }
}
