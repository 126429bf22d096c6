//! Is this process alive? It says nothing of Postgres or Redis: a restart would not mend those.

use axum::routing::get;
use platform::{
    Answer, Reply, Route,
    route::{Auth, Cache, Exposure, Rate},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /health`.
pub const ROUTE: Route = Route::get("system-health", "/health")
    .auth(Auth::Public)
    .rate(Rate::Unlimited)
    .cache(Cache::None)
    .exposure(Exposure::Probe)
    .memory_mb(128)
    .docs(|operation| {
        operation
            .about(
                "Whether the process is alive",
                "Looks at the process only: it stays healthy while Postgres or Redis is away.",
            )
            .answers::<AliveOut>(200, "Alive.")
    })
    .build(|| get(health));

/// A process that can say this is alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliveOut {
    /// Always `ok`.
    status: &'static str,
    /// Release of this process.
    version: &'static str,
}

async fn health() -> Reply<AliveOut> {
    Answer::ok(&AliveOut { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
