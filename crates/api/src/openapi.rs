//! OpenAPI 3.1, collected from the routes and completed with what is true of every operation.

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, PathItem, Ref, RefOr};

use crate::http::problem::ProblemBody;

/// What the routes cannot know.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Paddock",
        description = "A multi-tenant CRM whose tenant isolation lives in PostgreSQL.\n\n\
            `companies` are the tenants, `users` their people who log in, `customers` the people they sell \
            to. Every request acts for one user of one company, by its access token; rows of other \
            companies do not exist for it: 404, like a random id.\n\n\
            Fields that the database fills (`id`, `company_id`, `user_id`, dates, `version`) are readable \
            and never writable: a body that names one is refused with 422 `unknown-field`. Errors are \
            `application/problem+json` (RFC 9457); programs decide by `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "auth", description = "Logging in"),
        (name = "me", description = "Who the access token acts as"),
        (name = "company", description = "The tenant"),
        (name = "users", description = "The people of a company who log in"),
        (name = "customers", description = "The people a company sells to"),
        (name = "customer comments", description = "Internal notes on a customer"),
        (name = "health", description = "For load balancers"),
        (name = "docs", description = "This description"),
    ),
    components(schemas(ProblemBody)),
    security(("bearer" = []))
)]
struct Base;

/// What the document says before any route is added.
pub(crate) fn base() -> Document {
    let mut document = Base::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of `POST /v1/auth/login`."))
        .build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
    document.servers = Some(vec![utoipa::openapi::Server::new("/")]);
    document
}

/// Adds to each operation the errors that it can answer with.
pub(crate) fn complete(mut document: Document) -> Document {
    for (path, item) in &mut document.paths.paths {
        let by_id = path.contains("_id}");
        for operation in operations(item) {
            common_errors(operation, by_id, path.starts_with("/v1/"));
            problem_bodies(operation);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn common_errors(operation: &mut Operation, by_id: bool, api: bool) {
    let (body, secured) = (operation.request_body.is_some(), operation.security.is_none());
    let queries = |parameter: &RefOr<Parameter>| {
        matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. }))
    };
    let parameters = operation.parameters.iter().flatten().any(queries);
    let rows = [
        (parameters, "400", "`invalid-parameter`, `invalid-cursor`"),
        (body, "400", "`malformed-json`"),
        (
            secured,
            "401",
            "`authentication-required`, `invalid-token`, `token-expired`, `session-revoked`",
        ),
        (by_id, "404", "`not-found`: does not exist, or not for the caller"),
        (api, "406", "`not-acceptable`"),
        (body, "408", "`request-timeout`"),
        (body, "413", "`body-too-large`"),
        (body, "415", "`unsupported-media-type`"),
        (body, "422", "`validation`, `unknown-field`, `invalid-text`"),
        (true, "500", "`internal`: our fault, logged under the request id"),
        (api, "503", "`overloaded`, `database-unavailable`, `read-only`, `retry-transaction`: try again"),
        (api, "504", "`query-timeout`"),
    ];
    for (applies, status, description) in rows {
        if applies {
            let response = ResponseBuilder::new().description(description).build();
            operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
        }
    }
}

/// Every error has the same body.
fn problem_bodies(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert("application/problem+json".to_owned(), content.into());
        }
    }
}
