//! Calls of the server that stands in for services of Amazon: it asks who calls, and believes it.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Calls an operation of a service, such as `dynamodb` `DynamoDB_20120810.Scan`.
pub(crate) async fn call(endpoint: &str, service: &str, operation: &str, body: &Value) -> Result<Value> {
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = reqwest::Client::new().post(endpoint).header("authorization", signed);
    let request = request.header("x-amz-target", operation);
    let request = request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
    let answer = request.send().await.with_context(|| format!("{operation} at {endpoint}"))?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{operation}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}
