//! Values of custom fields in bodies. Which fields there are, and what they take, the database knows.

use std::collections::BTreeMap;
use std::fmt;

use paddock_db::{Error as DbError, Result};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::http::checks::Checks;

/// Values by the keys of their fields. What is absent stays; null clears.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CustomValues(BTreeMap<String, CustomValue>);

/// One value, of whatever type its field is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum CustomValue {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Choices(Vec<String>),
    Money(Money),
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// In minor units of the currency (cents): at most fifteen digits.
    #[schema(example = 125_000)]
    amount_minor: i64,
    /// ISO 4217, three capital letters.
    #[schema(example = "EUR", pattern = "^[A-Z]{3}$")]
    currency: String,
}

impl CustomValues {
    /// As the database takes them: a JSON object; none if nothing is named.
    pub(crate) fn to_json(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// Whether nothing is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with the values whatever their fields are.
    pub(crate) fn check(&self, checks: &mut Checks) {
        let has_nul = |value: &CustomValue| match value {
            CustomValue::Text(text) => text.contains('\0'),
            CustomValue::Choices(keys) => keys.iter().any(|key| key.contains('\0')),
            CustomValue::Money(money) => money.currency.contains('\0'),
            _ => false,
        };
        for (key, value) in &self.0 {
            if key.contains('\0') || has_nul(value) {
                checks.refuse_nul(&format!("custom_fields/{}", escaped(key)));
            }
        }
    }
}

/// A key as a part of a JSON pointer (RFC 6901).
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// JSON as the database has made it.
pub(crate) fn as_json(text: Option<String>) -> Result<Option<Box<RawValue>>> {
    let json = text.map(RawValue::from_string).transpose();
    json.map_err(|error| DbError::Internal(error.to_string()))
}

/// What the database has made of a record's values; it says nothing of records that have none.
pub(crate) fn serialize<S: Serializer>(
    values: &Option<Box<RawValue>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match values {
        Some(values) => values.serialize(serializer),
        None => CustomValues::default().serialize(serializer),
    }
}

impl<'de> Deserialize<'de> for CustomValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = CustomValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut members: A,
    ) -> std::result::Result<CustomValues, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((key, value)) = members.next_entry::<String, CustomValue>()? {
            if values.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate field"));
            }
        }
        Ok(CustomValues(values))
    }
}

impl<'de> Deserialize<'de> for CustomValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = CustomValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that a field takes")
    }

    fn visit_unit<E: Error>(self) -> std::result::Result<CustomValue, E> {
        Ok(CustomValue::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> std::result::Result<CustomValue, E> {
        Ok(CustomValue::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> std::result::Result<CustomValue, E> {
        Ok(CustomValue::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> std::result::Result<CustomValue, E> {
        // What is larger is too large for every field.
        Ok(CustomValue::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> std::result::Result<CustomValue, E> {
        Ok(CustomValue::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> std::result::Result<CustomValue, E> {
        Ok(CustomValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<CustomValue, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = items.next_element()? {
            keys.push(key);
        }
        Ok(CustomValue::Choices(keys))
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        members: A,
    ) -> std::result::Result<CustomValue, A::Error> {
        Money::deserialize(serde::de::value::MapAccessDeserializer::new(members))
            .map(CustomValue::Money)
    }
}

impl PartialSchema for CustomValues {
    fn schema() -> RefOr<Schema> {
        let one = |kind: Type| ObjectBuilder::new().schema_type(kind);
        let value = AnyOfBuilder::new()
            .item(one(Type::String))
            .item(one(Type::Number))
            .item(one(Type::Boolean))
            .item(Ref::from_schema_name("Money"))
            .item(ArrayBuilder::new().items(one(Type::String)))
            .item(one(Type::Null));
        let description = "Values by the keys of the fields that the company has defined: a text, a number, money, a \
            day, true or false, the key of a choice or several of them, the id of a user. What is absent stays, null \
            clears.";
        ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for CustomValues {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Money::name().into_owned(), Money::schema()));
    }
}

#[cfg(test)]
mod tests {
    use super::CustomValues;

    fn read(json: &str) -> Option<String> {
        serde_json::from_str::<CustomValues>(json).ok().and_then(|values| values.to_json())
    }

    #[test]
    fn values_are_passed_on_as_they_came() {
        let json = r#"{"a":null,"b":true,"c":-12,"d":0.1,"e":"x","f":["y"],"g":{"amount_minor":1,"currency":"EUR"}}"#;
        assert_eq!(read(json).as_deref(), Some(json));
        assert_eq!(read("{}"), None);
    }

    #[test]
    fn what_no_field_takes_is_refused() {
        for json in [r#"{"a":1,"a":2}"#, r#"{"a":[[]]}"#, r#"{"a":{"b":1}}"#, "[]", r#"{"a":[1]}"#]
        {
            assert!(serde_json::from_str::<CustomValues>(json).is_err(), "{json}");
        }
    }
}
