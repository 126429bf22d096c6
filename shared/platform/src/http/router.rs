//! From rows of the route table to a service.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use http::HeaderName;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use super::{headers, observe};
use crate::{ctx::Ctx, route::Route};

/// A service of `routes`, each within its own gate and under its own metric label. A fallback among them answers
/// everything else; without one, everything else is 404.
pub fn router(ctx: &Ctx, routes: impl IntoIterator<Item = &'static Route>) -> Router {
    let mut router = Router::new();
    let mut fallback = None;
    for route in routes {
        let handler = (route.build)().layer(CatchPanicLayer::custom(observe::panicked));
        let (within, row) = (ctx.clone(), route);
        let handler = handler
            .layer(from_fn(move |request: Request, next: Next| observe::observe(within.clone(), row, request, next)));
        if route.is_fallback() {
            fallback = Some(handler);
        } else {
            router = router.route(route.path, handler);
        }
    }
    let router = match fallback {
        Some(handler) => {
            let service = handler.clone().with_state(ctx.clone());
            router.fallback_service(service.clone()).method_not_allowed_fallback(move |request: Request| {
                let service = service.clone();
                async move { tower::ServiceExt::oneshot(service, request).await }
            })
        }
        None => router.fallback(observe::nowhere).method_not_allowed_fallback(observe::nowhere),
    };
    let router = router.with_state(ctx.clone());
    match cors(&ctx.config().cors_allowed_origins) {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

/// Cross-origin rules for the configured origins; none when none is configured.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        [any] if any == "*" => AllowOrigin::any(),
        listed => AllowOrigin::list(listed.iter().filter_map(|origin| origin.parse().ok())),
    };
    use http::{Method, header};
    let request_headers: [HeaderName; 8] = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        headers::IDEMPOTENCY_KEY,
        headers::X_REQUEST_ID,
        HeaderName::from_static("traceparent"),
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
