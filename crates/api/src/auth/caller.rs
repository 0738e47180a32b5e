//! The caller of an operation: a user of a company, with the one way to their rows.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use paddock_db::{Actor, FromRow, Listing, Params, Statement, Stopwatch, Tenant};
use uuid::Uuid;

use crate::State;
use crate::auth::api_key::{self, ApiKey};
use crate::auth::providers::Login;
use crate::auth::tokens::Bearer;
use crate::http::problem::{Answer, Code, Problem};
use crate::limits::Standing;
use crate::routes::CONTRACT;

/// Taken from the `Authorization` header without any I/O: no connection is held while a body is read.
/// Whether the user may still act is asked in the same flight as the statement. Only at the first sight of a
/// token of somebody who is linked is the login door asked who it is.
pub(crate) struct Caller {
    tenant: Tenant,
}

impl Caller {
    /// Acts as somebody who has just logged in.
    pub(crate) fn new(request: &HttpRequest, state: &State, actor: Actor) -> Self {
        Self { tenant: state.db.act_as(actor).watched_by(watch(request)) }
    }

    /// The company for which everything happens.
    pub(crate) const fn company_id(&self) -> Uuid {
        self.tenant.actor().company_id
    }

    /// For whom everything happens.
    pub(crate) const fn actor(&self) -> Actor {
        self.tenant.actor()
    }

    /// The session that the access token belongs to.
    pub(crate) const fn session_id(&self) -> Option<Uuid> {
        self.tenant.actor().session_id
    }

    /// For operations that other programs call too, such as the import.
    pub(crate) const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// One row, or the problem that there is none.
    pub(crate) async fn read_one<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Answer<T> {
        self.tenant.read(statement, params).await?.pop().ok_or_else(Problem::not_found)
    }

    /// All rows of a small answer.
    pub(crate) async fn read<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Answer<Vec<T>> {
        Ok(self.tenant.read(statement, params).await?)
    }

    /// The rows of a page.
    pub(crate) async fn list<T: FromRow>(&self, listing: &Listing<'_>) -> Answer<Vec<T>> {
        Ok(self.tenant.list(listing).await?)
    }

    /// Writes, and answers the one row written, or the problem that there is none.
    pub(crate) async fn write_one<T: FromRow>(
        &self,
        statement: Statement,
        params: Params<'_>,
    ) -> Answer<T> {
        self.tenant.write(statement, params).await?.pop().ok_or_else(Problem::not_found)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Either<Ready<Answer<Self>>, LocalBoxFuture<'static, Answer<Self>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match authenticate(request) {
            Ok((state, Bearer::Login(login))) => {
                Either::Right(Box::pin(find(request.clone(), state, login)))
            }
            Ok((state, Bearer::Known(actor))) => {
                let admitted = admit(request, &state, &actor);
                Either::Left(ready(admitted.map(|()| Self::new(request, &state, actor))))
            }
            Err(problem) => Either::Left(ready(Err(problem))),
        }
    }
}

fn authenticate(request: &HttpRequest) -> Answer<(Data<State>, Bearer)> {
    let missing = || Problem::new(Code::AuthenticationRequired);
    let state = request.app_data::<Data<State>>().ok_or_else(|| Problem::new(Code::Internal))?;
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(missing());
    }
    let token = bearer(value.to_str().unwrap_or_default()).ok_or_else(missing)?;
    let start = Instant::now();
    let bearer = match api_key::is_one(token) {
        true => Bearer::Known(by_key(request, token)?),
        false => state.tokens.verify(token)?,
    };
    watch(request).add_auth(start.elapsed());
    Ok((state.clone(), bearer))
}

/// Whom an outside login stands for. It is counted as somebody before anybody asks the database.
async fn find(request: HttpRequest, state: Data<State>, login: Arc<Login>) -> Answer<Caller> {
    admit(&request, &state, &login.stand_in())?;
    let actor = match login.known() {
        Some(actor) => actor,
        None => login.find(&state.door).await?,
    };
    Ok(Caller::new(&request, &state, actor))
}

/// An API key says itself whom it is of; the flight finds out whether that is true, and whether it has the scope of
/// the operation.
fn by_key(request: &HttpRequest, token: &str) -> Answer<Actor> {
    let key = ApiKey::read(token).ok_or_else(|| Problem::new(Code::InvalidToken))?;
    let path = request.match_pattern().unwrap_or_default();
    let scope = CONTRACT.scopes.of_operation(&path, request.method());
    let scope = scope.ok_or_else(|| {
        Problem::new(Code::InsufficientPermission).detail("no API key may do this: log in")
    })?;
    Ok(key.actor(scope))
}

/// Counts the request; where its company and its user stand is told by the envelope.
fn admit(request: &HttpRequest, state: &State, actor: &Actor) -> Answer<()> {
    // Whoever is refused is known, too.
    request.extensions_mut().insert(Standing::default());
    // What a key says is not yet true: nobody takes something from a company by naming it.
    let standing = match &actor.key {
        Some(key) if !state.db.knows(key) => state.limits.admit_stranger(request)?,
        _ => state.limits.admit(actor)?,
    };
    request.extensions_mut().insert(standing);
    Ok(())
}

/// The stopwatch that the envelope put beside the request.
fn watch(request: &HttpRequest) -> Arc<Stopwatch> {
    request.extensions().get::<Arc<Stopwatch>>().cloned().unwrap_or_default()
}

/// RFC 6750, section 2.1; the scheme is not case-sensitive.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
