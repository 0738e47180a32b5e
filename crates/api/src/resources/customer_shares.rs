//! Shares: one customer, shown to a user or a team who might not see it otherwise.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::{Body, word};
use crate::http::checks::Checks;
use crate::http::cursor::{Position, Scope};
use crate::http::etag::{Changed, Single, Versioned};
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Id, Query, path_id};
use crate::http::problem::{Answer, Problem};
use crate::http::timestamp;

const LIST_SHARES: Statement = sql!("customer_shares.sql", "list_customer_shares");
const CREATE_SHARE: Statement = sql!("customer_shares.sql", "create_customer_share");
const GET_SHARE: Statement = sql!("customer_shares.sql", "get_customer_share");
const DELETE_SHARE: Statement = sql!("customer_shares.sql", "delete_customer_share");

/// What a share lets its recipients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Permission {
    /// See the customer and its comments.
    Read,
    /// Change the customer too, unless they are viewers.
    Write,
}

impl Permission {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &[Self::Read, Self::Write].map(|one| (one.as_str(), one)))
    }
}

/// A customer, shared with a user or with a team. Several shares of one customer add up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerShare {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    customer_id: Uuid,
    /// Who shared it: preset, null once that user is gone.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4e")]
    user_id: Option<Uuid>,
    /// The user with whom it is shared; null if it is a team.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4f")]
    recipient_user_id: Option<Uuid>,
    /// The team with which it is shared; null if it is a user.
    #[schema(required = true)]
    recipient_team_id: Option<Uuid>,
    permission: Permission,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    /// Counts changes; the ETag.
    #[schema(example = 1)]
    version: i64,
}

/// A share to be: with a user or with a team, never both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomerShare {
    recipient_user_id: Option<Id>,
    recipient_team_id: Option<Id>,
    permission: Permission,
}

/// A share with a user.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `NewCustomerShare` for the document")]
struct ShareWithUser {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    recipient_user_id: Uuid,
    permission: Permission,
}

/// A share with a team.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `NewCustomerShare` for the document")]
struct ShareWithTeam {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    recipient_team_id: Uuid,
    permission: Permission,
}

impl PartialSchema for NewCustomerShare {
    fn schema() -> RefOr<Schema> {
        let one_of = ["ShareWithUser", "ShareWithTeam"]
            .iter()
            .fold(OneOfBuilder::new(), |one_of, kind| one_of.item(Ref::from_schema_name(*kind)));
        one_of.description(Some("With a user or with a team.")).into()
    }
}

impl ToSchema for NewCustomerShare {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("ShareWithUser".to_owned(), ShareWithUser::schema()));
        schemas.push(("ShareWithTeam".to_owned(), ShareWithTeam::schema()));
        ShareWithUser::schemas(schemas);
    }
}

impl NewCustomerShare {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.recipient_user_id.is_some() == self.recipient_team_id.is_some() {
            let message = "either recipient_user_id or recipient_team_id";
            checks.refuse("recipient_user_id", "one-of", message);
        }
        checks.done()
    }
}

impl FromRow for CustomerShare {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            customer_id: row.next()?,
            user_id: row.next()?,
            recipient_user_id: row.next()?,
            recipient_team_id: row.next()?,
            permission: match row.next()? {
                "write" => Permission::Write,
                _ => Permission::Read,
            },
            created_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for CustomerShare {
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of shares.
    CustomerSharePage of CustomerShare
}

/// List shares of a customer
///
/// In the order in which they were made. Whoever sees the customer sees with whom it is shared.
#[utoipa::path(
    tag = "customer shares",
    operation_id = "listCustomerShares",
    params(("customer_id" = Uuid, Path, description = "The customer"), PageQuery),
    responses((status = 200, body = CustomerSharePage, headers(("Link" = String))))
)]
#[get("/v1/customers/{customer_id}/shares")]
pub(crate) async fn list_customer_shares(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Answer<Paged<CustomerSharePage>> {
    let customer_id = path_id(&path)?;
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let list = format!("/v1/customers/{customer_id}/shares");
    let scope = Scope { company_id: caller.company_id(), list: &list, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let (time, id) = paging.after_time()?.unzip();
    let rows: Vec<Changed<CustomerShare>> =
        caller.read(LIST_SHARES, &[&customer_id, &time, &id, &paging.rows()]).await?;
    if rows.is_empty() {
        return Err(Problem::not_found());
    }
    let mut data: Vec<CustomerShare> = rows.into_iter().filter_map(|Changed(row)| row).collect();
    let page = paging.end(&mut data, |share| Position::at(share.created_at, share.id));
    Ok(Paged(CustomerSharePage { data, page }))
}

/// Share a customer
///
/// Owners and admins share every customer, members those they own.
#[utoipa::path(
    tag = "customer shares",
    operation_id = "createCustomerShare",
    params(("customer_id" = Uuid, Path, description = "The customer")),
    request_body = NewCustomerShare,
    responses(
        (status = 201, body = CustomerShare, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "`reference-not-found`: there is no such user or team"),
    )
)]
#[post("/v1/customers/{customer_id}/shares")]
pub(crate) async fn create_customer_share(
    caller: Caller,
    path: Path<String>,
    Body(new): Body<NewCustomerShare>,
) -> Answer<Single<CustomerShare>> {
    let customer_id = path_id(&path)?;
    new.check()?;
    let (user, team) =
        (new.recipient_user_id.as_deref().copied(), new.recipient_team_id.as_deref().copied());
    let share: CustomerShare = caller
        .write_one(CREATE_SHARE, &[&customer_id, &user, &team, &new.permission.as_str()])
        .await?;
    let location = format!("/v1/customers/{customer_id}/shares/{}", share.id);
    Ok(Single::created(share, location))
}

/// Get a share
#[utoipa::path(
    tag = "customer shares",
    operation_id = "getCustomerShare",
    params(
        ("customer_id" = Uuid, Path, description = "The customer"),
        ("share_id" = Uuid, Path, description = "The share"),
    ),
    responses((status = 200, body = CustomerShare, headers(("ETag" = String))))
)]
#[get("/v1/customers/{customer_id}/shares/{share_id}")]
pub(crate) async fn get_customer_share(
    caller: Caller,
    path: Path<(String, String)>,
) -> Answer<Single<CustomerShare>> {
    let (customer_id, id) = (path_id(&path.0)?, path_id(&path.1)?);
    Ok(Single::found(caller.read_one(GET_SHARE, &[&customer_id, &id]).await?))
}

/// Take a share back
///
/// Owners and admins take back every share, members those of customers they own.
#[utoipa::path(
    tag = "customer shares",
    operation_id = "deleteCustomerShare",
    params(
        ("customer_id" = Uuid, Path, description = "The customer"),
        ("share_id" = Uuid, Path, description = "The share"),
    ),
    responses((status = 204, description = "Not shared any more"))
)]
#[delete("/v1/customers/{customer_id}/shares/{share_id}")]
pub(crate) async fn delete_customer_share(
    caller: Caller,
    path: Path<(String, String)>,
) -> Answer<HttpResponse> {
    let (customer_id, id) = (path_id(&path.0)?, path_id(&path.1)?);
    let _: bool = caller.write_one(DELETE_SHARE, &[&customer_id, &id]).await?;
    Ok(HttpResponse::NoContent().finish())
}
