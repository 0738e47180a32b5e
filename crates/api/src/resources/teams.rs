//! Teams: users who work together, and see each other's customers where the company says so.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post, put};
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
use crate::resources::by_creation::ByCreation;
use crate::resources::users::Role;

const CREATE_TEAM: Statement = sql!("teams.sql", "create_team");
const GET_TEAM: Statement = sql!("teams.sql", "get_team");
const UPDATE_TEAM: Statement = sql!("teams.sql", "update_team");
const DELETE_TEAM: Statement = sql!("teams.sql", "delete_team");
const LIST_MEMBERS: Statement = sql!("teams.sql", "list_team_members");
const PUT_MEMBER: Statement = sql!("teams.sql", "put_team_member");
const REMOVE_MEMBER: Statement = sql!("teams.sql", "remove_team_member");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/teams";
/// In the order of their creation.
const BY_CREATION: ByCreation = ByCreation {
    list: LIST,
    rows: sql!("teams.sql", "list_teams"),
    always: sql!("teams.sql", "list_teams.where.present"),
    order: sql!("teams.sql", "list_teams.order.created_at"),
    after: sql!("teams.sql", "list_teams.after.created_at"),
};

/// Users who work together. A user may be in several teams.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Team {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    #[schema(example = "West coast")]
    name: String,
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

/// A team to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTeam {
    /// 1 to 200 characters.
    #[schema(example = "West coast", min_length = 1, max_length = 200)]
    name: String,
}

/// A change of a team (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamPatch {
    /// 1 to 200 characters; cannot be cleared.
    #[serde(default)]
    #[schema(
        value_type = String, required = false, example = "East coast",
        min_length = 1, max_length = 200
    )]
    name: Patch<String>,
}

/// A user in a team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamMember {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    user_id: Uuid,
    #[schema(example = "Alice")]
    name: String,
    #[schema(example = "alice@nike.example", format = Email)]
    email: String,
    role: Role,
    #[serde(skip)]
    joined_at: OffsetDateTime,
}

impl FromRow for Team {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            name: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl FromRow for TeamMember {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            user_id: row.next()?,
            name: row.next()?,
            email: row.next()?,
            role: Role::parse(row.next()?),
            joined_at: row.next()?,
        })
    }
}

impl Versioned for Team {
    fn version(&self) -> i64 {
        self.version
    }
}

impl NewTeam {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.text("name", &self.name, 200);
        checks.done()
    }
}

impl TeamPatch {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.name == Patch::Null {
            checks.refuse("name", "required", "cannot be cleared");
        }
        checks.optional_text("name", self.name.value().map(String::as_str), 200);
        checks.done()
    }
}

page_of! {
    /// A page of teams.
    TeamPage of Team
}
page_of! {
    /// A page of users in a team.
    TeamMemberPage of TeamMember
}

/// List teams
///
/// In the order in which they were formed.
#[utoipa::path(
    tag = "teams",
    operation_id = "listTeams",
    params(PageQuery),
    responses((status = 200, body = TeamPage, headers(("Link" = String))))
)]
#[get("/v1/teams")]
pub(crate) async fn list_teams(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<TeamPage>> {
    let position = |team: &Team| Position::at(team.created_at, team.id);
    let (data, page) = BY_CREATION.page(&caller, &state, query, position).await?;
    Ok(Paged(TeamPage { data, page }))
}

/// Form a team
#[utoipa::path(
    tag = "teams",
    operation_id = "createTeam",
    request_body = NewTeam,
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses((status = 201, body = Team, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/teams")]
pub(crate) async fn create_team(caller: Caller, Body(new): Body<NewTeam>) -> Answer<Single<Team>> {
    new.check()?;
    let team: Team = caller.write_one(CREATE_TEAM, &[&new.name]).await?;
    let location = format!("/v1/teams/{}", team.id);
    Ok(Single::created(team, location))
}

/// Get a team
#[utoipa::path(
    tag = "teams",
    operation_id = "getTeam",
    params(("team_id" = Uuid, Path, description = "The team")),
    responses((status = 200, body = Team, headers(("ETag" = String))))
)]
#[get("/v1/teams/{team_id}")]
pub(crate) async fn get_team(caller: Caller, path: Path<String>) -> Answer<Single<Team>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_TEAM, &[&id]).await?))
}

