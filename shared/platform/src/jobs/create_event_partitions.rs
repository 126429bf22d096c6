//! Partitions of `events` before their year begins.

use std::time::Duration;

use super::{Failure, Job, Start};
use crate::{
    ctx::Ctx,
    store::{partitions, pool},
    telemetry,
};

/// Daily, though a year would do: then a run that failed is made up for long before it matters.
pub const JOB: Job = Job {
    id: "create-event-partitions",
    summary: "Create the partitions of this year and the next two, and empty the default partition",
    timeout: Duration::from_secs(300),
    after_migration: true,
    start: Start::Clock { schedule: "15 2 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let mut db = pool::connect(ctx.config()).await?;
    let ensured = partitions::ensure(&mut db, ctx.now()).await?;
    let health = partitions::health(&mut db, ctx.now()).await?;
    telemetry::metrics::events_partitions(&health);
    tracing::info!(
        created = ?ensured.created,
        moved = ensured.moved,
        default_rows = health.default_rows,
        years = health.years,
        "the partitions of events are there"
    );
    Ok(())
}
