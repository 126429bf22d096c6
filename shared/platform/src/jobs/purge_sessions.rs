//! Forgetting sessions that have ended by themselves. (DynamoDB does that on its own.)

use std::time::Duration;

use super::{Failure, Job, Start, in_batches};
use crate::{
    ctx::Ctx,
    store::{pool, sessions},
};

/// Daily, at a quiet hour: an ended session is of no use to anybody, and takes little room.
pub const JOB: Job = Job {
    id: "purge-sessions",
    summary: "Delete sessions that ended without being refreshed",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "45 3 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let mut db = pool::connect(ctx.config()).await?;
    let now = ctx.now();
    let deleted = in_batches(&mut db, |db, batch| Box::pin(sessions::purge(db, now, batch))).await?;
    tracing::info!(deleted, "ended sessions are forgotten");
    Ok(())
}
