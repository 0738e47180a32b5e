//! Forgotten passwords: whoever reads the mail of a login chooses a new one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{admit_mail, admit_token, not_good, require_strong};
use crate::State;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::Answer;
use crate::mail::Errand;

/// Somebody who cannot log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgetful {
    /// In any spelling: the mail goes to the address on record.
    #[schema(example = "alice@nike.example", format = Email)]
    email: String,
}

/// A token that came by mail, and the password to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    #[schema(example = json!(super::TOKEN_EXAMPLE))]
    token: String,
    /// As for a sign-up.
    #[schema(example = "hunting unicorns at dawn", format = Password)]
    password: String,
}

/// Ask for a new password
///
/// The answer is the same whether somebody has the e-mail or not, and does not wait for the mail.
#[utoipa::path(
    tag = "auth",
    operation_id = "requestPasswordReset",
    request_body = Forgetful,
    responses(
        (status = 202, description = "If somebody has the e-mail, a mail is on its way"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/request-password-reset")]
pub(crate) async fn request_password_reset(
    request: HttpRequest,
    state: Data<State>,
    Body(Forgetful { email }): Body<Forgetful>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    checks.email("email", &email);
    checks.done()?;
    admit_mail(&request, &state, &email)?;
    state.accounts.post.hand_in(Errand::PasswordReset { email })?;
    Ok(HttpResponse::Accepted().finish())
}

/// Choose a new password
///
/// With a token that came by mail, once. Ends every session of the login, in all its companies; log in with the
/// new password. A password that is refused leaves the token good.
#[utoipa::path(
    tag = "auth",
    operation_id = "resetPassword",
    request_body = NewPassword,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 401, description = "`invalid-token`: unknown, used, expired, or void since e-mail or password changed"),
        (status = 422, description = "`password-rejected`, `validation`, `unknown-field`, `invalid-text`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/reset-password")]
pub(crate) async fn reset_password(
    request: HttpRequest,
    state: Data<State>,
    Body(NewPassword { token, password }): Body<NewPassword>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    checks.password("password", &password);
    checks.done()?;
    let hash = admit_token(&request, &state, &token)?.hash();
    let words = state.door.words_of_reset(&hash).await?.ok_or_else(not_good)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    require_strong(&state, "password", &password, &words).await?;
    let password_hash = state.passwords.hash(password).await?;
    let address = state.door.reset_password(&hash, &password_hash).await?.ok_or_else(not_good)?;
    state.accounts.post.tell(Errand::PasswordChanged { address });
    Ok(HttpResponse::NoContent().finish())
}
