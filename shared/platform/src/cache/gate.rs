//! One request's conversation with Redis: it is counted, asks for stamps, and a write's fences stand and fall here. Normally
//! that is one round trip for a read and two for a write.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use redis::Value;

use super::{
    Called,
    active::Seen,
    limit::{count_in_postgres, count_in_redis},
    rate::{Limit, Permit, Subject, permit},
    script::Call,
    stamps::{FENCE_MARGIN, Fenced, Intent, Known, News, Passed, Stamp, Token, Wanted, Word},
};
use crate::{
    auth::Player,
    ctx::Ctx,
    error::{ApiError, Code},
    fault::{self, Bug, Step},
    http::info::RequestInfo,
    ids::{SessionId, UserId},
    route::{Rate, Route},
    session::SessionStore as _,
    text::Text,
};

/// Times a publish is tried: that a connection has broken is noticed by the first.
const PUBLISH_TRIES: u32 = 3;

/// One request's way past Redis. Cloning is one reference count.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    route: &'static Route,
    rate: Rate,
    subject: Subject,
    /// The client's address.
    stranger: Subject,
    /// Who asks, as their access token says; whether the session still stands is found out with the first question.
    player: Option<Player>,
    /// The version that the client has seen.
    min_version: AtomicI64,
    info: RequestInfo,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    /// Whether the request was counted against its limit.
    counted: bool,
    /// Whether the player's session is known to stand.
    vouched: bool,
    permit: Option<Permit>,
    /// What this request is about to write.
    claimed: Vec<Fenced>,
    /// The fence on all of that; none while Redis is away.
    fence: Option<Fence>,
}

#[derive(Clone, Copy)]
struct Fence {
    token: Token,
    /// Before the script ran: its deadline is not earlier than this tells.
    placed_at: DateTime<Utc>,
    /// Whether its statement may be running: then only the deadline may take it away.
    committing: bool,
}

impl Gate {
    /// The gate of a request that no player stands behind: it is counted by the client's address.
    pub(crate) fn of_stranger(route: &'static Route, rate: Rate, info: &RequestInfo) -> Self {
        Self::new(route, rate, Subject::of_address(info.client_ip()), None, info)
    }

    /// The gate of a player's request.
    pub(crate) fn of_player(route: &'static Route, player: Player, info: &RequestInfo) -> Self {
        Self::new(route, route.rate, Subject::User(player.id), Some(player), info)
    }

    fn new(route: &'static Route, rate: Rate, subject: Subject, player: Option<Player>, info: &RequestInfo) -> Self {
        let min_version = AtomicI64::default();
        let stranger = Subject::of_address(info.client_ip());
        Self(Arc::new(Inner {
            route,
            rate,
            subject,
            stranger,
            player,
            min_version,
            info: info.clone(),
            turn: Mutex::default(),
        }))
    }

