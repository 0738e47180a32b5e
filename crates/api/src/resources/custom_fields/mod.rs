//! Custom fields: what a company wants to know of its records, and who reads and writes it.

pub(crate) mod filters;
pub(crate) mod values;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::{Body, word};
use crate::http::checks::Checks;
use crate::http::cursor::Position;
use crate::http::etag::{Changed, IfMatch, Single, Versioned};
use crate::http::page::{PageQuery, Paged, page_of};
use crate::http::params::{Query, path_id};
use crate::http::patch::Patch;
use crate::http::problem::{Answer, Code, Problem};
use crate::http::timestamp;
use crate::resources::by_creation::ByCreation;
use crate::resources::users::Role;

const CREATE_CUSTOM_FIELD: Statement = sql!("custom_fields.sql", "create_custom_field");
const GET_CUSTOM_FIELD: Statement = sql!("custom_fields.sql", "get_custom_field");
const UPDATE_CUSTOM_FIELD: Statement = sql!("custom_fields.sql", "update_custom_field");
const DELETE_CUSTOM_FIELD: Statement = sql!("custom_fields.sql", "delete_custom_field");

/// How many choices a field has at most, those that are gone counted too.
const MOST_CHOICES: usize = 200;

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/custom-fields";
/// In the order of their creation.
const BY_CREATION: ByCreation = ByCreation {
    list: LIST,
    rows: sql!("custom_fields.sql", "list_custom_fields"),
    always: sql!("custom_fields.sql", "list_custom_fields.where.present"),
    order: sql!("custom_fields.sql", "list_custom_fields.order.created_at"),
    after: sql!("custom_fields.sql", "list_custom_fields.after.created_at"),
};

/// A field that the company has defined for its records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomField {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    /// Of which records.
    #[schema(value_type = FieldResource)]
    resource: String,
    /// What it is called in `custom_fields` of a record, and, behind `custom.`, in parameters.
    #[schema(example = "annual_budget")]
    key: String,
    /// What people call it.
    #[schema(example = "Annual budget")]
    name: String,
    #[serde(rename = "type")]
    #[schema(value_type = FieldType)]
    kind: String,
    /// Where it stands among the others, for people; ties are in the order of the keys.
    #[schema(example = 0)]
    position: i32,
    /// The lowest role that reads it. For those below, the field does not exist.
    read_role: Role,
    /// The lowest role that writes it, where it may change the record.
    #[schema(value_type = WritingRole)]
    write_role: Role,
    /// What can be chosen, in order; null if the type is another one.
    #[schema(required = true, value_type = Option<Vec<Choice>>)]
    choices: Option<Box<RawValue>>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    updated_at: OffsetDateTime,
    /// Counts changes; the ETag.
    #[schema(example = 1)]
    version: i64,
}

/// The records that fields can be defined for.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum FieldResource {
    /// `/v1/customers`.
    Customers,
}

impl<'de> Deserialize<'de> for FieldResource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &[("customers", Self::Customers)])
    }
}

impl FieldResource {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
        }
    }
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum FieldType {
    /// A text of 1 to 2000 characters. Filters and sorting look at the first 200, in any spelling.
    Text,
    /// A number of at most twelve digits before the point and six behind it.
    Number,
    /// An amount in minor units with its currency: `{"amount_minor": 125000, "currency": "EUR"}`.
    Money,
    /// A day: `2026-11-23`.
    Date,
    /// true or false.
    Boolean,
    /// The key of one of the choices.
    Choice,
    /// Keys of several choices.
    MultiChoice,
    /// The id of a user of the company.
    User,
    /// An address on the web, of at most 2000 characters.
    Url,
}

