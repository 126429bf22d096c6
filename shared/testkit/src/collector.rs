//! A real collector of traces (rotel) for what the application under test sends. It takes OTLP as any collector does and
//! prints what it understood; that is read back here.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{python, services};

/// How long the collector may take until it listens, and how long its output is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the collector when this process ends in whatever way: only then does `cat` see its input end.
const GUARD: &str =
    r#"exec 3<&0; "$@" 3<&- </dev/null & collector=$!; cat <&3 >/dev/null; kill $collector; wait $collector"#;

/// The collector, and what it has taken.
#[derive(Debug)]
pub struct Collector {
    guard: Child,
    folder: TempDir,
    port: u16,
}

/// A span as the collector understood it. Ids in hex; a number in an attribute as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are OTLP's")]
pub struct TakenSpan {
    pub trace_id: String,
    pub parent_id: String,
    pub id: String,
    pub name: String,
    /// `SPAN_KIND_SERVER` and its like.
    pub kind: String,
    pub trace_state: String,
    pub start_ns: u64,
    pub end_ns: u64,
    pub is_error: bool,
    pub attributes: BTreeMap<String, String>,
    pub events: Vec<String>,
    /// The attributes of what sent it.
    pub resource: BTreeMap<String, String>,
}

impl Collector {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// Without Python, or when rotel cannot be installed or does not listen.
    pub async fn start() -> Result<Self> {
        tokio::task::spawn_blocking(Self::start_here).await?
    }

    fn start_here() -> Result<Self> {
        let program = program(&python::environment(&services::checkout_root()?, "otlp")?)?;
        let folder = tempfile::tempdir()?;
        let (grpc, port) = (free_port()?, free_port()?);
        let log = File::create(log(folder.path()))?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(["start", "--exporter", "blackhole", "--disable-batching"])
            .args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{port}")])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the collector")?;
        let collector = Self { guard, folder, port };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(Instant::now() < deadline, "the collector does not listen:\n{}", collector.output());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(collector)
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` must be to reach it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything it has printed, as it came.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(log(self.folder.path())).unwrap_or_default()
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<TakenSpan> {
        read(&self.output())
    }

    /// The spans of a trace, once there is one of that name among them; those there are when it does not come in time.
    pub async fn trace(&self, trace_id: &str, until: &str) -> Vec<TakenSpan> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut spans = self.spans();
            spans.retain(|span| span.trace_id == trace_id);
            if spans.iter().any(|span| span.name == until) || Instant::now() > deadline {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("collector.log")
}

/// The program lies in a folder that is named by Python's version.
fn program(environment: &Path) -> Result<PathBuf> {
    let versions = fs::read_dir(environment.join("lib"))?.filter_map(Result::ok);
    let mut programs = versions.map(|version| version.path().join("site-packages/rotel/rotel-agent"));
    programs.find(|program| program.is_file()).context("rotel's program is not where it used to be")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Reads the collector's words.
fn read(output: &str) -> Vec<TakenSpan> {
    let mut spans: Vec<TakenSpan> = Vec::new();
    let mut resource = BTreeMap::new();
    let mut is_within_span = false;
    for line in output.lines() {
        if line.starts_with("ResourceSpans #") {
            (is_within_span, resource) = (false, BTreeMap::new());
        } else if line.starts_with("Span #") {
            is_within_span = true;
            spans.push(TakenSpan { resource: resource.clone(), ..TakenSpan::default() });
        } else if let Some((key, value)) = line.trim_start().strip_prefix("-> ").and_then(|line| line.split_once(": "))
        {
            let bare = value.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            match (spans.last_mut().filter(|_| is_within_span), bare) {
                (Some(span), Some(value)) => _ = span.attributes.insert(key.to_owned(), value.to_owned()),
                (Some(span), None) if key == "Name" => span.events.push(value.to_owned()),
                (None, Some(value)) => _ = resource.insert(key.to_owned(), value.to_owned()),
                _ => {}
            }
        } else if let (Some(span), Some((name, value))) = (spans.last_mut(), line.split_once(':')) {
            let value = value.trim();
            match name.trim() {
                "Trace ID" => value.clone_into(&mut span.trace_id),
                "Parent ID" => value.clone_into(&mut span.parent_id),
                "ID" => value.clone_into(&mut span.id),
                "Name" => value.clone_into(&mut span.name),
                "Kind" => value.clone_into(&mut span.kind),
                "TraceState" => value.clone_into(&mut span.trace_state),
                "Start time" => span.start_ns = value.parse().unwrap_or_default(),
                "End time" => span.end_ns = value.parse().unwrap_or_default(),
                "Status code" => span.is_error = value == "STATUS_CODE_ERROR",
                _ => {}
            }
        }
    }
    spans
}
