//! Insert or update by e-mail, for programs that know people by their address.

use actix_web::put;
use actix_web::web::Path;
use paddock_db::{Error as DbError, Statement, sql};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Customer, LifecycleStage};
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::etag::{IfMatch, Single};
use crate::http::patch::Patch;
use crate::http::problem::{Answer, Code, Problem};
use crate::resources::custom_fields::values::CustomValues;

const PUT_CUSTOMER_BY_EMAIL: Statement = sql!("customers.sql", "put_customer_by_email");

/// A customer without the e-mail, which stands in the path. What is absent keeps its value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerByEmail {
    /// 1 to 200 characters.
    #[schema(example = "Grace Hopper", min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+1 555 0100", min_length = 1, max_length = 50)]
    phone: Patch<String>,
    /// The position at work.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Rear Admiral", min_length = 1, max_length = 200)]
    title: Patch<String>,
    /// `lead` for a new customer where nothing is said.
    #[serde(default)]
    #[schema(value_type = LifecycleStage, required = false)]
    lifecycle_stage: Patch<LifecycleStage>,
    /// What is not named in it stays.
    #[serde(default)]
    #[schema(required = false)]
    custom_fields: CustomValues,
}

/// A customer with the e-mail that it goes by. What is absent keeps its value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerWithEmail {
    /// In whatever spelling.
    #[schema(example = "grace@example.com", format = Email, max_length = 254)]
    pub(super) email: String,
    /// 1 to 200 characters.
    #[schema(example = "Grace Hopper", min_length = 1, max_length = 200)]
    pub(super) name: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+1 555 0100", min_length = 1, max_length = 50)]
    pub(super) phone: Patch<String>,
    /// The position at work.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Rear Admiral", min_length = 1, max_length = 200)]
    pub(super) title: Patch<String>,
    /// `lead` for a new customer where nothing is said.
    #[serde(default)]
    #[schema(value_type = LifecycleStage, required = false)]
    pub(super) lifecycle_stage: Patch<LifecycleStage>,
    /// What is not named in it stays.
    #[serde(default)]
    #[schema(required = false)]
    pub(super) custom_fields: CustomValues,
}

impl CustomerByEmail {
    fn with(self, email: String) -> CustomerWithEmail {
        let Self { name, phone, title, lifecycle_stage, custom_fields } = self;
        CustomerWithEmail { email, name, phone, title, lifecycle_stage, custom_fields }
    }
}

impl CustomerWithEmail {
    /// Everything that is wrong with the fields.
    pub(super) fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.text("name", &self.name, 200);
        checks.email("email", &self.email);
        checks.optional_text("phone", self.phone.value().map(String::as_str), 50);
        checks.optional_text("title", self.title.value().map(String::as_str), 200);
        if self.lifecycle_stage == Patch::Null {
            checks.refuse("lifecycle_stage", "required", "cannot be cleared");
        }
        self.custom_fields.check(&mut checks);
        checks.done()
    }

    /// Whether phone, title and stage are in the body: what is not keeps its value.
    pub(super) fn given(&self) -> [bool; 3] {
        [self.phone.is_present(), self.title.is_present(), self.lifecycle_stage.is_present()]
    }

    /// The stage, for a new customer too.
    pub(super) fn stage(&self) -> LifecycleStage {
        self.lifecycle_stage.value().copied().unwrap_or_default()
    }
}

/// Create or change a customer by e-mail
///
/// One statement on the unique index: two that do this at the same time make one customer. 201 if it is
/// new, 200 if it was there.
#[utoipa::path(
    tag = "customers",
    operation_id = "putCustomerByEmail",
    params(("email" = String, Path, description = "The e-mail, percent-encoded", example = "grace@example.com")),
    request_body = CustomerByEmail,
    responses(
        (status = 200, body = Customer, headers(("ETag" = String))),
        (status = 201, body = Customer, headers(("ETag" = String), ("Location" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[put("/v1/customers/by-email/{email}")]
pub(crate) async fn put_customer_by_email(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, exists }: IfMatch,
    body: Body<CustomerByEmail>,
) -> Answer<Single<Customer>> {
    let (email, Body(customer)) = (path.into_inner(), body);
    let customer = customer.with(email);
    customer.check()?;
    let CustomerWithEmail { email, name, phone, title, .. } = &customer;
    let [has_phone, has_title, has_stage] = customer.given();
    let rows: Vec<Customer> = caller
        .tenant()
        .write(
            PUT_CUSTOMER_BY_EMAIL,
            &[
                email,
                name,
                &has_phone,
                &phone.value(),
                &has_title,
                &title.value(),
                &has_stage,
                &customer.stage().as_str(),
                &versions,
                &exists,
                &customer.custom_fields.to_json(),
            ],
        )
        .await
        .map_err(or_taken)?;
    let customer = rows.into_iter().next().ok_or_else(|| Problem::new(Code::VersionMismatch))?;
    let location = format!("/v1/customers/{}", customer.id);
    let new = customer.version == 1;
    Ok(if new { Single::created(customer, location) } else { Single::found(customer) })
}

/// A customer with this e-mail may be one that the caller does not see: then the e-mail is taken, as it would
/// be for a new customer.
pub(super) fn or_taken(error: DbError) -> Problem {
    match error {
        DbError::Hidden => Problem::new(Code::AlreadyExists),
        error => error.into(),
    }
}
