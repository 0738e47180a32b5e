//! The one middleware: what is true of every answer, whoever gave it.
//!
//! A request id in and out, HEAD answered like GET, security headers, timings, rate limits, a problem for
//! every error and for every panic, and a line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, error::InternalError, web::Data};
use futures_util::FutureExt;
use paddock_db::Stopwatch;
use uuid::Uuid;

use crate::State;
use crate::http::problem::{Code, Problem};
use crate::limits::Standing;
use crate::routes::CONTRACT;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// A query string longer than this holds no filter of ours.
const QUERY_LIMIT: usize = 8 * 1024;

/// Wraps the whole application.
pub(crate) async fn envelope<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let start = Instant::now();
    let id = request_id(&request);
    let watch = Arc::new(Stopwatch::default());
    request.extensions_mut().insert(Arc::clone(&watch));
    let draining =
        request.app_data::<Data<State>>().is_some_and(|s| s.draining.load(Ordering::Relaxed));
    let docs = request.path().starts_with("/docs");
    let method = request.method().clone();
    if method == Method::HEAD {
        // The codec remembers the HEAD and leaves the body away.
        request.head_mut().method = Method::GET;
    }
    let outcome = next.call(request).await.map(|response| {
        let mut response = response.map_into_boxed_body();
        let standing = stand(&mut response);
        let mut response = with_problem(response, &id);
        standing.tell(response.response_mut());
        response
    });
    let finish = |response: &mut HttpResponse, route: Option<String>| {
        decorate(response, &id, docs, draining);
        timings(response, &watch, start);
        log(&method, route, response.status(), &id, start);
    };
    match outcome {
        Ok(mut response) => {
            let wanted =
                tracing::enabled!(tracing::Level::DEBUG) || response.status().is_server_error();
            let route = wanted.then(|| response.request().match_pattern()).flatten();
            finish(response.response_mut(), route);
            record_key_uses(response.request());
            Ok(response)
        }
        Err(error) => {
            let mut response = problem_of(&error).response(&id);
            keep_cors(error.error_response().headers(), response.headers_mut());
            finish(&mut response, None);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Inside of the CORS middleware, so that pages of other origins may read it: what can be refused at once, and
/// a problem for a panic.
pub(crate) async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(problem) = refuse(&request) {
        // Not `into_response`, which forgets the problem.
        let (request, _) = request.into_parts();
        return Ok(ServiceResponse::new(request, HttpResponse::from_error(problem)));
    }
    AssertUnwindSafe(next.call(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::Internal).into()))
        .map(ServiceResponse::map_into_boxed_body)
}

/// The client's own id if it is harmless in a log, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless = |text: &&str| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    given.filter(harmless).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// What can be refused before anybody looks at the route.
fn refuse(request: &ServiceRequest) -> Option<Problem> {
    if request.query_string().len() > QUERY_LIMIT {
        return Some(Problem::new(Code::InvalidParameter).detail("the query is longer than 8 KiB"));
    }
    if !request.path().starts_with("/v1/") {
        return None;
    }
    if !takes_json(request.headers()) {
        return Some(Problem::new(Code::NotAcceptable));
    }
    CONTRACT.methods.refuse_query(request)
}

/// Whether the client accepts what we answer with; who says nothing accepts everything.
fn takes_json(headers: &HeaderMap) -> bool {
    let json = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let ranges = ["*/*", "application/*", "application/json", "application/problem+json"];
        ranges.contains(&range.as_str())
    };
    let mut accept = headers.get_all(header::ACCEPT).peekable();
    let takes = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.split(',').any(json));
    accept.peek().is_none() || accept.any(takes)
}

/// Errors become problems: ours, and those that the framework made without asking us.
fn with_problem(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.response().error() {
        Some(error) => problem_of(error),
        None => Problem::new(Code::of_status(status)),
    };
    let (request, old) = response.into_parts();
    let mut new = problem.response(id);
    keep_cors(old.headers(), new.headers_mut());
    ServiceResponse::new(request, new)
}

