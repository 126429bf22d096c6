//! Forgetting codes and limits that are over.

use std::time::Duration;

use super::{Failure, Job, Start, in_batches};
use crate::{
    ctx::Ctx,
    store::{auth_limits, email_codes, pool},
};

/// Hourly: a code holds an address, and is of use for minutes.
pub const JOB: Job = Job {
    id: "purge-auth",
    summary: "Delete verification codes that ran out and rate limits that are over",
    timeout: Duration::from_secs(300),
    start: Start::Clock { schedule: "50 * * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let now = ctx.now();
    let mut db = pool::connect(ctx.config()).await?;
    let codes = in_batches(&mut db, |db, batch| Box::pin(email_codes::purge(db, now, batch))).await?;
    let limits =
        in_batches(&mut db, |db, batch| Box::pin(auth_limits::purge(db, now.timestamp_micros(), batch))).await?;
    tracing::info!(codes, limits, "codes and limits that are over are forgotten");
    Ok(())
}
