//! The gateway as a program of its own: what the container and `cargo xtask up` run.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use serde_json::Value;
use testkit::{
    app::{SIGNING_KEY, VERIFYING_KEY},
    database,
    process::{Process, Signal},
};

/// The settings of any shell under test, on a database of its own.
pub(crate) async fn settings() -> Vec<(&'static str, String)> {
    vec![
        ("APP_ENV", "test".to_owned()),
        ("DATABASE_URL", database::fresh().await.expect("a database")),
        ("REDIS_URL", database::redis_url().await.expect("Redis")),
        ("AUTH_SIGNING_KEY", SIGNING_KEY.to_owned()),
        ("AUTH_VERIFYING_KEYS", VERIFYING_KEY.to_owned()),
        ("RATE_LIMIT_PERCENT", "0".to_owned()),
        ("ARGON2_MEMORY_KIB", "64".to_owned()),
        ("ARGON2_ITERATIONS", "1".to_owned()),
        // No load balancer has to hear of its end first.
        ("SHUTDOWN_DELAY_SECONDS", "0".to_owned()),
    ]
}

/// A running gateway; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Reads the log to its end, so that the gateway never waits for a full pipe.
    log: Option<JoinHandle<String>>,
    /// `http://127.0.0.1:…`
    pub(crate) url: String,
    /// Where `/metrics` is.
    pub(crate) metrics_url: String,
}

impl Server {
    /// Starts `gateway serve` with nothing in its environment but `settings`, and waits until it listens.
    pub(crate) fn start(settings: &[(&str, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .arg("serve")
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("METRICS_PORT", "0")])
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let lines = BufReader::new(child.stdout.take().expect("its log")).lines();
        let (listening, address) = mpsc::channel();
        let log = thread::spawn(move || {
            let mut log = String::new();
            for line in lines.map_while(Result::ok) {
                let entry: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a JSON line: {line}"));
                if entry["message"] == "listening" {
                    let _ = listening.send(entry["fields"].clone());
                }
                log.push_str(&line);
                log.push('\n');
            }
            log
        });
        let addresses = address.recv().expect("it ended before it listened");
        let url = |field: &str| format!("http://{}", addresses[field].as_str().expect("an address"));
        Self { url: url("addr"), metrics_url: url("metrics_addr"), child, log: Some(log) }
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        let process = Process::find(self.child.id()).expect("it runs");
        process.signal(Signal::TERM).expect("a signal");
    }

    /// Waits for its end; gives its exit code and its log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("its end").code();
        let log = self.log.take().map(JoinHandle::join);
        (code, log.expect("a log").expect("JSON lines"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
