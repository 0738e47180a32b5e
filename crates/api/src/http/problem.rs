//! Every error that a client can see, in one table (RFC 9457).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use paddock_db::{Error as DbError, Violation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::resources::custom_fields::values::escaped;

/// What a handler answers: the resource, or a problem.
pub(crate) type Answer<T> = Result<T, Problem>;

/// A stable name for what went wrong. Programs decide by it; titles and details are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The body is not JSON (RFC 8259), or a member is given twice.
    MalformedJson,
    /// A query parameter is unknown, given twice, or has a value that it does not take.
    InvalidParameter,
    /// The cursor is not one of ours, or of another list, sort or filter.
    InvalidCursor,
    /// No `Authorization: Bearer` header came with the request.
    AuthenticationRequired,
    /// The access token or the API key is not one that this service accepts.
    InvalidToken,
    /// The access token was good and is too old now.
    TokenExpired,
    /// The user may not act any more: disabled, removed, or logged out everywhere.
    SessionRevoked,
    /// E-mail and password do not belong together.
    InvalidCredentials,
    /// E-mail and password are right, and the second factor is asked for: send it with the `challenge`.
    SecondFactorRequired,
    /// The code is not one that is good now: wrong, too old, or used before.
    InvalidCode,
    /// The refresh token came in a cookie, and not from a page that may use it.
    Csrf,
    /// Nobody may sign up here: an administrator lets people in.
    SignUpClosed,
    /// The caller's role does not permit this, or the API key lacks the scope: see `detail`.
    InsufficientPermission,
    /// The current password is wrong, or the code: nothing was changed.
    ConfirmationFailed,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// The path exists, with other methods: see the `Allow` header.
    MethodNotAllowed,
    /// The caller accepts nothing that this service can answer with.
    NotAcceptable,
    /// The request's body did not arrive in time.
    RequestTimeout,
    /// Another record has this value already.
    AlreadyExists,
    /// The record that is referred to does not exist.
    ReferenceNotFound,
    /// It is done already, or not possible as things stand: see `detail`.
    Conflict,
    /// The record has another version than `If-Match` says.
    VersionMismatch,
    /// The body is larger than this operation takes.
    BodyTooLarge,
    /// The body is not of a type that this operation takes.
    UnsupportedMediaType,
    /// A field has a value that it does not take.
    Validation,
    /// A field is not one that a client may set here.
    UnknownField,
    /// A text holds characters that cannot be stored, such as NUL.
    InvalidText,
    /// The password is too easy to guess: see the code of the field.
    PasswordRejected,
    /// The company, the user or the address has asked too often: come back after `Retry-After`.
    RateLimited,
    /// Too many wrong passwords, or too many logins: come back after `Retry-After`.
    TooManyAttempts,
    /// A defect of this service; it has been logged under the request id.
    Internal,
    /// A defect of this service: no company was bound to the transaction.
    ContextMissing,
    /// More is going on than the service can take; try again.
    Overloaded,
    /// The database cannot be reached. A write may or may not have been stored: see `detail`.
    DatabaseUnavailable,
    /// The database takes no writes at present.
    ReadOnly,
    /// Others changed the same records at the same time, several times over; try again.
    RetryTransaction,
    /// The database took too long; nothing was written.
    QueryTimeout,
}

impl Code {
    /// Every code there is, for documents and tests.
    pub const ALL: [Self; 37] = [
        Self::MalformedJson,
        Self::InvalidParameter,
        Self::InvalidCursor,
        Self::AuthenticationRequired,
        Self::InvalidToken,
        Self::TokenExpired,
        Self::SessionRevoked,
        Self::InvalidCredentials,
        Self::SecondFactorRequired,
        Self::InvalidCode,
        Self::Csrf,
        Self::SignUpClosed,
        Self::InsufficientPermission,
        Self::ConfirmationFailed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::AlreadyExists,
        Self::ReferenceNotFound,
        Self::Conflict,
        Self::VersionMismatch,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Validation,
        Self::UnknownField,
        Self::InvalidText,
        Self::PasswordRejected,
        Self::RateLimited,
        Self::TooManyAttempts,
        Self::Internal,
        Self::ContextMissing,
        Self::Overloaded,
        Self::DatabaseUnavailable,
        Self::ReadOnly,
        Self::RetryTransaction,
        Self::QueryTimeout,
    ];

