//! Forgetting sign-ins by others that never came back.

use std::time::Duration;

use super::{Failure, Job, Start, in_batches};
use crate::{
    ctx::Ctx,
    store::{oauth_flows, pool},
};

/// Hourly: a flow that has ended is of no use to anybody, and whoever begins many should not fill the disk.
pub const JOB: Job = Job {
    id: "purge-oauth-flows",
    summary: "Delete sign-ins by others that began and were not finished in time",
    timeout: Duration::from_secs(300),
    start: Start::Clock { schedule: "20 * * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let mut db = pool::connect(ctx.config()).await?;
    let now = ctx.now();
    let deleted = in_batches(&mut db, |db, batch| Box::pin(oauth_flows::purge(db, now, batch))).await?;
    metrics::counter!("oauth_flows_purged_total").increment(deleted);
    tracing::info!(deleted, "unfinished sign-ins are forgotten");
    Ok(())
}
