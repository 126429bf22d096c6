//! A queue of Amazon SQS between the outbox and its sender.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};

use crate::{aws, config::OutboxSettings, error::chain, outbox::Message};

/// Longest one attempt to reach SQS may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// As many as SQS takes at once.
pub(super) const AT_ONCE: usize = 10;

/// A queue and the way to it.
pub(super) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue of this URL. Nothing is asked of it yet.
    pub(super) async fn new(settings: &OutboxSettings, url: &str) -> Self {
        let client = Client::new(&aws::settings(settings.sqs_endpoint.as_deref(), PATIENCE).await);
        Self { client, url: url.to_owned() }
    }

    /// Puts up to ten messages there; what became of each.
    pub(super) async fn put(&self, messages: &[Message]) -> Vec<Result<(), String>> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (place, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(message.text());
            match entry.build() {
                Ok(entry) => request = request.entries(entry),
                Err(error) => return vec![Err(chain(&error)); messages.len()],
            }
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return vec![Err(chain(&error)); messages.len()],
        };
        let mut outcomes = vec![Err("the queue said nothing of it".to_owned()); messages.len()];
        let place = |id: &str| id.parse::<usize>().ok();
        for taken in answer.successful() {
            if let Some(outcome) = place(taken.id()).and_then(|place| outcomes.get_mut(place)) {
                *outcome = Ok(());
            }
        }
        for refused in answer.failed() {
            if let Some(outcome) = place(refused.id()).and_then(|place| outcomes.get_mut(place)) {
                *outcome = Err(format!("the queue refused it: {}", refused.code()));
            }
        }
        outcomes
    }
}