    /// Slug, HTTP status and title.
    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedJson => ("malformed-json", 400, "The body is not valid JSON"),
            Self::InvalidParameter => ("invalid-parameter", 400, "A parameter is not valid"),
            Self::InvalidCursor => {
                ("invalid-cursor", 400, "The cursor does not belong to this list")
            }
            Self::AuthenticationRequired => {
                ("authentication-required", 401, "Log in and send the access token")
            }
            Self::InvalidToken => ("invalid-token", 401, "The token is not valid"),
            Self::TokenExpired => ("token-expired", 401, "The access token has expired"),
            Self::SessionRevoked => ("session-revoked", 401, "The session is over"),
            Self::InvalidCredentials => ("invalid-credentials", 401, "E-mail or password is wrong"),
            Self::SecondFactorRequired => {
                ("second-factor-required", 401, "The second factor is needed too")
            }
            Self::InvalidCode => ("invalid-code", 401, "The code is wrong, too old, or used"),
            Self::Csrf => ("csrf", 403, "The request did not come from a page that may send it"),
            Self::SignUpClosed => ("sign-up-closed", 403, "Nobody may sign up here"),
            Self::InsufficientPermission => {
                ("insufficient-permission", 403, "Your role or your key does not permit this")
            }
            Self::ConfirmationFailed => {
                ("confirmation-failed", 403, "The current password or the code is wrong")
            }
            Self::NotFound => ("not-found", 404, "There is no such thing"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "The path has no such method"),
            Self::NotAcceptable => ("not-acceptable", 406, "This service answers with JSON"),
            Self::RequestTimeout => ("request-timeout", 408, "The request came too slowly"),
            Self::AlreadyExists => ("already-exists", 409, "Another record has this value"),
            Self::ReferenceNotFound => {
                ("reference-not-found", 409, "The record that is referred to does not exist")
            }
            Self::Conflict => ("conflict", 409, "This is not possible as things stand"),
            Self::VersionMismatch => ("version-mismatch", 412, "The record has changed meanwhile"),
            Self::BodyTooLarge => ("body-too-large", 413, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", 415, "Send JSON, not compressed")
            }
            Self::Validation => ("validation", 422, "A field is not valid"),
            Self::UnknownField => ("unknown-field", 422, "A field cannot be set"),
            Self::InvalidText => ("invalid-text", 422, "A text cannot be stored"),
            Self::PasswordRejected => {
                ("password-rejected", 422, "The password is too easy to guess")
            }
            Self::RateLimited => ("rate-limited", 429, "Too many requests"),
            Self::TooManyAttempts => ("too-many-attempts", 429, "Too many attempts to log in"),
            Self::Internal => ("internal", 500, "Something went wrong on our side"),
            Self::ContextMissing => ("context-missing", 500, "Something went wrong on our side"),
            Self::Overloaded => ("overloaded", 503, "Too much is going on"),
            Self::DatabaseUnavailable => {
                ("database-unavailable", 503, "The database cannot be reached")
            }
            Self::ReadOnly => ("read-only", 503, "Writing is not possible at present"),
            Self::RetryTransaction => ("retry-transaction", 503, "Others were in the way"),
            Self::QueryTimeout => ("query-timeout", 504, "The database took too long"),
        }
    }

    /// The name in JSON and in the problem's type URI.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same sentence for every problem of this code.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// Seconds after which the same request may succeed.
    pub(crate) const fn retry_after(self) -> Option<u32> {
        match self {
            Self::Overloaded | Self::DatabaseUnavailable | Self::RetryTransaction => Some(1),
            Self::ReadOnly => Some(5),
            _ => None,
        }
    }

    /// The code for an error that the framework answered without asking us.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::BodyTooLarge,
            415 => Self::UnsupportedMediaType,
            400..=499 => Self::InvalidParameter,
            _ => Self::Internal,
        }
    }
}

/// One field of the request that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (RFC 6901), or `?name` for a query parameter.
    #[schema(example = "/email")]
    pub pointer: String,
    /// Why, as a stable name.
    #[schema(example = "too-long")]
    pub code: &'static str,
    /// Why, for people.
    #[schema(example = "at most 254 characters")]
    pub message: String,
}

