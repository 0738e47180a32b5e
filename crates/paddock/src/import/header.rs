//! What the columns of a file mean: names as spreadsheets, address books and other CRMs use them.

use csv::ByteRecord;

use super::error::ImportError;

/// Columns that only the database sets.
const RESERVED: [&str; 7] =
    ["id", "companyid", "userid", "createdat", "updatedat", "deletedat", "version"];

/// What `--errors` puts in front of the file's own columns.
pub(crate) const REPORT: [&str; 4] = ["line", "field", "code", "message"];

/// A field that a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// The whole name.
    Name,
    /// The first part of the name, where it comes in two columns.
    FirstName,
    /// The second part of the name.
    LastName,
    /// The e-mail address.
    Email,
    /// The telephone number.
    Phone,
    /// The job title.
    Title,
    /// The lifecycle stage.
    Stage,
}

impl Field {
    /// Reads a column's name that was made plain.
    fn parse(plain: &str) -> Option<Self> {
        Some(match plain {
            "name" | "fullname" | "contactname" | "customer" => Self::Name,
            "firstname" | "givenname" => Self::FirstName,
            "lastname" | "surname" | "familyname" => Self::LastName,
            "email" | "emailaddress" | "mail" => Self::Email,
            "phone" | "telephone" | "mobile" | "phonenumber" => Self::Phone,
            "title" | "jobtitle" | "position" => Self::Title,
            "lifecyclestage" | "stage" | "status" => Self::Stage,
            _ => return None,
        })
    }

    /// The field for people.
    const fn label(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FirstName => "first name",
            Self::LastName => "last name",
            Self::Email => "e-mail",
            Self::Phone => "phone",
            Self::Title => "job title",
            Self::Stage => "lifecycle stage",
        }
    }
}

/// The header line, understood.
#[derive(Debug, Default)]
pub(crate) struct Header {
    names: Vec<String>,
    fields: Vec<Option<Field>>,
    is_report: bool,
}

impl Header {
    /// Reads the header line.
    ///
    /// # Errors
    /// If a column is reserved, given twice or missing.
    pub(crate) fn read(record: &ByteRecord) -> Result<Self, ImportError> {
        let names: Vec<String> = record.iter().map(shown).collect();
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        if let Some(index) = plain.iter().position(|name| RESERVED.contains(&name.as_str())) {
            return Err(ImportError::ReservedColumn(names[index].clone()));
        }
        let fields = plain.iter().map(|name| Field::parse(name)).collect();
        let is_report = plain.len() > REPORT.len() && plain.iter().zip(REPORT).all(|(a, b)| a == b);
        let header = Self { names, fields, is_report };
        header.refuse_columns_twice()?;
        header.refuse_without_name_or_email()?;
        Ok(header)
    }

    /// The columns' names, as the file writes them.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Where a field stands.
    pub(crate) fn column(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|found| *found == Some(field))
    }

    /// How many columns at the start were put there by an earlier import's `--errors`.
    pub(crate) fn report_columns(&self) -> usize {
        if self.is_report { REPORT.len() } else { 0 }
    }

    /// The columns that mean nothing here, but for those of an earlier import's `--errors`.
    pub(crate) fn ignored(&self) -> Vec<String> {
        let columns = self.names.iter().zip(&self.fields).skip(self.report_columns());
        columns.filter(|(_, field)| field.is_none()).map(|(name, _)| name.clone()).collect()
    }

    fn refuse_columns_twice(&self) -> Result<(), ImportError> {
        for (index, field) in self.fields.iter().enumerate() {
            let Some(field) = *field else { continue };
            if let Some(first) = self.column(field).filter(|first| *first < index) {
                return Err(ImportError::ColumnTwice {
                    field: field.label(),
                    first: self.names[first].clone(),
                    second: self.names[index].clone(),
                });
            }
        }
        Ok(())
    }

    fn refuse_without_name_or_email(&self) -> Result<(), ImportError> {
        let lacks = |field| self.column(field).is_none();
        let missing =
            |field, called| Err(ImportError::NoColumn { field, called, found: self.names.clone() });
        if lacks(Field::Email) {
            return missing("e-mail", "Email, E-mail Address or Mail");
        }
        if lacks(Field::Name) && lacks(Field::FirstName) && lacks(Field::LastName) {
            return missing("name", "Name or Full Name, or use First Name and Last Name");
        }
        Ok(())
    }
}

/// A column's name as it can be printed.
fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

/// A column's name without case, spaces, underscores and dashes.
fn plain(name: &str) -> String {
    let dull = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-'));
    name.chars().filter(dull).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::{Field, Header, ImportError};

    fn header(names: &[&str]) -> Result<Header, ImportError> {
        Header::read(&ByteRecord::from(names.to_vec()))
    }

    fn refusal(names: &[&str]) -> String {
        header(names).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn columns_are_known_by_many_names() -> Result<(), ImportError> {
        let fields = [
            (Field::Name, vec!["name", "Full Name", "CONTACT_NAME", "Customer"]),
            (Field::Email, vec!["email", "E-Mail", "e-mail address", "Mail"]),
            (Field::Phone, vec!["Phone", "telephone", "Mobile", "phone_number"]),
            (Field::Title, vec!["Title", "Job-Title", "position"]),
            (Field::Stage, vec!["lifecycle_stage", "Lifecycle Stage", "stage", "STATUS"]),
            (Field::FirstName, vec!["First Name", "given_name"]),
            (Field::LastName, vec!["last-name", "Surname", "family name"]),
        ];
        for (field, names) in fields {
            for name in names {
                let others: &[&str] = match field {
                    Field::Name => &["email"],
                    Field::Email => &["name"],
                    _ => &["name", "email"],
                };
                let columns = [&[name], others].concat();
                assert_eq!(header(&columns)?.column(field), Some(0), "{name}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_column_that_only_the_database_sets_stops_the_import() {
        for column in [
            "id",
            "ID",
            "Company_ID",
            "user id",
            "Created At",
            "updated-at",
            "deleted_at",
            "Version",
        ] {
            let refusal = refusal(&["name", "email", column]);
            assert!(
                refusal.starts_with(&format!("the column {column} is set by the database")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn two_columns_for_one_field_stop_the_import() {
        let refusal = refusal(&["Name", "E-mail", "Phone", "Mobile"]);
        assert_eq!(
            refusal,
            "both Phone and Mobile would be the phone; remove or rename one of them"
        );
    }

    #[test]
    fn without_a_name_or_an_e_mail_the_columns_are_listed() {
        assert!(refusal(&["Name", "Fax"]).contains("no column for the e-mail"));
        let refusal = refusal(&["Mail", "Fax", ""]);
        assert!(refusal.contains("no column for the name"), "{refusal}");
        assert!(refusal.ends_with("The columns are: Mail, Fax, (no name)"), "{refusal}");
    }

    #[test]
    fn one_part_of_the_name_is_enough() -> Result<(), ImportError> {
        assert_eq!(header(&["surname", "mail"])?.column(Field::LastName), Some(0));
        Ok(())
    }

    #[test]
    fn other_columns_are_ignored_and_listed() -> Result<(), ImportError> {
        let header = header(&["Notes", "name", "Code", "email"])?;
        assert_eq!(header.ignored(), ["Notes", "Code"]);
        Ok(())
    }

    #[test]
    fn the_columns_of_an_earlier_report_are_not_worth_a_word() -> Result<(), ImportError> {
        let header = header(&["line", "field", "code", "message", "Name", "E-mail", "Notes"])?;
        assert_eq!((header.report_columns(), header.ignored()), (4, vec!["Notes".to_owned()]));
        Ok(())
    }
}
