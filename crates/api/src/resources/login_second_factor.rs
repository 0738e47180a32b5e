//! The second step of a login, where the password is not enough.

use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post};
use paddock_db::{Account, Login};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::tokens;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::Standing;
use crate::resources::login::{Delivery, Session, begin_session, not_welcome};
use crate::resources::proof::{Proof, attempt_of};
use crate::resources::second_factor::GET_MY_EMAIL;

/// A challenge, and what it asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondStep {
    /// That of the problem `second-factor-required`; good for five minutes.
    #[schema(example = "pdk_2f_AQAAAABqiF3cAZnzsm0-fBGaVQ1vHy86Sw")]
    challenge: String,
    /// Six digits of the authenticator.
    #[schema(example = "287082")]
    code: Option<String>,
    /// In its place, a recovery code.
    #[schema(example = "gezd-gnbv-gy3t-qojq")]
    recovery_code: Option<String>,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Log in with the second factor
///
/// The second step of a login that was answered with `second-factor-required`. Every code is good once.
#[utoipa::path(
    tag = "auth",
    operation_id = "loginWithSecondFactor",
    request_body = SecondStep,
    responses(
        (status = 200, body = Session),
        (
            status = 401,
            description = "`invalid-code`: try another one. `invalid-token`, `token-expired`, `invalid-credentials`: \
                the challenge is good for nothing, log in again"
        ),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/second-factor")]
pub(crate) async fn login_with_second_factor(
    request: HttpRequest,
    state: Data<State>,
    Body(SecondStep { challenge, code, recovery_code, session }): Body<SecondStep>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    let proof = Proof::read(&mut checks, code, recovery_code);
    checks.done()?;
    let challenge = state.challenges.read(&challenge, tokens::now())?;
    // Counted by limits of its own, as logins are.
    request.extensions_mut().insert(Standing::default());
    let attempt = attempt_of(&request, &state, challenge.identity_id)?;
    let fits = |account: &Account| {
        account.identity_id == challenge.identity_id
            && account.confirmed_at.is_some()
            && state.challenges.fits(&challenge, &account.password_hash)
    };
    let account = state.door.account_of(challenge.actor).await?.filter(fits);
    let account = account.ok_or_else(|| Problem::new(Code::InvalidToken))?;
    if !proof.is_accepted(&state, &account).await? {
        return Err(Problem::new(Code::InvalidCode));
    }
    let response =
        begin_session(&request, &state, account.actor, session).await.map_err(not_welcome)?;
    attempt.succeeded();
    Ok(response)
}

/// The answer to the right password of a login with a second factor; whoever may not act learns nothing of that.
pub(crate) async fn challenge(
    request: &HttpRequest,
    state: &State,
    login: &Login,
) -> Answer<Problem> {
    let caller = Caller::new(request, state, login.actor);
    let _: String = caller.read_one(GET_MY_EMAIL, &[]).await?;
    Ok(Problem::second_factor_required(state.challenges.write(login, tokens::now())))
}
