//! Sending what waits in a queue: on AWS the outbox is emptied into SQS, which keeps, repeats and puts aside by itself, and
//! starts as many of these as there is work for.

use std::time::Duration;

use super::{Failure, Job, Start};
use crate::{ctx::Ctx, outbox::webhook::Webhook, route::Secret};

/// The queue's name.
pub(super) const QUEUE: &str = "outbox";

/// A message is tried for some five hours, and then put aside for two weeks.
pub const JOB: Job = Job {
    id: "send-webhook",
    summary: "Send a message of the outbox's queue to the webhook",
    timeout: Duration::from_secs(10),
    start: Start::Queue { name: QUEUE, tries: 250, work: |ctx, message| Box::pin(run(ctx, message)) },
    needs: Some("OUTBOX_WEBHOOK_URL"),
    secrets: &[Secret::WebhookKey],
    stores: false,
    ..Job::PLAIN
};

async fn run(ctx: &Ctx, message: &str) -> Result<(), Failure> {
    let webhook = Webhook::of(&ctx.config().outbox)?.ok_or("OUTBOX_WEBHOOK_URL is not set")?;
    Ok(webhook.send_text(ctx, message).await?)
}
