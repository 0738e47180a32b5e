//! Where a provider's tokens say what we need to know.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::auth::strict::{self, Object};

/// The namespace in which Hasura and Nhost put their claims.
const HASURA: &str = "https://hasura.io/jwt/claims";

/// The way to a claim: names, from the outermost object inwards. Written as a JSON pointer (RFC 6901) where
/// it begins with a slash, else as names with dots between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClaimPath(Vec<String>);

/// Where each claim stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClaimPaths {
    /// Who: our id of the user, or the provider's.
    pub(super) user: ClaimPath,
    /// Our id of the company.
    pub(super) company: ClaimPath,
    pub(super) email: ClaimPath,
    pub(super) email_verified: ClaimPath,
    pub(super) name: ClaimPath,
    /// What somebody new becomes, where the token says so.
    pub(super) role: Option<ClaimPath>,
}

impl Default for ClaimPaths {
    fn default() -> Self {
        let at = |names: &[&str]| ClaimPath(names.iter().map(ToString::to_string).collect());
        Self {
            user: at(&[HASURA, "x-hasura-user-id"]),
            company: at(&[HASURA, "x-hasura-company-id"]),
            email: at(&["email"]),
            email_verified: at(&["email_verified"]),
            name: at(&["name"]),
            role: None,
        }
    }
}

impl ClaimPath {
    fn parse(text: &str) -> Option<Self> {
        let names: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => {
                pointer.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
            }
            None => text.split('.').map(str::to_owned).collect(),
        };
        let plain = names.iter().all(|name| !name.is_empty()) && names.len() <= 8;
        plain.then_some(Self(names))
    }

    /// The claim, if it is there. A text on the way is opened if it is JSON: Hasura can write its claims so.
    pub(super) fn find(&self, claims: &Object) -> Option<Value> {
        let (first, rest) = self.0.split_first()?;
        let mut value = claims.get(first)?.clone();
        for name in rest {
            let object = match value {
                Value::Object(object) => object,
                Value::String(text) => strict::object(text.as_bytes())?,
                _ => return None,
            };
            value = object.get(name)?.clone();
        }
        Some(value)
    }

    /// The claim, if it is a text.
    pub(super) fn text(&self, claims: &Object) -> Option<String> {
        match self.find(claims)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for ClaimPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(
                "a claim is named with dots, `app.company`, or by a pointer, `/app/company`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ClaimPath, ClaimPaths};
    use crate::auth::strict::object;

    #[test]
    fn a_claim_is_found_by_dots_by_a_pointer_and_in_a_text() {
        let claims =
            br#"{"sub":"x","a":{"b.c":"1","b":{"c":"2"}},"https://x/y":"3","s":"{\"t\":\"4\"}"}"#;
        let claims = object(claims).unwrap();
        let find = |path: &str| ClaimPath::parse(path).and_then(|path| path.text(&claims));
        let paths = ["sub", "a.b.c", "/a/b.c", "/https:~1~1x~1y", "s.t", "/s/t"];
        let found = ["x", "2", "1", "3", "4", "4"].map(|text| Some(text.to_owned()));
        assert_eq!(paths.map(find), found);
        let nowhere = ["", "/", "a", "a..b", "a.b", "a.b.c.d", "sub.x", "~", "s", ".sub", "sub."];
        let none = nowhere.map(|path| if path == "s" { None } else { find(path) });
        assert_eq!(none, nowhere.map(|_| None));
    }

    #[test]
    fn the_default_is_the_namespace_of_hasura_as_an_object_and_as_a_text() {
        let object_form = r#"{"https://hasura.io/jwt/claims":{"x-hasura-user-id":"u"}}"#;
        let text_form = r#"{"https://hasura.io/jwt/claims":"{\"x-hasura-user-id\":\"u\"}"}"#;
        let twice = r#"{"https://hasura.io/jwt/claims":"{\"x-hasura-user-id\":\"u\",\"x-hasura-user-id\":\"v\"}"}"#;
        let user = |json: &str| ClaimPaths::default().user.text(&object(json.as_bytes()).unwrap());
        assert_eq!(user(object_form).as_deref(), Some("u"));
        assert_eq!(user(text_form).as_deref(), Some("u"));
        assert_eq!(user(twice), None);
    }
}
