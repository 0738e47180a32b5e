//! The public halves of the keys that access tokens are signed with (RFC 7517, RFC 8037).

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::State;

/// A set of public keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jwks {
    keys: Vec<Jwk>,
}

/// One public key (RFC 8037, section 2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jwk {
    #[schema(example = "OKP")]
    kty: &'static str,
    #[schema(example = "Ed25519")]
    crv: &'static str,
    #[serde(rename = "use")]
    #[schema(rename = "use", example = "sig")]
    purpose: &'static str,
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// As in the header of a token.
    #[schema(example = "20261123T143052Z")]
    kid: String,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// Get the public keys
///
/// For those who check access tokens themselves. Empty where tokens are signed with a shared secret.
#[utoipa::path(
    tag = "auth", operation_id = "getPublicKeys", responses((status = 200, body = Jwks)), security(())
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn public_keys(state: Data<State>) -> HttpResponse {
    let key = |(kid, x): (&str, &str)| Jwk {
        kty: "OKP",
        crv: "Ed25519",
        purpose: "sig",
        alg: "EdDSA",
        kid: kid.to_owned(),
        x: x.to_owned(),
    };
    let keys = state.tokens.ring().public().map(key).collect();
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(Jwks { keys })
}
