//! The list of routes, from which the application and its description are both made.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use actix_cors::Cors;
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, OpenApiFactory, scope};

use crate::State;
use crate::http::envelope::{envelope, gate};
use crate::http::params;
use crate::http::problem::{Answer, Code, Problem};
use crate::openapi::{operations, scope_of, takes_parameters};
use crate::resources::accounts::{email, invitation, password, reset, sign_up};
use crate::resources::{
    api_keys, audit_log, company, custom_fields, customer_comments, customer_shares, customers,
    docs, health, invitations, jwks, login, login_second_factor, me, my_companies, second_factor,
    sessions, teams, users,
};

/// Every operation. What comes first is matched first; what is asked for most comes early.
fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(below("/v1/customers", of_customers))
        .service(below("/v1/me", of_me))
        .service(below("/v1/auth", of_auth))
        .service(me::ping)
        .service(company::get_company)
        .service(company::update_company)
        .service(below("/v1/users", |config| {
            config
                .service(users::list_users)
                .service(users::get_user)
                .service(users::update_user)
                .service(users::delete_user);
        }))
        .service(below("/v1/invitations", |config| {
            config
                .service(invitations::list_invitations)
                .service(invitations::create_invitation)
                .service(invitations::get_invitation)
                .service(invitations::resend_invitation)
                .service(invitations::delete_invitation);
        }))
        .service(below("/v1/teams", |config| {
            config
                .service(teams::list_teams)
                .service(teams::create_team)
                .service(teams::get_team)
                .service(teams::update_team)
                .service(teams::delete_team)
                .service(teams::list_team_members)
                .service(teams::put_team_member)
                .service(teams::remove_team_member);
        }))
        .service(below("/v1/api-keys", |config| {
            config
                .service(api_keys::list_api_keys)
                .service(api_keys::create_api_key)
                .service(api_keys::get_api_key)
                .service(api_keys::update_api_key)
                .service(api_keys::revoke_api_key);
        }))
        .service(below("/v1/custom-fields", |config| {
            config
                .service(custom_fields::list_custom_fields)
                .service(custom_fields::create_custom_field)
                .service(custom_fields::get_custom_field)
                .service(custom_fields::update_custom_field)
                .service(custom_fields::delete_custom_field);
        }))
        .service(below("/v1/audit-log", |config| {
            config.service(audit_log::list_audit_log).service(audit_log::get_audit_record);
        }))
        .service(jwks::public_keys)
        .service(health::livez)
        .service(health::readyz)
        .service(docs::openapi_json);
}

fn of_customers(config: &mut ServiceConfig<'_>) {
    config
        .service(customers::list_customers)
        .service(customers::create_customer)
        .service(customers::change_customers)
        // Not the customer whose id is "batch".
        .route("/v1/customers/batch", web::to(nowhere))
        .service(customers::put_customer_by_email)
        .service(customers::get_customer)
        .service(customers::update_customer)
        .service(customers::delete_customer)
        .service(customers::restore_customer)
        .service(customers::explain_customer_access)
        .service(customer_comments::list_customer_comments)
        .service(customer_comments::create_customer_comment)
        .service(customer_comments::get_customer_comment)
        .service(customer_comments::update_customer_comment)
        .service(customer_comments::delete_customer_comment)
        .service(customer_shares::list_customer_shares)
        .service(customer_shares::create_customer_share)
        .service(customer_shares::get_customer_share)
        .service(customer_shares::delete_customer_share);
}

fn of_me(config: &mut ServiceConfig<'_>) {
    config
        .service(me::get_me)
        .service(my_companies::list_my_companies)
        .service(my_companies::switch_company)
        .service(my_companies::leave_company)
        .service(password::change_password)
        .service(email::request_email_change)
        .service(sessions::list_my_sessions)
        .service(sessions::get_my_session)
        .service(sessions::end_my_session)
        .service(second_factor::get_my_second_factor)
        .service(second_factor::begin_my_second_factor)
        .service(second_factor::confirm_my_second_factor)
        .service(second_factor::remove_my_second_factor)
        .service(second_factor::replace_my_recovery_codes);
}

fn of_auth(config: &mut ServiceConfig<'_>) {
    config
        .service(login::login)
        .service(login_second_factor::login_with_second_factor)
        .service(sessions::refresh)
        .service(sessions::log_out)
        .service(sign_up::sign_up)
        .service(sign_up::verify_email)
        .service(reset::request_password_reset)
        .service(reset::reset_password)
        .service(email::confirm_email)
        .service(invitation::accept_invitation);
}

/// The routes whose paths are `prefix` or below it: all of them, for nothing else is asked once it fits. One
/// comparison spares every other request their patterns, which are tried one after the other.
fn below(
    prefix: &'static str,
    routes: fn(&mut ServiceConfig<'_>),
) -> impl HttpServiceFactory + OpenApiFactory {
    let fits = move |context: &GuardContext<'_>| is_below(prefix, context.head().uri.path());
    scope::scope("").guard(fn_guard(fits)).configure(routes)
}

fn is_below(prefix: &str, path: &str) -> bool {
    let below = |path: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(path) || path.contains('%') && below(&percent_decode_str(path).decode_utf8_lossy())
}

/// The description of all operations: OpenAPI 3.1.
#[must_use]
pub fn document() -> OpenApi {
    let base = App::new().into_utoipa_app().openapi(crate::openapi::base());
    crate::openapi::complete(base.configure(routes).split_for_parts().1)
}

/// What the document says, as the server needs it: made once for all workers.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let document = document();
    let openapi = document.to_json().unwrap_or_default().into();
    Contract { openapi, methods: Methods::of(&document), scopes: Scopes::of(&document) }
});

