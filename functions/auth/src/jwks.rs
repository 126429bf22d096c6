//! The public keys of access tokens, for other services that are to believe them.

use axum::routing::get;
use http::StatusCode;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    route::{Auth, Cache, Rate},
};
use serde_json::json;

/// `GET /.well-known/jwks.json`.
pub const ROUTE: Route = Route::get("auth-jwks", "/.well-known/jwks.json")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .cache(Cache::Public)
    .docs(|operation| {
        operation
            .about(
                "Public keys of access tokens",
                "A JSON Web Key Set (RFC 7517, RFC 8037); two keys during a rotation.",
            )
            .answers_raw("application/jwk-set+json", "The keys.")
            .revalidates()
    })
    .build(|| get(jwks));

async fn jwks(cx: Cx) -> Reply<str> {
    let keys: Vec<_> = cx
        .config()
        .auth_verifying_keys
        .iter()
        .map(|key| json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": key.x}))
        .collect();
    let body = serde_json::to_vec(&json!({"keys": keys})).map_err(ApiError::internal)?;
    Ok(Answer::raw(StatusCode::OK, "application/jwk-set+json", body).tagged())
}
