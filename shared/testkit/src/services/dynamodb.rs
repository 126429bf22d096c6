//! The private DynamoDB API server of a profile: moto, installed from the checkout's pins. It keeps everything in
//! memory. Amazon's own DynamoDB Local may not be handed on, but `AWS_ENDPOINT_URL_DYNAMODB` may name one.

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::dirs::{Dirs, checkout_root};
use super::free_port;
use crate::process::{Process, Signal};
use crate::{python, record};

/// How long a start may take. It takes some seconds, for Python has much to read; the rest is for a machine under load.
const START: Duration = Duration::from_secs(120);

/// What the state file remembers.
#[derive(Serialize, Deserialize)]
struct Running {
    process: Process,
    url: String,
}

/// The URL of the server that is running, or of a new one.
pub(super) fn start(dirs: &Dirs) -> Result<String> {
    if let Some(running) = record::read::<Running>(&state_file(dirs))
        && running.process.is_alive()
    {
        return Ok(running.url);
    }
    let checkout = checkout_root()?;
    let python = python::environment(&checkout, "dynamodb")?.join("bin/python");
    for _ in 0..5 {
        let mut server = Command::new(&python);
        server.arg(checkout.join("infra/pytools/dynamodb_server.py"));
        if let Some(url) = try_start(dirs, server, free_port()?)? {
            return Ok(url);
        }
    }
    bail!("the DynamoDB API server does not start:\n{}", record::tail(&log_file(dirs)))
}

/// Stops the server if it is running.
pub(super) fn stop(dirs: &Dirs) -> Result<()> {
    let state = state_file(dirs);
    if let Some(running) = record::read::<Running>(&state) {
        running.process.stop(Signal::TERM, Duration::from_secs(5))?;
    }
    record::remove(&state)
}

/// One attempt on one port; `None` if the server ended, most likely because somebody took the port first.
fn try_start(dirs: &Dirs, mut server: Command, port: u16) -> Result<Option<String>> {
    let log = record::private_file(&log_file(dirs))?;
    // Out of reach of the terminal's Ctrl-C. As oneself: its programs are in the checkout, and it writes nothing.
    server.arg(port.to_string()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    let mut child = server.spawn().context("cannot run Python")?;
    let process = Process::find(child.id()).context("the DynamoDB API server ended at once")?;
    let running = Running { process, url: format!("http://127.0.0.1:{port}") };
    record::write(&state_file(dirs), &running)?;
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        if child.try_wait()?.is_some() {
            return Ok(None);
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(Some(running.url));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    running.process.stop(Signal::TERM, Duration::from_secs(1))?;
    bail!("the DynamoDB API server does not answer:\n{}", record::tail(&log_file(dirs)))
}

fn state_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("dynamodb.json")
}

fn log_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("dynamodb.log")
}
