//! Parameters about custom fields: `custom.<key>=`, `custom.<key>_gte=` … and `sort=custom.<key>`. The database says
//! which fields there are for the caller, and what their types take.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use paddock_db::Error as DbError;
use serde::de::DeserializeOwned;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, Required, Type};
use utoipa::{IntoParams, PartialSchema};

use crate::http::params::{self, MOST_LETTERS, Query};
use crate::http::problem::{Answer, Problem};

/// How parameters and sort keys about fields begin.
pub(crate) const PREFIX: &str = "custom.";
/// How they end, and what that asks of a field. Where nothing is said, the value is the one given.
const ENDINGS: [(&str, &str); 6] = [
    ("_gte", "gte"),
    ("_gt", "gt"),
    ("_lte", "lte"),
    ("_lt", "lt"),
    ("_in", "in"),
    ("_starts_with", "starts_with"),
];
/// Endings that no key has, for parameters of another day.
const RESERVED: [&str; 2] = ["_not", "_is_null"];
/// How many filters by fields a list takes: each is one more table to look into.
const MOST_FILTERS: usize = 5;
/// How many values a filter takes.
const MOST_VALUES: usize = 50;

/// One filter by a field.
#[derive(Debug)]
pub(crate) struct FieldFilter {
    /// The parameter.
    name: String,
    /// The key, what is wanted of the field, and the values: as the statement takes them.
    words: Vec<String>,
}

/// A query string with parameters about custom fields, and others.
pub(crate) struct FieldQuery<T> {
    pub(crate) query: Query<T>,
    pub(crate) fields: Vec<FieldFilter>,
}

impl<T: DeserializeOwned> FromRequest for FieldQuery<T> {
    type Error = Problem;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.query_string();
        let read = || {
            let query = params::read_but(text, |name| name.starts_with(PREFIX))?;
            Ok(Self { query, fields: FieldFilter::all(text)? })
        };
        ready(read())
    }
}

impl FieldFilter {
    fn all(query: &str) -> Answer<Vec<Self>> {
        let mut filters: Vec<Self> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if filters.iter().any(|other| other.name == *name) {
                return Err(params::refusal(&name, "repeated", "given more than once"));
            }
            if filters.len() == MOST_FILTERS {
                return Err(params::refusal(
                    &name,
                    "too-many",
                    "at most 5 filters by custom fields",
                ));
            }
            filters.push(Self::one(&name, key, &value)?);
        }
        Ok(filters)
    }

    fn one(name: &str, key: &str, value: &str) -> Answer<Self> {
        let ending = ENDINGS
            .iter()
            .find_map(|(ending, wanted)| key.strip_suffix(ending).map(|key| (key, *wanted)));
        let (key, wanted) = ending.unwrap_or((key, "eq"));
        let values: Vec<&str> =
            if wanted == "in" { value.split(',').collect() } else { vec![value] };
        let fits = |value: &&str| (1..=MOST_LETTERS).contains(&value.chars().count());
        if key.contains('\0') {
            return Err(unknown(name));
        }
        if value.contains('\0') || !values.iter().all(fits) {
            return Err(params::refusal(name, "invalid", "expected 1 to 254 characters"));
        }
        if values.len() > MOST_VALUES {
            return Err(params::refusal(name, "invalid", "expected at most 50 values"));
        }
        let words = [key, wanted].into_iter().chain(values).map(str::to_owned).collect();
        Ok(Self { name: name.to_owned(), words })
    }

    pub(crate) fn key(&self) -> &str {
        &self.words[0]
    }

    pub(crate) fn wanted(&self) -> &str {
        &self.words[1]
    }

    pub(crate) const fn words(&self) -> &Vec<String> {
        &self.words
    }
}

/// Whether a parameter about a field with this key would be taken for another one.
pub(crate) fn ends_like_a_parameter(key: &str) -> bool {
    let endings = ENDINGS.iter().map(|(ending, _)| ending).chain(&RESERVED);
    endings.into_iter().any(|ending| key.ends_with(ending))
}

/// What the database has against a field in the query: 400, with the parameter.
pub(crate) fn or_refused(error: DbError, fields: &[FieldFilter]) -> Problem {
    let (key, kind) = match error {
        DbError::UnknownField(key) => (key, None),
        DbError::FieldValue { key, kind } => (key, Some(kind)),
        error => return error.into(),
    };
    let name = fields.iter().find(|field| field.key() == key).map_or("sort", |field| &field.name);
    match kind {
        None if name == "sort" => params::refusal(name, "invalid", "expected a field to sort by"),
        None => unknown(name),
        Some(kind) => params::refusal(name, "invalid", expected(&kind)),
    }
}

fn unknown(name: &str) -> Problem {
    params::refusal(name, "unknown", "not a parameter of this operation")
}

/// What a parameter about a field of this type takes.
fn expected(kind: &str) -> &'static str {
    match kind {
        "number" => "expected a number of at most twelve digits and six decimals",
        "money" => "expected a currency and an amount in minor units, such as EUR:125000",
        "date" => "expected a day, such as 2026-11-23",
        "boolean" => "expected true or false",
        "choice" | "multi_choice" => "expected one of the choices",
        "user" => "expected an id",
        _ => "expected a text",
    }
}

/// What the document says of parameters about fields: their names are known to each company alone.
pub(crate) struct FieldParameters;

impl IntoParams for FieldParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "Filters by fields that the company has defined, each a parameter of its own: \
            `custom.<key>=` for every type (of several choices: whether it is among them), `_in` with up to 50 values \
            for text, url, choice and user, `_starts_with` for text and url, `_gte`, `_gt`, `_lte`, `_lt` for number, \
            money (`EUR:125000`) and date. Five at most. A field that you do not read is an unknown parameter.";
        let schema = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::RefOr(String::schema())))
            .examples([serde_json::json!({"custom.annual_budget_gte": "125000"})]);
        vec![
            ParameterBuilder::new()
                .name("custom")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .style(Some(ParameterStyle::Form))
                .explode(Some(true))
                .description(Some(description))
                .schema(Some(schema.build()))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldFilter, ends_like_a_parameter};

    fn words(query: &str) -> Result<Vec<Vec<String>>, String> {
        let filters =
            FieldFilter::all(query).map_err(|problem| problem.errors()[0].message.clone())?;
        Ok(filters.into_iter().map(|filter| filter.words).collect())
    }

    #[test]
    fn a_parameter_names_a_field_and_what_is_wanted_of_it() {
        let read = words("limit=1&custom.a_b=x&custom.n_gte=1&custom.c_in=p,q");
        let expected = [vec!["a_b", "eq", "x"], vec!["n", "gte", "1"], vec!["c", "in", "p", "q"]];
        assert_eq!(read.unwrap_or_default(), expected);
        assert_eq!(words("custom.a=1&custom.a=2").err().as_deref(), Some("given more than once"));
        assert!(words("custom.a=").is_err() && words("custom.a_in=b,").is_err());
        assert!(words("custom.a%00=1").is_err() && words("custom.a=%00").is_err());
    }

    #[test]
    fn no_key_ends_as_a_parameter_does() {
        assert!(ends_like_a_parameter("due_gte") && ends_like_a_parameter("x_is_null"));
        assert!(!ends_like_a_parameter("margin") && !ends_like_a_parameter("gte"));
    }
}
