//! The file that says which providers are trusted, and with what. Whatever is wrong with it is said with its
//! line, and the server does not start.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::claims::ClaimPaths;
use super::jwks::KeySet;
use crate::auth::keys::require_strength;
use crate::auth::tokens::SELF;

/// How long a token may live where nothing else is said, in seconds: a day.
const A_DAY: i64 = 86_400;

/// Why the providers cannot be trusted as the file says. Never says what stands in a secret.
#[derive(Debug)]
pub struct ProvidersError(String);

impl fmt::Display for ProvidersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProvidersError {}

/// What is trusted of one provider.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) issuer: String,
    /// `None` if its tokens are for whomever they reach.
    pub(super) audience: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) claims: ClaimPaths,
    pub(super) users: Users,
    /// The companies for which it may speak; all where nothing is said.
    pub(super) companies: Option<Vec<Uuid>>,
    pub(super) provision: Provision,
    pub(super) role: NewRole,
    pub(super) link_by_email: bool,
    /// In seconds, from `iat` to `exp`.
    pub(super) longest_lifetime: i64,
}

/// Where the keys of a provider are.
pub(super) enum Source {
    Here(KeySet),
    Url(String),
}

/// What the user claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Users {
    /// Our id of the user.
    #[default]
    SameId,
    /// The provider's name, which `crm.user_logins` links to a user.
    Linked,
}

/// What becomes of somebody whom nobody has linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Provision {
    #[default]
    Never,
    OnFirstSight,
}

/// What somebody new may become: no provider makes an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NewRole {
    #[default]
    Member,
    Viewer,
}

impl NewRole {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    providers: Vec<Entry>,
}

/// One provider as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(deserialize_with = "issuer")]
    issuer: String,
    /// Has to be there: null says that audiences are not looked at.
    #[serde(deserialize_with = "Option::deserialize")]
    audience: Option<String>,
    #[serde(deserialize_with = "algorithms")]
    algorithms: Vec<Algorithm>,
    #[serde(default, deserialize_with = "address")]
    jwks_url: Option<String>,
    jwks: Option<Box<RawValue>>,
    jwks_file: Option<String>,
    secret_file: Option<String>,
    #[serde(default)]
    claims: ClaimPaths,
    #[serde(default)]
    users: Users,
    companies: Option<Vec<Uuid>>,
    #[serde(default)]
    provision: Provision,
    #[serde(default)]
    role: NewRole,
    #[serde(default)]
    link_by_email: bool,
    #[serde(default = "a_day", deserialize_with = "lifetime")]
    longest_lifetime: i64,
}

/// Reads the file; files that it names are looked for beside it.
pub(super) fn read(path: &Path) -> Result<Vec<(Settings, Source)>, ProvidersError> {
    let wrong = |error: &dyn fmt::Display| ProvidersError(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    parse(&text, path.parent().unwrap_or(Path::new("."))).map_err(|error| wrong(&error))
}

pub(super) fn parse(text: &str, folder: &Path) -> Result<Vec<(Settings, Source)>, ProvidersError> {
    let file: File =
        serde_json::from_str(text).map_err(|error| ProvidersError(error.to_string()))?;
    let mut issuers: Vec<String> = Vec::new();
    let mut providers = Vec::new();
    for entry in file.providers {
        let issuer = entry.issuer.clone();
        let line = line_of(text, &issuer, issuers.iter().filter(|other| **other == issuer).count());
        let wrong = |error: String| ProvidersError(format!("{issuer}: {error}, at line {line}"));
        if issuers.contains(&issuer) {
            return Err(wrong("the issuer is there twice".to_owned()));
        }
        providers.push(entry.open(folder).map_err(wrong)?);
        issuers.push(issuer);
    }
    if providers.is_empty() {
        return Err(ProvidersError("there is no provider in it".to_owned()));
    }
    Ok(providers)
}

impl Entry {
    /// Reads the keys, and looks at what goes together and what does not.
    fn open(self, folder: &Path) -> Result<(Settings, Source), String> {
        let source = self.source(folder)?;
        if self.users == Users::SameId && (self.provision != Provision::Never || self.link_by_email)
        {
            return Err("provision and link_by_email need \"users\": \"linked\"".to_owned());
        }
        let settings = Settings {
            issuer: self.issuer,
            audience: self.audience,
            algorithms: self.algorithms,
            claims: self.claims,
            users: self.users,
            companies: self.companies,
            provision: self.provision,
            role: self.role,
            link_by_email: self.link_by_email,
            longest_lifetime: self.longest_lifetime,
        };
        Ok((settings, source))
    }

    fn source(&self, folder: &Path) -> Result<Source, String> {
        let secret = self.algorithms.contains(&Algorithm::HS256);
        let file = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"))
        };
        match (&self.jwks_url, &self.jwks, &self.jwks_file, &self.secret_file) {
            (None, None, None, Some(name)) if secret && self.algorithms.len() == 1 => {
                let text = file(name)?;
                let text = text.trim_ascii();
                require_strength(text).map_err(|weak| format!("{name}: {weak}"))?;
                Ok(Source::Here(KeySet::of_secret(text)))
            }
            _ if secret || self.secret_file.is_some() => {
                Err("HS256 and secret_file go together, and with nothing else".to_owned())
            }
            (Some(url), None, None, _) => Ok(Source::Url(url.clone())),
            (None, Some(jwks), None, _) => KeySet::of_jwks(jwks.get().as_bytes(), &self.algorithms)
                .map(Source::Here)
                .map_err(|error| format!("jwks {error}")),
            (None, None, Some(name), _) => KeySet::of_jwks(&file(name)?, &self.algorithms)
                .map(Source::Here)
                .map_err(|error| format!("{name} {error}")),
            _ => Err("give one of jwks_url, jwks, jwks_file and secret_file".to_owned()),
        }
    }
}

/// The line on which the nth provider of that issuer names itself.
fn line_of(text: &str, issuer: &str, nth: usize) -> usize {
    let written = serde_json::Value::from(issuer).to_string();
    let mut found = text.match_indices(&written).map(|(at, _)| at);
    text[..found.nth(nth).unwrap_or(0)].matches('\n').count() + 1
}

fn issuer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let issuer = String::deserialize(deserializer)?;
    match issuer.as_str() {
        SELF => Err(D::Error::custom("this service signs its own tokens as `paddock`")),
        "" => Err(D::Error::custom("an issuer has a name")),
        _ if issuer.len() > 1000 || issuer.contains('\0') => {
            Err(D::Error::custom("an issuer has at most 1000 bytes"))
        }
        _ => Ok(issuer),
    }
}

fn algorithms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Algorithm>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let algorithm = |name: &String| match name.parse() {
        Ok(Algorithm::HS384 | Algorithm::HS512) | Err(_) => {
            Err(D::Error::custom(format!("`{name}` is none of the algorithms that are taken")))
        }
        Ok(algorithm) => Ok(algorithm),
    };
    if names.is_empty() {
        return Err(D::Error::custom("say which algorithms are allowed"));
    }
    names.iter().map(algorithm).collect()
}

/// TLS, but to this machine.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let url = String::deserialize(deserializer)?;
    let uri: actix_web::http::Uri = url.parse().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(Some(url)),
        Some("http") if is_here => Ok(Some(url)),
        _ => Err(D::Error::custom("keys are fetched from https://, or from this machine")),
    }
}

fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    let sane = (60..=30 * A_DAY).contains(&seconds);
    sane.then_some(seconds)
        .ok_or_else(|| D::Error::custom("a token lives for 60 to 2592000 seconds"))
}

const fn a_day() -> i64 {
    A_DAY
}
