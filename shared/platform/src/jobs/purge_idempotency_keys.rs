//! Forgetting answers that nobody may ask for again.

use std::time::Duration;

use super::{Failure, Job, Start, in_batches};
use crate::{
    ctx::Ctx,
    store::{idempotency, pool},
};

/// At the quietest hour.
pub const JOB: Job = Job {
    id: "purge-idempotency-keys",
    summary: "Delete stored answers older than IDEMPOTENCY_KEEP_DAYS",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "30 3 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let before = ctx.now() - ctx.config().idempotency_keep;
    let mut db = pool::connect(ctx.config()).await?;
    let deleted = in_batches(&mut db, |db, batch| Box::pin(idempotency::purge(db, before, batch))).await?;
    metrics::counter!("idempotency_keys_purged_total").increment(deleted);
    tracing::info!(deleted, before = %before, "old answers are forgotten");
    Ok(())
}
