//! JSON bodies: bounded in size and time, strict in form, and precise about what is wrong.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::http::problem::{Answer, Code, FieldError, Problem};

/// What a body may measure where nothing else is said.
pub(crate) const LIMIT: usize = 256 * 1024;

/// A slower sender than this many bytes a second has run out of time.
const SLOWEST: usize = 64 * 1024;

/// A JSON body of at most `MAX` bytes.
pub(crate) struct Body<T, const MAX: usize = LIMIT>(pub(crate) T);

impl<T: DeserializeOwned + 'static, const MAX: usize> FromRequest for Body<T, MAX> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Answer<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            accept(request.method(), request.headers())?;
            let time = Duration::from_secs(10 + (MAX / SLOWEST) as u64);
            let bytes = tokio::time::timeout(time, collect(payload, declared(&request), MAX))
                .await
                .map_err(|_| Problem::new(Code::RequestTimeout))??;
            parse(&bytes).map(Self)
        })
    }
}

/// Reads a JSON object into a type, or says which field is wrong.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let object: Result<Object<T>, _> = serde_path_to_error::deserialize(&mut json);
    let Object(value) = object.map_err(|error| problem(&error))?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// What is written as a JSON object. A derived struct takes an array of its fields' values as well.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// One of a few words. A derived enum takes `{"lead": null}` for `"lead"` as well.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    words: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        D::Error::custom(format!("expected one of {}", words.join(", ")))
    })
}

/// Only JSON, as it is: a compressed body could grow a thousandfold.
fn accept(method: &Method, headers: &HeaderMap) -> Answer<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = text(header::CONTENT_TYPE);
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let patch = method == Method::PATCH;
    let known =
        essence == "application/json" || (patch && essence == "application/merge-patch+json");
    let encoded = !matches!(text(header::CONTENT_ENCODING), "" | "identity");
    if known && !encoded {
        return Ok(());
    }
    let (name, value) = if patch {
        ("accept-patch", "application/merge-patch+json, application/json")
    } else {
        ("accept-post", "application/json")
    };
    Err(Problem::new(Code::UnsupportedMediaType).header(HeaderName::from_static(name), value))
}

fn declared(request: &HttpRequest) -> usize {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn collect(mut payload: Payload, declared: usize, max: usize) -> Answer<BytesMut> {
    let too_large = || {
        Problem::new(Code::BodyTooLarge)
            .detail(format!("at most {} KiB are taken here", max / 1024))
    };
    if declared > max {
        return Err(too_large());
    }
    let mut bytes = BytesMut::with_capacity(declared);
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(Code::MalformedJson).detail("the body broke off"))?;
        if bytes.len() + chunk.len() > max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::MalformedJson).detail(format!(
        "line {}, column {}",
        error.line(),
        error.column()
    ))
}

/// serde tells what is wrong in words only; the first word of each of its sentences is stable.
fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (cause, text) = (error.inner(), error.inner().to_string());
    if !cause.is_data() || text.starts_with("duplicate field") {
        return malformed(cause);
    }
    let path = pointer(error.path());
    if text.starts_with("unknown field") {
        let message = "not a field that can be set here".to_owned();
        return Problem::field(
            Code::UnknownField,
            FieldError { pointer: path, code: "unknown", message },
        );
    }
    let (pointer, code, message) = if text.starts_with("missing field") {
        let name = text.split('`').nth(1).unwrap_or_default();
        (format!("{path}/{name}"), "required", "a value is needed".to_owned())
    } else {
        (path, "invalid", expectation(&text))
    };
    Problem::field(Code::Validation, FieldError { pointer, code, message })
}

/// "invalid type: integer `7`, expected a string at line 1" becomes "expected a string".
fn expectation(text: &str) -> String {
    let from = text.find("expected ").unwrap_or_default();
    let text = &text[from..];
    text.split(" at line ").next().unwrap_or(text).replace('`', "")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[expect(dead_code, reason = "only its type matters")]
        name: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only its type matters")]
        items: Vec<Item>,
    }

    fn refusal(json: &str) -> (String, String, String) {
        match parse::<Order>(json.as_bytes()) {
            Ok(_) => Default::default(),
            Err(problem) => {
                let (pointer, message) = problem
                    .errors()
                    .first()
                    .map(|e| (e.pointer.clone(), e.message.clone()))
                    .unwrap_or_default();
                (problem.code().slug().to_owned(), pointer, message)
            }
        }
    }

    #[test]
    fn a_refused_field_is_pointed_at() {
        let is = |json, code: &str, pointer: &str| {
            let (found_code, found_pointer, _) = refusal(json);
            assert_eq!((found_code.as_str(), found_pointer.as_str()), (code, pointer), "{json}");
        };
        is(r#"{"items":[{"name":"a"},{"name":7}]}"#, "validation", "/items/1/name");
        is(r#"{"items":[{}]}"#, "validation", "/items/0/name");
        is(r#"{"items":[{"name":"a","id":"x"}]}"#, "unknown-field", "/items/0/id");
        is(r#"{"id":"x"}"#, "unknown-field", "/id");
        is(r#"{"items":[]} x"#, "malformed-json", "");
        is(r#"{"items":[],"items":[]}"#, "malformed-json", "");
        is("", "malformed-json", "");
        is(r#"{"items":[{"name":"\ud800"}]}"#, "malformed-json", "");
        is(r#"{"items":{}}"#, "validation", "/items");
        is(r#"[[]]"#, "validation", "");
        is(r#"{"a/b~`c`":[]}"#, "unknown-field", "/a~1b~0`c`");
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        assert_eq!(refusal(r#"{"items":"secret"}"#).2, "expected a sequence");
    }
}
