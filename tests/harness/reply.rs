//! An answer, as a test looks at it.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null if the body is not JSON.
    pub json: Value,
    pub text: String,
}

impl Reply {
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let text = String::from_utf8_lossy(&body).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: status.as_u16(), headers, json, text }
    }

    /// The id of the resource.
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {self:?}")).to_owned()
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The address of the next page, from the `Link` header.
    pub fn next(&self) -> Option<String> {
        let link = self.header("link");
        let address = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
        Some(address.to_owned())
    }

    /// The problem's code, pointers included: `422 unknown-field /company_id`.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], self.status, "{self:?}");
        assert_eq!(self.json["request_id"], self.header("x-request-id"), "{self:?}");
        let mut problem = format!("{} {}", self.status, self.json["code"].as_str().unwrap());
        for error in self.json["errors"].as_array().into_iter().flatten() {
            problem = format!("{problem} {}", error["pointer"].as_str().unwrap());
        }
        problem
    }

    /// Everything that a client can see, without what is different in every answer.
    pub fn seen(&self) -> (u16, Vec<(String, String)>, String) {
        let id = self.header("x-request-id").to_owned();
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "server-timing" | "date"))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        (self.status, headers, self.text.replace(&id, "<request id>"))
    }

    /// The names of the listed records, in their order.
    pub fn names(&self) -> Vec<&str> {
        assert_eq!(self.status, 200, "{self:?}");
        self.json["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap())
            .collect()
    }
}
