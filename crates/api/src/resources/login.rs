//! Logging in: an e-mail and a password become an access token.

use actix_web::web::{Data, Json};
use actix_web::{HttpMessage, HttpRequest, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::{passwords, tokens};
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::{Attempt, Standing};
use crate::resources::company::Company;
use crate::resources::me::{GET_ME, Me};
use crate::resources::users::User;

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
}

/// An access token, and whom it acts as.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the token expires.
    #[schema(example = 600)]
    expires_in: i64,
    user: User,
    company: Company,
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
    Body(Credentials { email, password }): Body<Credentials>,
) -> Answer<Json<Session>> {
    check(&email, &password)?;
    let attempt = admit(&request, &state, &email)?;
    let login = state.door.find(&email).await?;
    let (hash, actor) = login.map(|login| (login.password_hash, login.actor)).unzip();
    let right = state.passwords.verify(password, hash).await?;
    let actor = actor.filter(|_| right).ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    let me: Me =
        Caller::new(&request, &state, actor).read_one(GET_ME, &[]).await.map_err(not_allowed)?;
    attempt.succeeded();
    let actor = paddock_db::Actor { epoch: Some(me.epoch), ..actor };
    Ok(Json(Session {
        access_token: state.tokens.issue(actor)?,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME,
        user: me.user,
        company: me.company,
    }))
}

/// Logins are counted by limits of their own.
fn admit<'a>(request: &HttpRequest, state: &'a State, email: &str) -> Answer<Attempt<'a>> {
    request.extensions_mut().insert(Standing::default());
    state.limits.admit_login(request, email)
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
