//! What stands before every handler: who is it, is it too often, and is it a repetition.

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{extract::read_body, headers, idem::Idem, info::RequestInfo};
use crate::{
    auth::Player,
    cache::rate::{Permit, Subject},
    ctx::Ctx,
    error::{ApiError, Code},
    route::{Auth, Rate, Route},
    text::Text,
};

pub(super) async fn pass(
    ctx: Ctx,
    route: &'static Route,
    info: RequestInfo,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, mut body) = request.into_parts();
    let player = match route.auth {
        Auth::Public => None,
        Auth::Player => match authenticate(&ctx, &parts) {
            Ok(player) => Some(player),
            // Who tries tokens is counted by address.
            Err(refused) => {
                return Err(limit(&ctx, route, Rate::Public, stranger(&info)).await.err().unwrap_or(refused));
            }
        },
    };
    if let Some(player) = &player {
        info.set_user_id(player.id);
        parts.extensions.insert(player.clone());
    }
    let subject = player.as_ref().map_or_else(|| stranger(&info), |player| Subject::User(player.id));
    let permit = limit(&ctx, route, route.rate, subject).await?;
    if route.idempotent
        && let Some(player) = &player
    {
        let bytes = read_body(&parts.headers, body).await?;
        parts.extensions.insert(Idem::of(player.id, route.id, &parts, &bytes)?);
        body = Body::from(bytes);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(permit) = permit {
        tell(response.headers_mut(), permit);
    }
    Ok(response)
}

fn authenticate(ctx: &Ctx, parts: &Parts) -> Result<Player, ApiError> {
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token else {
        let text = Text::new("Log in and send Authorization: Bearer <access_token>.", "请登录后携带访问令牌。");
        return Err(ApiError::new(Code::Unauthorized, text).reason("TOKEN_MISSING"));
    };
    ctx.tokens().verify(token, ctx.now())
}

fn stranger(info: &RequestInfo) -> Subject {
    Subject::of_address(info.client_ip())
}

async fn limit(ctx: &Ctx, route: &Route, rate: Rate, subject: Subject) -> Result<Option<Permit>, ApiError> {
    let Some(permit) = ctx.limiter().admit(ctx, rate, subject).await else { return Ok(None) };
    if permit.allowed {
        return Ok(Some(permit));
    }
    metrics::counter!("rate_limited_total", "route" => route.id).increment(1);
    let text = Text::new("Too many requests; please wait.", "请求过于频繁，请稍候。");
    Err(ApiError::new(Code::RateLimited, text).retry_after(permit.retry_after_s).limited_by(permit))
}

/// Writes `X-RateLimit-*`.
pub(super) fn tell(headers: &mut HeaderMap, permit: Permit) {
    headers.insert(headers::X_RATELIMIT_LIMIT, HeaderValue::from(permit.limit));
    headers.insert(headers::X_RATELIMIT_REMAINING, HeaderValue::from(permit.remaining));
    headers.insert(headers::X_RATELIMIT_RESET, HeaderValue::from(permit.reset_at_s));
}
