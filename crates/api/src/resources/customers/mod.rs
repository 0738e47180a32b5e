//! Customers: the people a company sells to.

mod access;
mod batch;
mod list;
mod single;
mod upsert;

pub(crate) use access::explain_customer_access;
pub use access::{AccessRule, UserAccess, explain as explain_access};
pub(crate) use batch::change_customers;
pub use batch::create_each;
pub(crate) use list::list_customers;
pub(crate) use single::{
    create_customer, delete_customer, get_customer, restore_customer, update_customer,
};
pub(crate) use upsert::put_customer_by_email;

use paddock_db::{FromRow, Result, Row};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::body::word;
use crate::http::checks::Checks;
use crate::http::etag::Versioned;
use crate::http::patch::Patch;
use crate::http::problem::Answer;
use crate::http::timestamp;
use crate::resources::custom_fields::values::{self, CustomValues};

/// A person that the company sells to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Customer {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    /// The company it belongs to: preset, and never changed.
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    /// The owner: preset to who created it, null once that user is gone.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    user_id: Option<Uuid>,
    #[schema(example = "Grace Hopper")]
    name: String,
    #[schema(required = true, example = "grace@example.com", format = Email)]
    email: Option<String>,
    #[schema(required = true, example = "+1 555 0100")]
    phone: Option<String>,
    /// The position at work.
    #[schema(required = true, example = "Rear Admiral")]
    title: Option<String>,
    lifecycle_stage: LifecycleStage,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    updated_at: OffsetDateTime,
    /// Since when it is in the bin; null if it is not.
    #[serde(serialize_with = "timestamp::serialize_option")]
    #[schema(required = true)]
    deleted_at: Option<OffsetDateTime>,
    /// Counts changes, those of custom fields too; the ETag.
    #[schema(example = 1)]
    version: i64,
    /// What the customer has in the fields that the company has defined, as far as you read them. In lists only with
    /// `include=custom_fields`.
    #[serde(serialize_with = "values::serialize")]
    #[schema(value_type = CustomValues, required = false)]
    custom_fields: Option<Box<RawValue>>,
}

/// How far the company has got with a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LifecycleStage {
    /// Has shown up.
    #[default]
    Lead,
    /// Is being talked to.
    Prospect,
    /// Has bought.
    Customer,
    /// Does not buy any more.
    Former,
}

impl LifecycleStage {
    /// As written in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Prospect => "prospect",
            Self::Customer => "customer",
            Self::Former => "former",
        }
    }

    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Lead, Self::Prospect, Self::Customer, Self::Former];

    /// Reads a stage, in upper or lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str().eq_ignore_ascii_case(text))
    }
}

impl<'de> Deserialize<'de> for LifecycleStage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &Self::ALL.map(|stage| (stage.as_str(), stage)))
    }
}

/// A customer to be. `id`, `company_id`, `user_id`, dates and version are filled by the database; naming
/// them is refused.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// 1 to 200 characters.
    #[schema(example = "Grace Hopper", min_length = 1, max_length = 200)]
    pub name: String,
    /// No other customer of the company may have it, in whatever spelling.
    #[schema(example = "grace@example.com", format = Email, max_length = 254)]
    pub email: Option<String>,
    #[schema(example = "+1 555 0100", min_length = 1, max_length = 50)]
    #[expect(missing_docs, reason = "the name says it")]
    pub phone: Option<String>,
    /// The position at work.
    #[schema(example = "Rear Admiral", min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// `lead` where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<LifecycleStage>, nullable = false)]
    pub lifecycle_stage: LifecycleStage,
    /// Values of fields that the company has defined (`/v1/custom-fields`).
    #[serde(default)]
    #[schema(required = false)]
    pub custom_fields: CustomValues,
}

/// Changes of a customer (RFC 7396): what is absent stays, null clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerPatch {
    /// 1 to 200 characters; cannot be cleared.
    #[serde(default)]
    #[schema(
        value_type = String, required = false, example = "Grace Brewster Hopper",
        min_length = 1, max_length = 200
    )]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "grace@example.com", format = Email, max_length = 254)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+1 555 0100", min_length = 1, max_length = 50)]
    phone: Patch<String>,
    /// The position at work.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Rear Admiral", min_length = 1, max_length = 200)]
    title: Patch<String>,
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = LifecycleStage, required = false)]
    lifecycle_stage: Patch<LifecycleStage>,
    /// What is not named in it stays.
    #[serde(default)]
    #[schema(required = false)]
    custom_fields: CustomValues,
}

impl FromRow for Customer {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            user_id: row.next()?,
            name: row.next()?,
            email: row.next()?,
            phone: row.next()?,
            title: row.next()?,
            lifecycle_stage: LifecycleStage::parse(row.next()?).unwrap_or_default(),
            created_at: row.next()?,
            updated_at: row.next()?,
            deleted_at: row.next()?,
            version: row.next()?,
            custom_fields: values::as_json(row.next()?)?,
        })
    }
}

impl Versioned for Customer {
    fn version(&self) -> i64 {
        self.version
    }
}

impl NewCustomer {
    /// Everything that is wrong with the fields.
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.text("name", &self.name, 200);
        if let Some(email) = &self.email {
            checks.email("email", email);
        }
        checks.optional_text("phone", self.phone.as_deref(), 50);
        checks.optional_text("title", self.title.as_deref(), 200);
        self.custom_fields.check(&mut checks);
        checks.done()
    }
}

impl CustomerPatch {
    /// Whether it changes nothing.
    fn is_empty(&self) -> bool {
        !(self.name.is_present()
            || self.email.is_present()
            || self.phone.is_present()
            || self.title.is_present()
            || self.lifecycle_stage.is_present()
            || !self.custom_fields.is_empty())
    }

    /// Everything that is wrong with the fields.
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.name == Patch::Null {
            checks.refuse("name", "required", "cannot be cleared");
        }
        if self.lifecycle_stage == Patch::Null {
            checks.refuse("lifecycle_stage", "required", "cannot be cleared");
        }
        checks.optional_text("name", self.name.value().map(String::as_str), 200);
        if let Some(email) = self.email.value() {
            checks.email("email", email);
        }
        checks.optional_text("phone", self.phone.value().map(String::as_str), 50);
        checks.optional_text("title", self.title.value().map(String::as_str), 200);
        self.custom_fields.check(&mut checks);
        checks.done()
    }
}
