//! The caller as a user, with their company.

use actix_web::get;
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::caller::Caller;
use crate::http::problem::Answer;
use crate::resources::company::Company;
use crate::resources::users::User;
use actix_web::web::Json;

pub(crate) const GET_ME: Statement = sql!("users.sql", "get_me");

/// Who the access token acts as.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    pub(crate) user: User,
    pub(crate) company: Company,
}

impl FromRow for Me {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { user: User::from_row(row)?, company: Company::from_row(row)? })
    }
}

/// Get yourself
///
/// The user and the company that the access token acts as.
#[utoipa::path(
    tag = "me",
    operation_id = "getMe",
    extensions(("x-scope" = json!("me:read"))),
    responses((status = 200, body = Me))
)]
#[get("/v1/me")]
pub(crate) async fn get_me(caller: Caller) -> Answer<Json<Me>> {
    caller.read_one(GET_ME, &[]).await.map(Json)
}

/// Check a token
///
/// 204 if the access token is one that this service accepts. The database is not asked, so this does not
/// tell whether the user may still act; `GET /v1/me` does.
#[utoipa::path(
    tag = "me",
    operation_id = "ping",
    responses((status = 204, description = "The token is accepted"))
)]
#[get("/v1/ping")]
pub(crate) async fn ping(_caller: Caller) -> actix_web::HttpResponse {
    actix_web::HttpResponse::NoContent().finish()
}
