//! OpenAPI 3.1, collected from the routes and completed with what is true of every operation.

use std::collections::BTreeSet;

use serde_json::json;
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi as Document, PathItem, Ref, RefOr, Required, Schema,
    Type,
};

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
        (name = "auth", description = "Signing up, logging in, and what is confirmed by mail"),
        (name = "me", description = "Who the access token acts as"),
        (name = "company", description = "The tenant"),
        (name = "users", description = "The people of a company who log in"),
        (name = "invitations", description = "How colleagues come in"),
        (name = "teams", description = "Users who work together"),
        (name = "api keys", description = "With what programs act as a user"),
        (name = "custom fields", description = "What a company wants to know besides, and who reads and writes it"),
        (name = "customers", description = "The people a company sells to"),
        (name = "customer comments", description = "Internal notes on a customer"),
        (name = "customer shares", description = "One customer, shown to a user or a team"),
        (name = "audit log", description = "What happened that matters for security"),
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
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pdk_live_…")
        .description(Some("An API key (`POST /v1/api-keys`) with the scope that is named."))
        .build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        components.add_security_scheme(API_KEY, SecurityScheme::Http(key));
    }
    document.servers = Some(vec![utoipa::openapi::Server::new("/")]);
    document
}

/// Adds to each operation the errors that it can answer with.
pub(crate) fn complete(mut document: Document) -> Document {
    for (path, item) in &mut document.paths.paths {
        let by_id = path.contains("_id}");
        for (method, operation) in operations_mut(item) {
            common_errors(operation, by_id, path.starts_with("/v1/"));
            conditions(operation, method);
            roles(operation, method);
            scope(operation, method);
            describe(operation);
        }
    }
    list_scopes(&mut document);
    document
}

/// The operations of a path, with their methods.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    [
        ("get", &item.get),
        ("post", &item.post),
        ("put", &item.put),
        ("patch", &item.patch),
        ("delete", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Whether the operation reads the query.
pub(crate) fn takes_parameters(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. }))
    })
}

fn common_errors(operation: &mut Operation, by_id: bool, api: bool) {
    let (body, secured) = (operation.request_body.is_some(), operation.security.is_none());
    let parameters = takes_parameters(operation);
    let rows = [
        (parameters, "400", "`invalid-parameter`, `invalid-cursor`"),
        (body, "400", "`malformed-json`, `invalid-parameter`"),
        (api, "400", "`invalid-parameter`"),
        (
            secured,
            "401",
            "`authentication-required`, `invalid-token`, `token-expired`, `session-revoked`",
        ),
        (secured, "403", "`insufficient-permission`: not for the caller's role or API key"),
        (by_id, "404", "`not-found`: does not exist, or not for the caller"),
        (api, "406", "`not-acceptable`"),
        (body, "408", "`request-timeout`"),
        (body, "413", "`body-too-large`"),
        (body, "415", "`unsupported-media-type`"),
        (body, "422", "`validation`, `unknown-field`, `invalid-text`"),
        (api, "429", "`rate-limited`: see `Retry-After`"),
        (true, "500", "`internal`: our fault, logged under the request id"),
        (
            api,
            "503",
            "`overloaded`, `database-unavailable`, `read-only`, `retry-transaction`: try again",
        ),
        (api, "504", "`query-timeout`"),
    ];
    for (applies, status, description) in rows {
        if applies {
            let response = ResponseBuilder::new().description(description).build();
            operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
        }
    }
}

/// The roles that may: everybody reads, and everybody but viewers writes, where an operation does not say
/// otherwise. The database decides; `sql/audit/roles.txt` is compared with what it does.
fn roles(operation: &mut Operation, method: &str) {
    if operation.security.is_some() {
        return;
    }
    let all = ["owner", "admin", "member", "viewer"];
    let roles = if method == "get" { &all[..] } else { &all[..3] };
    let usual = ExtensionsBuilder::new().add("x-roles", json!(roles)).build();
    let said = operation.extensions.get_or_insert_default();
    if !said.contains_key("x-roles") {
        said.merge(usual);
    }
}

/// Tags of operations about the person, with which no API key has to do, where an operation does not say otherwise.
const PERSONAL: [&str; 3] = ["auth", "me", "api keys"];

/// The scope that an API key must have: the tag, and whether something is read or written.
fn scope(operation: &mut Operation, method: &str) {
    if operation.security.is_some() {
        return;
    }
    let said = operation.extensions.as_mut().and_then(|said| said.remove("x-scope"));
    let said = said.as_ref().and_then(|scope| scope.as_str()).map(str::to_owned);
    let tag = operation.tags.iter().flatten().next();
    let tag = tag.filter(|tag| !PERSONAL.contains(&tag.as_str()));
    let access = if method == "get" { "read" } else { "write" };
    let usual = tag.map(|tag| format!("{}:{access}", tag.replace(' ', "_")));
    operation.security = said.or(usual).map(|scope| {
        vec![
            SecurityRequirement::new("bearer", [""; 0]),
            SecurityRequirement::new(API_KEY, [scope]),
        ]
    });
}

/// The scope that the operation asks of an API key; none if it takes no key.
pub(crate) fn scope_of(operation: &Operation) -> Option<String> {
    let requirements = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let of_key = requirements.as_array()?.iter().find_map(|one| one.get(API_KEY))?;
    of_key.get(0)?.as_str().map(str::to_owned)
}

/// What API keys are called among the ways to show who one is.
const API_KEY: &str = "apiKey";

/// The words of the schema are those of the operations.
fn list_scopes(document: &mut Document) {
    let scopes: BTreeSet<String> = document
        .paths
        .paths
        .values()
        .flat_map(operations)
        .filter_map(|(_, operation)| scope_of(operation))
        .collect();
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    let schema = schemas.and_then(|schemas| schemas.get_mut("ApiKeyScope"));
    if let Some(RefOr::T(Schema::Object(schema))) = schema {
        schema.enum_values = Some(scopes.into_iter().map(Into::into).collect());
    }
}

/// Whoever can answer 412 reads `If-Match`, but for a batch, whose items have their own versions; whoever
/// reads one resource with an ETag, `If-None-Match`.
fn conditions(operation: &mut Operation, method: &str) {
    let responses = &mut operation.responses.responses;
    let tagged =
        matches!(responses.get("200"), Some(RefOr::T(ok)) if ok.headers.contains_key("ETag"));
    if method != "post" && responses.contains_key("412") {
        let description = "Only if the record still has this ETag; else 412.";
        add_header(operation, "If-Match", description);
    } else if method == "get" && tagged {
        let response = ResponseBuilder::new().description("Not modified").build();
        responses.insert("304".to_owned(), RefOr::T(response));
        let description = "Answer 304 without a body if the record still has this ETag.";
        add_header(operation, "If-None-Match", description);
    }
}

fn add_header(operation: &mut Operation, name: &str, description: &str) {
    let text = ObjectBuilder::new().schema_type(Type::String).examples(["\"v1\""]);
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text.build()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}

/// Every answer has a description, and every error the same body.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            let created = status == "201";
            response.description = if created { "Created" } else { "OK" }.to_owned();
        }
        if status.as_str() >= "400" {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert("application/problem+json".to_owned(), content.into());
        }
        for (name, header) in &mut response.headers {
            if let RefOr::T(header) = header {
                header.description.get_or_insert_with(|| header_text(name).to_owned());
            }
        }
    }
}

fn header_text(name: &str) -> &'static str {
    match name {
        "ETag" => "The version, for `If-Match` and `If-None-Match`.",
        "Location" => "Where the record is from now on.",
        _ => "The next page, with `rel=\"next\"`.",
    }
}
