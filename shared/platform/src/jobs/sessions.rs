//! Forgetting sessions that have ended by themselves. (DynamoDB does that on its own.)

use std::time::Duration;

use super::{Failure, Job};
use crate::{
    ctx::Ctx,
    store::{pool, sessions},
};

/// Rows deleted at once, as in `idempotency_keys`.
const BATCH: i64 = 5_000;

pub(super) const JOB: Job = Job {
    id: "purge-sessions",
    summary: "Delete sessions that ended without being refreshed",
    schedule: "45 3 * * *",
    timeout: Duration::from_secs(900),
    after_migration: false,
    work: |ctx| Box::pin(run(ctx)),
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let mut db = pool::connect(ctx.config()).await?;
    let (now, mut deleted) = (ctx.now(), 0);
    loop {
        let batch = sessions::purge(&mut db, now, BATCH).await?;
        deleted += batch;
        if batch == 0 {
            break;
        }
    }
    tracing::info!(deleted, "ended sessions are forgotten");
    Ok(())
}
