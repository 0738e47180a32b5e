//! Rows as JSON, without records in between: the columns' names are the fields' names.

use paddock_db::{Rows, Value};

use crate::http::timestamp;

/// Columns whose names begin like this are for us alone.
const HIDDEN: char = '_';

/// Writes the rows as an array of objects.
///
/// # Errors
/// If a column has a type that is not known here: a defect of ours.
pub(crate) fn write_rows(rows: &Rows, out: &mut Vec<u8>) -> Result<(), actix_web::Error> {
    let fields = Fields::of(rows);
    out.push(b'[');
    for (number, mut row) in rows.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        for field in &fields.0 {
            let value = row.next().map_err(crate::http::problem::Problem::from)?;
            if let Some(field) = field {
                out.extend_from_slice(field);
                write(value, out)?;
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

/// What goes before the value of each column: `{"id":`, `,"name":`; nothing for hidden ones.
struct Fields(Vec<Option<Vec<u8>>>);

impl Fields {
    fn of(rows: &Rows) -> Self {
        let mut open = '{';
        let field = |column: &str| {
            let shown = !column.starts_with(HIDDEN);
            shown
                .then(|| format!("{}\"{column}\":", std::mem::replace(&mut open, ',')).into_bytes())
        };
        Self(rows.columns().map(field).collect())
    }
}

fn write(value: Value<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => return serde_json::to_writer(out, &value),
        Value::Int(value) => return serde_json::to_writer(out, &value),
        Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        Value::Text(text) => return serde_json::to_writer(out, text),
        // Neither holds anything that JSON would escape.
        Value::Uuid(id) => quoted(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes(), out),
        Value::Time(time) => quoted(&timestamp::digits(time), out),
    }
    Ok(())
}

fn quoted(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}
