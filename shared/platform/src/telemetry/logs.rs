//! One JSON object a line on stdout: fixed names at the top, everything else under `fields`.

use std::{fmt, io};

use chrono::SecondsFormat;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::Targets,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::Config;

/// The names that stand at the top of a line; dashboards and queries rely on them.
const TOP: &[&str] = &[
    "route",
    "request_id",
    "trace_id",
    "user_id",
    "character_id",
    "method",
    "path",
    "status",
    "duration_ms",
    "cold_start",
    "error",
];

/// Sends log lines to stdout from now on.
///
/// # Errors
/// When a subscriber was installed before.
pub fn install(config: &Config) -> Result<(), TryInitError> {
    let filter: Targets = config.log_level.parse().unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    // Below INFO these write whole requests, passwords and tokens included.
    let filter =
        filter.with_targets(["lambda_runtime", "lambda_http", "hyper", "h2"].map(|target| (target, Level::INFO)));
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stdout).event_format(JsonLine);
    tracing_subscriber::registry().with(filter).with(layer).try_init()
}

struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        let mut object = Map::new();
        object.insert("timestamp".into(), timestamp().into());
        object.insert("level".into(), metadata.level().as_str().into());
        object.insert("message".into(), line.message.into());
        object.insert("service".into(), "restart-life".into());
        object.insert("target".into(), metadata.target().into());
        object.extend(line.top);
        if !line.fields.is_empty() {
            object.insert("fields".into(), line.fields.into());
        }
        writeln!(writer, "{}", Value::Object(object))
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line tells the real time, whatever a test's clock says")]
fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[derive(Default)]
struct Line {
    message: String,
    top: Map<String, Value>,
    fields: Map<String, Value>,
}

impl Line {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let value = value.into();
        match field.name() {
            "message" => self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            name if TOP.contains(&name) => _ = self.top.insert(name.to_owned(), value),
            name => _ = self.fields.insert(name.to_owned(), value),
        }
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, (value * 1000.0).round() / 1000.0);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
