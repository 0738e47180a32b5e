//! The people of the caller's company who log in.

use actix_web::{get, web::Path};
use paddock_db::{FromRow, Listing, Result, Row, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::cursor::{Position, Scope};
use crate::http::etag::{Single, Versioned};
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Query, path_id};
use crate::http::problem::Answer;
use crate::http::timestamp;

const GET_USER: Statement = sql!("users.sql", "get_user");
const LIST_USERS: Statement = sql!("users.sql", "list_users");
const ALL: Statement = sql!("users.sql", "list_users.where.all");
const ORDER: Statement = sql!("users.sql", "list_users.order.created_at");
const AFTER: Statement = sql!("users.sql", "list_users.after.created_at");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/users";

/// A person's place in a company. Somebody who works for two companies is two users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    pub(crate) id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    pub(crate) company_id: Uuid,
    #[schema(example = "Alice")]
    pub(crate) name: String,
    #[schema(example = "alice@nike.example", format = Email)]
    pub(crate) email: String,
    role: Role,
    /// Since when the user may not act any more; null if they may.
    #[serde(serialize_with = "timestamp::serialize_option")]
    #[schema(required = true)]
    disabled_at: Option<OffsetDateTime>,
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

/// What a user is in the company. At present every role may do the same; see the known limits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Answers for the company.
    Owner,
    /// Runs it.
    Admin,
    /// Works with its customers.
    Member,
    /// Looks at them.
    Viewer,
}

impl Role {
    /// As it is stored, and as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            "member" => Self::Member,
            _ => Self::Viewer,
        }
    }
}

impl FromRow for User {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            name: row.next()?,
            email: row.next()?,
            role: Role::parse(row.next()?),
            disabled_at: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for User {
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of users.
    UserPage of User
}

/// List users
///
/// The people of your company, in the order in which they joined.
#[utoipa::path(
    tag = "users",
    operation_id = "listUsers",
    params(PageQuery),
    responses((status = 200, body = UserPage, headers(("Link" = String))))
)]
#[get("/v1/users")]
pub(crate) async fn list_users(
    caller: Caller,
    state: actix_web::web::Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<UserPage>> {
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let scope = Scope { company_id: caller.company_id(), list: LIST, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let (after, rows) = (paging.after_time()?, paging.rows());
    let mut listing = Listing::new(LIST_USERS, ORDER).always(ALL);
    if let Some((time, id)) = &after {
        listing = listing.after(AFTER, time, id);
    }
    let mut data: Vec<User> = caller.list(&listing.limit(&rows)).await?;
    let page = paging.end(&mut data, |user| Position::at(user.created_at, user.id));
    Ok(Paged(UserPage { data, page }))
}

/// Get a user
#[utoipa::path(
    tag = "users",
    operation_id = "getUser",
    params(("user_id" = Uuid, Path, description = "The user")),
    responses((status = 200, body = User, headers(("ETag" = String))))
)]
#[get("/v1/users/{user_id}")]
pub(crate) async fn get_user(caller: Caller, path: Path<String>) -> Answer<Single<User>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_USER, &[&id]).await?))
}
