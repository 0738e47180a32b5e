//! Insert or update by e-mail, for programs that know people by their address.

use actix_web::put;
use actix_web::web::Path;
use paddock_db::{Statement, sql};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Customer, LifecycleStage, NewCustomer};
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::etag::{IfMatch, Single};
use crate::http::patch::Patch;
use crate::http::problem::{Answer, Code, Problem};

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
    IfMatch(versions): IfMatch,
    body: Body<CustomerByEmail>,
) -> Answer<Single<Customer>> {
    let (email, Body(customer)) = (path.into_inner(), body);
    check(&email, &customer)?;
    let CustomerByEmail { name, phone, title, lifecycle_stage } = &customer;
    let stage = lifecycle_stage.value().copied().unwrap_or_default().as_str();
    let rows: Vec<Customer> = caller
        .tenant()
        .write(
            PUT_CUSTOMER_BY_EMAIL,
            &[
                &email,
                name,
                &phone.is_present(),
                &phone.value(),
                &title.is_present(),
                &title.value(),
                &lifecycle_stage.is_present(),
                &stage,
                &versions,
            ],
        )
        .await?;
    let customer = rows.into_iter().next().ok_or_else(|| Problem::new(Code::VersionMismatch))?;
    let location = format!("/v1/customers/{}", customer.id);
    let new = customer.version == 1;
    Ok(if new { Single::created(customer, location) } else { Single::found(customer) })
}

fn check(email: &str, customer: &CustomerByEmail) -> Answer<()> {
    let mut checks = crate::http::checks::Checks::default();
    if customer.lifecycle_stage == Patch::Null {
        checks.refuse("lifecycle_stage", "required", "cannot be cleared");
        return checks.done();
    }
    NewCustomer {
        name: customer.name.clone(),
        email: Some(email.to_owned()),
        phone: customer.phone.value().cloned(),
        title: customer.title.value().cloned(),
        lifecycle_stage: LifecycleStage::default(),
    }
    .check()
}
