//! Checks one row and makes a customer of it. The database checks the same again.

use csv::ByteRecord;

use super::duplicates::fold;
use super::header::{Field, Header};
use super::sink::NewRow;
use paddock_api::LifecycleStage;

/// The longest a folded name or e-mail may be, in bytes: it is a key of an index.
const LONGEST_KEY: usize = 2000;

/// Why a row is not taken. Of several reasons, the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The field that is to blame; `row` if no single one is.
    pub(crate) field: String,
    /// Why, as a stable name.
    pub(crate) code: String,
    /// Why, for people.
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal of this field.
    pub(crate) fn new(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code: code.to_owned(), message: message.into() }
    }
}

/// Makes a customer of a record.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn read(header: &Header, fields: &ByteRecord) -> Result<NewRow, Refusal> {
    if fields.len() > header.len() {
        let message = format!("{} columns where the header has {}", fields.len(), header.len());
        return Err(Refusal::new("row", "columns", message));
    }
    let texts = texts(header, fields)?;
    let value = |field| {
        let text = header.column(field).and_then(|column| texts.get(column)).copied();
        text.filter(|text| !text.is_empty())
    };
    Ok(NewRow {
        name: name(value(Field::Name), value(Field::FirstName), value(Field::LastName))?,
        email: email(value(Field::Email))?,
        phone: optional("phone", value(Field::Phone), 50)?,
        title: optional("title", value(Field::Title), 200)?,
        lifecycle_stage: stage(value(Field::Stage))?,
    })
}

/// The columns as text, without the spaces around it. Every column must be UTF-8, even an ignored one:
/// the others of such a row are hardly what they seem.
fn texts<'a>(header: &Header, fields: &'a ByteRecord) -> Result<Vec<&'a str>, Refusal> {
    let text = |(index, field): (usize, &'a [u8])| {
        std::str::from_utf8(field).map(str::trim).map_err(|_| {
            let column = header.names().get(index).map_or("row", String::as_str);
            Refusal::new(
                column,
                "not-utf-8",
                "this text is not UTF-8; save the file as \"CSV UTF-8\"",
            )
        })
    };
    fields.iter().enumerate().map(text).collect()
}

/// The name, or what its parts give.
fn name(whole: Option<&str>, first: Option<&str>, last: Option<&str>) -> Result<String, Refusal> {
    let words = match whole {
        Some(whole) => vec![whole],
        None => first.into_iter().chain(last).collect(),
    };
    let words: Vec<&str> = words.iter().flat_map(|words| words.split_whitespace()).collect();
    let name = words.join(" ");
    if name.is_empty() {
        return Err(Refusal::new("name", "required", "a customer needs a name"));
    }
    if name.contains(char::is_control) {
        return Err(Refusal::new("name", "invalid-text", "a name cannot hold control characters"));
    }
    check_length("name", &name, 200)?;
    Ok(name)
}

/// The e-mail: one `@` with something on either side, and no spaces.
fn email(value: Option<&str>) -> Result<String, Refusal> {
    let missing = || {
        let message = "without an e-mail this customer would be doubled by the next import";
        Refusal::new("email", "required", message)
    };
    let email = value.ok_or_else(missing)?;
    check_text("email", email)?;
    check_length("email", email, 254)?;
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let odd = local.is_empty() || domain.is_empty() || domain.contains('@');
    if odd || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::new(
            "email",
            "invalid-email",
            format!("{email:?} is no e-mail address"),
        ));
    }
    Ok(email.to_owned())
}

fn optional(field: &str, value: Option<&str>, max: usize) -> Result<Option<String>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    check_text(field, value)?;
    check_length(field, value, max)?;
    Ok(Some(value.to_owned()))
}

fn stage(value: Option<&str>) -> Result<LifecycleStage, Refusal> {
    let Some(value) = value else { return Ok(LifecycleStage::default()) };
    LifecycleStage::parse(value).ok_or_else(|| {
        let allowed = LifecycleStage::ALL.map(LifecycleStage::as_str).join(", ");
        let value: String = value.chars().take(50).collect();
        let message = format!("{value:?} is none of {allowed}");
        Refusal::new("lifecycle_stage", "invalid-value", message)
    })
}

fn check_text(field: &str, value: &str) -> Result<(), Refusal> {
    if value.contains('\0') {
        return Err(Refusal::new(field, "invalid-text", "a NUL character cannot be stored"));
    }
    Ok(())
}