impl FieldType {
    const ALL: [Self; 9] = [
        Self::Text,
        Self::Number,
        Self::Money,
        Self::Date,
        Self::Boolean,
        Self::Choice,
        Self::MultiChoice,
        Self::User,
        Self::Url,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Date => "date",
            Self::Boolean => "boolean",
            Self::Choice => "choice",
            Self::MultiChoice => "multi_choice",
            Self::User => "user",
            Self::Url => "url",
        }
    }

    const fn has_choices(self) -> bool {
        matches!(self, Self::Choice | Self::MultiChoice)
    }
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &Self::ALL.map(|one| (one.as_str(), one)))
    }
}

/// A role that writes: viewers do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "kebab-case", example = "member")]
pub(crate) enum WritingRole {
    /// Owners alone.
    Owner,
    /// Admins and owners.
    Admin,
    /// Everybody but viewers.
    Member,
}

impl WritingRole {
    const fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Admin => Role::Admin,
            Self::Member => Role::Member,
        }
    }
}

impl<'de> Deserialize<'de> for WritingRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let words = [("owner", Self::Owner), ("admin", Self::Admin), ("member", Self::Member)];
        word(deserializer, &words)
    }
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// What programs call it: 1 to 63 lower-case letters, digits, `_` and `-`, no sign first. Never changes.
    #[schema(example = "gold", min_length = 1, max_length = 63)]
    key: String,
    /// What people call it: 1 to 200 characters.
    #[schema(example = "Gold", min_length = 1, max_length = 200)]
    name: String,
}

/// A field to be: at most 100 of one resource. Resource, key and type never change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomField {
    /// `customers` where nothing is said.
    #[serde(default = "customers")]
    #[schema(required = false)]
    resource: FieldResource,
    /// 1 to 63 lower-case letters, digits, `_` and `-`, a letter first. It cannot end as a parameter does: `_gte`,
    /// `_gt`, `_lte`, `_lt`, `_in`, `_not`, `_is_null`, `_starts_with`.
    #[schema(example = "annual_budget", min_length = 1, max_length = 63)]
    key: String,
    /// 1 to 200 characters.
    #[schema(example = "Annual budget", min_length = 1, max_length = 200)]
    name: String,
    #[serde(rename = "type")]
    kind: FieldType,
    /// 0 where nothing is said.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 1_000_000)]
    position: i32,
    /// The lowest role that reads it; `viewer` where nothing is said. Not above your own.
    #[serde(default = "viewer")]
    #[schema(required = false)]
    read_role: Role,
    /// The lowest role that writes it, not below `read_role`; `member`, or `read_role` if that is higher, where nothing
    /// is said. Not above your own.
    #[schema(nullable = false)]
    write_role: Option<WritingRole>,
    /// For `choice` and `multi_choice`, and for no other type: 1 to 200.
    #[schema(min_items = 1, max_items = 200, example = json!(null))]
    choices: Option<Vec<Choice>>,
}

/// Changes of a field (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomFieldPatch {
    /// 1 to 200 characters; cannot be cleared.
    #[serde(default)]
    #[schema(
        value_type = String, required = false, example = "Yearly budget",
        min_length = 1, max_length = 200
    )]
    name: Patch<String>,
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 1_000_000)]
    position: Patch<i32>,
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Role, required = false)]
    read_role: Patch<Role>,
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = WritingRole, required = false)]
    write_role: Patch<WritingRole>,
    /// All that can be chosen from now on, in order. A value that has another one keeps it. 200 at most, those that are
    /// gone counted too. Null, as other types have it, changes nothing.
    #[schema(min_items = 1, max_items = 200, example = json!(null))]
    choices: Option<Vec<Choice>>,
}

const fn customers() -> FieldResource {
    FieldResource::Customers
}

const fn viewer() -> Role {
    Role::Viewer
}

