//! A DynamoDB table of sessions of its own for each test, keyed as `template.yaml` keys the deployed one.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::services::{self, Profile};
use crate::stand_in;

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
        stand_in::call(&self.endpoint, "dynamodb", &format!("DynamoDB_20120810.{operation}"), &body).await
    }
}
