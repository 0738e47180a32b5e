//! Sign-up: a company and its first owner come to be when their mail is confirmed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use paddock_db::SignUp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{admit_mail, admit_token, not_good, require_strong};
use crate::State;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::mail::Errand;
use crate::resources::login::{Delivery, Session, begin_session};

/// A company and its first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(example = "Pepsi", min_length = 1, max_length = 200)]
    company_name: String,
    /// Of the person who signs up, and will be the company's owner.
    #[schema(example = "Erin", min_length = 1, max_length = 200)]
    name: String,
    /// What to log in with, once it is confirmed.
    #[schema(example = "erin@pepsi.example", format = Email)]
    email: String,
    /// At least 15 characters, at most 1024 bytes of UTF-8, any characters; not one that is tried first, and
    /// without your name, your company and your e-mail.
    #[schema(example = "hunting unicorns at dawn", format = Password)]
    password: String,
}

/// What came by mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailToken {
    #[schema(example = json!(super::TOKEN_EXAMPLE))]
    token: String,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Sign up
///
/// Whether the e-mail has a login already is told by the mail that is sent there, and by nothing else: the answer
/// is the same, and does not wait for the mail. Company and login come to be with `POST /v1/auth/verify-email`;
/// until then, for 24 hours, nobody can log in.
#[utoipa::path(
    tag = "auth",
    operation_id = "signUp",
    request_body = NewAccount,
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 403, description = "`sign-up-closed`"),
        (status = 422, description = "`password-rejected`, `validation`, `unknown-field`, `invalid-text`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/signup")]
pub(crate) async fn sign_up(
    request: HttpRequest,
    state: Data<State>,
    Body(body): Body<NewAccount>,
) -> Answer<HttpResponse> {
    if !state.accounts.sign_up_is_open {
        return Err(Problem::new(Code::SignUpClosed));
    }
    let NewAccount { company_name, name, email, password } = body;
    let mut checks = Checks::default();
    checks.text("company_name", &company_name, 200);
    checks.text("name", &name, 200);
    checks.email("email", &email);
    checks.password("password", &password);
    checks.done()?;
    require_strong(&state, "password", &password, &[&company_name, &name, &email]).await?;
    admit_mail(&request, &state, &email)?;
    let password_hash = state.passwords.hash(password).await?;
    state.accounts.post.hand_in(Errand::SignUp(SignUp {
        company_name,
        name,
        email,
        password_hash,
    }))?;
    Ok(HttpResponse::Accepted().finish())
}

/// Confirm an e-mail and begin
///
/// Makes company, owner and login out of a sign-up, once, and logs in.
#[utoipa::path(
    tag = "auth",
    operation_id = "verifyEmail",
    request_body = EmailToken,
    responses(
        (status = 200, body = Session),
        (status = 401, description = "`invalid-token`: unknown, used, expired, or the e-mail has a login by now"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/verify-email")]
pub(crate) async fn verify_email(
    request: HttpRequest,
    state: Data<State>,
    Body(EmailToken { token, session }): Body<EmailToken>,
) -> Answer<HttpResponse> {
    let token = admit_token(&request, &state, &token)?;
    let owner = state.door.complete_sign_up(&token.hash()).await?.ok_or_else(not_good)?;
    begin_session(&request, &state, owner, session).await
}
