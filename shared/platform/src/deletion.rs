//! The end of an account, in every store. Each step can be repeated, and what a killed process left the job
//! `finish-account-deletions` ends.
//!
//! First the account is closed: that waits for writes under way and lets none begin. Then its sessions end, so nobody
//! reads it any more; then its lives and itself are deleted, and Redis forgets them. Sessions are ended once more at the
//! end: a login that had begun before may have opened one in a store that knows no foreign keys.

use crate::{
    cache::{
        aggregate::{Aggregate as _, Life, Profile, Roster},
        key::AggregateId,
    },
    ctx::{Ctx, Cx},
    error::{ApiError, chain},
    ids::{SessionId, UserId},
    session::SessionStore as _,
    store::{Db, deletion},
};

/// Lives deleted at once: a fraction of a second even for full ones.
const BATCH: i64 = 20;

/// Stored answers deleted at once.
const KEYS: i64 = 5_000;

/// Deletes an account. Whether everything is gone already; if not, it is closed, and the job deletes the rest.
///
/// # Errors
/// 503 without Postgres; then nothing happened.
pub async fn delete(cx: &Cx, user: UserId) -> Result<bool, ApiError> {
    deletion::close(cx.db(), user, cx.now()).await?;
    let finished = finish(cx, cx.db(), user).await;
    if let Err(error) = finished {
        let (request_id, error) = (cx.info.request_id(), chain(&*error.into_cause()));
        tracing::error!(request_id, user_id = %user, error, "a deletion is left to the job");
        return Ok(false);
    }
    Ok(true)
}

async fn finish(ctx: &Ctx, db: &Db, user: UserId) -> Result<(), ApiError> {
    end_sessions(ctx, db, user).await?;
    loop {
        let gone = deletion::lives(db, user, BATCH).await?;
        if gone.is_empty() {
            break;
        }
        // A release that knows nothing of closed accounts may have added some meanwhile, and nothing cascades to them.
        deletion::events_of(db, &gone).await?;
        let lives: Vec<_> = gone.into_iter().map(|life| Life(user, life).id()).collect();
        forget(ctx, &lives).await?;
    }
    forget(ctx, &[Profile(user).id(), Roster(user).id()]).await?;
    while deletion::keys(db, user, KEYS).await? > 0 {}
    deletion::account(ctx, db, user).await?;
    end_sessions(ctx, db, user).await
}

/// Ends deletions that were begun a while ago, up to a hundred; tells how many. One that fails keeps no other from its end.
///
/// # Errors
/// That of the last one that failed.
pub(crate) async fn finish_all(ctx: &Ctx) -> Result<usize, ApiError> {
    let before = ctx.now() - chrono::TimeDelta::minutes(1);
    let (mut finished, mut failed) = (0, None);
    for user in deletion::unfinished(ctx.db(), before, 100).await? {
        match finish(ctx, ctx.db(), user).await {
            Ok(()) => finished += 1,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(finished), Err)
}

async fn end_sessions(ctx: &Ctx, db: &Db, user: UserId) -> Result<(), ApiError> {
    let store = ctx.sessions_through(db);
    let standing: Vec<_> = store.list(user, ctx.now()).await?.iter().map(|session| session.session_id).collect();
    tell(ctx, user, &standing).await?;
    let ended = store.revoke_all(user, None).await?;
    let since: Vec<_> = ended.into_iter().filter(|id| !standing.contains(id)).collect();
    tell(ctx, user, &since).await
}

async fn tell(ctx: &Ctx, user: UserId, ended: &[SessionId]) -> Result<(), ApiError> {
    let Some(redis) = ctx.redis().filter(|_| !ended.is_empty()) else { return Ok(()) };
    told(redis.insist(ctx.now(), &ctx.cache().stamps.revoke(user, ended), TRIES).await.value)
}

/// Times Redis is asked to forget.
const TRIES: u32 = 3;

/// Makes every tier of the cache ask Postgres for these.
///
/// # Errors
/// 503 where there is a Redis and it does not answer.
pub(crate) async fn forget(ctx: &Ctx, aggregates: &[AggregateId]) -> Result<(), ApiError> {
    let Some(redis) = ctx.redis() else { return Ok(()) };
    told(redis.insist(ctx.now(), &ctx.cache().stamps.forget(aggregates), TRIES).await.value)
}

fn told(answer: Option<i64>) -> Result<(), ApiError> {
    answer.map(drop).ok_or_else(|| ApiError::unavailable(1, "Redis could not be told to forget"))
}
