//! Forgetting answers that nobody may ask for again.

use std::time::Duration;

use super::{Failure, Job};
use crate::{
    ctx::Ctx,
    store::{idempotency, pool},
};

/// Rows deleted at once: a fraction of a second, so that no lock is held for long and replicas keep up.
const BATCH: i64 = 5_000;

/// At the quietest hour.
pub(super) const JOB: Job = Job {
    id: "purge-idempotency-keys",
    summary: "Delete stored answers older than IDEMPOTENCY_KEEP_DAYS",
    schedule: "30 3 * * *",
    timeout: Duration::from_secs(900),
    after_migration: false,
    work: |ctx| Box::pin(run(ctx)),
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let before = ctx.now() - ctx.config().idempotency_keep;
    let mut db = pool::connect(ctx.config()).await?;
    let mut deleted = 0;
    loop {
        let batch = idempotency::purge(&mut db, before, BATCH).await?;
        deleted += batch;
        if batch == 0 {
            break;
        }
    }
    metrics::counter!("idempotency_keys_purged_total").increment(deleted);
    tracing::info!(deleted, before = %before, "old answers are forgotten");
    Ok(())
}
