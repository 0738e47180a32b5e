//! Sessions: how a login goes on, and how it ends.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::refresh::Link;
use crate::auth::{cookie, tokens};
use crate::http::body::Body;
use crate::http::cursor::{Position, Scope};
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Query, path_id};
use crate::http::problem::{Answer, Code, Problem};
use crate::http::timestamp;
use actix_web::web::Json;

const REFRESH_SESSION: Statement = sql!("sessions.sql", "refresh_session");
const END_SESSION: Statement = sql!("sessions.sql", "end_session");
const GET_SESSION: Statement = sql!("sessions.sql", "get_session");
const LIST_SESSIONS: Statement = sql!("sessions.sql", "list_sessions");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/me/sessions";

/// A refresh token, where it is not in the cookie.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToken {
    /// The newest one that you were given. Pages that logged in with `"session": "cookie"` leave it away.
    #[schema(example = "pdk_rt_AQGZ87JtPnwRmlUNbx8vOksBmfOybT58EZpVDW8fLzpL")]
    refresh_token: Option<String>,
}

/// New tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewTokens {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    expires_in: i64,
    /// What to refresh with the next time; the one before is used up. Absent where it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = false,
        nullable = false,
        example = "pdk_rt_AQGZ87JtPnwRmlUNbx8vOksBmfOybT58EZpVDW8fLzpL"
    )]
    refresh_token: Option<String>,
    /// Seconds until the session ends if it is not refreshed.
    #[schema(example = 604_800)]
    refresh_expires_in: i64,
}

/// A login on one device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserSession {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    /// What the client called itself at the login; null if it said nothing.
    #[schema(required = true, example = "Mozilla/5.0")]
    user_agent: Option<String>,
    /// Whether it is the one that this request's access token belongs to.
    current: bool,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    refreshed_at: OffsetDateTime,
    /// When it ends if it is not refreshed.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-30T14:30:52.000000Z")]
    expires_at: OffsetDateTime,
}

impl FromRow for UserSession {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            user_agent: row.next()?,
            current: false,
            created_at: row.next()?,
            refreshed_at: row.next()?,
            expires_at: row.next()?,
        })
    }
}

impl UserSession {
    fn seen_by(self, caller: &Caller) -> Self {
        Self { current: caller.session_id() == Some(self.id), ..self }
    }
}

page_of! {
    /// A page of sessions.
    UserSessionPage of UserSession
}

/// What became of a session whose token was shown.
struct Refreshed {
    goes_on: bool,
    epoch: i32,
    seconds: i64,
}

impl FromRow for Refreshed {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { goes_on: row.next()?, epoch: row.next()?, seconds: row.next()? })
    }
}

/// A refresh token, and whether it came in the cookie.
struct Shown {
    link: Link,
    in_cookie: bool,
}

/// Refresh a session
///
/// Each refresh token is good once: the answer holds the next one. Whoever shows one that was used before
/// ends the session, for it may have been stolen. Only the one before the newest is answered with the same
/// successor again, for ten seconds: for two tabs, and for answers that were lost. A session ends a week
/// after its last refresh, and thirty days after the login at the latest.
#[utoipa::path(
    tag = "auth",
    operation_id = "refreshSession",
    request_body = RefreshToken,
    responses(
        (status = 200, body = NewTokens),
        (status = 401, description = "`authentication-required`, `invalid-token`, `session-revoked`"),
        (status = 403, description = "`csrf`: the cookie came from a page of another site"),
    ),
    security(())
)]
#[post("/v1/auth/refresh")]
pub(crate) async fn refresh(
    request: HttpRequest,
    state: Data<State>,
    Body(body): Body<RefreshToken>,
) -> Answer<HttpResponse> {
    let Shown { link, in_cookie } = shown(&request, &state, body)?;
    let next = state.chain.next(&link);
    let caller = Caller::new(&request, &state, link.actor());
    let hashes = (link.hash(), next.hash());
    let refreshed: Refreshed = caller
        .write_one(REFRESH_SESSION, &[&link.session_id, &hashes.0, &hashes.1])
        .await
        .map_err(over)?;
    if !refreshed.goes_on {
        tracing::warn!(session_id = %link.session_id, user_id = %link.user_id,
            "a refresh token was used twice: the session is over");
        return Err(Problem::new(Code::SessionRevoked));
    }
    let actor = paddock_db::Actor { epoch: Some(refreshed.epoch), ..link.actor() };
    let text = state.chain.write(&next);
    let mut response = HttpResponse::Ok();
    if in_cookie {
        bring(&mut response, &text, refreshed.seconds);
    }
    Ok(response.json(NewTokens {
        access_token: state.tokens.issue(actor)?,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME,
        refresh_token: (!in_cookie).then_some(text),
        refresh_expires_in: refreshed.seconds,
    }))
}

