//! The one middleware: what is true of every answer, whoever gave it.
//!
//! A request id in and out, HEAD answered like GET, security headers, timings, a problem for every error
//! and for every panic, and a line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, error::InternalError, web::Data};
use futures_util::FutureExt;
use paddock_db::Stopwatch;
use uuid::Uuid;

use crate::State;
use crate::http::problem::{Code, Problem};
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
    let outcome = match refuse(&request) {
        Some(problem) => Ok(request.into_response(problem.response(&id))),
        None => AssertUnwindSafe(next.call(request))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Problem::new(Code::Internal).into()))
            .map(|response| with_problem(response.map_into_boxed_body(), &id)),
    };
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
            Ok(response)
        }
        Err(error) => {
            let mut response = problem_of(&error).response(&id);
            finish(&mut response, None);
            Err(InternalError::from_response(error, response).into())
        }
    }
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
    // Those of the CORS middleware, which says why it refuses in its headers.
    for (name, value) in old.headers() {
        if name.as_str().starts_with("access-control-") || *name == header::VARY {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, new)
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