impl FromRow for CustomField {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            resource: row.next()?,
            key: row.next()?,
            name: row.next()?,
            kind: row.next()?,
            position: row.next()?,
            read_role: Role::parse(row.next()?),
            write_role: Role::parse(row.next()?),
            choices: values::as_json(row.next()?)?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for CustomField {
    fn version(&self) -> i64 {
        self.version
    }
}

impl NewCustomField {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if !is_key(&self.key, true) || filters::ends_like_a_parameter(&self.key) {
            checks.refuse(
                "key",
                "invalid",
                "lower-case letters, digits, _ and -, not ending as parameters do",
            );
        }
        checks.text("name", &self.name, 200);
        check_position(&mut checks, Some(self.position));
        match &self.choices {
            Some(choices) if self.kind.has_choices() => check_choices(&mut checks, choices),
            None if self.kind.has_choices() => {
                checks.refuse("choices", "required", "a value is needed")
            }
            Some(_) => checks.refuse("choices", "invalid", "this type takes none"),
            None => {}
        }
        checks.done()
    }

    /// Whoever writes a field reads it.
    fn write_role(&self) -> Role {
        match (self.write_role, self.read_role) {
            (Some(role), _) => role.role(),
            (None, Role::Viewer) => Role::Member,
            (None, role) => role,
        }
    }
}

impl CustomFieldPatch {
    fn is_empty(&self) -> bool {
        !(self.name.is_present()
            || self.position.is_present()
            || self.read_role.is_present()
            || self.write_role.is_present()
            || self.choices.is_some())
    }

    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        let cleared = [
            ("name", self.name == Patch::Null),
            ("position", self.position == Patch::Null),
            ("read_role", self.read_role == Patch::Null),
            ("write_role", self.write_role == Patch::Null),
        ];
        for (field, _) in cleared.iter().filter(|(_, cleared)| *cleared) {
            checks.refuse(field, "required", "cannot be cleared");
        }
        checks.optional_text("name", self.name.value().map(String::as_str), 200);
        check_position(&mut checks, self.position.value().copied());
        if let Some(choices) = &self.choices {
            check_choices(&mut checks, choices);
        }
        checks.done()
    }
}

fn check_position(checks: &mut Checks, position: Option<i32>) {
    if position.is_some_and(|position| !(0..=1_000_000).contains(&position)) {
        checks.refuse("position", "invalid", "0 to 1000000");
    }
}

fn check_choices(checks: &mut Checks, choices: &[Choice]) {
    if !(1..=MOST_CHOICES).contains(&choices.len()) {
        return checks.refuse("choices", "invalid", "1 to 200 choices");
    }
    for (number, choice) in choices.iter().enumerate() {
        if !is_key(&choice.key, false) {
            checks.refuse(
                &format!("choices/{number}/key"),
                "invalid",
                "lower-case letters, digits, _ and -",
            );
        } else if choices[..number].iter().any(|other| other.key == choice.key) {
            checks.refuse(&format!("choices/{number}/key"), "repeated", "another choice has it");
        }
        checks.text(&format!("choices/{number}/name"), &choice.name, 200);
    }
}

/// As the database checks it again: `^[a-z][a-z0-9_-]{0,62}$`, of choices with a digit first as well.
fn is_key(key: &str, letter_first: bool) -> bool {
    let sign = |c: char| c == '_' || c == '-';
    let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let first = |c: char| c.is_ascii_lowercase() || (!letter_first && c.is_ascii_digit());
    key.len() <= 63 && key.starts_with(first) && key.chars().all(|c| usual(c) || sign(c))
}

/// Keys and names, as the database takes them.
fn split(choices: &[Choice]) -> (Vec<&str>, Vec<&str>) {
    choices.iter().map(|choice| (choice.key.as_str(), choice.name.as_str())).unzip()
}

page_of! {
    /// A page of fields.
    CustomFieldPage of CustomField
}

