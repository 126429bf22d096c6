//! The page Prometheus scrapes. Private: it is served on the metrics port only, and exists on Lambda not at all.

use axum::routing::get;
use http::StatusCode;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    route::{Auth, Cache, Exposure, Rate, Shells},
    telemetry,
    text::Text,
};

/// `GET /metrics`.
pub const ROUTE: Route = Route::get("system-metrics", "/metrics")
    .auth(Auth::Public)
    .rate(Rate::Unlimited)
    .cache(Cache::None)
    .exposure(Exposure::Private)
    .shells(Shells::PROCESS)
    .docs(|operation| {
        operation
            .about("Metrics for Prometheus", "On the metrics port only.")
            .answers_raw(PROMETHEUS_TEXT, "Prometheus text exposition format 0.0.4.")
    })
    .build(|| get(metrics));

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

async fn metrics(cx: Cx) -> Reply<str> {
    telemetry::metrics::sample(&cx).await;
    let page = telemetry::metrics::exporter::render()
        .ok_or_else(|| ApiError::not_found(Text::new("No metrics are kept here.", "此处不收集指标。")))?;
    Ok(Answer::raw(StatusCode::OK, PROMETHEUS_TEXT, page))
}
