//! Comments: what colleagues note about a customer, for themselves.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::cursor::{Position, Scope};
use crate::http::etag::{Changed, IfMatch, Single, Versioned};
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Query, path_id};
use crate::http::patch::Patch;
use crate::http::problem::{Answer, Problem};
use crate::http::timestamp;

const LIST_COMMENTS: Statement = sql!("customer_comments.sql", "list_customer_comments");
const CREATE_COMMENT: Statement = sql!("customer_comments.sql", "create_customer_comment");
const GET_COMMENT: Statement = sql!("customer_comments.sql", "get_customer_comment");
const UPDATE_COMMENT: Statement = sql!("customer_comments.sql", "update_customer_comment");
const DELETE_COMMENT: Statement = sql!("customer_comments.sql", "delete_customer_comment");

/// An internal note on a customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerComment {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    customer_id: Uuid,
    /// The author: preset to who wrote it, null once that user is gone.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4e")]
    user_id: Option<Uuid>,
    #[schema(example = "Prefers to be called in the morning.")]
    body: String,
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

/// A comment to be. The author is preset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomerComment {
    /// 1 to 10000 characters.
    #[schema(example = "Prefers to be called in the morning.", min_length = 1, max_length = 10000)]
    body: String,
}

/// A change of a comment (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerCommentPatch {
    /// 1 to 10000 characters; cannot be cleared.
    #[serde(default)]
    #[schema(
        value_type = String, required = false, example = "Prefers to be called in the afternoon.",
        min_length = 1, max_length = 10000
    )]
    body: Patch<String>,
}

impl FromRow for CustomerComment {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            customer_id: row.next()?,
            user_id: row.next()?,
            body: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for CustomerComment {
    fn version(&self) -> i64 {
        self.version
    }
}

impl NewCustomerComment {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.text("body", &self.body, 10_000);
        checks.done()
    }
}

impl CustomerCommentPatch {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.body == Patch::Null {
            checks.refuse("body", "required", "cannot be cleared");
        }
        checks.optional_text("body", self.body.value().map(String::as_str), 10_000);
        checks.done()
    }
}

page_of! {
    /// A page of comments.
    CustomerCommentPage of CustomerComment
}

/// List comments of a customer
///
/// Newest first.
#[utoipa::path(
    tag = "customer comments",
    operation_id = "listCustomerComments",
    params(("customer_id" = Uuid, Path, description = "The customer"), PageQuery),
    responses(
        (status = 200, body = CustomerCommentPage, headers(("Link" = String))),
    )
)]
#[get("/v1/customers/{customer_id}/comments")]
pub(crate) async fn list_customer_comments(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Answer<Paged<CustomerCommentPage>> {
    let customer_id = path_id(&path)?;
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let list = format!("/v1/customers/{customer_id}/comments");
    let scope = Scope { company_id: caller.company_id(), list: &list, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let (time, id) = paging.after_time()?.unzip();
    let rows: Vec<Changed<CustomerComment>> =
        caller.read(LIST_COMMENTS, &[&customer_id, &time, &id, &paging.rows()]).await?;
    if rows.is_empty() {
        return Err(Problem::not_found());
    }
    let mut data: Vec<CustomerComment> = rows.into_iter().filter_map(|Changed(row)| row).collect();
    let page = paging.end(&mut data, |comment| Position::at(comment.created_at, comment.id));
    Ok(Paged(CustomerCommentPage { data, page }))
}

/// Comment on a customer
#[utoipa::path(
    tag = "customer comments",
    operation_id = "createCustomerComment",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    request_body = NewCustomerComment,
    responses((status = 201, body = CustomerComment, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/customers/{customer_id}/comments")]
pub(crate) async fn create_customer_comment(
    caller: Caller,
    path: Path<String>,
    Body(new): Body<NewCustomerComment>,
) -> Answer<Single<CustomerComment>> {
    let customer_id = path_id(&path)?;
    new.check()?;
    let comment: CustomerComment =
        caller.write_one(CREATE_COMMENT, &[&customer_id, &new.body]).await?;
    let location = format!("/v1/customers/{customer_id}/comments/{}", comment.id);
    Ok(Single::created(comment, location))
}

/// Get a comment
#[utoipa::path(
    tag = "customer comments",
    operation_id = "getCustomerComment",
    params(
        ("customer_id" = Uuid, Path, description = "The customer"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    responses((status = 200, body = CustomerComment, headers(("ETag" = String))))
)]
#[get("/v1/customers/{customer_id}/comments/{comment_id}")]
pub(crate) async fn get_customer_comment(
    caller: Caller,
    path: Path<(String, String)>,
) -> Answer<Single<CustomerComment>> {
    let (customer_id, id) = (path_id(&path.0)?, path_id(&path.1)?);
    Ok(Single::found(caller.read_one(GET_COMMENT, &[&customer_id, &id]).await?))
}

/// Change a comment
#[utoipa::path(
    tag = "customer comments",
    operation_id = "updateCustomerComment",
    params(
        ("customer_id" = Uuid, Path, description = "The customer"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    request_body(content(
        (CustomerCommentPatch = "application/json"),
        (CustomerCommentPatch = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, body = CustomerComment, headers(("ETag" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/customers/{customer_id}/comments/{comment_id}")]
pub(crate) async fn update_customer_comment(
    caller: Caller,
    path: Path<(String, String)>,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<CustomerCommentPatch>,
) -> Answer<Single<CustomerComment>> {
    let (customer_id, id) = (path_id(&path.0)?, path_id(&path.1)?);
    patch.check()?;
    let Some(body) = patch.body.value() else {
        let comment: CustomerComment = caller.read_one(GET_COMMENT, &[&customer_id, &id]).await?;
        return Changed::nothing(comment, versions.as_deref()).or_mismatch().map(Single::found);
    };
    let changed: Changed<CustomerComment> =
        caller.write_one(UPDATE_COMMENT, &[&customer_id, &id, &versions, body]).await?;
    changed.or_mismatch().map(Single::found)
}

/// Delete a comment
#[utoipa::path(
    tag = "customer comments",
    operation_id = "deleteCustomerComment",
    params(
        ("customer_id" = Uuid, Path, description = "The customer"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    responses(
        (status = 204, description = "Gone"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/customers/{customer_id}/comments/{comment_id}")]
pub(crate) async fn delete_customer_comment(
    caller: Caller,
    path: Path<(String, String)>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let (customer_id, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let expected: bool = caller.write_one(DELETE_COMMENT, &[&customer_id, &id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}