/// List custom fields
///
/// Those that you read, in the order in which they were defined.
#[utoipa::path(
    tag = "custom fields",
    operation_id = "listCustomFields",
    params(PageQuery),
    responses((status = 200, body = CustomFieldPage, headers(("Link" = String))))
)]
#[get("/v1/custom-fields")]
pub(crate) async fn list_custom_fields(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<CustomFieldPage>> {
    let position = |field: &CustomField| Position::at(field.created_at, field.id);
    let (data, page) = BY_CREATION.page(&caller, &state, query, position).await?;
    Ok(Paged(CustomFieldPage { data, page }))
}

/// Define a custom field
///
/// From then on records take it in `custom_fields`, and lists filter and sort by it.
#[utoipa::path(
    tag = "custom fields",
    operation_id = "createCustomField",
    request_body = NewCustomField,
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 201, body = CustomField, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "`already-exists`: another field has the key; `conflict`: there are 100 already"),
    )
)]
#[post("/v1/custom-fields")]
pub(crate) async fn create_custom_field(
    caller: Caller,
    Body(new): Body<NewCustomField>,
) -> Answer<Single<CustomField>> {
    new.check()?;
    let (keys, names) = split(new.choices.as_deref().unwrap_or_default());
    let (read, write) = (new.read_role.as_str(), new.write_role().as_str());
    let (resource, kind) = (new.resource.as_str(), new.kind.as_str());
    let rows: Vec<CustomField> = caller
        .tenant()
        .write(
            CREATE_CUSTOM_FIELD,
            &[&resource, &new.key, &new.name, &kind, &new.position, &read, &write, &keys, &names],
        )
        .await?;
    let full = || Problem::new(Code::Conflict).detail("there are 100 fields already");
    let field = rows.into_iter().next().ok_or_else(full)?;
    let location = format!("/v1/custom-fields/{}", field.id);
    Ok(Single::created(field, location))
}

/// Get a custom field
#[utoipa::path(
    tag = "custom fields",
    operation_id = "getCustomField",
    params(("custom_field_id" = Uuid, Path, description = "The field")),
    responses((status = 200, body = CustomField, headers(("ETag" = String))))
)]
#[get("/v1/custom-fields/{custom_field_id}")]
pub(crate) async fn get_custom_field(
    caller: Caller,
    path: Path<String>,
) -> Answer<Single<CustomField>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_CUSTOM_FIELD, &[&id]).await?))
}

/// Change a custom field
///
/// Who reads and writes it counts from the next request on.
#[utoipa::path(
    tag = "custom fields",
    operation_id = "updateCustomField",
    params(("custom_field_id" = Uuid, Path, description = "The field")),
    request_body(content(
        (CustomFieldPatch = "application/json"),
        (CustomFieldPatch = "application/merge-patch+json"),
    )),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = CustomField, headers(("ETag" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/custom-fields/{custom_field_id}")]
pub(crate) async fn update_custom_field(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<CustomFieldPatch>,
) -> Answer<Single<CustomField>> {
    let id = path_id(&path)?;
    patch.check()?;
    if patch.is_empty() {
        let field: CustomField = caller.read_one(GET_CUSTOM_FIELD, &[&id]).await?;
        return Changed::nothing(field, versions.as_deref()).or_mismatch().map(Single::found);
    }
    let read = patch.read_role.value().map(|role| role.as_str());
    let write = patch.write_role.value().map(|role| role.role().as_str());
    let (keys, names) = patch.choices.as_deref().map(split).unzip();
    let changed: Changed<CustomField> = caller
        .write_one(
            UPDATE_CUSTOM_FIELD,
            &[
                &id,
                &versions,
                &patch.name.value(),
                &patch.position.value(),
                &read,
                &write,
                &keys,
                &names,
            ],
        )
        .await?;
    changed.or_mismatch().map(Single::found)
}

/// Delete a custom field
///
/// It is gone from records, filters and sorting, and its key is free again. Its values are not shown again, not by a
/// new field of the same key either.
#[utoipa::path(
    tag = "custom fields",
    operation_id = "deleteCustomField",
    params(("custom_field_id" = Uuid, Path, description = "The field")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 204, description = "Gone"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/custom-fields/{custom_field_id}")]
pub(crate) async fn delete_custom_field(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    let expected: bool = caller.write_one(DELETE_CUSTOM_FIELD, &[&id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}
