//! Whether the process lives, and whether it should get requests.

use std::sync::atomic::Ordering;

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::State;
use crate::http::problem::{Answer, Code, Problem};

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Is the process alive?
///
/// Asks nobody else, so that a slow database does not get the service restarted.
#[utoipa::path(
    tag = "health", operation_id = "getLiveness", responses((status = 200, body = Health)), security(())
)]
#[get("/livez")]
pub(crate) async fn livez() -> Json<Health> {
    OK
}

/// Should requests be sent here?
///
/// 503 while the database does not answer, and from the beginning of a shutdown on.
#[utoipa::path(
    tag = "health",
    operation_id = "getReadiness",
    responses(
        (status = 200, body = Health),
        (status = 503, description = "`database-unavailable`, `overloaded`: not now"),
    ),
    security(())
)]
#[get("/readyz")]
pub(crate) async fn readyz(state: Data<State>) -> Answer<Json<Health>> {
    if state.draining.load(Ordering::Relaxed) {
        return Err(Problem::new(Code::Overloaded).detail("shutting down"));
    }
    state.db.ping().await?;
    Ok(OK)
}
