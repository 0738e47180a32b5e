//! Rows as they came, for answers that pass them on without making records of them first.

use time::OffsetDateTime;
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use crate::row::Row;

/// The rows of one answer.
pub struct Rows(Vec<PgRow>);

/// One value of a row, of any of the types that our statements answer with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// `boolean`.
    Bool(bool),
    /// `integer`, `bigint`.
    Int(i64),
    /// `text`.
    Text(&'a str),
    /// `json`, as it is written.
    Json(&'a str),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`.
    Time(OffsetDateTime),
}

impl Rows {
    pub(crate) const fn new(rows: Vec<PgRow>) -> Self {
        Self(rows)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the first ones.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// The names of the columns, in the order of the select list; none if there is no row.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.first().into_iter().flat_map(PgRow::columns).map(tokio_postgres::Column::name)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.0.iter().map(Row::new)
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> Option<Row<'_>> {
        self.0.last().map(Row::new)
    }
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(
        of: &Type,
        bytes: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *of {
            Type::UUID => Self::Uuid(Uuid::from_sql(of, bytes)?),
            Type::TIMESTAMPTZ => Self::Time(OffsetDateTime::from_sql(of, bytes)?),
            Type::INT8 => Self::Int(i64::from_sql(of, bytes)?),
            Type::INT4 => Self::Int(i32::from_sql(of, bytes)?.into()),
            Type::BOOL => Self::Bool(bool::from_sql(of, bytes)?),
            // On the wire JSON is its text.
            Type::JSON => Self::Json(std::str::from_utf8(bytes)?),
            _ => Self::Text(<&str>::from_sql(of, bytes)?),
        })
    }

    fn from_sql_null(
        _: &Type,
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(of: &Type) -> bool {
        matches!(
            *of,
            Type::UUID
                | Type::TIMESTAMPTZ
                | Type::INT8
                | Type::INT4
                | Type::BOOL
                | Type::TEXT
                | Type::JSON
        )
    }
}