/// What went wrong, as `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// URI reference of the kind of problem.
    #[schema(example = "/problems/validation", rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of this kind.
    #[schema(example = "A field is not valid")]
    title: &'static str,
    /// The HTTP status, again.
    #[schema(example = 422)]
    status: u16,
    code: Code,
    /// What is special about this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "1 field was refused")]
    detail: Option<&'a str>,
    /// Under this id the service has logged what happened; also in the `X-Request-Id` header.
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    request_id: &'a str,
    /// What to send with the second factor; only with `second-factor-required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = false,
        nullable = false,
        example = "pdk_2f_AQAAAABqiF3cAZnzsm0-fBGaVQ1vHy86Sw"
    )]
    challenge: Option<&'a str>,
    /// The fields that were refused; absent if the problem is not about fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
}

/// A problem on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    challenge: Option<String>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    lacks_scope: bool,
}

impl Problem {
    /// A problem about which there is nothing more to say than its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            challenge: None,
            errors: Vec::new(),
            headers: Vec::new(),
            lacks_scope: false,
        }
    }

    /// The same answer for what does not exist and for what the caller may not know of.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// One field of the body, or one parameter, is refused.
    pub(crate) fn field(code: Code, error: FieldError) -> Self {
        Self { errors: vec![error], ..Self::new(code) }
    }

    /// Several fields are refused.
    pub(crate) fn fields(code: Code, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(code) }
    }

    /// The API key is good, and not for this: whatever the request is about, its answer is the same.
    fn out_of_scope(scope: &str) -> Self {
        let detail = format!("the API key lacks the scope {scope}");
        Self { lacks_scope: true, ..Self::new(Code::InsufficientPermission).detail(detail) }
    }

    /// Whether it is a scope that is missing.
    pub(crate) const fn lacks_scope(&self) -> bool {
        self.lacks_scope
    }

    /// The same problem of a part that stands under this pointer.
    pub(crate) fn under(mut self, pointer: &str) -> Self {
        for error in &mut self.errors {
            error.pointer.insert_str(0, pointer);
        }
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The password was right: what the second factor is sent with.
    pub(crate) fn second_factor_required(challenge: String) -> Self {
        Self { challenge: Some(challenge), ..Self::new(Code::SecondFactorRequired) }
    }

    /// Adds a header; a value that no header can hold is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The fields that were refused.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The answer, with everything that RFC 9457 and RFC 9110 ask for.
    pub(crate) fn response(&self, request_id: &str) -> HttpResponse {
        let code = self.code;
        let mut response = HttpResponse::build(code.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if code.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, challenge(code)));
        }
        if let Some(seconds) = code.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.body(serde_json::to_vec(&self.body(request_id)).unwrap_or_default())
    }

    fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: format!("/problems/{}", self.code.slug()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code,
            detail: self.detail.as_deref(),
            request_id,
            challenge: self.challenge.as_deref(),
            errors: &self.errors,
        }
    }
}

/// RFC 6750, section 3: no error code if no token came.
fn challenge(code: Code) -> &'static str {
    match code {
        Code::AuthenticationRequired
        | Code::InvalidCredentials
        | Code::SecondFactorRequired
        | Code::InvalidCode => "Bearer",
        _ => "Bearer error=\"invalid_token\"",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_deref().unwrap_or(self.code.title()))
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// A placeholder: the envelope renders the problem when it knows the request id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.code.status())
    }
}

