//! Logging in: an e-mail and a password become a session.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post};
use paddock_db::{Actor, FromRow, Login, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::refresh::{self, Link};
use crate::auth::tokens;
use crate::http::body::{Body, word};
use crate::http::checks::Checks;
use crate::http::params::Id;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::{Attempt, Standing};
use crate::resources::company::Company;
use crate::resources::login_second_factor::challenge;
use crate::resources::sessions::bring;
use crate::resources::users::User;

const START_SESSION: Statement = sql!("sessions.sql", "start_session");
/// A user of no company.
const NOBODY: Actor = Actor::trusted(Uuid::nil(), Uuid::nil());
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
    /// Which company to enter, for whoever has several; the one that they came to first, of those where they may
    /// act, if it is absent.
    #[schema(value_type = Option<Uuid>, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Option<Id>,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Where a refresh token goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(crate) enum Delivery {
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
    session_id: Uuid,
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
/// The answer is the same, and takes as long, whether the e-mail is unknown or not confirmed yet, the password
/// wrong, the user disabled or the company none of theirs. The right password of a login with a second factor is answered with 401
/// `second-factor-required` and a `challenge`, for `POST /v1/auth/second-factor`.
#[utoipa::path(
    tag = "auth",
    operation_id = "login",
    request_body = Credentials,
    responses(
        (status = 200, body = Session),
        (status = 401, description = "`invalid-credentials`, `second-factor-required`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/login")]
pub(crate) async fn login(
    request: HttpRequest,
    state: Data<State>,
    Body(Credentials { email, password, company_id, session }): Body<Credentials>,
) -> Answer<HttpResponse> {
    check(&email, &password)?;
    let attempt = admit(&request, &state, &email)?;
    let known = state.door.find(&email, company_id.as_deref().copied()).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let right = state.passwords.verify(password.clone(), hash).await?;
    let known = known.filter(|_| right);
    if let Some(login) = known.as_ref().filter(|known| known.has_second_factor) {
        let problem = challenge(&request, &state, login)
            .await
            .map_err(|problem| not_allowed(problem, &state, &email))?;
        attempt.succeeded();
        return Err(problem);
    }
    // Whoever is refused takes the same way to the database as a disabled user.
    let actor = known.as_ref().map_or(NOBODY, |known| known.actor);
    let answer = begin_session(&request, &state, actor, session)
        .await
        .map_err(|problem| not_allowed(problem, &state, &email))?;
    attempt.succeeded();
    if let Some(known) = known {
        renew(&state, known, password).await;
    }
    Ok(answer)
}

/// Begins a session of somebody who has shown who they are, and answers with its tokens.
pub(crate) async fn begin_session(
    request: &HttpRequest,
    state: &State,
    actor: Actor,
    delivery: Delivery,
) -> Answer<HttpResponse> {
    go_on(request, state, actor, delivery, None).await
}

/// The same for somebody who logged in earlier: the session is not longer for that.
pub(crate) async fn go_on(
    request: &HttpRequest,
    state: &State,
    actor: Actor,
    delivery: Delivery,
    logged_in_at: Option<OffsetDateTime>,
) -> Answer<HttpResponse> {
    let secret = refresh::first_secret()?;
    let (hash, agent) = (refresh::hash(&secret), agent(request));
    let caller = Caller::new(request, state, actor);
    let started: Started = caller.write_one(START_SESSION, &[&hash, &agent, &logged_in_at]).await?;
    answer(state, actor, secret, delivery, started)
}

/// The password is known just now: a hash that is made as they were years ago is made anew. If that fails,
/// the next login tries again.
async fn renew(state: &State, known: Login, password: String) {
    let Login { identity_id, password_hash: old, .. } = known;
    let Ok(Some(new)) = state.passwords.renewed(password, &old).await else { return };
    if let Err(error) = state.door.renew_password_hash(identity_id, &old, &new).await {
        tracing::warn!(%error, "a password hash could not be renewed");
    }
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
    checks.password("password", password);
    checks.done()
}

/// Whoever is not let in is recorded, behind the answer: whether there is anything to record shows in no answer
/// and in no time that one takes.
pub(crate) fn not_allowed(problem: Problem, state: &Data<State>, email: &str) -> Problem {
    let problem = not_welcome(problem);
    if problem.code() == Code::InvalidCredentials {
        let (state, email) = (Data::clone(state), email.to_owned());
        actix_web::rt::spawn(async move {
            if let Err(error) = state.door.record_failure(&email).await {
                tracing::warn!(%error, "a failed login was not recorded");
            }
        });
    }
    problem
}

/// Disabled users learn no more than strangers do.
pub(crate) fn not_welcome(problem: Problem) -> Problem {
    match problem.code() {
        Code::SessionRevoked | Code::NotFound => Problem::new(Code::InvalidCredentials),
        _ => problem,
    }
}