/// Log out
///
/// Ends the session of the refresh token, and with it every access token that it gave. 204 as well if it
/// was over already.
#[utoipa::path(
    tag = "auth",
    operation_id = "logOut",
    request_body = RefreshToken,
    responses(
        (status = 204, description = "The session is over"),
        (status = 401, description = "`authentication-required`, `invalid-token`"),
        (status = 403, description = "`csrf`: the cookie came from a page of another site"),
    ),
    security(())
)]
#[post("/v1/auth/logout")]
pub(crate) async fn log_out(
    request: HttpRequest,
    state: Data<State>,
    Body(body): Body<RefreshToken>,
) -> Answer<HttpResponse> {
    let Shown { link, .. } = shown(&request, &state, body)?;
    let caller = Caller::new(&request, &state, link.actor());
    match end(&caller, link.session_id).await.map_err(over) {
        Err(problem) if problem.code() != Code::SessionRevoked => Err(problem),
        _ => Ok(HttpResponse::NoContent()
            .insert_header((header::SET_COOKIE, cookie::without()))
            .finish()),
    }
}

/// List your sessions
///
/// Those that are not over, newest first. Nobody else sees them.
#[utoipa::path(
    tag = "me",
    operation_id = "listMySessions",
    params(PageQuery),
    responses((status = 200, body = UserSessionPage, headers(("Link" = String))))
)]
#[get("/v1/me/sessions")]
pub(crate) async fn list_my_sessions(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<UserSessionPage>> {
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let scope = Scope { company_id: caller.company_id(), list: LIST, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let id = paging.after_time()?.map(|(_, id)| id);
    let rows: Vec<UserSession> = caller.read(LIST_SESSIONS, &[&id, &paging.rows()]).await?;
    let mut data: Vec<_> = rows.into_iter().map(|session| session.seen_by(&caller)).collect();
    let page = paging.end(&mut data, |session| Position::at(session.created_at, session.id));
    Ok(Paged(UserSessionPage { data, page }))
}

/// Get one of your sessions
#[utoipa::path(
    tag = "me",
    operation_id = "getMySession",
    params(("session_id" = Uuid, Path, description = "The session")),
    responses((status = 200, body = UserSession))
)]
#[get("/v1/me/sessions/{session_id}")]
pub(crate) async fn get_my_session(
    caller: Caller,
    path: Path<String>,
) -> Answer<Json<UserSession>> {
    let id = path_id(&path)?;
    let session: UserSession = caller.read_one(GET_SESSION, &[&id]).await?;
    Ok(Json(session.seen_by(&caller)))
}

/// End one of your sessions
///
/// Its access tokens are good for nothing from the next request on.
#[utoipa::path(
    tag = "me",
    operation_id = "endMySession",
    params(("session_id" = Uuid, Path, description = "The session")),
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses((status = 204, description = "The session is over"))
)]
#[delete("/v1/me/sessions/{session_id}")]
pub(crate) async fn end_my_session(caller: Caller, path: Path<String>) -> Answer<HttpResponse> {
    end(&caller, path_id(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sends a refresh token as a cookie.
pub(crate) fn bring(response: &mut HttpResponseBuilder, token: &str, seconds: i64) {
    response.insert_header((header::SET_COOKIE, cookie::with(token, seconds)));
}

/// The token of the body, else that of the cookie.
fn shown(request: &HttpRequest, state: &State, body: RefreshToken) -> Answer<Shown> {
    let missing = || Problem::new(Code::AuthenticationRequired);
    let (text, in_cookie) = match body.refresh_token {
        Some(text) => (text, false),
        None => (cookie::token(request).ok_or_else(missing)?, true),
    };
    if in_cookie {
        cookie::require_own_page(request, state)?;
    }
    let link = state.chain.read(&text).ok_or_else(|| Problem::new(Code::InvalidToken))?;
    Ok(Shown { link, in_cookie })
}

async fn end(caller: &Caller, session_id: Uuid) -> Answer<Uuid> {
    caller.write_one(END_SESSION, &[&session_id]).await
}

/// A session that ended meanwhile has ended.
fn over(problem: Problem) -> Problem {
    match problem.code() {
        Code::NotFound => Problem::new(Code::SessionRevoked),
        _ => problem,
    }
}
