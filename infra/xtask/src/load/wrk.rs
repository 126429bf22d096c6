//! One run of wrk.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::SKEW;
use crate::stack::interrupt::Interrupt;

/// The seed's threads and connections.
const THREADS: u32 = 12;
const CONNECTIONS: u32 = 400;

/// wrk with the seed's parameters and its script.
pub(super) struct Wrk {
    pub(super) program: PathBuf,
    pub(super) script: PathBuf,
    pub(super) tokens: PathBuf,
}

/// What the script prints at its end.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct Figures {
    pub(super) requests: u64,
    duration_us: u64,
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Wrk {
    /// Runs it against a gateway for so many seconds.
    pub(super) async fn run(&self, url: &str, seconds: u64, interrupt: &Interrupt) -> Result<Figures> {
        let mut command = Command::new(&self.program);
        command.arg(format!("-t{THREADS}")).arg(format!("-c{CONNECTIONS}")).arg(format!("-d{seconds}s"));
        command.arg("--script").arg(&self.script).arg(format!("{url}/api/v1/characters"));
        command.arg("--").arg(&self.tokens).arg(SKEW.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let output = interrupt.run(&mut command).await?;
        ensure!(output.status.success(), "wrk failed ({})", output.status);
        Figures::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// Its command line as the seed writes it.
    pub(super) fn line(seconds: u64, script: &Path) -> String {
        format!("wrk -t{THREADS} -c{CONNECTIONS} -d{seconds}s --script={} …/api/v1/characters", script.display())
    }
}

impl Figures {
    fn parse(output: &str) -> Result<Self> {
        let line = output.lines().next_back().context("wrk said nothing")?;
        serde_json::from_str(line).with_context(|| format!("the script did not end as it should: {output}"))
    }

    /// Answers of 400 and above, broken connections, and requests nobody answered.
    pub(super) fn errors(self) -> u64 {
        self.connect + self.read + self.write + self.status + self.timeout
    }

    /// Requests a second.
    pub(super) fn rate(self) -> f64 {
        let duration = Duration::from_micros(self.duration_us.max(1)).as_secs_f64();
        // Exact up to 2^53 requests.
        #[expect(clippy::cast_precision_loss, reason = "no run has that many requests")]
        let requests = self.requests as f64;
        requests / duration
    }

    /// Latencies at the 50th, 95th and 99th percentile, ms.
    pub(super) fn latencies_ms(self) -> [f64; 3] {
        [self.p50_us, self.p95_us, self.p99_us].map(|us| Duration::from_micros(us).as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_holds_the_figures() {
        let output = "Running 1s test\nRequests/sec: 2\n{\"requests\":200,\"duration_us\":2000000,\"p50_us\":1500,\
            \"p95_us\":2500,\"p99_us\":9000,\"connect\":0,\"read\":1,\"write\":0,\"status\":2,\"timeout\":0}\n";
        let figures = Figures::parse(output).unwrap();
        assert_eq!((figures.rate(), figures.errors(), figures.latencies_ms()), (100.0, 3, [1.5, 2.5, 9.0]));
        assert!(Figures::parse("wrk: unable to connect").is_err());
    }
}