fn check_length(field: &str, value: &str, max: usize) -> Result<(), Refusal> {
    let is_key = matches!(field, "name" | "email");
    if value.chars().count() > max || (is_key && fold(value).len() > LONGEST_KEY) {
        return Err(Refusal::new(field, "too-long", format!("at most {max} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::super::ImportError;
    use super::super::header::Header;
    use super::super::sink::NewRow;
    use super::{Refusal, read};
    use paddock_api::LifecycleStage;

    const COLUMNS: [&str; 7] =
        ["Name", "First Name", "Last Name", "E-mail", "Phone", "Title", "Stage"];

    /// A row of name, first name, last name, e-mail, phone, title and stage.
    fn row(values: &[&str]) -> Result<Result<NewRow, Refusal>, ImportError> {
        bytes(&values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>())
    }

    fn bytes(values: &[&[u8]]) -> Result<Result<NewRow, Refusal>, ImportError> {
        let header = Header::read(&ByteRecord::from(COLUMNS.to_vec()))?;
        Ok(read(&header, &ByteRecord::from(values.to_vec())))
    }

    /// Field and code of the refusal.
    fn refusal(values: &[&str]) -> Result<(String, String), ImportError> {
        Ok(row(values)?.err().map(|refusal| (refusal.field, refusal.code)).unwrap_or_default())
    }

    fn pair(field: &str, code: &str) -> (String, String) {
        (field.to_owned(), code.to_owned())
    }

    #[test]
    fn values_are_trimmed_and_empty_ones_are_absent() -> Result<(), ImportError> {
        let row = row(&[
            "\u{a0} Ada \t  Lovelace ",
            "",
            "",
            " ada@sample.example ",
            "  ",
            "Countess",
            " FORMER ",
        ])?;
        let expected = NewRow {
            name: "Ada Lovelace".to_owned(),
            email: "ada@sample.example".to_owned(),
            phone: None,
            title: Some("Countess".to_owned()),
            lifecycle_stage: LifecycleStage::Former,
        };
        assert_eq!(row, Ok(expected));
        Ok(())
    }

    #[test]
    fn a_name_comes_whole_or_in_parts() -> Result<(), ImportError> {
        let name = |values: &[&str]| Ok(row(values)?.map(|row| row.name).unwrap_or_default());
        assert_eq!(name(&["Whole", "First", "Last", "a@b"])?, "Whole");
        assert_eq!(name(&["", "First", "Last", "a@b"])?, "First Last");
        assert_eq!(name(&["", "", "Last", "a@b"])?, "Last");
        assert_eq!(refusal(&["", " ", "", "a@b"])?, pair("name", "required"));
        Ok::<(), ImportError>(())
    }

    #[test]
    fn missing_trailing_columns_are_empty() -> Result<(), ImportError> {
        let row = row(&["A", "", "", "a@b"])?;
        assert_eq!(
            row.map(|row| (row.phone, row.lifecycle_stage)),
            Ok((None, LifecycleStage::Lead))
        );
        Ok(())
    }

    #[test]
    fn columns_beyond_the_header_are_refused() -> Result<(), ImportError> {
        let refusal = row(&["A", "", "", "a@b", "", "", "", "x", "y"])?.err();
        let message = "9 columns where the header has 7";
        assert_eq!(refusal, Some(Refusal::new("row", "columns", message)));
        Ok(())
    }

    #[test]
    fn an_e_mail_is_needed_and_has_a_form() -> Result<(), ImportError> {
        assert_eq!(refusal(&["A"])?, pair("email", "required"));
        for bad in ["a", "a@", "@b", "a@b@c", "a b@c", "a@b\u{3000}c", "a\n@b"] {
            assert_eq!(refusal(&["A", "", "", bad])?, pair("email", "invalid-email"), "{bad:?}");
        }
        for good in ["a@b", "ä.ö@ü.example", "o'hara+crm@sub.sample.example"] {
            assert!(row(&["A", "", "", good])?.is_ok(), "{good}");
        }
        Ok(())
    }

    #[test]
    fn texts_have_limits_counted_in_characters() -> Result<(), ImportError> {
        let long = |count: usize| "ö".repeat(count);
        let mail = |count: usize| format!("{}@b", long(count - 2));
        assert!(row(&[&long(200), "", "", &mail(254), &long(50), &long(200)])?.is_ok());
        assert_eq!(refusal(&[&long(201), "", "", "a@b"])?, pair("name", "too-long"));
        assert_eq!(refusal(&["A", "", "", &mail(255)])?, pair("email", "too-long"));
        assert_eq!(refusal(&["A", "", "", "a@b", &long(51)])?, pair("phone", "too-long"));
        assert_eq!(refusal(&["A", "", "", "a@b", "", &long(201)])?, pair("title", "too-long"));
        Ok(())
    }

    #[test]
    fn a_text_that_outgrows_the_index_when_folded_is_refused() -> Result<(), ImportError> {
        // This ligature is eighteen letters in compatibility form.
        assert_eq!(refusal(&[&"\u{fdfa}".repeat(100), "", "", "a@b"])?, pair("name", "too-long"));
        Ok(())
    }

    #[test]
    fn characters_that_cannot_be_stored_are_refused() -> Result<(), ImportError> {
        assert_eq!(refusal(&["A\0B", "", "", "a@b"])?, pair("name", "invalid-text"));
        assert_eq!(refusal(&["A\u{1b}[2J", "", "", "a@b"])?, pair("name", "invalid-text"));
        assert_eq!(refusal(&["A", "", "", "a\0@b"])?, pair("email", "invalid-text"));
        assert_eq!(refusal(&["A", "", "", "a@b", "1\0"])?, pair("phone", "invalid-text"));
        assert_eq!(refusal(&["A", "", "", "a@b", "", "x\0"])?, pair("title", "invalid-text"));
        Ok(())
    }

    #[test]
    fn a_stage_that_does_not_exist_is_refused_with_those_that_do() -> Result<(), ImportError> {
        let refusal = row(&["A", "", "", "a@b", "", "", "hot"])?.err();
        let message = "\"hot\" is none of lead, prospect, customer, former";
        assert_eq!(refusal, Some(Refusal::new("lifecycle_stage", "invalid-value", message)));
        Ok(())
    }

    #[test]
    fn a_row_that_is_not_utf_8_is_refused_by_the_name_of_its_column() -> Result<(), ImportError> {
        let refusal = bytes(&[b"Andr\xE9", b"", b"", b"a@b"])?.err();
        let found = refusal.map(|refusal| (refusal.field, refusal.code));
        assert_eq!(found, Some(pair("Name", "not-utf-8")));
        Ok(())
    }
}
