//! Judging lives anew when the definitions of achievements have changed: each log is lived again and what it comes to by the
//! present definitions is written, if it was not known. Nothing is ever taken away.
//!
//! How far it has come is kept a batch at a time, so that a killed run loses a batch of looking and nothing of what it wrote.

use crate::{
    cache::aggregate::{Aggregate as _, Life, Roster},
    ctx::Ctx,
    deletion::forget,
    error::ApiError,
    ids::{CharacterId, UserId},
    store::{
        achievements::{self, Backfill, Unlock},
        content_blobs,
        lives::{self, Standing},
    },
};
use engine::ReplayError;

/// Lives judged before it is written down how far it has come.
const BATCH: i64 = 50;
/// Times a life is judged again that has moved on meanwhile. Who plays is judged by playing.
const TRIES: u32 = 3;

/// Judges every life that has begun; tells how far it has come, which is the end unless it failed.
///
/// # Errors
/// 503 without Postgres, or without Redis where there is one.
pub(crate) async fn all(ctx: &Ctx) -> Result<Backfill, ApiError> {
    let definitions = ctx.content().definitions_of_achievements();
    let mut come = achievements::begin(ctx.db(), &definitions, ctx.now()).await?;
    while come.finished_at.is_none() {
        let batch = achievements::next(ctx.db(), come.last_character_id, BATCH).await?;
        for (character, user) in &batch {
            come.unlocks += i64::try_from(one(ctx, *user, *character).await?).unwrap_or(i64::MAX);
            come.lives += 1;
            come.last_character_id = character.0;
        }
        if batch.is_empty() {
            come.finished_at = Some(ctx.now());
        }
        achievements::came_to(ctx.db(), &definitions, &come, ctx.now()).await?;
    }
    Ok(come)
}

/// Judges one life; how much it has come to that it did not know.
async fn one(ctx: &Ctx, user: UserId, character: CharacterId) -> Result<usize, ApiError> {
    for _ in 0..TRIES {
        let Some(standing) = lives::owned_by(ctx.db(), user, character).await? else { return Ok(0) };
        let new = match missing(ctx, user, &standing).await? {
            Ok(new) if !new.is_empty() => new,
            Ok(_) => return Ok(0),
            Err(error) => {
                // It would keep all that come after it from being judged, night after night.
                tracing::error!(character_id = %character, error = %error, "a life is passed over: its log is not what it was");
                return Ok(0);
            }
        };
        if achievements::backfill(ctx.db(), (user, character), standing.version, &new, ctx.now()).await? {
            forget(ctx, &[Life(user, character).id(), Roster(user).id()]).await?;
            return Ok(new.len());
        }
    }
    Ok(0)
}

/// What a life has come to by the present definitions, and does not know; or in what way its log is not what it was. Where its
/// past cannot be lived again, it is judged by how it stands.
///
/// # Errors
/// 503 without Postgres.
pub async fn missing(
    ctx: &Ctx,
    user: UserId,
    standing: &Standing,
) -> Result<Result<Vec<Unlock>, ReplayError>, ApiError> {
    let log = lives::log(ctx.db(), user, standing.character_id, standing.version).await?;
    let contents = content_blobs::contents(ctx, ctx.db(), &log).await?;
    let (judge, now) = (ctx.content(), ctx.now());
    Ok(match engine::achieved_in(|hash| contents.of(hash), judge, &log) {
        Ok(all) => Ok(Unlock::by_log(judge, all, &standing.unlocks, now)),
        Err(ReplayError::OutOfReach { .. }) => {
            let last = log.last().map_or(0, |entry| entry.seq);
            Ok(Unlock::by_life(judge, &standing.life, last, &standing.unlocks, now))
        }
        Err(error) => Err(error),
    })
}
