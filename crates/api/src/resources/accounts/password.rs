//! Another password, by somebody who knows the present one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Confirmed, require_strong};
use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::mail::Errand;
use crate::resources::login::{Delivery, Session, begin_session};

/// The present password and the one to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[schema(example = "the one that you have", format = Password)]
    current_password: String,
    /// As for a sign-up.
    #[schema(example = "hunting unicorns at dawn", format = Password)]
    new_password: String,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Change your password
///
/// Ends every session of your login, in all its companies, this one included, and answers with the tokens of a
/// new one.
#[utoipa::path(
    tag = "me",
    operation_id = "changePassword",
    request_body = PasswordChange,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 200, body = Session),
        (status = 403, description = "`confirmation-failed`: the password is wrong"),
        (status = 422, description = "`password-rejected`, `validation`, `unknown-field`, `invalid-text`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/me/password")]
pub(crate) async fn change_password(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(body): Body<PasswordChange>,
) -> Answer<HttpResponse> {
    let PasswordChange { current_password, new_password, session } = body;
    let mut checks = Checks::default();
    checks.password("current_password", &current_password);
    checks.password("new_password", &new_password);
    checks.done()?;
    let confirmed = Confirmed::by(current_password, &caller, &request, &state).await?;
    require_strong(&state, "new_password", &new_password, &confirmed.words()).await?;
    let new_hash = state.passwords.hash(new_password).await?;
    let account = confirmed.account;
    let changed =
        state.door.change_password(account.identity_id, &account.password_hash, &new_hash);
    // Another request was faster: the present password is not what it was.
    let address = changed.await?.ok_or_else(|| Problem::new(Code::ConfirmationFailed))?;
    state.accounts.post.tell(Errand::PasswordChanged { address });
    begin_session(&request, &state, account.actor, session).await
}
