//! The API's description, for programs and for people. Nothing on the page comes from another site.

use actix_web::{HttpResponse, Responder, get};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::routes::CONTRACT;

/// Get this description
///
/// OpenAPI 3.1, the same as `openapi.yaml` in the source.
#[utoipa::path(
    tag = "docs",
    operation_id = "getOpenApi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json")),
    security(())
)]
#[get("/openapi.json")]
pub(crate) async fn openapi_json() -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(CONTRACT.openapi.clone())
}

/// `/docs` without the slash.
#[get("/docs")]
pub(crate) async fn to_page() -> impl Responder {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
}

/// The browsable page.
pub(crate) fn page() -> SwaggerUi {
    let config = Config::from("/openapi.json").persist_authorization(true).try_it_out_enabled(true);
    SwaggerUi::new("/docs/{_:.*}").config(config)
}
