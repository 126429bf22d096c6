//! From rows of the route table to a service.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    routing::{MethodRouter, any},
};
use http::HeaderName;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use super::{headers, observe};
use crate::{ctx::Ctx, error::ApiError, route::Route, telemetry::metrics::request::Meters, text::Text};

/// A service of `routes`, each within its own gate and under its own metric label. A fallback among them answers
/// everything else; without one, everything else is 404.
pub fn router(ctx: &Ctx, routes: impl IntoIterator<Item = &'static Route>) -> Router {
    let mut router = Router::new();
    let mut fallback = &NOWHERE;
    for route in routes {
        if route.is_fallback() {
            fallback = route;
        } else {
            router = router.route(route.path, layered(ctx, route));
        }
    }
    let service = layered(ctx, fallback).with_state(ctx.clone());
    let elsewhere = service.clone();
    let router = router
        .fallback_service(service)
        .method_not_allowed_fallback(move |request: Request| tower::ServiceExt::oneshot(elsewhere.clone(), request))
        .with_state(ctx.clone());
    match cors(&ctx.config().cors_allowed_origins) {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

/// A route's handler within everything that surrounds it. Panics are caught twice: of the handler, and of what
/// surrounds it.
fn layered(ctx: &Ctx, route: &'static Route) -> MethodRouter<Ctx> {
    let ctx = ctx.clone();
    let meters = Arc::new(Meters::of(route));
    let observed = from_fn(move |request: Request, next: Next| {
        observe::observe(ctx.clone(), route, Arc::clone(&meters), request, next)
    });
    let caught = || CatchPanicLayer::custom(observe::panicked);
    (route.build)().layer(caught()).layer::<_, Infallible>(observed).layer(caught())
}

/// What answers where no route does and no fallback is linked: in a function of one route, and on the metrics port.
static NOWHERE: Route = Route::fallback("nowhere").build(|| any(nowhere));

async fn nowhere() -> ApiError {
    ApiError::not_found(Text::new("There is nothing here.", "这里什么都没有。"))
}

/// Cross-origin rules for the configured origins; none when none is configured.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        [any] if any == "*" => AllowOrigin::any(),
        listed => AllowOrigin::list(listed.iter().filter_map(|origin| origin.parse().ok())),
    };
    use http::{Method, header};
    let request_headers: [HeaderName; 11] = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        headers::IDEMPOTENCY_KEY,
        headers::X_CLIENT_VERSION,
        headers::X_MIN_VERSION,
        headers::X_REQUEST_ID,
        HeaderName::from_static("traceparent"),
        HeaderName::from_static("tracestate"),
    ];
    let exposed: [HeaderName; 8] = [
        header::ETAG,
        header::RETRY_AFTER,
        headers::X_REQUEST_ID,
        headers::IDEMPOTENCY_REPLAYED,
        headers::X_RATELIMIT_LIMIT,
        headers::X_RATELIMIT_REMAINING,
        headers::X_RATELIMIT_RESET,
        headers::API_VERSION,
    ];
    Some(
        CorsLayer::new()
            .allow_origin(origin)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allow_headers(request_headers)
            .expose_headers(exposed)
            .max_age(std::time::Duration::from_secs(600)),
    )
}
