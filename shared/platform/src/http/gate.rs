//! What stands before every handler: who is it, is it too often, is it a repetition, and how new is what the process
//! holds of the thing it is about. All that Redis must say to it, it says in one round trip.
//!
//! Routes that ask for a player make that round trip when the handler, with path and body parsed, first reads or claims
//! an aggregate; all others make it before the handler runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use redis::Value;

use super::{
    extract::read_body,
    headers,
    idem::Idem,
    info::{RequestInfo, RoundTrips, header},
};
use crate::{
    auth::Player,
    cache::{
        Called,
        key::AggregateId,
        rate::{Limit, Permit, Subject, permit},
        script::Call,
        stamps::{FENCE_MARGIN, Intent, Known, News, Passed, Stamp, Token, Wanted},
    },
    ctx::Ctx,
    error::{ApiError, Code},
    fault::{self, Bug, Step},
    route::{Auth, Rate, Route},
    text::Text,
};

/// Times a publish is tried: a connection that broke is noticed by the first.
const PUBLISH_TRIES: u32 = 3;

pub(super) async fn pass(
    ctx: Ctx,
    route: &'static Route,
    info: RequestInfo,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, mut body) = request.into_parts();
    let stranger = Subject::of_address(info.client_ip());
    let player = match route.auth {
        Auth::Public => None,
        Auth::Player => match authenticate(&ctx, &parts) {
            Ok(player) => Some(player),
            // Who tries tokens is counted by address.
            Err(refused) => {
                let gate = Gate::new(route, Rate::Public, stranger, 0, &info);
                return Err(gate.ask(&ctx, Intent::Read, &[]).await.err().unwrap_or(refused));
            }
        },
    };
    let subject = player.as_ref().map_or(stranger, |player| Subject::User(player.id));
    let gate = Gate::new(route, route.rate, subject, min_version(&parts.headers)?, &info);
    parts.extensions.insert(gate.clone());
    if let Some(player) = player {
        info.set_user_id(player.id);
        if route.idempotent {
            let bytes = read_body(&parts.headers, body).await?;
            parts.extensions.insert(Idem::of(player.id, route.id, &parts, &bytes)?);
            body = Body::from(bytes);
        }
        parts.extensions.insert(player);
    } else {
        gate.ask(&ctx, Intent::Read, &[]).await?;
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    gate.leave(&ctx).await?;
    if let Some(permit) = gate.turn().permit {
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

/// One request's way past Redis, and the fences it leaves to guard its write. Cloning is one reference count.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    route: &'static Route,
    rate: Rate,
    subject: Subject,
    min_version: i64,
    trips: Arc<RoundTrips>,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    /// Whether the request was counted against its limit.
    counted: bool,
    permit: Option<Permit>,
    fence: Option<Fence>,
}

/// The fences of one write.
#[derive(Clone)]
struct Fence {
    token: Token,
    aggregates: Vec<AggregateId>,
    /// Before the script ran: its deadline is not earlier than this tells.
    placed_at: DateTime<Utc>,
    /// Whether its statement may be running: then only the deadline may take it away.
    committing: bool,
}

impl Gate {
    fn new(route: &'static Route, rate: Rate, subject: Subject, min_version: i64, info: &RequestInfo) -> Self {
        let trips = Arc::clone(info.trips());
        Self(Arc::new(Inner { route, rate, subject, min_version, trips, turn: Mutex::default() }))
    }

    pub(crate) fn route_id(&self) -> &'static str {
        self.0.route.id
    }

    pub(crate) fn min_version(&self) -> i64 {
        self.0.min_version
    }

    /// The answer of a script whose round trips are this request's.
    fn counted<T>(&self, called: Called<T>) -> Option<T> {
        self.0.trips.redis.fetch_add(called.round_trips, Ordering::Relaxed);
        called.value
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the request, if that is still to be done, and asks about aggregates; a write fences them.
    ///
    /// # Errors
    /// 429 when it comes too soon; 503 for a write under CACHE_STRICT when Redis cannot be reached.
    pub(crate) async fn ask(&self, ctx: &Ctx, intent: Intent, wanted: &[Wanted]) -> Result<Vec<Stamp>, ApiError> {
        let limit = if self.turn().counted { None } else { ctx.limiter().limit(self.0.rate) };
        if limit.is_none() && wanted.is_empty() {
            return Ok(Vec::new());
        }
        let intent = if fault::planted(Bug::NoFence) { Intent::Read } else { intent };
        let shared = intent == Intent::Write && fault::planted(Bug::SharedDirtyFlag);
        let token = Token(if shared { 0 } else { u128::from_be_bytes(ctx.random()) });
        let placed_at = ctx.now();
        let passed = self.ask_redis(ctx, limit, token, intent, wanted).await;
        self.count(ctx, limit, passed.as_ref())?;
        if intent == Intent::Write {
            if passed.is_some() {
                let aggregates = wanted.iter().map(|one| one.id).collect();
                self.turn().fence = Some(Fence { token, aggregates, placed_at, committing: false });
            } else if ctx.config().cache_strict {
                return Err(ApiError::unavailable(1, "CACHE_STRICT: a fence cannot be placed without Redis"));
            }
        }
        Ok(passed.map_or_else(|| vec![Stamp::Away; wanted.len()], |passed| passed.stamps))
    }

    async fn ask_redis(
        &self,
        ctx: &Ctx,
        limit: Option<Limit>,
        token: Token,
        intent: Intent,
        wanted: &[Wanted],
    ) -> Option<Passed> {
        let cache = ctx.cache();
        let rate_key = ctx.limiter().key(self.0.rate, self.0.subject);
        let ttl = wanted.iter().map(|one| cache.ttl(one.id)).max().unwrap_or_default();
        let mut call = cache.stamps.gate((&rate_key, limit), token, intent, wanted, ttl);
        if intent == Intent::Write && ctx.config().cache_strict {
            call.confirmed_by(ctx.config().cache_strict_replicas);
        }
        let answer: Value = self.counted(ctx.redis()?.run(ctx.now(), &call).await)?;
        Passed::parse(answer)
    }

    fn count(&self, ctx: &Ctx, limit: Option<Limit>, passed: Option<&Passed>) -> Result<(), ApiError> {
        self.turn().counted = true;
        let Some(limit) = limit else { return Ok(()) };
        let permit = match passed {
            Some(passed) => permit(limit, passed.allowed, passed.tat_us, passed.now_us),
            None => {
                let now_us = u64::try_from(ctx.now().timestamp_micros()).unwrap_or_default();
                ctx.limiter().admit_here(limit, (self.0.rate, self.0.subject), now_us)
            }
        };
        self.turn().permit = Some(permit);
        if permit.allowed {
            return Ok(());
        }
        metrics::counter!("rate_limited_total", "route" => self.0.route.id).increment(1);
        let text = Text::new("Too many requests; please wait.", "请求过于频繁，请稍候。");
        Err(ApiError::new(Code::RateLimited, text).retry_after(permit.retry_after_s).limited_by(permit))
    }

    /// From here on a statement may be running that changes what is fenced. A fence that has stood for a while (the
    /// process was frozen, or waited for Postgres) is placed anew, so that it outlives the statement.
    ///
    /// # Errors
    /// 503 under CACHE_STRICT when the fence cannot be placed anew.
    pub(crate) async fn begin_commit(&self, ctx: &Ctx) -> Result<(), ApiError> {
        let Some(fence) = self.turn().fence.clone() else { return Ok(()) };
        if fault::planted(Bug::PublishBeforeCommit) {
            return self.settle(ctx, &[]).await;
        }
        let now = ctx.now();
        let margin = TimeDelta::from_std(FENCE_MARGIN).unwrap_or_default();
        let mut placed_at = fence.placed_at;
        if !(placed_at..placed_at + margin).contains(&now) {
            let wanted: Vec<_> =
                fence.aggregates.iter().map(|id| Wanted { id: *id, known: Known::Indifferent }).collect();
            if self.ask_redis(ctx, None, fence.token, Intent::Write, &wanted).await.is_some() {
                placed_at = now;
            } else if ctx.config().cache_strict {
                return Err(ApiError::unavailable(1, "CACHE_STRICT: a fence cannot be placed again without Redis"));
            }
        }
        if let Some(fence) = &mut self.turn().fence {
            fence.placed_at = placed_at;
            fence.committing = true;
        }
        Ok(())
    }

    /// The statement is over and changed nothing.
    pub(crate) fn did_not_commit(&self) {
        if let Some(fence) = &mut self.turn().fence {
            fence.committing = false;
        }
    }

    /// Takes the fences away and publishes what the statement changed.
    ///
    /// # Errors
    /// 503 under CACHE_STRICT when Redis did not confirm: the change is done, and a repeated request is told so as soon
    /// as everyone can be.
    pub(crate) async fn settle(&self, ctx: &Ctx, news: &[News]) -> Result<(), ApiError> {
        if !news.is_empty() {
            fault::point(Step::Commit);
        }
        let fence = self.turn().fence.take();
        let settled = match (&fence, ctx.redis()) {
            (None, None) => return Ok(()),
            (fence, Some(redis)) => {
                let token = fence.as_ref().map_or(Token(0), |fence| fence.token);
                let told: Vec<_> = news.iter().map(|news| news.id).collect();
                let aggregates = fence.as_ref().map_or(&told, |fence| &fence.aggregates);
                let news = if fault::planted(Bug::SharedDirtyFlag) { &[] } else { news };
                let ttl = aggregates.iter().map(|id| ctx.cache().ttl(*id)).max().unwrap_or_default();
                let call = ctx.cache().stamps.settle(token, aggregates, news, ttl);
                let tries = if fence.is_some() { PUBLISH_TRIES } else { 1 };
                self.counted(redis.insist::<i64>(ctx.now(), &call, tries).await).is_some()
            }
            (Some(_), None) => false,
        };
        if news.is_empty() {
            return Ok(()); // What is not taken away ends at its deadline.
        }
        if settled {
            fault::point(Step::Publish);
            return Ok(());
        }
        metrics::counter!("cache_unpublished_writes_total").increment(1);
        if ctx.config().cache_strict {
            return Err(ApiError::unavailable(1, "CACHE_STRICT: the new version could not be published"));
        }
        Ok(())
    }

    /// Stores what was loaded; whether that worked changes nothing.
    pub(crate) async fn fill(&self, ctx: &Ctx, call: &Call<'_>) {
        if let Some(redis) = ctx.redis() {
            let _: Option<i64> = self.counted(redis.run(ctx.now(), call).await);
        }
    }

    /// When the handler is done: counts a request that never came to ask, and takes away fences that guard nothing.
    async fn leave(&self, ctx: &Ctx) -> Result<(), ApiError> {
        let counted = self.turn().counted;
        if !counted {
            return self.ask(ctx, Intent::Read, &[]).await.map(|_| ());
        }
        let idle = self.turn().fence.as_ref().is_some_and(|fence| !fence.committing);
        if idle {
            self.settle(ctx, &[]).await?;
        }
        if self.0.route.idempotent {
            fault::point(Step::Answer);
        }
        Ok(())
    }
}
