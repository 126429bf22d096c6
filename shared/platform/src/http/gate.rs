//! What stands before every handler: who is it, is it too often, is it a repetition, and how new is what the process
//! holds of the thing it is about. All that Redis must say to it, it says in one round trip.
//!
//! That is made before the handler runs; only where the route says so, it is made when the handler, with path and body
//! parsed, first reads or claims an aggregate.

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{
    extract::read_body,
    headers,
    idem::Idem,
    info::{RequestInfo, header},
};
use crate::{
    auth::Player,
    cache::{gate::Gate, rate::Permit, stamps::Intent},
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
    let (mut parts, body) = request.into_parts();
    let asks = match route.auth {
        Auth::Public => false,
        Auth::Player => true,
        Auth::Optional => parts.headers.contains_key(header::AUTHORIZATION),
    };
    let player = match asks {
        false => None,
        true => match authenticate(&ctx, &parts) {
            Ok(player) => Some(player),
            // Who tries tokens is counted by address.
            Err(refused) => {
                let gate = Gate::of_stranger(route, Rate::Public, &info);
                return Err(gate.ask(&ctx, Intent::Read, &[]).await.err().unwrap_or(refused));
            }
        },
    };
    let gate = match &player {
        None => Gate::of_stranger(route, route.rate, &info),
        Some(player) => {
            info.set_player(player);
            Gate::of_player(route, player.clone(), &info)
        }
    };
    parts.extensions.insert(gate.clone());
    if let Some(player) = player {
        parts.extensions.insert(player);
    }
    if !route.passes_in_handler {
        gate.ask(&ctx, Intent::Read, &[]).await?;
    }
    let answered = answer(&gate, route, &info, parts, body, next).await;
    let passed = gate.is_passed();
    gate.leave(&ctx).await?;
    let mut response = answered?;
    if !passed && response.status().is_success() {
        return Err(ApiError::internal("a handler answered before its request had passed the gate"));
    }
    if let Some(permit) = gate.permit() {
        tell(response.headers_mut(), permit);
    }
    Ok(response)
}

/// What may still be refused before the handler runs, and the handler.
async fn answer(
    gate: &Gate,
    route: &'static Route,
    info: &RequestInfo,
    mut parts: Parts,
    mut body: Body,
    next: Next,
) -> Result<Response, ApiError> {
    gate.demand(min_version(&parts.headers)?);
    if let (true, Some(user)) = (route.idempotent, info.user_id()) {
        let bytes = read_body(&parts.headers, body).await?;
        parts.extensions.insert(Idem::of(user, route.id, &parts, &bytes)?);
        body = Body::from(bytes);
    }
    let _span = info.trips().trace().map(|trace| trace.enclosing(route.id));
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn authenticate(ctx: &Ctx, parts: &Parts) -> Result<Player, ApiError> {
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token else {
        return Err(ApiError::token_missing());
    };
    ctx.tokens().verify(token, ctx.now())
}

/// The version that the client has seen already; 0 when it says none.
fn min_version(headers: &HeaderMap) -> Result<i64, ApiError> {
    if !headers.contains_key(&headers::X_MIN_VERSION) {
        return Ok(0);
    }
    let version = header(headers, &headers::X_MIN_VERSION).and_then(|text| text.parse().ok());
    version.filter(|version| *version >= 0).ok_or_else(|| {
        let text = Text::new("The X-Min-Version header is not valid.", "X-Min-Version 请求头无效。");
        let hint = Text::new("Must be a version as the API gave it.", "必须是接口给出的版本号。");
        ApiError::new(Code::InvalidRequest, text).field("X-Min-Version", "format", hint)
    })
}

/// Writes `X-RateLimit-*`.
pub(super) fn tell(headers: &mut HeaderMap, permit: Permit) {
    headers.insert(headers::X_RATELIMIT_LIMIT, HeaderValue::from(permit.limit));
    headers.insert(headers::X_RATELIMIT_REMAINING, HeaderValue::from(permit.remaining));
    headers.insert(headers::X_RATELIMIT_RESET, HeaderValue::from(permit.reset_at_s));
}
