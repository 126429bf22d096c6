//! Telling a Pushgateway how a job ended: its process is gone before Prometheus could ask it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::metrics::exporter;

/// Longest wait. A job has done its work by then, and its platform should not run it again for this.
const PATIENCE: Duration = Duration::from_secs(3);

/// Puts everything this process has counted under `job` (as a group of its own: what the last run left there stays only
/// where this one says nothing of the same name).
///
/// # Errors
/// In words, when the Pushgateway did not take it.
pub async fn push(url: &str, job: &str) -> Result<(), String> {
    let Some(page) = exporter::render() else { return Err("METRICS_EXPORTER is not prometheus".to_owned()) };
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/metrics/job/{job}", url.trim_end_matches('/')))
        .header(header::CONTENT_TYPE, "text/plain; version=0.0.4")
        .body(Full::new(Bytes::from(page)))
        .map_err(|error| error.to_string())?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = tokio::time::timeout(PATIENCE, client.request(request)).await;
    let answer = answer.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?;
    let status = answer.map_err(|error| crate::error::chain(&error))?.status();
    if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
}