pub(crate) struct Contract {
    /// The document as JSON.
    pub(crate) openapi: Bytes,
    pub(crate) methods: Methods,
    pub(crate) scopes: Scopes,
}

/// The application, ready to be served or to be called by tests.
pub fn app(
    state: Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = cors(&state.origins);
    let cross_origin = Condition::new(!state.origins.is_empty(), cors);
    App::new()
        .app_data(state)
        .into_utoipa_app()
        .configure(routes)
        .into_app()
        .service(docs::to_page)
        .service(docs::page())
        .default_service(web::to(nowhere))
        .wrap(from_fn(gate))
        .wrap(cross_origin)
        .wrap(from_fn(envelope))
}

/// Exact origins. Their pages may send the cookie along; what it is good for, `auth::cookie` asks again.
fn cors(origins: &[String]) -> Cors {
    let exposed = [
        "etag",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "server-timing",
        "x-request-id",
    ];
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers(exposed)
        .supports_credentials()
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Which scope each operation asks of an API key; those that are not here take none.
pub(crate) struct Scopes(BTreeMap<(String, &'static str), String>);

impl Scopes {
    fn of(document: &OpenApi) -> Self {
        let scopes = document.paths.paths.iter().flat_map(|(path, item)| {
            operations(item).filter_map(move |(method, operation)| {
                Some(((path.clone(), method), scope_of(operation)?))
            })
        });
        Self(scopes.collect())
    }

    /// The scope of an operation, by its path as the document has it.
    pub(crate) fn of_operation(&self, path: &str, method: &Method) -> Option<&str> {
        let mut fitting = self.0.iter().filter(|((known, name), _)| {
            known == path && name.eq_ignore_ascii_case(method.as_str())
        });
        fitting.next().map(|(_, scope)| scope.as_str())
    }

    /// Every scope, some of them several times.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.0.values()
    }
}

/// A path, its methods, and whether they take parameters.
type Template = (String, Vec<(Method, bool)>);

/// Which methods each path has, for those that it does not have. By the first two segments, which are never
/// parameters.
pub(crate) struct Methods(HashMap<String, Vec<Template>>);

impl Methods {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for (path, item) in &document.paths.paths {
            let operations = [
                (&item.get, Method::GET),
                (&item.get, Method::HEAD),
                (&item.post, Method::POST),
                (&item.put, Method::PUT),
                (&item.patch, Method::PATCH),
                (&item.delete, Method::DELETE),
            ];
            let methods = operations.into_iter().filter_map(|(operation, method)| {
                operation.as_ref().map(|operation| (method, takes_parameters(operation)))
            });
            all.entry(head(path).to_owned()).or_default().push((path.clone(), methods.collect()));
        }
        Self(all)
    }

    /// The problem of a query that the operation does not read; none if it reads one.
    pub(crate) fn refuse_query(&self, request: &ServiceRequest) -> Option<Problem> {
        let query = Some(request.query_string()).filter(|query| !query.is_empty())?;
        let mut methods = self.of_path(request.path())?.iter();
        let (_, takes) = methods.find(|(method, _)| method == request.method())?;
        if *takes { None } else { params::none_taken(query) }
    }

    /// The methods of the path, separated by commas; none if there is no such path.
    fn allow(&self, path: &str) -> Option<String> {
        let methods: Vec<&str> =
            self.of_path(path)?.iter().map(|(method, _)| method.as_str()).collect();
        Some(methods.join(", "))
    }

    /// As OpenAPI has it, a path without parameters goes before one with them.
    fn of_path(&self, path: &str) -> Option<&[(Method, bool)]> {
        let fitting = self.0.get(head(path))?.iter().filter(|(template, _)| fits(template, path));
        let (_, methods) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        Some(methods)
    }
}

/// The first two segments: `/v1/customers`.
fn head(path: &str) -> &str {
    path.match_indices('/').nth(2).map_or(path, |(end, _)| &path[..end])
}

fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(t), Some(p)) if t == p || (t.starts_with('{') && !p.is_empty()) => {}
            _ => return false,
        }
    }
}

/// No route matched: 404, or 405 if the path has other methods.
async fn nowhere(request: HttpRequest) -> Answer<HttpResponse> {
    match CONTRACT.methods.allow(request.path()) {
        None => Err(Problem::not_found()),
        Some(allow) if request.method() == Method::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish())
        }
        Some(allow) => Err(Problem::new(Code::MethodNotAllowed).header(header::ALLOW, &allow)),
    }
}

#[cfg(test)]
mod tests {
    use super::{head, is_below};

    #[test]
    fn a_group_is_its_prefix_and_what_is_below_it() {
        for path in ["/v1/me", "/v1/me/", "/v1/me/email", "/v1/%6de/email"] {
            assert!(is_below("/v1/me", path), "{path}");
        }
        for path in ["/v1/message", "/v1/m", "/v1", "/v2/me", "/v1/%6d", "/v1/a%2fme", "//v1/me"] {
            assert!(!is_below("/v1/me", path), "{path}");
        }
    }

    #[test]
    fn paths_are_found_by_their_first_two_segments() {
        assert_eq!(head("/v1/customers/{customer_id}/comments"), "/v1/customers");
        assert_eq!(head("/v1/customers"), "/v1/customers");
        assert_eq!(head("/livez"), "/livez");
        assert_eq!(head("*"), "*");
    }
}
