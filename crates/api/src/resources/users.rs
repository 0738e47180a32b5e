//! The people of the caller's company who log in.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
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
use crate::http::problem::{Answer, Problem};
use crate::http::timestamp;
use crate::resources::by_creation::ByCreation;

const GET_USER: Statement = sql!("users.sql", "get_user");
const MAY_REMOVE_USER: Statement = sql!("users.sql", "may_remove_user");
const UPDATE_USER: Statement = sql!("users.sql", "update_user");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/users";
/// In the order of their creation.
const BY_CREATION: ByCreation = ByCreation {
    list: LIST,
    rows: sql!("users.sql", "list_users"),
    always: sql!("users.sql", "list_users.where.all"),
    order: sql!("users.sql", "list_users.order.created_at"),
    after: sql!("users.sql", "list_users.after.created_at"),
};

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

/// What a user is in the company. `x-roles` of each operation says which roles may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(example = "viewer")]
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
    const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Member, Self::Viewer];

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

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &Self::ALL.map(|role| (role.as_str(), role)))
    }
}

/// Changes of a user (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserPatch {
    /// Cannot be cleared. Admins make members and viewers of members and viewers.
    #[serde(default)]
    #[schema(value_type = Role, required = false, example = "member")]
    role: Patch<Role>,
    /// Whether the user is kept from acting, from their next request on. Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = bool, required = false, example = false)]
    disabled: Patch<bool>,
}

impl UserPatch {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.role == Patch::Null {
            checks.refuse("role", "required", "cannot be cleared");
        }
        if self.disabled == Patch::Null {
            checks.refuse("disabled", "required", "cannot be cleared");
        }
        checks.done()
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
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<UserPage>> {
    let position = |user: &User| Position::at(user.created_at, user.id);
    let (data, page) = BY_CREATION.page(&caller, &state, query, position).await?;
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

/// Change a user
///
/// Their role, and whether they may act. Owners change everybody, admins change members and viewers. The last
/// active owner stays one.
#[utoipa::path(
    tag = "users",
    operation_id = "updateUser",
    params(("user_id" = Uuid, Path, description = "The user")),
    request_body(content(
        (UserPatch = "application/json"),
        (UserPatch = "application/merge-patch+json"),
    )),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = User, headers(("ETag" = String))),
        (status = 409, description = "`conflict`: the company would be left without an owner"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/users/{user_id}")]
pub(crate) async fn update_user(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<UserPatch>,
) -> Answer<Single<User>> {
    let id = path_id(&path)?;
    patch.check()?;
    let (role, disabled) = (patch.role.value().map(|role| role.as_str()), patch.disabled.value());
    let changed: Changed<User> =
        caller.write_one(UPDATE_USER, &[&id, &versions, &role, &disabled]).await?;
    changed.or_mismatch().map(Single::found)
}

/// Remove a user
///
/// Out of your company, for good: their next request here is answered with 401. Their customers stay, with nobody as
/// `user_id`; their login stays, and so does what they are in other companies. Owners remove everybody, admins members
/// and viewers. The last active owner stays.
#[utoipa::path(
    tag = "users",
    operation_id = "deleteUser",
    params(("user_id" = Uuid, Path, description = "The user")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "`conflict`: the company would be left without an owner"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/users/{user_id}")]
pub(crate) async fn delete_user(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    // Whether the caller may still act is asked here, as the step cannot; what their role permits, by both.
    let _: bool = caller.read_one(MAY_REMOVE_USER, &[&id]).await?;
    let removed = state.door.remove_user(caller.actor(), id, versions.as_deref()).await?;
    let removed = removed.ok_or_else(Problem::not_found)?;
    Changed(removed.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}
