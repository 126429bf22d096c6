//! The edge: every request passes here first and last. One access line, one set of metrics, one rendering of errors.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{gate, headers, info::RequestInfo};
use crate::{
    ctx::Ctx,
    error::{ApiError, Code, chain},
    route::{Cache, Rate, Route},
    telemetry::{fingerprint, metrics::request::Meters, traces::Root},
};

pub(super) async fn observe(
    ctx: Ctx,
    route: &'static Route,
    meters: Arc<Meters>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let info = RequestInfo::of(&ctx, route, &parts);
    let mut root = Root::begin(&ctx, route, &info);
    let none_match = parts.headers.get(header::IF_NONE_MATCH).cloned();
    parts.extensions.insert(info.clone());
    let request = Request::from_parts(parts, body);

    let in_flight = meters.begin();
    let passed = tokio::time::timeout(route.timeout(), gate::pass(ctx.clone(), route, info.clone(), request, next));
    let mut response = match passed.await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(_) => ApiError::unavailable(1, format!("no answer within {} s", route.timeout_s)).into_response(),
    };
    drop(in_flight);

    let mut reason = None;
    if let Some(error) = response.extensions_mut().remove::<Arc<ApiError>>() {
        reason = error.inner().reason;
        log_cause(&info, &error);
        response = render(&ctx, &info, &error);
    } else if is_unchanged(&info, none_match.as_ref(), &response) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    finish(route, &info, response.headers_mut());
    let (elapsed, cold_start) = (started.elapsed(), ctx.take_cold_start(route));
    meters.record(info.method(), response.status(), elapsed, info.trips());
    if route.rate != Rate::Unlimited {
        meters.record_client(info.client_platform(), info.client_version());
    }
    log_access(&info, &response, reason, elapsed, cold_start);
    root.answered(response.status());
    response.extensions_mut().insert(Arc::clone(info.trips()));
    response
}

/// `{"success":false,"error":{…}}` with the headers that belong to it.
fn render(ctx: &Ctx, info: &RequestInfo, error: &ApiError) -> Response {
    let inner = error.inner();
    let locale = info.locale();
    let fields: Vec<_> = inner
        .fields
        .iter()
        .map(|field| json!({"field": field.field, "rule": field.rule, "message": field.message.get(locale)}))
        .collect();
    let body = json!({"success": false, "error": {
        "code": inner.code,
        "reason": inner.reason,
        "message": inner.message.get(locale),
        "fields": fields,
        "details": inner.details,
        "request_id": info.request_id(),
        "trace_id": info.trace_id(),
        "timestamp": ctx.now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "path": info.path(),
        "method": info.method().as_str(),
    }});
    let mut response = (inner.code.status(), axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
    if let Some(seconds) = inner.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = inner.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(header::ALLOW, allow);
    }
    if inner.code == Code::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(permit) = inner.permit {
        gate::tell(headers, permit);
    }
    response
}

fn is_unchanged(info: &RequestInfo, none_match: Option<&HeaderValue>, response: &Response) -> bool {
    let readable = info.method() == Method::GET && response.status() == StatusCode::OK;
    let (Some(wanted), Some(etag)) = (none_match, response.headers().get(header::ETAG)) else { return false };
    let etag = etag.as_bytes();
    let strong = |tag: &[u8]| tag.trim_ascii().strip_prefix(b"W/").unwrap_or(tag.trim_ascii()) == etag;
    readable && (wanted.as_bytes() == b"*" || wanted.as_bytes().split(|byte| *byte == b',').any(strong))
}

/// Headers that every answer carries.
fn finish(route: &Route, info: &RequestInfo, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_str(info.request_id()) {
        headers.insert(headers::X_REQUEST_ID, id);
    }
    headers.insert(headers::API_VERSION, HeaderValue::from_static("v1"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language, Authorization"));
    let cacheable = headers.contains_key(header::ETAG);
    let control = match route.cache {
        Cache::Private if cacheable => "private, no-cache",
        Cache::Public if cacheable => "public, max-age=3600",
        Cache::None | Cache::Private | Cache::Public => "no-store",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
}

fn log_cause(info: &RequestInfo, error: &ApiError) {
    let Some(cause) = &error.inner().cause else { return };
    let error = chain(cause.as_ref());
    tracing::error!(
        route = info.route().id,
        request_id = info.request_id(),
        trace_id = info.trace_id(),
        user_id = info.user_id().map(tracing::field::display),
        character_id = info.character_id(),
        fingerprint = fingerprint::of(info.route().id, &error),
        error,
        "request failed"
    );
}

/// The one line of a request. Probes and scrapes that went well are not news.
fn log_access(
    info: &RequestInfo,
    response: &Response,
    reason: Option<&'static str>,
    elapsed: Duration,
    cold_start: bool,
) {
    if info.route().rate == Rate::Unlimited && response.status().is_success() {
        return;
    }
    let trips = info.trips();
    tracing::info!(
        route = info.route().id,
        request_id = info.request_id(),
        trace_id = info.trace_id(),
        user_id = info.user_id().map(tracing::field::display),
        character_id = info.character_id(),
        method = info.method().as_str(),
        path = info.path(),
        status = response.status().as_u16(),
        duration_ms = elapsed.as_secs_f64() * 1000.0,
        cold_start,
        client_platform = info.client_platform(),
        client_version = info.client_version(),
        redis = trips.redis.load(Ordering::Relaxed),
        sql = trips.sql.load(Ordering::Relaxed),
        reason,
        replayed = response.headers().contains_key(headers::IDEMPOTENCY_REPLAYED).then_some(true),
        "request"
    );
}

/// A panic in a handler is a 500 like any other, and its message goes to the log.
#[expect(clippy::needless_pass_by_value, reason = "the signature that CatchPanicLayer asks for")]
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    ApiError::internal(format!("panic: {message}")).into_response()
}
