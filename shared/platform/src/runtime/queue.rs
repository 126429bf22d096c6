//! Messages of an SQS queue, as Lambda hands them to a function: in batches, of which each may fail by itself.
//!
//! The structs are our own: of a message we need two words, and the library's feature for SQS would have everything built anew
//! that stands on it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    ctx::Ctx,
    jobs::{Failure, Job},
};

/// An event of an event source mapping.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "messageId")]
    message_id: String,
    body: String,
}

/// Works on all messages at once. The answer names those that failed, which come again; the others are deleted.
///
/// # Errors
/// For what is no event of a queue: then all of it comes again.
pub(super) async fn batch(
    ctx: &'static Ctx,
    job: &'static Job,
    event: Value,
    limit: Duration,
) -> Result<Value, Failure> {
    let batch: Batch = serde_json::from_value(event).map_err(|error| format!("no event of a queue: {error}"))?;
    // A task each: one that panics fails alone. None outlives this function.
    let mut tasks = JoinSet::new();
    let mut failed: Vec<_> = batch.records.iter().map(|record| (record.message_id.clone(), true)).collect();
    for (place, Record { message_id, body }) in batch.records.into_iter().enumerate() {
        tasks.spawn(async move {
            tracing::info!(job = job.id, message_id, "called");
            (place, job.handle(ctx, &body, limit).await.is_ok())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((place, is_done)) => failed[place].1 = !is_done,
            Err(error) => tracing::error!(job = job.id, error = %error, "a message broke the job"),
        }
    }
    let failures = failed.iter().filter(|(_, has_failed)| *has_failed);
    let failures: Vec<_> = failures.map(|(id, _)| json!({"itemIdentifier": id})).collect();
    Ok(json!({"batchItemFailures": failures}))
}
