//! The second factor of one's login: an authenticator, and ten recovery codes for who has lost it.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post};
use paddock_db::{Account, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::{recovery, totp};
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::problem::{Answer, Code, Problem};
use crate::http::timestamp;
use crate::limits::Attempt;
use crate::resources::proof::{self, Proof, attempt_of};

pub(crate) const GET_MY_EMAIL: Statement = sql!("users.sql", "get_my_email");
const END_OTHER_SESSIONS: Statement = sql!("sessions.sql", "end_other_sessions");

/// Where it is.
const PATH: &str = "/v1/me/second-factor";

/// How far it is with the second factor.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecondFactorState {
    /// There is none: the password is enough.
    None,
    /// It was begun, and its first code is awaited: the password is enough.
    Pending,
    /// Logins ask for it.
    Active,
}

/// Your second factor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    #[schema(example = "active")]
    state: SecondFactorState,
    /// Since when logins ask for it; null while they do not.
    #[serde(serialize_with = "timestamp::serialize_option")]
    #[schema(required = true, example = "2026-11-23T14:30:52.000000Z")]
    confirmed_at: Option<OffsetDateTime>,
    /// How many recovery codes are left, of ten.
    #[schema(example = 10)]
    recovery_codes_left: i32,
}

/// That it is you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrentPassword {
    /// The password that you log in with.
    #[schema(example = "two-companies-one-database", format = Password)]
    current_password: String,
}

/// What an authenticator needs to know. Shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecondFactor {
    /// To be typed into an authenticator: 160 bits in base 32 (RFC 4648).
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as authenticators read it, for a QR code.
    #[schema(
        example = "otpauth://totp/Paddock:alice%40nike.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Paddock&algorithm=SHA1&digits=6&period=30"
    )]
    otpauth_uri: String,
}

/// The first code of an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// That it is you, by password and by one of two codes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordAndCode {
    /// The password that you log in with.
    #[schema(example = "two-companies-one-database", format = Password)]
    current_password: String,
    /// Six digits of the authenticator.
    #[schema(example = "287082")]
    code: Option<String>,
    /// In its place, a recovery code.
    #[schema(example = "gezd-gnbv-gy3t-qojq")]
    recovery_code: Option<String>,
}

/// For who has lost the authenticator. Shown once; each is good once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    #[schema(example = json!(["gezd-gnbv-gy3t-qojq", "mfrg-gzdf-mztw-q2lk"]))]
    recovery_codes: Vec<String>,
}

/// Get your second factor
///
/// Whether your logins ask for more than the password, in all companies that you are in.
#[utoipa::path(
    tag = "me",
    operation_id = "getMySecondFactor",
    responses((status = 200, body = SecondFactor))
)]
#[get("/v1/me/second-factor")]
pub(crate) async fn get_my_second_factor(
    caller: Caller,
    state: Data<State>,
) -> Answer<Json<SecondFactor>> {
    let (_, account) = find(&caller, &state).await?;
    let sealed = account.as_ref().and_then(|account| account.sealed_secret.as_ref());
    let confirmed_at = account.as_ref().and_then(|account| account.confirmed_at);
    Ok(Json(SecondFactor {
        state: match (sealed, confirmed_at) {
            (_, Some(_)) => SecondFactorState::Active,
            (Some(_), None) => SecondFactorState::Pending,
            (None, None) => SecondFactorState::None,
        },
        confirmed_at,
        recovery_codes_left: account.map_or(0, |account| account.recovery_codes_left),
    }))
}

