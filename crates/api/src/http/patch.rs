//! The three states of a field in a JSON Merge Patch (RFC 7396): absent keeps, null clears, a value sets.

use serde::{Deserialize, Deserializer};

/// A field of a patch. Use with `#[serde(default)]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    /// The field is not in the body: keep what is there.
    #[default]
    Absent,
    /// The field is null: clear it.
    Null,
    /// The field has a value: set it.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field is in the body.
    pub(crate) const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub(crate) const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}
