//! Spans as OTLP has them: `ExportTraceServiceRequest` of opentelemetry-proto 1.x, whose field numbers are stable.

use std::borrow::Cow;

use bytes::Bytes;
use uuid::Uuid;

use super::{
    context::TraceId,
    protobuf::{Found, Message, find},
};
use crate::config::{AppEnv, TraceSettings};

/// Whose conventions our names follow.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a span is of, by OTLP's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A part of the work.
    #[default]
    Internal = 1,
    /// A request that is answered.
    Server = 2,
    /// A call of another service.
    Client = 3,
}

/// Something that took time. Ids are big-endian numbers; a parent of 0 is none.
#[derive(Debug, Default)]
pub(super) struct Span {
    pub(super) trace_id: TraceId,
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) state: String,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) began_unix_ns: u64,
    pub(super) ended_unix_ns: u64,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// Names and moments, Unix nanoseconds.
    pub(super) events: Vec<(&'static str, u64)>,
    pub(super) is_failed: bool,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Cow<'static, str>),
    Number(u32),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

/// What is the same for all spans of this process.
pub(super) struct Envelope {
    resource: Vec<(String, Value)>,
}

impl Envelope {
    /// The settings' attributes, and ours over them.
    pub(super) fn of(settings: &TraceSettings, app_env: AppEnv, instance: Uuid) -> Self {
        let own = [
            ("service.name", settings.service_name.clone()),
            ("service.version", VERSION.to_owned()),
            ("service.instance.id", instance.to_string()),
            ("deployment.environment.name", app_env.as_str().to_owned()),
        ];
        let mut resource = settings.resource.clone();
        resource.retain(|(key, _)| own.iter().all(|(name, _)| key != name));
        resource.extend(own.map(|(key, value)| (key.to_owned(), value)));
        Self { resource: resource.into_iter().map(|(key, value)| (key, value.into())).collect() }
    }

    /// The body of a POST to `/v1/traces`.
    pub(super) fn enclose(&self, spans: &[Span]) -> Bytes {
        let mut request = Message::default();
        request.message(1, |resource_spans| {
            resource_spans.message(1, |resource| {
                self.resource.iter().for_each(|(key, value)| attribute(resource, 1, key, value));
            });
            resource_spans.message(2, |scope_spans| {
                scope_spans.message(1, |scope| {
                    scope.bytes(1, "platform");
                    scope.bytes(2, VERSION);
                });
                spans.iter().for_each(|span| scope_spans.message(2, |message| write(message, span)));
                scope_spans.bytes(3, SCHEMA);
            });
            resource_spans.bytes(3, SCHEMA);
        });
        request.into_bytes().into()
    }
}

fn write(message: &mut Message, span: &Span) {
    const SAMPLED: u32 = 1;
    const STATUS_ERROR: u64 = 2;
    message.bytes(1, span.trace_id);
    message.bytes(2, span.id.to_be_bytes());
    message.bytes(3, &span.state);
    if span.parent != 0 {
        message.bytes(4, span.parent.to_be_bytes());
    }
    message.bytes(5, span.name.as_ref());
    message.varint(6, span.kind as u64);
    message.fixed64(7, span.began_unix_ns);
    message.fixed64(8, span.ended_unix_ns);
    span.attributes.iter().for_each(|(key, value)| attribute(message, 9, key, value));
    for (name, at_unix_ns) in &span.events {
        message.message(11, |event| {
            event.fixed64(1, *at_unix_ns);
            event.bytes(2, name);
        });
    }
    if span.is_failed {
        message.message(15, |status| status.varint(3, STATUS_ERROR));
    }
    message.fixed32(16, SAMPLED);
}

fn attribute(message: &mut Message, field: u64, key: &str, value: &Value) {
    message.message(field, |pair| {
        pair.bytes(1, key);
        pair.message(2, |any| match value {
            Value::Text(text) => any.bytes(1, text.as_ref()),
            Value::Number(number) => any.varint(3, u64::from(*number)),
        });
    });
}

/// How many spans a collector that took a request says that it refused of it (`partial_success.rejected_spans`). An
/// answer that cannot be read refuses none.
pub(super) fn refused(answer: &[u8]) -> u64 {
    match find(answer, 1) {
        Some(Found::Bytes(partial)) => match find(partial, 1) {
            Some(Found::Number(spans)) => spans,
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_may_take_a_part() {
        // {partial_success: {rejected_spans: 3, error_message: "no"}}
        assert_eq!(refused(&[0x0a, 6, 0x08, 3, 0x12, 2, b'n', b'o']), 3);
        assert_eq!((refused(&[]), refused(&[0x0a, 0]), refused(b"<html>")), (0, 0, 0));
    }
}