    pub(crate) fn route(&self) -> &'static Route {
        self.0.route
    }

    pub(crate) fn route_id(&self) -> &'static str {
        self.0.route.id
    }

    /// The client has seen this version and will not have an older one.
    pub(crate) fn demand(&self, version: i64) {
        self.0.min_version.store(version, Ordering::Relaxed);
    }

    /// The version that an answer must at least be of; 0 when the client does not mind.
    pub(crate) fn min_version(&self) -> i64 {
        self.0.min_version.load(Ordering::Relaxed)
    }

    /// The limiter's word, once the request is counted.
    pub(crate) fn permit(&self) -> Option<Permit> {
        self.turn().permit
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of a script, whose round trips are this request's.
    async fn heard<T>(&self, call: &Call<'_>, called: impl Future<Output = Called<T>>) -> Option<T> {
        self.0.info.trips().of_redis(call.name(), called).await
    }

    /// Counts the request and finds out whether the player's session stands, if that is still to be done, and asks about
    /// aggregates; a write fences them.
    ///
    /// # Errors
    /// 429 when it comes too soon; 401 when the session was ended; 503 for a write under CACHE_STRICT when Redis cannot be
    /// reached, and when the store of sessions cannot.
    pub(crate) async fn ask(&self, ctx: &Ctx, intent: Intent, wanted: &[Wanted]) -> Result<Vec<Stamp>, ApiError> {
        let limit = if self.turn().counted { None } else { ctx.limiter().limit(self.0.rate) };
        let unvouched = self.0.player.is_some() && !self.turn().vouched;
        if limit.is_none() && wanted.is_empty() && !unvouched {
            self.turn().counted = true;
            return Ok(Vec::new());
        }
        let writes = intent == Intent::Write;
        let intent = if fault::planted(Bug::NoFence) { Intent::Read } else { intent };
        let shared = intent == Intent::Write && fault::planted(Bug::SharedDirtyFlag);
        let token = Token(if shared { 0 } else { u128::from_be_bytes(ctx.random()) });
        let placed_at = ctx.now();
        let passed = self.ask_redis(ctx, limit, token, intent, wanted).await;
        self.admit(ctx, limit, passed.as_ref()).await?;
        if writes {
            self.turn().claimed = wanted.iter().map(|one| Fenced { id: one.id, ttl: one.ttl }).collect();
        }
        if intent == Intent::Write {
            let mut turn = self.turn();
            let fence = Fence { token, placed_at, committing: false };
            turn.fence = passed.as_ref().map(|_| fence);
            if passed.is_none() && ctx.config().cache_strict {
                // It may stand all the same, where only the confirmation is missing.
                turn.fence = Some(fence);
                return Err(ApiError::unavailable(1, "CACHE_STRICT: a fence cannot be placed without Redis"));
            }
        }
        self.check_session(ctx, passed.as_ref().map(|passed| passed.session)).await?;
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
        // Where nothing is counted the key is only a place in the cluster: that of what is asked for, for a stranger may act
        // for a player (a reset).
        let place = wanted.first().filter(|_| limit.is_none()).map(|one| Subject::User(one.id.owner));
        let rate_key = ctx.limiter().key(self.0.rate, place.unwrap_or(self.0.subject));
        let player = self.0.player.as_ref();
        let mut call = ctx.cache().stamps.gate((&rate_key, limit), player, token, intent, wanted);
        if intent == Intent::Write {
            confirm(ctx, &mut call);
        }
        if let Some(player) = player
            && ctx.cache().told.is_news(player.id, ctx.now())
        {
            call.seeing(Seen::new(&ctx.config().redis_namespace, player.id, ctx.now()));
        }
        let answer: Value = self.heard(&call, ctx.redis()?.run(ctx.now(), &call)).await?;
        Passed::parse(answer)
    }

    /// Takes the limiter's word: of Redis, of Postgres for what guards accounts, or of this process alone.
    async fn admit(&self, ctx: &Ctx, limit: Option<Limit>, passed: Option<&Passed>) -> Result<(), ApiError> {
        self.turn().counted = true;
        let Some(limit) = limit else { return Ok(()) };
        let permit = match passed {
            Some(passed) => permit(limit, passed.allowed, passed.tat_us, passed.now_us),
            None if self.0.rate == Rate::Auth => {
                let key = ctx.limiter().key(self.0.rate, self.0.subject);
                count_in_postgres(ctx, limit, &key, &self.0.info).await?
            }
            None => {
                let now_us = u64::try_from(ctx.now().timestamp_micros()).unwrap_or_default();
                ctx.limiter().admit_here(limit, (self.0.rate, self.0.subject), now_us)
            }
        };
        self.turn().permit = Some(permit);
        if permit.allowed { Ok(()) } else { Err(self.refusal(permit)) }
    }

    /// 429 with Retry-After, for what came too soon.
    pub(super) fn refusal(&self, permit: Permit) -> ApiError {
        metrics::counter!("rate_limited_total", "route" => self.0.route.id).increment(1);
        let text = Text::new("Too many requests; please wait.", "请求过于频繁，请稍候。");
        ApiError::new(Code::RateLimited, text).retry_after(permit.retry_after_s).limited_by(permit)
    }

    /// Takes Redis's word on the player's session, or asks the store of sessions where Redis has none.
    async fn check_session(&self, ctx: &Ctx, word: Option<Word>) -> Result<(), ApiError> {
        let Some(player) = self.0.player.as_ref().filter(|_| !self.turn().vouched) else { return Ok(()) };
        let (user, session) = (player.id, player.session_id);
        let stands = match word {
            Some(Word::Good) => true,
            Some(Word::Revoked) => false,
            Some(Word::Nothing) | None => {
                let db = ctx.db().counted_to(&self.0.info);
                let stands = ctx.sessions_through(&db).get(user, session, ctx.now()).await?.is_some();
                if stands && word.is_some() {
                    self.vouch(ctx, user, session).await;
                }
                stands
            }
        };
        if !stands {
            if word == Some(Word::Revoked) {
                // It was not counted as the player's: it counts as a stranger's, like any bad token.
                let key = ctx.limiter().key(Rate::Public, self.0.stranger);
                if let Some(limit) = ctx.limiter().limit(Rate::Public)
                    && let Some(permit) = count_in_redis(ctx, limit, &key, self.0.info.trips()).await
                {
                    self.turn().permit = Some(permit);
                    if !permit.allowed {
                        return Err(self.refusal(permit));
                    }
                }
            }
            let text = Text::new("This session has ended; log in again.", "该会话已结束，请重新登录。");
            return Err(ApiError::new(Code::Unauthorized, text).reason("SESSION_ENDED"));
        }
        self.turn().vouched = true;
        Ok(())
    }

    /// Says that the store holds this session; whether that is heard changes nothing.
    pub(crate) async fn vouch(&self, ctx: &Ctx, user: UserId, session: SessionId) {
        if let Some(redis) = ctx.redis() {
            let call = ctx.cache().stamps.vouch(user, session);
            let _: Option<i64> = self.heard(&call, redis.run(ctx.now(), &call)).await;
        }
    }

    /// Says that the store no longer holds these sessions.
    ///
    /// # Errors
    /// 503 under CACHE_STRICT when Redis did not confirm; repeating the request says it again.
    pub(crate) async fn revoked(&self, ctx: &Ctx, user: UserId, sessions: &[SessionId]) -> Result<(), ApiError> {
        let Some(redis) = ctx.redis().filter(|_| !sessions.is_empty()) else { return Ok(()) };
        let mut call = ctx.cache().stamps.revoke(user, sessions);
        confirm(ctx, &mut call);
        let said: Option<i64> = self.heard(&call, redis.insist(ctx.now(), &call, PUBLISH_TRIES)).await;
        if said.is_some() { Ok(()) } else { self.unpublished(ctx) }
    }

    /// From here on a statement may be running that changes what is fenced. A fence that has stood for a while (the
    /// process was frozen, or waited for Postgres) is placed anew, so that it outlives the statement.
    ///
    /// # Errors
    /// 503 under CACHE_STRICT when the fence cannot be placed anew.
    pub(crate) async fn begin_commit(&self, ctx: &Ctx) -> Result<(), ApiError> {
        let Some(fence) = self.turn().fence else { return Ok(()) };
        if fault::planted(Bug::PublishBeforeCommit) {
            self.unfence(ctx).await;
            return Ok(());
        }
        let now = ctx.now();
        let margin = TimeDelta::from_std(FENCE_MARGIN).unwrap_or_default();
        let mut placed_at = fence.placed_at;
        if !(placed_at..placed_at + margin).contains(&now) {
            if self.fence_again(ctx, fence.token).await {
                placed_at = now;
            } else if ctx.config().cache_strict {
                return Err(ApiError::unavailable(1, "CACHE_STRICT: a fence cannot be placed again without Redis"));
            }
        }
        self.turn().fence = Some(Fence { placed_at, committing: true, ..fence });
        Ok(())
    }

    async fn fence_again(&self, ctx: &Ctx, token: Token) -> bool {
        let claimed = self.turn().claimed.clone();
        let wanted: Vec<_> =
            claimed.iter().map(|one| Wanted { id: one.id, known: Known::Indifferent, ttl: one.ttl }).collect();
        self.ask_redis(ctx, None, token, Intent::Write, &wanted).await.is_some()
    }

    /// The statement is over and changed nothing.
    pub(crate) fn did_not_commit(&self) {
        if let Some(fence) = &mut self.turn().fence {
            fence.committing = false;
        }
    }

    /// Publishes what the statement changed, and takes the fences away.
    ///
    /// # Errors
    /// 503 under CACHE_STRICT when Redis did not confirm: the change is done, and a repeated request is told so as soon
    /// as everyone can be.
    pub(crate) async fn publish(&self, ctx: &Ctx, news: &[News]) -> Result<(), ApiError> {
        fault::point(Step::Commit);
        let (fence, claimed) = self.take_fence();
        let Some(redis) = ctx.redis().filter(|_| !fault::planted(Bug::PublishBeforeCommit)) else { return Ok(()) };
        let news = if fault::planted(Bug::SharedDirtyFlag) { &[] } else { news };
        // Without a fence nothing stands that could be published on, but what others believe can be taken back.
        let token = fence.map_or(Token(0), |fence| fence.token);
        let mut call = ctx.cache().stamps.settle(token, &claimed, news);
        confirm(ctx, &mut call);
        let settled: Option<i64> = match fence {
            Some(_) => self.heard(&call, redis.insist(ctx.now(), &call, PUBLISH_TRIES)).await,
            None => self.heard(&call, redis.run(ctx.now(), &call)).await,
        };
        if settled.is_some() {
            fault::point(Step::Publish);
            return Ok(());
        }
        self.unpublished(ctx)
    }

    /// An answer that was given before is about to be given again: nobody may go on believing what was true before it.
    ///
    /// # Errors
    /// As [`Gate::publish`].
    pub(crate) async fn repeat(&self, ctx: &Ctx) -> Result<(), ApiError> {
        let fence = self.turn().fence;
        if fence.is_some() || ctx.redis().is_none() || fault::planted(Bug::NoFence) {
            return Ok(());
        }
        // It came when Redis was away. A fence now deletes what is believed; it goes when the request does.
        let (token, placed_at) = (Token(u128::from_be_bytes(ctx.random())), ctx.now());
        if !self.fence_again(ctx, token).await {
            return self.unpublished(ctx);
        }
        self.turn().fence = Some(Fence { token, placed_at, committing: false });
        Ok(())
    }

    fn unpublished(&self, ctx: &Ctx) -> Result<(), ApiError> {
        metrics::counter!("cache_unpublished_writes_total").increment(1);
        if ctx.config().cache_strict {
            return Err(ApiError::unavailable(1, "CACHE_STRICT: the new version could not be published"));
        }
        Ok(())
    }

    /// Takes the fences away; what is not taken away ends at its deadline.
    async fn unfence(&self, ctx: &Ctx) {
        if let (Some(fence), claimed) = self.take_fence()
            && let Some(redis) = ctx.redis()
        {
            let call = ctx.cache().stamps.settle(fence.token, &claimed, &[]);
            let _: Option<i64> = self.heard(&call, redis.run(ctx.now(), &call)).await;
        }
    }

    fn take_fence(&self) -> (Option<Fence>, Vec<Fenced>) {
        let mut turn = self.turn();
        (turn.fence.take(), turn.claimed.clone())
    }

    /// Stores what was loaded; whether that worked changes nothing.
    pub(crate) async fn fill(&self, ctx: &Ctx, call: &Call<'_>) {
        if let Some(redis) = ctx.redis() {
            let _: Option<i64> = self.heard(call, redis.run(ctx.now(), call)).await;
        }
    }

    /// Whether the request was counted and the player's session found to stand.
    pub(crate) fn is_passed(&self) -> bool {
        let turn = self.turn();
        turn.counted && (turn.vouched || self.0.player.is_none())
    }

    /// When the handler is done: counts a request that never came to ask, and takes away fences that guard nothing.
    ///
    /// # Errors
    /// 429 when the request came too soon, 401 when the session was ended.
    pub(crate) async fn leave(&self, ctx: &Ctx) -> Result<(), ApiError> {
        let (counted, fence) = {
            let turn = self.turn();
            (turn.counted, turn.fence)
        };
        if !counted {
            self.ask(ctx, Intent::Read, &[]).await?;
        }
        if fence.is_some_and(|fence| !fence.committing) {
            self.unfence(ctx).await;
        }
        if self.0.route.idempotent {
            fault::point(Step::Answer);
        }
        Ok(())
    }
}

/// Where a failover is automatic, a strict deployment lets replicas confirm what no failover may forget.
fn confirm(ctx: &Ctx, call: &mut Call<'_>) {
    if ctx.config().cache_strict {
        call.confirmed_by(ctx.config().cache_strict_replicas);
    }
}
