//! Rows become values column by column, in the order of the statement's select list.

use tokio_postgres::types::{FromSql, Type};

use crate::error::{Error, Result};

/// One row of an answer, read from left to right.
pub struct Row<'a> {
    row: &'a tokio_postgres::Row,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(row: &'a tokio_postgres::Row) -> Self {
        Self { row, next: 0 }
    }

    /// The next column's value.
    ///
    /// # Errors
    /// If there are no more columns or the type does not fit: a defect of ours.
    #[expect(clippy::should_implement_trait, reason = "each column may have another type")]
    pub fn next<T: FromSql<'a>>(&mut self) -> Result<T> {
        let value = self.row.try_get(self.next);
        self.next += 1;
        value.map_err(|error| Error::Internal(format!("column {}: {error}", self.next)))
    }

    /// The value of the column of that name.
    ///
    /// # Errors
    /// If there is no such column or the type does not fit: a defect of ours.
    pub fn named<T: FromSql<'a>>(&self, column: &str) -> Result<T> {
        let value = self.row.try_get(column);
        value.map_err(|error| Error::Internal(format!("column {column}: {error}")))
    }

    /// Whether the next column is null; it stays the next one.
    ///
    /// # Errors
    /// If there are no more columns: a defect of ours.
    pub fn is_next_null(&self) -> Result<bool> {
        let value = self.row.try_get::<_, Option<Anything>>(self.next);
        value.map(|value| value.is_none()).map_err(|error| Error::Internal(error.to_string()))
    }
}

/// A value of any type, of which only matters that it is there.
struct Anything;

impl<'a> FromSql<'a> for Anything {
    fn from_sql(
        _: &Type,
        _: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value that is read from a row.
pub trait FromRow: Sized {
    /// Reads the value's columns, in the order of the select list.
    ///
    /// # Errors
    /// If the select list and the type do not fit together: a defect of ours.
    fn from_row(row: &mut Row<'_>) -> Result<Self>;
}

/// For statements whose answer nobody reads.
impl FromRow for () {
    fn from_row(_: &mut Row<'_>) -> Result<Self> {
        Ok(())
    }
}

macro_rules! scalar {
    ($($type:ty),*) => {$(
        impl FromRow for $type {
            fn from_row(row: &mut Row<'_>) -> Result<Self> {
                row.next()
            }
        }
    )*};
}
scalar!(bool, i32, i64, String, uuid::Uuid, time::OffsetDateTime, Option<String>);
