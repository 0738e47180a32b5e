//! Points in time as RFC 3339 text in UTC with microseconds, always of the same length.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// `2026-11-23T14:30:52.000001Z`, digit by digit: a page of a list writes dozens of them.
pub(crate) fn digits(time: OffsetDateTime) -> [u8; 27] {
    let t = time.to_offset(UtcOffset::UTC);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let (year, month, day) = t.to_calendar_date();
    let (hour, minute, second, micros) = t.to_hms_micro();
    let mut write = |at: usize, digits: usize, mut number: u32| {
        for digit in text[at..at + digits].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    write(0, 4, u32::try_from(year).unwrap_or_default());
    write(5, 2, u8::from(month).into());
    write(8, 2, day.into());
    write(11, 2, hour.into());
    write(14, 2, minute.into());
    write(17, 2, second.into());
    write(20, 6, micros);
    text
}

/// For `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer>(
    time: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(std::str::from_utf8(&digits(*time)).map_err(S::Error::custom)?)
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

    use super::digits;

    #[test]
    fn microseconds_are_always_written() {
        assert_eq!(digits(datetime!(2026-01-02 03:04:05 +01:00)), *b"2026-01-02T02:04:05.000000Z");
    }
}
