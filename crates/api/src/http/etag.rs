//! Versions as entity tags (RFC 9110, section 8.8.3): `"v7"`. Strong, and never shared between resources.

use std::future::{Ready, ready};

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, dev::Payload};
use paddock_db::{FromRow, Result, Row};
use serde::Serialize;

use crate::http::problem::{Answer, Code, Problem};

/// A resource that counts its changes.
pub(crate) trait Versioned: Serialize {
    /// The number of the present version.
    fn version(&self) -> i64;
}

/// A single resource as an answer: with its entity tag, or 304 if the client has it already.
#[derive(Debug)]
pub(crate) struct Single<T> {
    resource: T,
    location: Option<String>,
}

impl<T> Single<T> {
    /// 200.
    pub(crate) const fn found(resource: T) -> Self {
        Self { resource, location: None }
    }

    /// 201, and where the resource is from now on.
    pub(crate) const fn created(resource: T, location: String) -> Self {
        Self { resource, location: Some(location) }
    }
}

impl<T: Versioned> Responder for Single<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = format!("\"v{}\"", self.resource.version());
        let known = request.method() == Method::GET
            && names(request.headers(), header::IF_NONE_MATCH, &tag);
        let status = match &self.location {
            Some(_) => StatusCode::CREATED,
            None if known => StatusCode::NOT_MODIFIED,
            None => StatusCode::OK,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::ETAG, tag));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if status == StatusCode::NOT_MODIFIED {
            response.finish()
        } else {
            response.json(self.resource)
        }
    }
}

/// `If-None-Match` compares weakly: `W/"v7"` means the same here as `"v7"`.
fn names(headers: &HeaderMap, name: header::HeaderName, tag: &str) -> bool {
    let tags = all_of(headers, name).unwrap_or_default();
    tags.split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// What stands in all headers of this name, as in one (RFC 9110, section 5.3).
fn all_of(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let texts: Vec<&str> =
        headers.get_all(name).map(|value| value.to_str().unwrap_or_default()).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// What `If-Match` expects of a record that is to be changed.
#[derive(Debug)]
pub(crate) struct IfMatch {
    /// The versions that it may have; `None` if any will do.
    pub(crate) versions: Option<Vec<i64>>,
    /// Whether there has to be one: `*` says no more than that.
    pub(crate) exists: bool,
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tags = all_of(request.headers(), header::IF_MATCH);
        let exists = tags.is_some();
        let versions = tags.filter(|tags| tags.trim() != "*").map(|tags| {
            // What is not one of our tags matches nothing; neither does a weak one.
            tags.split(',').filter_map(|tag| version_of(tag.trim())).collect()
        });
        ready(Ok(Self { versions, exists }))
    }
}

fn version_of(tag: &str) -> Option<i64> {
    tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok()
}

/// What was changed; nothing if it was found in another version than expected.
pub(crate) struct Changed<T>(pub(crate) Option<T>);

impl<T: FromRow> FromRow for Changed<T> {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        if row.is_next_null()? { Ok(Self(None)) } else { T::from_row(row).map(Some).map(Self) }
    }
}

impl<T: Versioned> Changed<T> {
    /// The record as it is, for a patch that changes nothing.
    pub(crate) fn nothing(record: T, versions: Option<&[i64]>) -> Self {
        let expected = versions.is_none_or(|versions| versions.contains(&record.version()));
        Self(Some(record).filter(|_| expected))
    }
}

impl<T> Changed<T> {
    pub(crate) fn or_mismatch(self) -> Answer<T> {
        self.0.ok_or_else(|| Problem::new(Code::VersionMismatch))
    }
}
