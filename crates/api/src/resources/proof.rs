//! What somebody shows besides the password: a code of the authenticator, or a recovery code. Used up by that.

use actix_web::HttpRequest;
use paddock_db::Account;
use uuid::Uuid;

use crate::State;
use crate::auth::{recovery, tokens, totp};
use crate::http::checks::Checks;
use crate::http::problem::Answer;
use crate::limits::Attempt;

/// One of the two.
pub(crate) enum Proof {
    /// Six digits.
    Code(String),
    /// What is stored of a recovery code.
    RecoveryCode(Vec<u8>),
}

impl Proof {
    /// Exactly one of the two, in its form.
    pub(crate) fn read(
        checks: &mut Checks,
        given_code: Option<String>,
        recovery_code: Option<String>,
    ) -> Self {
        match (given_code, recovery_code) {
            (Some(given), None) => Self::Code(code(checks, &given)),
            (None, Some(text)) => {
                let hash = recovery::read(&text);
                if hash.is_none() {
                    checks.refuse("recovery_code", "invalid", "four groups of four letters");
                }
                Self::RecoveryCode(hash.unwrap_or_default())
            }
            (None, None) => {
                checks.refuse("code", "required", "a code or a recovery code is needed");
                Self::RecoveryCode(Vec::new())
            }
            (Some(_), Some(_)) => {
                checks.refuse("recovery_code", "invalid", "not beside a code");
                Self::RecoveryCode(Vec::new())
            }
        }
    }

    /// Whether it is good now. If it is, it is used: of two who show it at the same time, one is refused.
    pub(crate) async fn is_accepted(&self, state: &State, account: &Account) -> Answer<bool> {
        let (id, Some(sealed)) = (account.identity_id, &account.sealed_secret) else {
            return Ok(false);
        };
        match self {
            Self::RecoveryCode(hash) => Ok(state.door.use_recovery_code(id, hash).await?),
            Self::Code(code) => {
                let Some(secret) = state.vault.open(id, sealed) else {
                    tracing::error!(identity_id = %id,
                        "the secret of a second factor cannot be read: is PADDOCK_SECRET another one?");
                    return Ok(false);
                };
                match totp::step_of(code, &secret, tokens::now()) {
                    Some(step) => Ok(state.door.use_code(id, sealed, step).await?),
                    None => Ok(false),
                }
            }
        }
    }
}

/// Six digits, with or without spaces.
pub(crate) fn code(checks: &mut Checks, text: &str) -> String {
    let code = text.replace(' ', "");
    if code.len() != totp::DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        checks.refuse("code", "invalid", "six digits");
    }
    code
}

/// Counts an attempt like one of a login: whoever guesses waits longer each time. All attempts on the factor of
/// one identity are counted together, whatever they are for.
pub(crate) fn attempt_of<'a>(
    request: &HttpRequest,
    state: &'a State,
    identity_id: Uuid,
) -> Answer<Attempt<'a>> {
    // No e-mail: there is no @ in it.
    state.limits.admit_login(request, &format!("second factor of {identity_id}"))
}
