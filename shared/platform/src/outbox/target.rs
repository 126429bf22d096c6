//! Where the outbox is emptied into: the webhook itself, or the queue before it.

use futures_util::{StreamExt as _, future::BoxFuture, stream};

use super::{
    Message,
    queue::{self, Queue},
    webhook::Webhook,
};
use crate::ctx::Ctx;

/// How many messages a receiver gets at once from one run.
const AT_ONCE: usize = 8;

/// Where messages go.
pub(super) enum Target {
    Webhook(Webhook),
    Queue(Queue),
}

impl Target {
    /// What the settings say; `None` where nobody is told.
    ///
    /// # Errors
    /// When a setting is missing.
    pub(super) async fn of(ctx: &Ctx) -> Result<Option<Self>, String> {
        let settings = &ctx.config().outbox;
        match (&settings.webhook_url, &settings.queue_url) {
            (None, _) => Ok(None),
            (Some(_), Some(url)) => Ok(Some(Self::Queue(Queue::new(settings, url).await))),
            (Some(_), None) => Ok(Webhook::of(settings)?.map(Self::Webhook)),
        }
    }

    /// How many messages are well sent together: all are on their way within twice [`super::webhook::PATIENCE`].
    pub(super) const fn batch(&self) -> usize {
        match self {
            Self::Webhook(_) => 2 * AT_ONCE,
            Self::Queue(_) => queue::AT_ONCE,
        }
    }

    /// Sends them; what became of each, in their order.
    pub(super) async fn send(&self, ctx: &Ctx, messages: &[Message]) -> Vec<Result<(), String>> {
        match self {
            Self::Webhook(webhook) => {
                // Boxed one by one: of a stream of closures' futures the compiler cannot tell that it may change threads.
                let mut sends: Vec<BoxFuture<'_, Result<(), String>>> = Vec::new();
                for message in messages {
                    sends.push(Box::pin(webhook.send(ctx, message.id, message.text())));
                }
                stream::iter(sends).buffered(AT_ONCE).collect().await
            }
            Self::Queue(queue) => queue.put(messages).await,
        }
    }
}
