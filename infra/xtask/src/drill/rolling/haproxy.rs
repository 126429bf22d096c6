//! A real HAProxy in front of the gateways: it sends requests to whoever says `200` on /ready, as a cluster's Service does,
//! and repeats nothing, so that no failure stays hidden.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::process::{Process, Signal};
use testkit::{record, services};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Between two probes of a server; two failed ones take it out. An order of magnitude faster than a kubelet, like all of
/// this drill.
const PROBE_MS: u64 = 300;
/// Longest wait for what takes a few probes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Both ways in: by requests, each of which may go elsewhere, and by connections, as a load balancer of layer 4 does.
const BACKENDS: [&str; 2] = ["requests", "connections"];

/// A running HAProxy; killed when dropped.
pub(super) struct HaProxy {
    child: Child,
    process: Process,
    statistics: SocketAddr,
    /// Where clients come in, one address for each of [`BACKENDS`].
    pub(super) doors: [SocketAddr; 2],
}

/// What it knows of one server, in one backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    backend: String,
    server: String,
    is_up: bool,
    /// How often it was taken out.
    times_out: u64,
    /// Connections that could not be made, and answers that broke off.
    errors: u64,
}

impl HaProxy {
    /// Starts it before servers at these addresses, which need not run yet.
    pub(super) async fn start(folder: &Path, servers: &[SocketAddr]) -> Result<Self> {
        let program = tokio::task::spawn_blocking(services::haproxy).await??;
        let (statistics, first, second) = (free_address()?, free_address()?, free_address()?);
        let doors = [first, second];
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, configuration(statistics, doors, servers)?)?;
        let log_path = folder.join("haproxy.log");
        let log = record::private_file(&log_path)?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&file).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().context("cannot run HAProxy")?;
        let process = child.id().and_then(Process::find).context("HAProxy ended at once")?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(statistics).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("HAProxy ended ({status}):\n{}", record::tail(&log_path));
            }
            ensure!(Instant::now() < deadline, "HAProxy does not listen:\n{}", record::tail(&log_path));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { child, process, statistics, doors })
    }

    /// Waits until all its backends have a server in rotation, or out of it.
    pub(super) async fn sees(&self, server: usize, up: bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let name = name_of(server);
        loop {
            let seen = self.look().await?;
            let mut ours = seen.iter().filter(|seen| seen.server == name);
            if ours.all(|seen| seen.is_up == up) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "HAProxy does not see {name} {}", if up { "up" } else { "down" });
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How often servers were taken out of rotation, over all backends, and how many connections and answers went wrong.
    pub(super) async fn totals(&self) -> Result<(u64, u64)> {
        let seen = self.look().await?;
        Ok((seen.iter().map(|seen| seen.times_out).sum(), seen.iter().map(|seen| seen.errors).sum()))
    }

    async fn look(&self) -> Result<Vec<Seen>> {
        let mut stream = TcpStream::connect(self.statistics).await?;
        stream.write_all(b"show stat\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        read(&text)
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.process.signal(Signal::TERM)?;
        tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await.context("HAProxy does not end")??;
        Ok(())
    }
}

fn name_of(server: usize) -> String {
    format!("gateway_{server}")
}

/// `retries 0` and no redispatch: HAProxy would otherwise send a request that found no server to another one.
fn configuration(statistics: SocketAddr, doors: [SocketAddr; 2], servers: &[SocketAddr]) -> Result<String> {
    let mut text = format!(
        "global\n    maxconn 4000\n    stats socket ipv4@{statistics} level user\n\
         defaults\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    timeout check 5s\n    retries 0\n    \
         option httpchk GET /ready\n    http-check expect status 200\n    \
         default-server check inter {PROBE_MS}ms fall 2 rise 1\n"
    );
    for ((backend, door), mode) in BACKENDS.into_iter().zip(doors).zip(["http", "tcp"]) {
        write!(text, "listen {backend}\n    mode {mode}\n    bind {door}\n    balance roundrobin\n")?;
        if mode == "http" {
            text.push_str("    http-reuse always\n");
        }
        for (number, address) in servers.iter().enumerate() {
            writeln!(text, "    server {} {address}", name_of(number))?;
        }
    }
    Ok(text)
}

/// The rows of servers in the CSV that HAProxy answers `show stat` with.
fn read(text: &str) -> Result<Vec<Seen>> {
    let mut lines = text.lines();
    let head: Vec<_> = lines.next().context("no statistics")?.trim_start_matches("# ").split(',').collect();
    let column = |name: &str| {
        head.iter().position(|column| *column == name).with_context(|| format!("no column {name} in {head:?}"))
    };
    let [backend, server, status, times_out, connecting, answering] =
        ["pxname", "svname", "status", "chkdown", "econ", "eresp"].map(column);
    let [backend, server, status] = [backend?, server?, status?];
    let [times_out, connecting, answering] = [times_out?, connecting?, answering?];
    let mut rows = Vec::new();
    for line in lines {
        let cells: Vec<_> = line.split(',').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        if !cell(server).starts_with("gateway_") {
            continue;
        }
        let number = |at: usize| cell(at).parse::<u64>().unwrap_or_default();
        rows.push(Seen {
            backend: cell(backend).to_owned(),
            server: cell(server).to_owned(),
            is_up: cell(status).starts_with("UP"),
            times_out: number(times_out),
            errors: number(connecting) + number(answering),
        });
    }
    Ok(rows)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_statistics_only_servers_count() {
        let text = "# pxname,svname,econ,eresp,status,chkdown,\nrequests,FRONTEND,,,OPEN,,\n\
                    requests,gateway_0,1,2,UP 1/2,3,\nrequests,gateway_1,0,0,DOWN,1,\nrequests,BACKEND,9,9,UP,9,\n";
        let seen = read(text).unwrap();
        let expected = |server: &str, is_up, times_out, errors| Seen {
            backend: "requests".to_owned(),
            server: server.to_owned(),
            is_up,
            times_out,
            errors,
        };
        assert_eq!(seen, [expected("gateway_0", true, 3, 3), expected("gateway_1", false, 1, 0)]);
        assert!(read("# pxname,svname\n").is_err(), "a column is missing");
    }
}
