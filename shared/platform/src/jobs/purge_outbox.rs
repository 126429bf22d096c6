//! Forgetting what has been told, and what could not be.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Failure, Job, Start, in_batches};
use crate::{
    ctx::Ctx,
    store::{outbox, pool},
};

/// Given-up events name players, so they are not kept for ever; until then somebody may have them delivered after all.
const DEAD_KEEP: TimeDelta = TimeDelta::days(30);

/// At a quiet hour.
pub const JOB: Job = Job {
    id: "purge-outbox",
    summary: "Delete events delivered longer ago than OUTBOX_KEEP_DAYS, and those given up after 30 days",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "10 4 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let now = ctx.now();
    let (delivered, dead) = (now - ctx.config().outbox.keep, now - DEAD_KEEP);
    let mut db = pool::connect(ctx.config()).await?;
    let deleted = in_batches(&mut db, |db, batch| Box::pin(outbox::purge(db, delivered, dead, batch))).await?;
    tracing::info!(deleted, "told events are forgotten");
    Ok(())
}
