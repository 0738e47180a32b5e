//! Whether the process lives, and whether it should get requests.

use std::sync::atomic::Ordering;

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::{Answer, Code, Problem};
use crate::{MOST_SKEW, State};

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether requests may come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    #[schema(example = "ok")]
    status: &'static str,
    clocks: Clocks,
}

/// How the server's clock, by which tokens expire, and the database's, by which rows are dated, stand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Clocks {
    /// Within five seconds of each other.
    Together,
    /// Further apart.
    Apart,
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
/// 503 while the database does not answer, and from the beginning of a shutdown on. Clocks that are apart are
/// told, and are no reason to send requests elsewhere.
#[utoipa::path(
    tag = "health",
    operation_id = "getReadiness",
    responses(
        (status = 200, body = Readiness),
        (status = 503, description = "`database-unavailable`, `overloaded`: not now"),
    ),
    security(())
)]
#[get("/readyz")]
pub(crate) async fn readyz(state: Data<State>) -> Answer<Json<Readiness>> {
    if state.draining.load(Ordering::Relaxed) {
        return Err(Problem::new(Code::Overloaded).detail("shutting down"));
    }
    let apart = state.look_at_clocks().await?.abs() > MOST_SKEW;
    let clocks = if apart { Clocks::Apart } else { Clocks::Together };
    Ok(Json(Readiness { status: "ok", clocks }))
}
