//! One customer: create, read, change, bin, restore.

use actix_web::web::Path;
use actix_web::{HttpResponse, delete, get, patch, post};
use paddock_db::{Statement, sql};

use super::{Customer, CustomerPatch, NewCustomer};
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::etag::{Changed, IfMatch, Single};
use crate::http::params::path_id;
use crate::http::problem::Answer;

const GET_CUSTOMER: Statement = sql!("customers.sql", "get_customer");
const CREATE_CUSTOMER: Statement = sql!("customers.sql", "create_customer");
const UPDATE_CUSTOMER: Statement = sql!("customers.sql", "update_customer");
const DELETE_CUSTOMER: Statement = sql!("customers.sql", "delete_customer");
const RESTORE_CUSTOMER: Statement = sql!("customers.sql", "restore_customer");

/// Create a customer
///
/// Giving a name and an e-mail is enough. The company, the owner, the id and the dates are filled by the
/// database; a body that names one of them is refused.
#[utoipa::path(
    tag = "customers",
    operation_id = "createCustomer",
    request_body = NewCustomer,
    responses(
        (status = 201, body = Customer, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "`already-exists`: another customer has the e-mail"),
    )
)]
#[post("/v1/customers")]
pub(crate) async fn create_customer(
    caller: Caller,
    body: Body<NewCustomer>,
) -> Answer<Single<Customer>> {
    let Body(new) = body;
    new.check()?;
    let customer: Customer = caller
        .write_one(
            CREATE_CUSTOMER,
            &[
                &new.name,
                &new.email,
                &new.phone,
                &new.title,
                &new.lifecycle_stage.as_str(),
                &new.custom_fields.to_json(),
            ],
        )
        .await?;
    let location = format!("/v1/customers/{}", customer.id);
    Ok(Single::created(customer, location))
}

/// Get a customer
#[utoipa::path(
    tag = "customers",
    operation_id = "getCustomer",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    responses((status = 200, body = Customer, headers(("ETag" = String))))
)]
#[get("/v1/customers/{customer_id}")]
pub(crate) async fn get_customer(caller: Caller, path: Path<String>) -> Answer<Single<Customer>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_CUSTOMER, &[&id]).await?))
}

/// Change a customer
///
/// JSON Merge Patch: what is absent stays, null clears. With `If-Match`, only if nobody else has changed
/// the customer meanwhile.
#[utoipa::path(
    tag = "customers",
    operation_id = "updateCustomer",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    request_body(content(
        (CustomerPatch = "application/json"),
        (CustomerPatch = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, body = Customer, headers(("ETag" = String))),
        (status = 409, description = "`already-exists`: another customer has the e-mail"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/customers/{customer_id}")]
pub(crate) async fn update_customer(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
    body: Body<CustomerPatch>,
) -> Answer<Single<Customer>> {
    let (id, Body(patch)) = (path_id(&path)?, body);
    patch.check()?;
    if patch.is_empty() {
        let customer: Customer = caller.read_one(GET_CUSTOMER, &[&id]).await?;
        return Changed::nothing(customer, versions.as_deref()).or_mismatch().map(Single::found);
    }
    let stage = patch.lifecycle_stage.value().map(|stage| stage.as_str());
    let changed: Changed<Customer> = caller
        .write_one(
            UPDATE_CUSTOMER,
            &[
                &id,
                &versions,
                &patch.name.is_present(),
                &patch.name.value(),
                &patch.email.is_present(),
                &patch.email.value(),
                &patch.phone.is_present(),
                &patch.phone.value(),
                &patch.title.is_present(),
                &patch.title.value(),
                &patch.lifecycle_stage.is_present(),
                &stage,
                &patch.custom_fields.to_json(),
            ],
        )
        .await?;
    changed.or_mismatch().map(Single::found)
}

/// Delete a customer
///
/// Into the bin: it disappears from lists and can be restored. Its e-mail is free again at once.
#[utoipa::path(
    tag = "customers",
    operation_id = "deleteCustomer",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    responses(
        (status = 204, description = "In the bin"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/customers/{customer_id}")]
pub(crate) async fn delete_customer(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    let expected: bool = caller.write_one(DELETE_CUSTOMER, &[&id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}

/// Restore a customer
///
/// Out of the bin. A customer that is not in the bin is answered as it is.
#[utoipa::path(
    tag = "customers",
    operation_id = "restoreCustomer",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    responses(
        (status = 200, body = Customer, headers(("ETag" = String))),
        (status = 409, description = "`already-exists`: meanwhile another customer has the e-mail"),
    )
)]
#[post("/v1/customers/{customer_id}/restore")]
pub(crate) async fn restore_customer(
    caller: Caller,
    path: Path<String>,
) -> Answer<Single<Customer>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.write_one(RESTORE_CUSTOMER, &[&id]).await?))
}
