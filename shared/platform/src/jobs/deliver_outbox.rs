//! Telling others what has happened.

use std::time::Duration;

use super::{Failure, Job, Start, send_webhook::QUEUE};
use crate::{ctx::Ctx, outbox::delivery, route::Secret};

/// As often as the clock can: whoever is told waits for half a minute on average. A run ends after 45 s and a batch.
pub const JOB: Job = Job {
    id: "deliver-outbox",
    summary: "Deliver what is due in the outbox to the webhook, or to the queue before it",
    timeout: Duration::from_secs(100),
    start: Start::Clock { schedule: "* * * * *", work: |ctx| Box::pin(run(ctx)) },
    needs: Some("OUTBOX_WEBHOOK_URL"),
    fills: Some(QUEUE),
    secrets: &[Secret::WebhookKey],
    ..Job::PLAIN
};

async fn run(ctx: &Ctx) -> Result<(), Failure> {
    let sum = delivery::run(ctx).await?;
    tracing::info!(delivered = sum.delivered, failed = sum.failed, dead = sum.dead, "the outbox was looked through");
    Ok(())
}
