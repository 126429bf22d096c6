//! Limits of single operations beside the one of their route: how often a password may be wrong, how many mails an address
//! may get. They guard accounts, so they hold without Redis, too: then Postgres counts.

use std::time::Duration;

use super::{
    rate::{Limit, Permit, Subject, permit},
    stamps::{Intent, Passed, Token},
};
use crate::{
    ctx::{Ctx, Cx},
    error::ApiError,
    http::{RoundTrips, info::RequestInfo},
    store::auth_limits,
};

/// A named limit: one in `every`, and `burst` of them at once.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Part of its keys: stable, unique.
    name: &'static str,
    limit: Limit,
}

impl Quota {
    /// `burst` (1 or more) at once, then one in `every` (1 µs to some days).
    pub const fn new(name: &'static str, burst: u64, every: Duration) -> Self {
        // Days in microseconds are far from the end of a u64.
        #[expect(clippy::cast_possible_truncation, reason = "see above; `try_from` is not const")]
        let interval_us = every.as_micros() as u64;
        Self { name, limit: Limit { interval_us, burst } }
    }
}

impl Cx {
    /// Counts one more of `subject`.
    ///
    /// # Errors
    /// 429 with Retry-After when there were too many, 503 when neither Redis nor Postgres can count.
    pub async fn limit(&self, quota: &Quota, subject: Subject) -> Result<(), ApiError> {
        let Some(limit) = self.limiter().scaled(quota.limit) else { return Ok(()) };
        let key = self.limiter().quota_key(quota.name, subject);
        let permit = match count_in_redis(self, limit, &key, self.info.trips()).await {
            Some(permit) => permit,
            None => count_in_postgres(self, limit, &key, &self.info).await?,
        };
        if permit.allowed { Ok(()) } else { Err(self.gate.refusal(permit)) }
    }

    /// Takes back what [`Cx::limit`] counted, for a request that was none of those it is against: the right password, the
    /// mail that could not be sent. Where nobody can, it stays counted, and time heals it.
    pub async fn give_back(&self, quota: &Quota, subject: Subject) {
        let Some(limit) = self.limiter().scaled(quota.limit) else { return };
        let key = self.limiter().quota_key(quota.name, subject);
        if let Some(redis) = self.redis() {
            let call = self.cache().stamps.give_back(&key, limit);
            let given_back: Option<i64> = self.info.trips().of_redis(call.name(), redis.run(self.now(), &call)).await;
            if given_back.is_some() {
                return;
            }
        }
        if let Err(error) = auth_limits::give_back(self.db(), &key, limit, now_us(self)).await {
            tracing::warn!(error = ?error, quota = quota.name, "what was counted cannot be taken back");
        }
    }
}

/// By the very script of the gate; `None` when Redis does not answer.
pub(super) async fn count_in_redis(ctx: &Ctx, limit: Limit, key: &str, trips: &RoundTrips) -> Option<Permit> {
    let call = ctx.cache().stamps.gate((key, Some(limit)), None, Token(0), Intent::Read, &[]);
    let answer: redis::Value = trips.of_redis(call.name(), ctx.redis()?.run(ctx.now(), &call)).await?;
    let Passed { allowed, tat_us, now_us, .. } = Passed::parse(answer)?;
    Some(permit(limit, allowed, tat_us, now_us))
}

/// The same algorithm in one statement.
///
/// # Errors
/// 503 without Postgres.
pub(super) async fn count_in_postgres(
    ctx: &Ctx,
    limit: Limit,
    key: &str,
    request: &RequestInfo,
) -> Result<Permit, ApiError> {
    let now_us = now_us(ctx);
    let counted = auth_limits::count(&ctx.db().counted_to(request), key, limit, now_us).await?;
    Ok(permit(limit, counted.allowed, counted.tat_us, now_us))
}

fn now_us(ctx: &Ctx) -> u64 {
    u64::try_from(ctx.now().timestamp_micros()).unwrap_or_default()
}
