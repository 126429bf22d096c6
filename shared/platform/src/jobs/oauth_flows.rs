//! Forgetting sign-ins by others that never came back.

use std::time::Duration;

use super::{Failure, Job};
use crate::{
    ctx::Ctx,
    store::{oauth_flows, pool},
};

/// Rows deleted at once, as with old answers.
const BATCH: i64 = 5_000;

/// Hourly: a flow that has ended is of no use to anybody, and whoever begins many should not fill the disk.
pub(super) const JOB: Job = Job {
    id: "purge-oauth-flows",
    summary: "Delete sign-ins by others that began and were not finished in time",
    schedule: "20 * * * *",
    timeout: Duration::from_secs(300),
    after_migration: false,
    work: |ctx| Box::pin(run(ctx)),
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let mut db = pool::connect(ctx.config()).await?;
    let mut deleted = 0;
    loop {
        let batch = oauth_flows::purge(&mut db, ctx.now(), BATCH).await?;
        deleted += batch;
        if batch == 0 {
            break;
        }
    }
    metrics::counter!("oauth_flows_purged_total").increment(deleted);
    tracing::info!(deleted, "unfinished sign-ins are forgotten");
    Ok(())
}
