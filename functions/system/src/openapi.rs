//! The contract, as the route table gave it at the last `cargo xtask gen`; `cargo xtask check` fails when it is stale.
//! Served from the generated file, so that this function need not link every other one.

use axum::routing::get;
use http::StatusCode;
use platform::{
    Answer, Reply, Route,
    route::{Auth, Cache, Rate},
};

use crate::generated::OPENAPI_JSON;

/// `GET /api/v1/openapi.json`.
pub const ROUTE: Route = Route::get("system-openapi", "/api/v1/openapi.json")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .cache(Cache::Public)
    .docs(|operation| {
        operation
            .about("The OpenAPI document", "This document: every route, its parameters, bodies, answers and errors.")
            .answers_raw("application/json", "OpenAPI 3.1.")
            .revalidates()
    })
    .build(|| get(openapi));

async fn openapi() -> Reply<str> {
    Ok(Answer::raw(StatusCode::OK, "application/json", OPENAPI_JSON).tagged())
}
