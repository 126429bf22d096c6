//! Does this process want traffic? Not while it starts or drains, without Postgres or the store of sessions, or before
//! the schema is there.
//! Without Redis it does: losing the cache must never empty the load balancer.

use axum::routing::get;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    ctx::Phase,
    probe::Probe,
    route::{Auth, Cache, Exposure, Rate, SessionAccess},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /ready`.
pub const ROUTE: Route = Route::get("system-ready", "/ready")
    .auth(Auth::Public)
    .rate(Rate::Unlimited)
    .cache(Cache::None)
    .exposure(Exposure::Probe)
    .timeout_s(5)
    .sessions(SessionAccess::Get)
    .docs(|operation| {
        operation
            .about("Whether the process wants traffic", "503 while it starts or drains, without Postgres or the store of sessions, or before the schema is current; without Redis it is ready and says `degraded`.")
            .answers::<ReadyOut>(200, "Ready; `degraded` names what is missed.")
    })
    .build(|| get(ready));

/// Ready, perhaps with something missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyOut {
    /// Always `ready`.
    status: &'static str,
    /// What is away and can be done without: `redis`.
    degraded: Vec<&'static str>,
}

async fn ready(cx: Cx) -> Reply<ReadyOut> {
    match cx.phase() {
        Phase::Serving => {}
        Phase::Starting => return Err(ApiError::unavailable(1, "still starting").reason("STARTING")),
        Phase::Draining => return Err(ApiError::unavailable(1, "draining").reason("DRAINING")),
    }
    let Probe { schema_is_current, session_store, has_redis } = cx.probe().await;
    if !schema_is_current.map_err(|error| ApiError::unavailable(1, error).reason("POSTGRES_AWAY"))? {
        return Err(ApiError::unavailable(5, "the schema is older than this release").reason("SCHEMA_TOO_OLD"));
    }
    session_store.map_err(|error| ApiError::unavailable(1, error).reason("SESSION_STORE_AWAY"))?;
    let degraded = if has_redis { Vec::new() } else { vec!["redis"] };
    Answer::ok(&ReadyOut { status: "ready", degraded })
}
