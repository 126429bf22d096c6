//! Forgetting codes and limits that are over.

use std::time::Duration;

use super::{Failure, Job};
use crate::{
    ctx::Ctx,
    store::{auth_limits, email_codes, pool},
};

/// Rows deleted at once, as for stored answers.
const BATCH: i64 = 5_000;

/// Hourly: a code holds an address, and is of use for minutes.
pub(super) const JOB: Job = Job {
    id: "purge-auth",
    summary: "Delete verification codes that ran out and rate limits that are over",
    schedule: "50 * * * *",
    timeout: Duration::from_secs(300),
    after_migration: false,
    work: |ctx| Box::pin(run(ctx)),
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let now = ctx.now();
    let mut db = pool::connect(ctx.config()).await?;
    let (mut codes, mut limits) = (0, 0);
    loop {
        let batch = email_codes::purge(&mut db, now, BATCH).await?;
        codes += batch;
        if batch == 0 {
            break;
        }
    }
    loop {
        let batch = auth_limits::purge(&mut db, now.timestamp_micros(), BATCH).await?;
        limits += batch;
        if batch == 0 {
            break;
        }
    }
    tracing::info!(codes, limits, "codes and limits that are over are forgotten");
    Ok(())
}
