//! How a person comes in and keeps their login: sign-up, and what is confirmed by mail or by a password.

pub(crate) mod email;
pub(crate) mod invitation;
pub(crate) mod password;
pub(crate) mod reset;
pub(crate) mod sign_up;

use actix_web::{HttpMessage, HttpRequest};
use paddock_db::{Account, Actor};

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::one_time::Token;
use crate::auth::password_rules;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::Standing;
use crate::resources::me::{GET_ME, Me};

/// What such a token looks like.
const TOKEN_EXAMPLE: &str = "pdk_ot_AQGZ87JtPnwRmlUNbx8vOksBmfOybT58EZpVDW8fLzo";

/// Counts a mail that a stranger asks for.
fn admit_mail(request: &HttpRequest, state: &State, email: &str) -> Answer<()> {
    request.extensions_mut().insert(Standing::default());
    state.limits.admit_mail(request, email)
}

/// Counts a token that a stranger shows, and reads it.
fn admit_token(request: &HttpRequest, state: &State, text: &str) -> Answer<Token> {
    begin_token(request, state)?;
    Token::read(text)
}

/// Counts it, whatever kind of token it is.
fn begin_token(request: &HttpRequest, state: &State) -> Answer<()> {
    request.extensions_mut().insert(Standing::default());
    state.limits.admit_token(request)
}

/// A token that is used, expired, void or of another kind is like one that never was.
fn not_good() -> Problem {
    Problem::new(Code::InvalidToken)
}

/// Refuses a password that is too easy to guess for somebody who is known by these words.
async fn require_strong(state: &State, field: &str, password: &str, words: &[&str]) -> Answer<()> {
    password_rules::require(field, password, words, state.accounts.breached.as_ref()).await
}

/// The caller, who has shown once more who they are.
struct Confirmed {
    me: Me,
    account: Account,
}

impl Confirmed {
    /// Asks for the present password: whoever has found an unlocked device or a token does not know it. Wrong
    /// ones are counted like those of a login.
    async fn by(
        password: String,
        caller: &Caller,
        request: &HttpRequest,
        state: &State,
    ) -> Answer<Self> {
        let me: Me = caller.read_one(GET_ME, &[]).await?;
        let attempt = state.limits.admit_login(request, &me.user.email)?;
        let actor = Actor::trusted(me.user.company_id, me.user.id);
        let account = state.door.account_of(actor).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let right = state.passwords.verify(password, hash).await?;
        let account =
            account.filter(|_| right).ok_or_else(|| Problem::new(Code::ConfirmationFailed))?;
        attempt.succeeded();
        Ok(Self { me, account })
    }

    /// What the caller is known by.
    fn words(&self) -> [&str; 3] {
        [&self.me.user.name, &self.me.user.email, &self.me.company.name]
    }
}
