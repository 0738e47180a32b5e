//! Logging in: an e-mail and a password become a session.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post};
use paddock_db::{Actor, FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::refresh::{self, Link};
use crate::auth::{passwords, tokens};
use crate::http::body::{Body, word};
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::{Attempt, Standing};
use crate::resources::company::Company;
use crate::resources::sessions::bring;
use crate::resources::users::User;

const START_SESSION: Statement = sql!("sessions.sql", "start_session");
/// How much of a User-Agent is kept.
const LONGEST_AGENT: usize = 200;

/// An e-mail and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// In any spelling: upper and lower case are the same.
    #[schema(example = "alice@nike.example", format = Email)]
    email: String,
    /// At most 1024 bytes of UTF-8, any characters.
    #[schema(example = "two-companies-one-database", format = Password)]
    password: String,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Where a refresh token goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "kebab-case")]
enum Delivery {
    /// Into the answer.
    #[default]
    Body,
    /// Into a cookie that scripts cannot read, for pages.
    Cookie,
}

impl<'de> Deserialize<'de> for Delivery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &[("body", Self::Body), ("cookie", Self::Cookie)])
    }
}

/// Tokens, and whom they act as.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the token expires.
    #[schema(example = 600)]
    expires_in: i64,
    /// What to refresh the session with; see `POST /v1/auth/refresh`. Absent where it is in the cookie.
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
    user: User,
    company: Company,
}

/// A session that has just begun.
struct Started {
    session_id: uuid::Uuid,
    epoch: i32,
    seconds: i64,
    user: User,
    company: Company,
}

impl FromRow for Started {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            session_id: row.next()?,
            epoch: row.next()?,
            seconds: row.next()?,
            user: User::from_row(row)?,
            company: Company::from_row(row)?,
        })
    }
}

/// Log in
///
/// The answer is the same, and takes as long, whether the e-mail is unknown, the password wrong or the
/// user disabled.
#[utoipa::path(
    tag = "auth",
    operation_id = "login",
    request_body = Credentials,
    responses(
        (status = 200, body = Session),
        (status = 401, description = "`invalid-credentials`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/login")]
pub(crate) async fn login(
    request: HttpRequest,
    state: Data<State>,
    Body(Credentials { email, password, session }): Body<Credentials>,
) -> Answer<HttpResponse> {
    check(&email, &password)?;
    let attempt = admit(&request, &state, &email)?;
    let login = state.door.find(&email).await?;
    let (hash, actor) = login.map(|login| (login.password_hash, login.actor)).unzip();
    let right = state.passwords.verify(password, hash).await?;
    let actor = actor.filter(|_| right).ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    let secret = refresh::first_secret()?;
    let (hash, agent) = (refresh::hash(&secret), agent(&request));
    let started: Started = Caller::new(&request, &state, actor)
        .write_one(START_SESSION, &[&hash, &agent])
        .await
        .map_err(not_allowed)?;
    attempt.succeeded();
    answer(&state, actor, secret, session, started)
}

fn answer(
    state: &State,
    Actor { company_id, user_id, .. }: Actor,
    secret: [u8; 32],
    delivery: Delivery,
    started: Started,
) -> Answer<HttpResponse> {
    let Started { session_id, epoch, seconds, user, company } = started;
    let link = Link { company_id, user_id, session_id, secret };
    let token = state.chain.write(&link);
    let mut response = HttpResponse::Ok();
    if delivery == Delivery::Cookie {
        bring(&mut response, &token, seconds);
    }
    Ok(response.json(Session {
        access_token: state.tokens.issue(Actor { epoch: Some(epoch), ..link.actor() })?,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME,
        refresh_token: (delivery == Delivery::Body).then_some(token),
        refresh_expires_in: seconds,
        user,
        company,
    }))
}

/// Logins are counted by limits of their own.
fn admit<'a>(request: &HttpRequest, state: &'a State, email: &str) -> Answer<Attempt<'a>> {
    request.extensions_mut().insert(Standing::default());
    state.limits.admit_login(request, email)
}

/// What the client calls itself, as far as it can be stored.
fn agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(LONGEST_AGENT).collect())
}

fn check(email: &str, password: &str) -> Answer<()> {
    let mut checks = Checks::default();
    checks.text("email", email, 254);
    if password.len() > passwords::LONGEST {
        checks.refuse("password", "too-long", "at most 1024 bytes");
    }
    checks.done()
}

/// Disabled users learn no more than strangers do.
fn not_allowed(problem: Problem) -> Problem {
    match problem.code() {
        Code::SessionRevoked | Code::NotFound => Problem::new(Code::InvalidCredentials),
        _ => problem,
    }
}
