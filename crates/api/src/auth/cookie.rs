//! The refresh token in a cookie, for pages: scripts cannot read it, and other sites cannot make use of it.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::State;
use crate::http::problem::{Answer, Code, Problem};

/// `__Host-`: browsers take it from this host over TLS only, and send it to no other.
const NAME: &str = "__Host-paddock_refresh";
const RULES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The value of `Set-Cookie` that brings the token.
pub(crate) fn with(token: &str, seconds: i64) -> String {
    format!("{NAME}={token}; {RULES}; Max-Age={seconds}")
}

/// The value of `Set-Cookie` that takes it away.
pub(crate) fn without() -> String {
    with("", 0)
}

/// The token that the browser sent; with two of them, nobody knows whose they are, and it is none.
pub(crate) fn token(request: &HttpRequest) -> Option<String> {
    let lines = request.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut ours = pairs.filter(|(name, _)| name.trim() == NAME).map(|(_, value)| value.trim());
    let token = ours.next()?;
    (ours.next().is_none() && !token.is_empty()).then(|| token.to_owned())
}

/// Cookies come along whoever made the page. So the browser has to say that the page is of this site, or
/// its origin has to be this host or one that may call.
pub(crate) fn require_own_page(request: &HttpRequest, state: &State) -> Answer<()> {
    let text = |name| single(request.headers(), name);
    let same_site = matches!(text("sec-fetch-site"), Some("same-origin" | "same-site"));
    let origin = text("origin");
    let listed = origin.is_some_and(|origin| state.origins.iter().any(|known| known == origin));
    // Browsers that do not know Sec-Fetch-Site send an Origin with every POST.
    let own = text("sec-fetch-site").is_none()
        && origin.and_then(host).is_some_and(|host| text("host") == Some(host));
    if same_site || listed || own {
        return Ok(());
    }
    Err(Problem::new(Code::Csrf))
}

fn host(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}

/// A header that was sent once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