/// Those of the CORS middleware, which says why it refuses in its headers.
fn keep_cors(old: &HeaderMap, new: &mut HeaderMap) {
    for (name, value) in old {
        if name.as_str().starts_with("access-control-") || *name == header::VARY {
            new.append(name.clone(), value.clone());
        }
    }
}

/// Where the caller stands. A request that nobody was counted for is counted for its address, when its answer
/// is there: it has cost little. Load balancers and browsers that ask whether they may ask are not counted.
fn stand(response: &mut ServiceResponse<BoxBody>) -> Standing {
    let request = response.request();
    let counted = request.extensions_mut().remove::<Standing>();
    if let Some(standing) = counted {
        return standing;
    }
    let free =
        matches!(request.path(), "/livez" | "/readyz") || request.method() == Method::OPTIONS;
    let state = request.app_data::<Data<State>>().filter(|_| !free);
    match state.map_or(Ok(Standing::default()), |state| state.limits.admit_stranger(request)) {
        Ok(standing) => standing,
        Err(problem) => {
            let mut refused = HttpResponse::from_error(problem);
            keep_cors(response.headers(), refused.headers_mut());
            *response.response_mut() = refused;
            Standing::default()
        }
    }
}

/// Which API keys were used is written behind the answers.
fn record_key_uses(request: &HttpRequest) {
    let state = request.app_data::<Data<State>>().filter(|state| state.db.has_key_uses());
    if let Some(db) = state.map(|state| state.db.clone()) {
        actix_web::rt::spawn(async move { db.record_key_uses().await });
    }
}

fn problem_of(error: &Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => Problem::new(Code::of_status(error.as_response_error().status_code())),
    }
}

/// The headers of every answer. The documentation page needs its own scripts, the API needs nothing.
fn decorate(response: &mut HttpResponse, id: &str, docs: bool, draining: bool) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    let policy = if docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What is public says so itself.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if draining {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

fn timings(response: &mut HttpResponse, watch: &Stopwatch, start: Instant) {
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let text = format!(
        "auth;dur={:.3}, pool;dur={:.3}, db;dur={:.3}, total;dur={:.3}",
        milliseconds(watch.auth()),
        milliseconds(watch.pool()),
        milliseconds(watch.db()),
        milliseconds(start.elapsed())
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
}

/// The route, not the path, and no address: those may hold what must not stand in a log.
fn log(method: &Method, route: Option<String>, status: StatusCode, id: &str, start: Instant) {
    let (route, milliseconds) = (route.as_deref(), start.elapsed().as_millis());
    if status.is_server_error() {
        tracing::warn!(%method, route, status = status.as_u16(), request_id = id, milliseconds, "answered");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), request_id = id, milliseconds, "answered");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, body, web};

    use super::{envelope, gate};

    async fn panic() -> &'static str {
        panic!("a defect")
    }

    #[actix_web::test]
    async fn a_panic_is_answered_like_every_other_fault_and_allows_origins() {
        let cors = actix_cors::Cors::default().allowed_origin("https://crm.example");
        let app = App::new().route("/panics", web::get().to(panic));
        let app = app.wrap(from_fn(gate)).wrap(cors).wrap(from_fn(envelope));
        let service = init_service(app).await;
        let request = TestRequest::with_uri("/panics")
            .insert_header(("origin", "https://crm.example"))
            .insert_header(("x-request-id", "abc"));
        let Err(error) = service.call(request.to_request()).await else { panic!("no panic") };
        let response = error.error_response();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("content-type"), Some("application/problem+json"));
        assert_eq!(header("x-request-id"), Some("abc"));
        assert_eq!(header("access-control-allow-origin"), Some("https://crm.example"));
        assert_eq!(response.status(), 500);
        let body = body::to_bytes(response.into_body()).await.unwrap_or_default();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let whole = serde_json::json!({
            "type": "/problems/internal", "title": "Something went wrong on our side", "status": 500,
            "code": "internal", "request_id": "abc",
        });
        assert_eq!(problem, whole);
    }
}
