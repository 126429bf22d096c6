//! A queue of its own for each test, at the server that stands in for Amazon's: the one that serves DynamoDB's API knows
//! SQS as well.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::services::{self, Profile};
use crate::stand_in;

/// An empty queue. It goes with the server when the tests are over.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Where the server answers.
    pub endpoint: String,
    /// The queue's URL.
    pub url: String,
}

impl Queue {
    /// A new queue.
    ///
    /// # Errors
    /// When the server cannot be had, or refuses.
    pub async fn fresh() -> Result<Self> {
        let endpoint = tokio::task::spawn_blocking(|| services::dynamodb(Profile::Test)).await??;
        let name = format!("queue-{}", Uuid::now_v7().simple());
        let made = stand_in::call(&endpoint, "sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name})).await?;
        let url = made["QueueUrl"].as_str().context("no URL")?.to_owned();
        Ok(Self { endpoint, url })
    }

    /// Takes up to ten messages, as SQS gives them: `MessageId` and `Body` among others. They stay in the queue, hidden.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn receive(&self) -> Result<Vec<Value>> {
        let request = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600});
        let mut answer = stand_in::call(&self.endpoint, "sqs", "AmazonSQS.ReceiveMessage", &request).await?;
        Ok(answer["Messages"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }
}
