//! One JSON object a line on stdout: fixed names at the top, everything else under `fields`.

use std::{cell::RefCell, fmt, io, path::Path, time::Duration};

use chrono::SecondsFormat;
use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Registry,
    filter::Targets,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
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

/// How often LOG_LEVEL_FILE is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What is logged, for the time being.
pub struct Levels {
    /// As LOG_LEVEL says.
    configured: String,
    handle: reload::Handle<Targets, Registry>,
}

/// Sends log lines to stdout from now on.
///
/// # Errors
/// When a subscriber was installed before.
pub fn install(config: &Config) -> Result<Levels, TryInitError> {
    let filter = filter(&config.log_level).unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let (filter, handle) = reload::Layer::new(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stdout).event_format(JsonLine);
    tracing_subscriber::registry().with(filter).with(layer).try_init()?;
    Ok(Levels { configured: config.log_level.clone(), handle })
}

/// Below INFO hyper and the Lambda runtime write whole requests, passwords and tokens included: they are held there.
fn filter(text: &str) -> Option<Targets> {
    let filter: Targets = text.parse().ok()?;
    Some(filter.with_targets(["lambda_runtime", "lambda_http", "hyper", "h2"].map(|target| (target, Level::INFO))))
}

impl Levels {
    /// Follows a file for as long as the process lives: its content replaces LOG_LEVEL while it is there, not empty and
    /// right. What is wrong in it is said once and changes nothing.
    pub async fn follow(&self, file: &Path) {
        let mut last = String::new();
        loop {
            // A few bytes of a mounted ConfigMap: not worth a thread.
            let wanted = std::fs::read_to_string(file).unwrap_or_default();
            let wanted = wanted.trim();
            if wanted != last {
                self.set(if wanted.is_empty() { &self.configured } else { wanted });
                wanted.clone_into(&mut last);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn set(&self, level: &str) {
        match filter(level) {
            Some(filter) => {
                if self.handle.reload(filter).is_ok() {
                    tracing::info!(level, "the log level was changed");
                }
            }
            None => tracing::warn!("LOG_LEVEL_FILE is not a list of levels such as info,platform::cache=debug"),
        }
    }
}

struct JsonLine;

thread_local! {
    /// A line's parts while it is put together: kept, so that a line allocates nothing.
    static LINE: RefCell<Line> = RefCell::default();
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => line.write(writer, event),
            // A value that logs while it is being logged.
            Err(_) => Line::default().write(writer, event),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line tells the real time, whatever a test's clock says")]
fn timestamp() -> impl fmt::Display {
    chrono::Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Members of a JSON object, each followed by a comma.
#[derive(Default)]
struct Line {
    message: Vec<u8>,
    top: Vec<u8>,
    fields: Vec<u8>,
    /// A value on its way from `Debug` or `Display` into a JSON string.
    scratch: String,
}

impl Line {
    fn write(&mut self, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        for part in [&mut self.message, &mut self.top, &mut self.fields] {
            part.clear();
        }
        event.record(self);
        let metadata = event.metadata();
        write!(writer, r#"{{"timestamp":"{}","level":"{}","message":"#, timestamp(), metadata.level())?;
        writer.write_str(if self.message.is_empty() { "\"\"" } else { utf8(&self.message)? })?;
        write!(writer, r#","service":"restart-life","target":"{}""#, metadata.target())?;
        if let Some((_, top)) = self.top.split_last() {
            writer.write_char(',')?;
            writer.write_str(utf8(top)?)?;
        }
        if let Some((_, fields)) = self.fields.split_last() {
            writer.write_str(r#","fields":{"#)?;
            writer.write_str(utf8(fields)?)?;
            writer.write_char('}')?;
        }
        writer.write_str("}\n")
    }

    fn put<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) {
        let name = field.name();
        if name == "message" {
            self.message.clear();
            // Writing JSON into memory cannot fail.
            let _ = serde_json::to_writer(&mut self.message, value);
            return;
        }
        let members = if TOP.contains(&name) { &mut self.top } else { &mut self.fields };
        members.push(b'"');
        members.extend_from_slice(name.as_bytes());
        members.extend_from_slice(b"\":");
        let _ = serde_json::to_writer(&mut *members, value);
        members.push(b',');
    }
}

fn utf8(part: &[u8]) -> Result<&str, fmt::Error> {
    std::str::from_utf8(part).map_err(|_| fmt::Error)
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, &((value * 1000.0).round() / 1000.0));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, &value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, &value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, &value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        // A value that cannot be written is written as far as it goes.
        let _ = fmt::write(&mut text, format_args!("{value:?}"));
        self.put(field, text.as_str());
        self.scratch = text;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a page").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Page {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(page.clone()).event_format(JsonLine);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = page.0.lock().expect("a page").clone();
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let hostile = "a \"quote\"\n{\"level\":\"ERROR\"}\u{0}\u{2028}";
        let lines = lines(|| {
            tracing::info!(
                route = "game-state",
                status = 200_u16,
                duration_ms = 1.23456,
                path = hostile,
                n = 1,
                ok = true,
                "request"
            );
            tracing::warn!(error = %hostile, list = ?["a"], nothing = Option::<&str>::None, "{hostile}");
            tracing::error!("");
        });
        let [first, second, third] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(first["message"], "request");
        assert_eq!((&first["status"], &first["duration_ms"]), (&json!(200), &json!(1.235)));
        assert_eq!((&first["path"], &first["fields"]), (&json!(hostile), &json!({"n": 1, "ok": true})));
        assert_eq!((&second["message"], &second["error"]), (&json!(hostile), &json!(hostile)));
        assert_eq!(second["fields"], json!({"list": "[\"a\"]"}));
        assert_eq!((&third["message"], &third["fields"]), (&json!(""), &Value::Null));
        for line in &lines {
            assert_eq!(line["service"], "restart-life");
            let time = line["timestamp"].as_str().expect("a time");
            assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
        }
    }

    #[test]
    fn what_would_write_whole_requests_is_held_at_info() {
        let filter = filter("trace").expect("a level");
        let shows = |target| filter.would_enable(target, &Level::DEBUG);
        assert!(shows("platform::cache"));
        for target in ["hyper::proto", "h2::codec", "lambda_http", "lambda_runtime::layers"] {
            assert!(!shows(target), "{target}");
        }
        assert!(super::filter("loud=very").is_none());
    }
}
