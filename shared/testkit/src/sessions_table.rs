//! A DynamoDB table of sessions of its own for each test, keyed as `template.yaml` keys the deployed one.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::services::{self, Profile};

/// The server asks who calls, and believes it.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// An empty table. It goes with the server when the tests are over.
#[derive(Clone, Debug)]
pub struct SessionsTable {
    /// Where the server answers.
    pub endpoint: String,
    /// The table's name.
    pub name: String,
}

impl SessionsTable {
    /// A new table.
    ///
    /// # Errors
    /// When the server cannot be had, or refuses.
    pub async fn fresh() -> Result<Self> {
        let endpoint = tokio::task::spawn_blocking(|| services::dynamodb(Profile::Test)).await??;
        let table = Self { endpoint, name: format!("sessions-{}", Uuid::now_v7().simple()) };
        let text = |name| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |name, kind| json!({"AttributeName": name, "KeyType": kind});
        let schema = json!({
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [text("user_id"), text("session_id")],
            "KeySchema": [key("user_id", "HASH"), key("session_id", "RANGE")],
        });
        table.call("CreateTable", schema).await?;
        Ok(table)
    }

    /// Every item, with its secrets.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn items(&self) -> Result<Vec<Value>> {
        let mut page = self.call("Scan", json!({"ConsistentRead": true})).await?;
        ensure!(page["LastEvaluatedKey"].is_null(), "more than a test's table holds");
        Ok(page["Items"].as_array_mut().context("no items")?.drain(..).collect())
    }

    async fn call(&self, operation: &str, mut body: Value) -> Result<Value> {
        body["TableName"] = self.name.as_str().into();
        let request = reqwest::Client::new().post(&self.endpoint).header("authorization", SIGNED);
        let request = request.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let request = request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
        let answer = request.send().await.with_context(|| format!("{operation} at {}", self.endpoint))?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{operation}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }
}
