//! Keeping the content that lives are lived under, for the day when it is no longer the newest.

use std::time::Duration;

use engine::Content;

use super::{Failure, Job, Start};
use crate::{
    ctx::Ctx,
    store::{content_blobs, pool},
};

/// What matters is the run after a migration, before the release serves; the schedule makes up for a missed one.
pub const JOB: Job = Job {
    id: "store-content",
    summary: "Store this release's content under its hash, so that its lives can always be replayed",
    timeout: Duration::from_secs(60),
    after_migration: true,
    start: Start::Clock { schedule: "45 2 * * *", work: |ctx| Box::pin(run(ctx)) },
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let hash = Content::builtin().hash();
    let mut db = pool::connect(ctx.config()).await?;
    let is_new = content_blobs::store_builtin(&mut db, ctx.now()).await?;
    // Also when it was there: what cannot be read back is not stored.
    content_blobs::load(&mut db, hash).await?.ok_or("the stored content is not there")?;
    tracing::info!(content_hash = %hash, is_new, "the content is stored");
    Ok(())
}
