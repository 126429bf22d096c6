//! One instance of a function: the emulator and, as its child, the route's binary.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;

use super::Route;

/// How long the emulator may take until it listens; some 20 ms as a rule.
const START: Duration = Duration::from_secs(15);

/// Ends the emulator when this process ends in whatever way: only then does `cat` see its input end. The emulator
/// ends the binary when it is asked to end. Both are out of reach of the terminal's Ctrl-C, which would kill the
/// guard first.
const GUARD: &str = r#"exec 3<&0; "$@" 3<&- & emulator=$!; cat <&3 >/dev/null; kill -TERM $emulator; wait $emulator"#;

/// What every instance of a function has in common.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub(super) emulator: &'a Path,
    pub(super) bin: PathBuf,
    pub(super) route: &'a Route,
    pub(super) env: &'a std::collections::BTreeMap<String, String>,
    /// Where the emulator and the binary print to; appended to.
    pub(super) log: PathBuf,
}

/// A running instance. It takes one invocation at a time. Dropping it ends both processes.
#[derive(Debug)]
pub(super) struct Function {
    guard: Child,
    address: SocketAddr,
}

impl Function {
    /// Starts the emulator, which starts the binary at its first invocation.
    pub(super) async fn start(launch: &Launch<'_>) -> Result<Self> {
        if !launch.bin.is_file() {
            bail!("{} is not built", launch.bin.display());
        }
        let log = File::options().create(true).append(true).open(&launch.log)?;
        let (address, runtime_api) = (free_address()?, free_address()?);
        let mut command = Command::new("sh");
        command
            .args(["-c", GUARD, "guard"])
            .arg(launch.emulator)
            .args(["--log-level", "error"])
            .args(["--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &runtime_api.to_string()])
            .arg(&launch.bin)
            .env_clear()
            .envs(launch.env)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_FUNCTION_NAME", &launch.route.id)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", launch.route.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", launch.route.timeout_s.to_string())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        let guard = command.spawn().context("cannot start the emulator")?;
        let function = Self { guard, address };
        // The emulator opens the two in no certain order, and does not wait for the second before it starts the binary.
        for address in [address, runtime_api] {
            listening(address, &launch.log).await?;
        }
        Ok(function)
    }

    /// Where to post events to.
    pub(super) fn invoke_url(&self) -> String {
        format!("http://{}/2015-03-31/functions/function/invocations", self.address)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // A guard that cannot be waited for has already been collected.
        let _ = self.guard.wait();
    }
}

/// Waits until something listens at an address of the emulator's.
async fn listening(address: SocketAddr, log: &Path) -> Result<()> {
    let deadline = Instant::now() + START;
    while TcpStream::connect(address).await.is_err() {
        if Instant::now() > deadline {
            bail!("the emulator does not listen:\n{}", fs::read_to_string(log).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// An address that is free and stays free: each process of ours looks on a loopback address of its own, so no other
/// can take the port between this look and the emulator's.
fn free_address() -> Result<SocketAddr> {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    // 127.0.0.1 itself is everybody's.
    let own = Ipv4Addr::new(127, a | 0x80, b, c);
    Ok(TcpListener::bind((own, 0))?.local_addr()?)
}
