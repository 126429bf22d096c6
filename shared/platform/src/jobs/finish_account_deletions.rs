//! Ending what a killed process, or a store that was away, left of a deletion.

use std::time::Duration;

use super::{Failure, Job, Start};
use crate::{ctx::Ctx, deletion, error::ApiError};

/// Often: whoever deletes an account expects it to be gone.
pub const JOB: Job = Job {
    id: "finish-account-deletions",
    summary: "Delete what is left of accounts whose deletion was begun",
    timeout: Duration::from_secs(900),
    start: Start::Clock { schedule: "*/10 * * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let finished = deletion::finish_all(ctx).await.map_err(ApiError::into_cause)?;
    tracing::info!(finished, "begun deletions are done");
    Ok(())
}
