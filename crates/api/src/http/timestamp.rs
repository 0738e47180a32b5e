//! Points in time as RFC 3339 text in UTC with microseconds, always of the same length.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// `2026-11-23T14:30:52.000001Z`, digit by digit: a page of a list writes dozens of them.
pub(crate) fn text(time: OffsetDateTime) -> String {
    let t = time.to_offset(UtcOffset::UTC);
    let mut text = String::with_capacity(27);
    let year = u32::try_from(t.year()).unwrap_or_default();
    let parts = [
        (year, 4, '-'),
        (u8::from(t.month()).into(), 2, '-'),
        (t.day().into(), 2, 'T'),
        (t.hour().into(), 2, ':'),
        (t.minute().into(), 2, ':'),
        (t.second().into(), 2, '.'),
        (t.microsecond(), 6, 'Z'),
    ];
    for (number, digits, end) in parts {
        for place in (0..digits).rev() {
            text.push(char::from(b'0' + (number / 10_u32.pow(place) % 10) as u8));
        }
        text.push(end);
    }
    text
}

/// For `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer>(
    time: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

/// For `#[serde(serialize_with)]` on optional fields.
pub(crate) fn serialize_option<S: Serializer>(
    time: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// A point in time in a query string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) OffsetDateTime);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| {
            D::Error::custom("expected a point in time like 2026-11-23T14:30:52Z (RFC 3339)")
        })?;
        // What PostgreSQL can store and compare.
        let time = time.to_offset(UtcOffset::UTC);
        Ok(Self(time))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::text;

    #[test]
    fn microseconds_are_always_written() {
        assert_eq!(text(datetime!(2026-01-02 03:04:05 +01:00)), "2026-01-02T02:04:05.000000Z");
    }
}