/// Begin a second factor
///
/// Answers what an authenticator needs to know, once. Logins do not ask for it before its first code is
/// confirmed; to begin again before that replaces the secret.
#[utoipa::path(
    tag = "me",
    operation_id = "beginMySecondFactor",
    request_body = CurrentPassword,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 201, body = NewSecondFactor, headers(("Location" = String))),
        (status = 403, description = "`confirmation-failed`: the password is wrong"),
        (status = 404, description = "`not-found`: you do not log in with a password"),
        (status = 409, description = "`conflict`: there is an active one"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/me/second-factor")]
pub(crate) async fn begin_my_second_factor(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(CurrentPassword { current_password }): Body<CurrentPassword>,
) -> Answer<HttpResponse> {
    let mut checks = Checks::default();
    checks.password("current_password", &current_password);
    checks.done()?;
    let (email, account) = find(&caller, &state).await?;
    let account = inactive(account)?;
    let attempt = attempt_of(&request, &state, account.identity_id)?;
    verify(&state, current_password, &account).await?;
    attempt.succeeded();
    let secret = totp::new_secret()?;
    let sealed = state.vault.seal(account.identity_id, &secret)?;
    if !state.door.begin_second_factor(account.identity_id, &sealed).await? {
        return Err(already_active());
    }
    Ok(HttpResponse::Created().insert_header((header::LOCATION, PATH)).json(NewSecondFactor {
        secret: totp::base32(&secret),
        otpauth_uri: totp::address(&secret, &email),
    }))
}

/// Confirm your second factor
///
/// With the first code of the authenticator. From then on logins ask for it, and all your other sessions, in
/// all companies, are over: they began with the password alone. Keep the recovery codes where the authenticator
/// is not.
#[utoipa::path(
    tag = "me",
    operation_id = "confirmMySecondFactor",
    request_body = FirstCode,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 200, body = RecoveryCodes),
        (status = 403, description = "`confirmation-failed`: the code is wrong"),
        (status = 404, description = "`not-found`: none was begun"),
        (status = 409, description = "`conflict`: it is active already, or was begun again"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/me/second-factor/confirm")]
pub(crate) async fn confirm_my_second_factor(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(FirstCode { code }): Body<FirstCode>,
) -> Answer<Json<RecoveryCodes>> {
    let mut checks = Checks::default();
    let code = proof::code(&mut checks, &code);
    checks.done()?;
    let account = inactive(find(&caller, &state).await?.1)?;
    let (id, sealed) = (account.identity_id, account.sealed_secret.ok_or_else(Problem::not_found)?);
    let attempt = attempt_of(&request, &state, id)?;
    let step = state
        .vault
        .open(id, &sealed)
        .and_then(|secret| totp::step_of(&code, &secret, state.tokens.clock().seconds()))
        .ok_or_else(|| Problem::new(Code::ConfirmationFailed))?;
    let (recovery_codes, hashes) = recovery::new_set()?;
    if !state.door.confirm_second_factor(id, &sealed, step, &hashes).await? {
        return Err(already_active());
    }
    attempt.succeeded();
    end_other_sessions(&caller, &state, id).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Remove your second factor
///
/// Logins ask for the password alone from then on. Takes a recovery code in the place of a code, for who has lost
/// the authenticator. Sessions go on.
#[utoipa::path(
    tag = "me",
    operation_id = "removeMySecondFactor",
    request_body = PasswordAndCode,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 204, description = "There is none any more"),
        (status = 403, description = "`confirmation-failed`: password or code is wrong"),
        (status = 404, description = "`not-found`: none is active"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[delete("/v1/me/second-factor")]
pub(crate) async fn remove_my_second_factor(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(body): Body<PasswordAndCode>,
) -> Answer<HttpResponse> {
    let (account, attempt) = prove(&request, &caller, &state, body).await?;
    if !state.door.remove_second_factor(account.identity_id).await? {
        return Err(Problem::not_found());
    }
    attempt.succeeded();
    Ok(HttpResponse::NoContent().finish())
}

/// Make new recovery codes
///
/// Those from before are good for nothing then.
#[utoipa::path(
    tag = "me",
    operation_id = "replaceMyRecoveryCodes",
    request_body = PasswordAndCode,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 200, body = RecoveryCodes),
        (status = 403, description = "`confirmation-failed`: password or code is wrong"),
        (status = 404, description = "`not-found`: no second factor is active"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/me/second-factor/recovery-codes")]
pub(crate) async fn replace_my_recovery_codes(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(body): Body<PasswordAndCode>,
) -> Answer<Json<RecoveryCodes>> {
    let (account, attempt) = prove(&request, &caller, &state, body).await?;
    let (recovery_codes, hashes) = recovery::new_set()?;
    if !state.door.replace_recovery_codes(account.identity_id, &hashes).await? {
        return Err(Problem::not_found());
    }
    attempt.succeeded();
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// The caller's e-mail and login: first the flight that asks whether they may still act, then the door.
async fn find(caller: &Caller, state: &State) -> Answer<(String, Option<Account>)> {
    let email = caller.read_one(GET_MY_EMAIL, &[]).await?;
    Ok((email, state.door.account_of(caller.actor()).await?))
}

/// An account whose factor, if there is one, is not confirmed.
fn inactive(account: Option<Account>) -> Answer<Account> {
    let account = account.ok_or_else(Problem::not_found)?;
    if account.confirmed_at.is_some() { Err(already_active()) } else { Ok(account) }
}

/// Password and code, both right: the code is used then, and only then.
async fn prove<'a>(
    request: &HttpRequest,
    caller: &Caller,
    state: &'a State,
    body: PasswordAndCode,
) -> Answer<(Account, Attempt<'a>)> {
    let PasswordAndCode { current_password, code, recovery_code } = body;
    let mut checks = Checks::default();
    checks.password("current_password", &current_password);
    let proof = Proof::read(&mut checks, code, recovery_code);
    checks.done()?;
    let account = find(caller, state).await?.1.filter(|account| account.confirmed_at.is_some());
    let account = account.ok_or_else(Problem::not_found)?;
    let attempt = attempt_of(request, state, account.identity_id)?;
    verify(state, current_password, &account).await?;
    if proof.is_accepted(state, &account).await? {
        Ok((account, attempt))
    } else {
        Err(Problem::new(Code::ConfirmationFailed))
    }
}

async fn verify(state: &State, password: String, account: &Account) -> Answer<()> {
    let right = state.passwords.verify(password, Some(account.password_hash.clone())).await?;
    if right { Ok(()) } else { Err(Problem::new(Code::ConfirmationFailed)) }
}

/// Those of the same person, wherever they are a user; whoever was disabled somewhere has none there.
async fn end_other_sessions(caller: &Caller, state: &State, identity_id: uuid::Uuid) -> Answer<()> {
    let kept = caller.session_id();
    for actor in state.door.places_of(identity_id).await? {
        let ended = state.db.act_as(actor).write::<()>(END_OTHER_SESSIONS, &[&kept]).await;
        match ended {
            Ok(_) | Err(paddock_db::Error::SessionOver) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn already_active() -> Problem {
    Problem::new(Code::Conflict).detail("there is an active second factor: remove it first")
}
