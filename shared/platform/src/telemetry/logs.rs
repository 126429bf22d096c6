//! One JSON object a line on stdout: fixed names at the top, everything else under `fields`.

use std::{
    cell::RefCell,
    fmt,
    io::{self, Write as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::DateTime;
use serde::Serialize;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    reload,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::Config;

/// Whether a name stands at the top of a line; dashboards and queries rely on them.
fn is_top(name: &str) -> bool {
    matches!(
        name,
        "route"
            | "request_id"
            | "trace_id"
            | "user_id"
            | "character_id"
            | "method"
            | "path"
            | "status"
            | "duration_ms"
            | "cold_start"
            | "error"
    )
}

/// How often LOG_LEVEL_FILE is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What is logged, for the time being.
pub struct Levels {
    /// As LOG_LEVEL says.
    configured: String,
    handle: reload::Handle<Targets, Lines<Stdout>>,
}

/// Sends log lines to stdout from now on.
///
/// # Errors
/// When a subscriber was installed before.
pub fn install(config: &Config) -> Result<Levels, TryInitError> {
    let filter = filter(&config.log_level).unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let (filter, handle) = reload::Layer::new(filter);
    filter.with_subscriber(Lines(to_stdout as Stdout)).try_init()?;
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

type Stdout = fn(&[u8]);

/// In one piece, so that another thread's line stands before or after it. Nobody can be told that stdout is gone.
fn to_stdout(line: &[u8]) {
    let _ = io::stdout().lock().write_all(line);
}

/// Writes each event as a line. Spans are not kept: no line says anything of them, our traces are made elsewhere (ADR 14), and
/// keeping them (`tracing_subscriber`'s registry) is most of what a Lambda function's log costs before its first event.
struct Lines<O>(O);

impl<O: Fn(&[u8]) + 'static> Subscriber for Lines<O> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
    }

    fn event(&self, event: &Event<'_>) {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => (self.0)(line.of(event)),
            // A value that logs while it is being logged.
            Err(_) => (self.0)(Line::default().of(event)),
        });
    }

    // Never called for what is not enabled.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

thread_local! {
    /// A line's parts while it is put together: kept, so that a line allocates nothing.
    static LINE: RefCell<Line> = RefCell::default();
}

/// A line, and what it is made of: members of JSON objects, each followed by a comma.
#[derive(Default)]
struct Line {
    whole: Vec<u8>,
    message: Vec<u8>,
    top: Vec<u8>,
    fields: Vec<u8>,
    /// A value on its way from `Debug` or `Display` into a JSON string.
    scratch: String,
    /// Seconds since 1970, and how they are written: one second has many lines.
    second: u64,
    date: String,
}

impl Line {
    fn of(&mut self, event: &Event<'_>) -> &[u8] {
        for part in [&mut self.whole, &mut self.message, &mut self.top, &mut self.fields] {
            part.clear();
        }
        event.record(self);
        let metadata = event.metadata();
        self.whole.extend_from_slice(b"{\"timestamp\":\"");
        self.timestamp();
        self.whole.extend_from_slice(b"\",\"level\":\"");
        self.whole.extend_from_slice(metadata.level().as_str().as_bytes());
        self.whole.extend_from_slice(b"\",\"message\":");
        self.whole.extend_from_slice(if self.message.is_empty() { b"\"\"" } else { &self.message });
        self.whole.extend_from_slice(b",\"service\":\"restart-life\",\"target\":\"");
        self.whole.extend_from_slice(metadata.target().as_bytes());
        self.whole.push(b'"');
        if let Some((_, top)) = self.top.split_last() {
            self.whole.push(b',');
            self.whole.extend_from_slice(top);
        }
        if let Some((_, fields)) = self.fields.split_last() {
            self.whole.extend_from_slice(b",\"fields\":{");
            self.whole.extend_from_slice(fields);
            self.whole.push(b'}');
        }
        self.whole.extend_from_slice(b"}\n");
        &self.whole
    }

    /// Now, to the millisecond: RFC 3339, UTC.
    fn timestamp(&mut self) {
        #[expect(clippy::disallowed_methods, reason = "a log line tells the real time, whatever a test's clock says")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() != self.second || self.date.is_empty() {
            self.second = now.as_secs();
            let time = i64::try_from(self.second).ok().and_then(|second| DateTime::from_timestamp(second, 0));
            self.date = time.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S.").to_string();
        }
        self.whole.extend_from_slice(self.date.as_bytes());
        let ms = now.subsec_millis();
        // Below 1000, so each of these is one digit.
        self.whole.extend([100, 10, 1].map(|unit| b'0' + u8::try_from(ms / unit % 10).unwrap_or_default()));
        self.whole.push(b'Z');
    }

    /// Where the value of a field goes, its name written already.
    fn member(&mut self, field: &Field) -> &mut Vec<u8> {
        let name = field.name();
        if name == "message" {
            self.message.clear();
            return &mut self.message;
        }
        let members = if is_top(name) { &mut self.top } else { &mut self.fields };
        members.push(b'"');
        members.extend_from_slice(name.as_bytes());
        members.extend_from_slice(b"\":");
        members
    }

    fn end(&mut self, field: &Field) {
        let name = field.name();
        if name != "message" {
            let members = if is_top(name) { &mut self.top } else { &mut self.fields };
            members.push(b',');
        }
    }

    fn put<T: Serialize>(&mut self, field: &Field, value: T) {
        // Writing JSON into memory cannot fail.
        let _ = serde_json::to_writer(self.member(field), &value);
        self.end(field);
    }

    /// Ids, paths and names of things hold nothing that JSON escapes.
    fn put_text(&mut self, field: &Field, text: &str) {
        if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            return self.put(field, text);
        }
        let member = self.member(field);
        member.push(b'"');
        member.extend_from_slice(text.as_bytes());
        member.push(b'"');
        self.end(field);
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
        self.put_text(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        // A value that cannot be written is written as far as it goes.
        let _ = fmt::write(&mut text, format_args!("{value:?}"));
        self.put_text(field, &text);
        self.scratch = text;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let page = Arc::new(Mutex::new(Vec::new()));
        let out = Arc::clone(&page);
        let lines = Lines(move |line: &[u8]| out.lock().expect("a page").extend_from_slice(line));
        tracing::subscriber::with_default(lines, log);
        let bytes = page.lock().expect("a page").clone();
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
            let _inside = tracing::error_span!("a span", of = "others").entered();
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
            assert!(DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
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
