//! The way to the collector: OTLP over HTTP/1.1 with protobuf. There is one request a second at most.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};

use super::otlp;
use crate::{
    config::TraceSettings,
    wire::{self, Problem},
};

/// Largest answer that is read, bytes. An honest one has a few.
const MOST: usize = 64 * 1024;

/// Sends one request. How many spans of it were refused, or what went wrong. Takes as long as the collector takes.
pub(super) async fn post(settings: &TraceSettings, body: Bytes) -> Result<u64, Problem> {
    let mut request = Request::post(settings.endpoint.as_str()).header(header::CONTENT_TYPE, "application/x-protobuf");
    for (name, value) in &settings.headers {
        request = request.header(name, value);
    }
    let response = wire::send(request.body(Full::new(body))?).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("the collector answered {status}").into());
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_protobuf = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-protobuf"));
    let answer = Limited::new(response.into_body(), MOST).collect().await?.to_bytes();
    Ok(if is_protobuf { otlp::refused(&answer) } else { 0 })
}
