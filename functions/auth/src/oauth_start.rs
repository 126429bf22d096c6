//! Begin a sign-in by others.

use axum::routing::get;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    http::{
        FieldErrors,
        extract::{Path, Query},
    },
    route::{Auth, Cache, Rate, Secret},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::oauth;

/// `GET /api/v1/auth/oauth/{provider}/start`.
pub const ROUTE: Route = Route::get("auth-oauth-start", "/api/v1/auth/oauth/{provider}/start")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .secrets(&[Secret::OauthProviders])
    .cache(Cache::None)
    .docs(|operation| {
        operation
            .about(
                "Begin a sign-in by others",
                "Keep `flow_token`, open `authorization_url` in a browser, and end with `auth-login` (login_type `oauth`): the `code` and `state` that come back to `redirect_uri`, with the `flow_token`. Each flow works once. An unknown provider is a 404 whose `details.providers` lists the known ones.",
            )
            .required_query("redirect_uri", "Where the browser comes back to; one of those configured, exactly.")
            .answers::<OauthStartOut>(200, "Begun.")
            .fails(Code::NotFound, &["OAUTH_PROVIDER_UNKNOWN"])
            .fails(Code::ServiceUnavailable, &["OAUTH_PROVIDER_UNAVAILABLE"])
    })
    .build(|| get(start));

/// Where the browser is to come back to.
#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct StartQuery {
    redirect_uri: String,
}

/// A sign-in that has begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct OauthStartOut {
    /// For the player's browser.
    authorization_url: String,
    /// Comes back with the browser; compare it.
    state: String,
    /// Stays with this client: without it the code is of no use.
    flow_token: String,
    /// Seconds that the player may take.
    expires_in: i64,
}

async fn start(cx: Cx, Path(provider): Path<String>, Query(query): Query<StartQuery>) -> Reply<OauthStartOut> {
    let begun = oauth::begin(&cx, &provider, &query.redirect_uri).await?;
    let oauth::Begun { authorization_url, state, flow_token, expires_in } = begun;
    Answer::ok(&OauthStartOut { authorization_url, state, flow_token, expires_in })
}
