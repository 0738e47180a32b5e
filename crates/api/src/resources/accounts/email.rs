//! Another e-mail to log in with, once its mail is confirmed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Confirmed, admit_token, not_good};
use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::Answer;
use crate::mail::Errand;

/// The present password and the e-mail to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailChange {
    #[schema(example = "two-companies-one-database", format = Password)]
    current_password: String,
    #[schema(example = "alice@sports.example", format = Email)]
    email: String,
}

/// What came by mail to the new address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmailToken {
    #[schema(example = json!(super::TOKEN_EXAMPLE))]
    token: String,
}

/// Ask for another e-mail
///
/// A mail is sent there; the change happens with `POST /v1/auth/confirm-email`. Whether the e-mail has a login
/// already is told by that mail, and by nothing else.
#[utoipa::path(
    tag = "me",
    operation_id = "requestEmailChange",
    request_body = EmailChange,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 403, description = "`confirmation-failed`: the password is wrong"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/me/email")]
pub(crate) async fn request_email_change(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(EmailChange { current_password, email }): Body<EmailChange>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    checks.password("current_password", &current_password);
    checks.email("email", &email);
    checks.done()?;
    let confirmed = Confirmed::by(current_password, &caller, &request, &state).await?;
    state.limits.admit_mail(&request, &email)?;
    let identity_id = confirmed.account.identity_id;
    state.accounts.post.hand_in(Errand::EmailChange { identity_id, email })?;
    Ok(HttpResponse::Accepted().finish())
}

/// Confirm another e-mail
///
/// With a token that came by mail, once: from then on it is the e-mail of the login, and of its user in each
/// company. Sessions go on. The address from before is told.
#[utoipa::path(
    tag = "auth",
    operation_id = "confirmEmail",
    request_body = NewEmailToken,
    responses(
        (status = 204, description = "The e-mail is changed"),
        (status = 401, description = "`invalid-token`: unknown, used, expired, void since e-mail or password changed, or the e-mail has a login by now"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/confirm-email")]
pub(crate) async fn confirm_email(
    request: HttpRequest,
    state: Data<State>,
    Body(NewEmailToken { token }): Body<NewEmailToken>,
) -> Answer<HttpResponse> {
    let token = admit_token(&request, &state, &token)?;
    let changed = state.door.change_email(&token.hash()).await?.ok_or_else(not_good)?;
    state.accounts.post.tell(Errand::EmailChanged(changed));
    Ok(HttpResponse::NoContent().finish())
}
