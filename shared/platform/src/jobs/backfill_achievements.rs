//! Giving lives what they had come to before a release called it an achievement.

use std::time::Duration;

use super::{Failure, Job, Start};
use crate::{backfill, ctx::Ctx, error::ApiError};

/// At a quiet hour; where the definitions are those of the last run there is nothing to do, and a run that was cut short is
/// gone on with.
pub const JOB: Job = Job {
    id: "backfill-achievements",
    summary: "Judge every life anew when the definitions of achievements have changed",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "20 3 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let come = backfill::all(ctx).await.map_err(ApiError::into_cause)?;
    tracing::info!(lives = come.lives, unlocks = come.unlocks, "lives are judged by these definitions");
    Ok(())
}
