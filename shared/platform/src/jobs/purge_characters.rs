//! Forgetting characters that were given up and that nobody wanted back.

use std::time::Duration;

use super::{Failure, Job, Start, in_batches_of};
use crate::{
    ctx::Ctx,
    store::{pool, removal},
};

/// Lives deleted at once: a fraction of a second even for full ones.
const BATCH: i64 = 20;

/// At a quiet hour.
pub const JOB: Job = Job {
    id: "purge-characters",
    summary: "Delete characters that were given up more than 30 days ago, with all that is theirs",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "25 3 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let before = ctx.now() - removal::RESTORABLE;
    let mut db = pool::connect(ctx.config()).await?;
    let purge = in_batches_of(BATCH, &mut db, |db, batch| Box::pin(removal::purge(db, before, batch)));
    let deleted = purge.await?;
    tracing::info!(deleted, "characters that were given up are forgotten");
    Ok(())
}
