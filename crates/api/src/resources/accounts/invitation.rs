//! How an invitation is accepted: with the login that the e-mail has, or with a new one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use paddock_db::{Actor, Invited, Login};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{begin_token, not_good, require_strong};
use crate::State;
use crate::auth::invitation::Invite;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::resources::login::{Delivery, Session, begin_session, not_allowed};
use crate::resources::login_second_factor::challenge;

/// What came by mail, and who it came to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    #[schema(
        example = "pdk_in_AZnzsm0-fBGaVQ1vHy86SwGRmfOybT58EZpVDW8fLzpLAZGZ87JtPnwRmlUNbx8vOksB"
    )]
    token: String,
    /// What to be called in the company; needed where the invitation does not say.
    #[schema(example = "Erin", min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Of the login with that e-mail, which stays as it is; where there is none, the one to be, as for a sign-up.
    #[schema(example = "hunting unicorns at dawn", format = Password)]
    password: String,
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

/// Accept an invitation
///
/// Once; answers like a login, into the company that invited. Where the e-mail has no login yet, it gets one, and
/// counts as confirmed. Whoever has a second factor is in with this step, and is answered with 401
/// `second-factor-required` and a `challenge` for `POST /v1/auth/second-factor`, as at every login. A password that is
/// wrong or refused leaves the token good.
#[utoipa::path(
    tag = "auth",
    operation_id = "acceptInvitation",
    request_body = Acceptance,
    responses(
        (status = 200, body = Session),
        (
            status = 401,
            description = "`invalid-token`: unknown, used, expired, revoked, or void because whoever invited may not \
                any more. `invalid-credentials`: the password is wrong. `second-factor-required`"
        ),
        (status = 422, description = "`password-rejected`, `validation`, `unknown-field`, `invalid-text`"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    ),
    security(())
)]
#[post("/v1/auth/accept-invitation")]
pub(crate) async fn accept_invitation(
    request: HttpRequest,
    state: Data<State>,
    Body(Acceptance { token, name, password, session }): Body<Acceptance>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    checks.optional_text("name", name.as_deref(), 200);
    checks.password("password", &password);
    checks.done()?;
    begin_token(&request, &state)?;
    let invite = Invite::read(&token)?;
    let found = state.door.find_invitation(invite.company_id, &invite.hash()).await?;
    let mut invited = found.ok_or_else(not_good)?;
    invited.name = name.or(invited.name);
    match (invited.identity_id, invited.password_hash.clone()) {
        (Some(id), Some(hash)) => {
            prove(&request, &state, &invited, password, &hash).await?;
            let actor = come_in(&state, &invite, &invited, Some(id), &hash).await?;
            if invited.has_second_factor {
                let login =
                    Login { identity_id: id, password_hash: hash, actor, has_second_factor: true };
                return Err(challenge(&request, &state, &login).await?);
            }
            begin_session(&request, &state, actor, session).await
        }
        _ => {
            let words = [name_of(&invited)?, &invited.company_name, &invited.email];
            require_strong(&state, "password", &password, &words).await?;
            let hash = state.passwords.hash(password).await?;
            let actor = come_in(&state, &invite, &invited, None, &hash).await?;
            begin_session(&request, &state, actor, session).await
        }
    }
}

/// Whoever has got hold of the mail alone does not know the password. Wrong ones count like those of a login.
async fn prove(
    request: &HttpRequest,
    state: &Data<State>,
    invited: &Invited,
    password: String,
    hash: &str,
) -> Answer<()> {
    let attempt = state.limits.admit_login(request, &invited.email)?;
    if !state.passwords.verify(password, Some(hash.to_owned())).await? {
        return Err(not_allowed(Problem::new(Code::InvalidCredentials), state, &invited.email));
    }
    attempt.succeeded();
    Ok(())
}

async fn come_in(
    state: &State,
    invite: &Invite,
    invited: &Invited,
    identity_id: Option<Uuid>,
    hash: &str,
) -> Answer<Actor> {
    let (name, company_id) = (name_of(invited)?, invite.company_id);
    let accepted =
        state.door.accept_invitation(company_id, &invite.hash(), name, identity_id, hash).await?;
    accepted.ok_or_else(not_good)
}

fn name_of(invited: &Invited) -> Answer<&str> {
    let mut checks = Checks::default();
    if invited.name.is_none() {
        checks.refuse("name", "required", "the invitation does not say what to call you");
    }
    checks.done()?;
    Ok(invited.name.as_deref().unwrap_or_default())
}