/// Change a team
#[utoipa::path(
    tag = "teams",
    operation_id = "updateTeam",
    params(("team_id" = Uuid, Path, description = "The team")),
    request_body(content(
        (TeamPatch = "application/json"),
        (TeamPatch = "application/merge-patch+json"),
    )),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = Team, headers(("ETag" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/teams/{team_id}")]
pub(crate) async fn update_team(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<TeamPatch>,
) -> Answer<Single<Team>> {
    let id = path_id(&path)?;
    patch.check()?;
    let Some(name) = patch.name.value() else {
        let team: Team = caller.read_one(GET_TEAM, &[&id]).await?;
        return Changed::nothing(team, versions.as_deref()).or_mismatch().map(Single::found);
    };
    let changed: Changed<Team> = caller.write_one(UPDATE_TEAM, &[&id, &versions, name]).await?;
    changed.or_mismatch().map(Single::found)
}

/// Dissolve a team
///
/// Its users stay; what they saw by it, they see no longer.
#[utoipa::path(
    tag = "teams",
    operation_id = "deleteTeam",
    params(("team_id" = Uuid, Path, description = "The team")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 204, description = "Gone"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/teams/{team_id}")]
pub(crate) async fn delete_team(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    let expected: bool = caller.write_one(DELETE_TEAM, &[&id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}

/// List the users of a team
///
/// In the order in which they came.
#[utoipa::path(
    tag = "teams",
    operation_id = "listTeamMembers",
    params(("team_id" = Uuid, Path, description = "The team"), PageQuery),
    responses((status = 200, body = TeamMemberPage, headers(("Link" = String))))
)]
#[get("/v1/teams/{team_id}/members")]
pub(crate) async fn list_team_members(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Answer<Paged<TeamMemberPage>> {
    let team_id = path_id(&path)?;
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let list = format!("/v1/teams/{team_id}/members");
    let scope = Scope { company_id: caller.company_id(), list: &list, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let (time, id) = paging.after_time()?.unzip();
    let rows: Vec<Changed<TeamMember>> =
        caller.read(LIST_MEMBERS, &[&team_id, &time, &id, &paging.rows()]).await?;
    if rows.is_empty() {
        return Err(Problem::not_found());
    }
    let mut data: Vec<TeamMember> = rows.into_iter().filter_map(|Changed(row)| row).collect();
    let page = paging.end(&mut data, |member| Position::at(member.joined_at, member.user_id));
    Ok(Paged(TeamMemberPage { data, page }))
}

/// Put a user into a team
///
/// Whoever is in it stays in it.
#[utoipa::path(
    tag = "teams",
    operation_id = "putTeamMember",
    params(
        ("team_id" = Uuid, Path, description = "The team"),
        ("user_id" = Uuid, Path, description = "The user"),
    ),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses((status = 204, description = "In the team"))
)]
#[put("/v1/teams/{team_id}/members/{user_id}")]
pub(crate) async fn put_team_member(
    caller: Caller,
    path: Path<(String, String)>,
) -> Answer<HttpResponse> {
    let (team_id, user_id) = (path_id(&path.0)?, path_id(&path.1)?);
    let _: bool = caller.write_one(PUT_MEMBER, &[&team_id, &user_id]).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take a user out of a team
///
/// Whoever is not in it stays out of it.
#[utoipa::path(
    tag = "teams",
    operation_id = "removeTeamMember",
    params(
        ("team_id" = Uuid, Path, description = "The team"),
        ("user_id" = Uuid, Path, description = "The user"),
    ),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses((status = 204, description = "Not in the team"))
)]
#[delete("/v1/teams/{team_id}/members/{user_id}")]
pub(crate) async fn remove_team_member(
    caller: Caller,
    path: Path<(String, String)>,
) -> Answer<HttpResponse> {
    let (team_id, user_id) = (path_id(&path.0)?, path_id(&path.1)?);
    let _: bool = caller.write_one(REMOVE_MEMBER, &[&team_id, &user_id]).await?;
    Ok(HttpResponse::NoContent().finish())
}