/// Every error of the database: what the client may know of it.
impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Overloaded | DbError::Locked => Self::new(Code::Overloaded),
            DbError::Unavailable => {
                Self::new(Code::DatabaseUnavailable).detail("nothing was written")
            }
            DbError::OutcomeUnknown => Self::new(Code::DatabaseUnavailable)
                .detail("the outcome is unknown: look before you try again"),
            DbError::Timeout => Self::new(Code::QueryTimeout),
            DbError::Contended => Self::new(Code::RetryTransaction),
            DbError::ReadOnly => Self::new(Code::ReadOnly),
            DbError::SessionOver => Self::new(Code::SessionRevoked),
            DbError::KeyRefused => Self::new(Code::InvalidToken),
            DbError::OutOfScope(scope) => Self::out_of_scope(scope),
            DbError::NotPermitted => Self::new(Code::InsufficientPermission),
            DbError::Violation(_, name) if name == "users_last_owner" => {
                Self::new(Code::Conflict).detail("a company keeps at least one active owner")
            }
            DbError::Violation(kind, name) => of_violation(*kind, name),
            DbError::UnknownField(key) => of_field(Code::UnknownField, key, None),
            DbError::FieldValue { key, kind } => of_field(Code::Validation, key, Some(kind)),
            DbError::InvalidText => Self::new(Code::InvalidText),
            DbError::InvalidValue => Self::new(Code::Validation),
            DbError::ContextMissing => logged(Code::ContextMissing, &error),
            DbError::Hidden | DbError::Aborted | DbError::Internal(_) => {
                logged(Code::Internal, &error)
            }
        }
    }
}

/// A defect of ours: the log gets the cause, the client a request id.
fn logged(code: Code, error: &DbError) -> Problem {
    tracing::error!(%error, "a statement failed that cannot fail");
    Problem::new(code)
}

/// A custom field in a body: of which there is none for the caller, or which does not take the value.
fn of_field(code: Code, key: &str, kind: Option<&str>) -> Problem {
    let (why, message) = match kind {
        None => ("unknown", "not a field that can be set here"),
        Some("number") => {
            ("invalid", "expected a number of at most twelve digits and six decimals")
        }
        Some("money") => {
            ("invalid", "expected amount_minor, of at most fifteen digits, and currency")
        }
        Some("date") => ("invalid", "expected a day, such as 2026-11-23"),
        Some("boolean") => ("invalid", "expected true or false"),
        Some("choice") => ("invalid", "expected the key of one of the choices"),
        Some("multi_choice") => ("invalid", "expected a list of different keys of choices"),
        Some("user") => ("invalid", "expected the id of a user of the company"),
        Some("url") => {
            ("invalid", "expected an address with http or https, of at most 2000 characters")
        }
        Some(_) => ("invalid", "expected a text of 1 to 2000 characters"),
    };
    let pointer = format!("/custom_fields/{}", escaped(key));
    Problem::field(code, FieldError { pointer, code: why, message: message.to_owned() })
}

/// Constraints are named `<table>_<column>_<kind>`, so that the column tells the field.
fn of_violation(kind: Violation, constraint: &str) -> Problem {
    let (code, why, message) = match kind {
        Violation::Unique => (Code::AlreadyExists, "taken", "another record has this value"),
        Violation::ForeignKey => (Code::ReferenceNotFound, "not-found", "there is no such record"),
        Violation::Check => (Code::Validation, "invalid", "this value is not taken here"),
        Violation::NotNull => (Code::Validation, "required", "a value is needed"),
    };
    let pointer = format!("/{}", field_of(constraint));
    Problem::field(code, FieldError { pointer, code: why, message: message.to_owned() })
}

/// `customers_email_key` is about `email`, and so is a check of the stored key `email_key`.
fn field_of(constraint: &str) -> &str {
    // Those of a field stand in its body.
    if constraint.starts_with("custom_field_choices_") {
        return "choices";
    }
    let column = [
        "customer_comments_",
        "customers_",
        "companies_",
        "users_",
        "teams_",
        "team_members_",
        "record_shares_",
        "invitations_",
        "custom_fields_",
        "api_keys_",
    ]
    .iter()
    .find_map(|table| constraint.strip_prefix(table))
    .unwrap_or(constraint);
    let column = ["_check", "_fkey", "_key"]
        .iter()
        .fold(column, |c, kind| c.strip_suffix(kind).unwrap_or(c));
    column.strip_suffix("_key").unwrap_or(column)
}

#[cfg(test)]
mod tests {
    use super::{Code, field_of};

    #[test]
    fn a_constraint_names_its_field() {
        let fields =
            ["customers_email_key", "customers_name_key_check", "customer_comments_body_check"];
        assert_eq!(fields.map(field_of), ["email", "name", "body"]);
    }

    #[test]
    fn a_code_is_written_like_its_slug() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).ok(), Some(code.slug().into()));
        }
    }
}
