//! The companies of whoever works for several, with one login.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use paddock_db::{Place, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::cursor::{Position, Scope};
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Query, path_id};
use crate::http::problem::{Answer, Code, Problem};
use crate::http::timestamp;
use crate::resources::login::{Delivery, Session, go_on};
use crate::resources::me::{GET_ME, Me};
use crate::resources::users::Role;

const WHEN_LOGGED_IN: Statement = sql!("sessions.sql", "when_logged_in");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/me/companies";

/// A company that your login may enter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyCompany {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    #[schema(example = "Nike")]
    name: String,
    /// Whom your login acts as there.
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    user_id: Uuid,
    role: Role,
    /// Whether it is the one that this request's access token acts for.
    current: bool,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    joined_at: OffsetDateTime,
}

/// How to go on in another company.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// Where the refresh token goes.
    #[serde(default)]
    #[schema(default = "body")]
    session: Delivery,
}

impl MyCompany {
    fn seen_by(caller: &Caller, place: Place) -> Self {
        let Place { company_id, user_id, name, role, joined_at } = place;
        let current = caller.company_id() == company_id;
        Self { company_id, name, user_id, role: Role::parse(&role), current, joined_at }
    }
}

page_of! {
    /// A page of companies of a login.
    MyCompanyPage of MyCompany
}

/// List your companies
///
/// Those that your login may enter, in the order in which it came to them. Where you are disabled, or the company is
/// suspended, is not among them. Empty for whoever logs in elsewhere.
#[utoipa::path(
    tag = "me",
    operation_id = "listMyCompanies",
    params(PageQuery),
    responses((status = 200, body = MyCompanyPage, headers(("Link" = String))))
)]
#[get("/v1/me/companies")]
pub(crate) async fn list_my_companies(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<MyCompanyPage>> {
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let scope = Scope { company_id: caller.company_id(), list: LIST, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let after = paging.after_time()?;
    // Whether the user may still act is asked first, as ever: the login door does not.
    let _: Me = caller.read_one(GET_ME, &[]).await?;
    let places = state.door.companies_of(caller.actor(), after, paging.rows()).await?;
    let mut data: Vec<_> =
        places.into_iter().map(|place| MyCompany::seen_by(&caller, place)).collect();
    let page = paging.end(&mut data, |one| Position::at(one.joined_at, one.company_id));
    Ok(Paged(MyCompanyPage { data, page }))
}

/// Go to another of your companies
///
/// Answers like a login there. The session that you come from goes on, and the new one ends thirty days after the
/// login at the latest, as that one does: its password, and its second factor if there is one, are not asked for
/// again. For tokens of a session only.
#[utoipa::path(
    tag = "me",
    operation_id = "switchCompany",
    params(("company_id" = Uuid, Path, description = "The company")),
    request_body = Switch,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 200, body = Session),
        (status = 403, description = "`insufficient-permission`: the token belongs to no session"),
    )
)]
#[post("/v1/me/companies/{company_id}/switch")]
pub(crate) async fn switch_company(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    Body(Switch { session }): Body<Switch>,
) -> Answer<HttpResponse> {
    let company_id = path_id(&path)?;
    let none = || Problem::new(Code::InsufficientPermission).detail("log in to go elsewhere");
    let from = caller.session_id().ok_or_else(none)?;
    let logged_in_at: OffsetDateTime = caller.read_one(WHEN_LOGGED_IN, &[&from]).await?;
    let place = state.door.place_in(caller.actor(), company_id).await?;
    let place = place.ok_or_else(Problem::not_found)?;
    // Where one may not act, one learns no more than strangers do.
    go_on(&request, &state, place, session, Some(logged_in_at)).await.map_err(|problem| {
        match problem.code() {
            Code::SessionRevoked => Problem::not_found(),
            _ => problem,
        }
    })
}

/// Leave one of your companies
///
/// For good: whoever acts as you there is answered with 401 at the next request, with tokens and with API keys. Your
/// customers stay, with nobody as `user_id`; your login stays, and so does what you are in other companies. The last active
/// owner stays.
#[utoipa::path(
    tag = "me",
    operation_id = "leaveCompany",
    params(("company_id" = Uuid, Path, description = "The company")),
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 204, description = "You are out"),
        (status = 409, description = "`conflict`: the company would be left without an owner"),
    )
)]
#[delete("/v1/me/companies/{company_id}")]
pub(crate) async fn leave_company(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
) -> Answer<HttpResponse> {
    let company_id = path_id(&path)?;
    // Whether the user may still act is asked first, as ever: the login door does not.
    let _: Me = caller.read_one(GET_ME, &[]).await?;
    let place = match company_id == caller.company_id() {
        true => Some(caller.actor()),
        false => state.door.place_in(caller.actor(), company_id).await?,
    };
    let place = place.ok_or_else(Problem::not_found)?;
    let left = state.door.remove_user(place, place.user_id, None).await.map_err(Problem::from);
    // Where one may not act, one learns no more than strangers do.
    let left = left.map_err(|problem| match problem.code() {
        Code::InsufficientPermission => Problem::not_found(),
        _ => problem,
    })?;
    left.map(|_| HttpResponse::NoContent().finish()).ok_or_else(Problem::not_found)
}
