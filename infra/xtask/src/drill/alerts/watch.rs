//! Prometheus, the Alertmanager and the Pushgateway of the drill, and those whom they wake.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::Client;
use serde_json::Value;
use testkit::services::{alertmanager, prometheus, pushgateway};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::hurry;

/// Longest start of either.
const START: Duration = Duration::from_secs(60);

/// All servers; killed when dropped.
pub(super) struct Watch {
    servers: [Child; 3],
    prometheus: String,
    /// Where jobs leave what they counted.
    pub(super) pushgateway: String,
    alertmanager: String,
    client: Client,
    /// Who was told what: `chat` or `pager`, and the text.
    told: Arc<Mutex<Vec<(String, String)>>>,
}

impl Watch {
    /// Starts all, with the checkout's rules in a hurry, watching a gateway's metrics.
    pub(super) async fn start(checkout: &Path, folder: &Path, metrics: u16) -> Result<Self> {
        let receiver = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (rules, alerts, jobs) = (free_port()?, free_port()?, free_port()?);
        hurry::write(checkout, folder, [metrics, jobs, alerts, receiver.local_addr()?.port()])?;
        let told = Arc::default();
        tokio::spawn(listen(receiver, Arc::clone(&told)));
        let programs = || anyhow::Ok((prometheus()?, alertmanager()?, pushgateway()?));
        let (program, manager, pushgateway) = tokio::task::spawn_blocking(programs).await??;
        let mut prometheus = Command::new(program);
        prometheus.arg("--config.file=prometheus.yml").arg("--storage.tsdb.path=data");
        prometheus.arg(format!("--web.listen-address=127.0.0.1:{rules}"));
        // Nothing is sent again within the drill but what changes.
        prometheus.arg("--rules.alert.resend-delay=1s");
        let mut manager = Command::new(manager);
        manager.arg("--config.file=alertmanager.yml").arg("--storage.path=alerts").arg("--cluster.listen-address=");
        manager.arg(format!("--web.listen-address=127.0.0.1:{alerts}"));
        let mut pushed = Command::new(pushgateway);
        pushed.arg(format!("--web.listen-address=127.0.0.1:{jobs}"));
        let servers = [
            spawn(prometheus, folder, "prometheus.log")?,
            spawn(manager, folder, "alertmanager.log")?,
            spawn(pushed, folder, "pushgateway.log")?,
        ];
        let [prometheus, alertmanager, pushgateway] =
            [rules, alerts, jobs].map(|port| format!("http://127.0.0.1:{port}"));
        let watch = Self { servers, prometheus, pushgateway, alertmanager, client: Client::new(), told };
        for server in [&watch.prometheus, &watch.alertmanager, &watch.pushgateway] {
            watch.ready(server, folder).await?;
        }
        Ok(watch)
    }

    async fn ready(&self, server: &str, folder: &Path) -> Result<()> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            let answer = self.client.get(format!("{server}/-/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let words = ["prometheus.log", "alertmanager.log", "pushgateway.log"]
            .map(|log| testkit::record::tail(&folder.join(log)));
        bail!("{server} is not ready:\n{}", words.join("\n"))
    }

    /// Labels of what fires and nobody is kept from hearing.
    pub(super) async fn firing(&self) -> Result<Vec<Value>> {
        let url = format!("{}/api/v2/alerts?active=true&silenced=false&inhibited=false", self.alertmanager);
        let text = self.client.get(url).send().await?.error_for_status()?.text().await?;
        let alerts: Vec<Value> = serde_json::from_str(&text)?;
        Ok(alerts.into_iter().map(|alert| alert["labels"].clone()).collect())
    }

    /// Whether `who` was told that an alert fires, or is over.
    pub(super) fn was_told(&self, who: &str, alert: &str, state: State) -> bool {
        self.titles().iter().any(|(path, title)| path == who && title.alert == alert && title.state == state)
    }

    /// Who heard of what, whether it began or ended.
    pub(super) fn heard(&self) -> BTreeSet<(String, String)> {
        self.titles().into_iter().map(|(who, title)| (who, title.alert)).collect()
    }

    fn titles(&self) -> Vec<(String, Title)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().flat_map(|(who, text)| Title::all(text).into_iter().map(|title| (who.clone(), title))).collect()
    }

    /// Forgets who was told what.
    pub(super) fn forget(&self) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What an expression gives now: each series' labels and value.
    pub(super) async fn query(&self, expression: &str) -> Result<Vec<(Value, f64)>> {
        let encoded: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = self.client.get(format!("{}/api/v1/query?query={encoded}", self.prometheus));
        let answer: Value = serde_json::from_str(&request.send().await?.text().await?)?;
        if answer["status"] != "success" {
            bail!("{expression}: {}", answer["error"]);
        }
        let result = &answer["data"]["result"];
        if let Some(value) = result.get(1).and_then(Value::as_str).filter(|_| answer["data"]["resultType"] == "scalar")
        {
            return Ok(vec![(Value::Null, value.parse()?)]);
        }
        let series = result.as_array().context("no series")?;
        let value = |one: &Value| one["value"][1].as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        Ok(series.iter().map(|one| (one["metric"].clone(), value(one))).collect())
    }
}

/// What is said of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Firing,
    Resolved,
}

/// The first line of what people get (`infra/alertmanager/templates`): `[firing 2] warning RouteFailing: …`.
#[derive(Debug, PartialEq, Eq)]
struct Title {
    state: State,
    alert: String,
}

impl Title {
    /// Every title in a message, whatever stands around it.
    fn all(message: &str) -> Vec<Self> {
        message.split('[').skip(1).filter_map(Self::read).collect()
    }

    fn read(text: &str) -> Option<Self> {
        let (state, rest) = text.split_once("] ")?;
        let state = match state.split(' ').next()? {
            "firing" => State::Firing,
            "resolved" => State::Resolved,
            _ => return None,
        };
        let alert = rest.split_once(": ")?.0.rsplit(' ').next()?.to_owned();
        Some(Self { state, alert })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn spawn(mut command: Command, folder: &Path, log: &str) -> Result<Child> {
    let log = File::create(folder.join(log))?;
    command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("cannot be run")
}

fn free_port() -> Result<u16> {
    Ok(StdListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The chat and the pager: they take everything and say thank you.
async fn listen(listener: TcpListener, told: Arc<Mutex<Vec<(String, String)>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(take(stream, Arc::clone(&told)));
    }
}

async fn take(mut stream: TcpStream, told: Arc<Mutex<Vec<(String, String)>>>) -> Option<()> {
    let mut heard = Vec::new();
    loop {
        if stream.read_buf(&mut heard).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&heard).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let path = head.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        told.lock().unwrap_or_else(PoisonError::into_inner).push((path, body.to_owned()));
        heard.clear();
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok").await.ok()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_in_whatever_message() {
        let message = r#"{"title":"[firing 2] critical PostgresDown: PostgreSQL · away","text":"[ok] a: b"}"#;
        assert_eq!(Title::all(message), [Title { state: State::Firing, alert: "PostgresDown".to_owned() }]);
        let message = r#"{"payload":{"summary":"[resolved]  RouteFailing: a route"}}"#;
        assert_eq!(Title::all(message), [Title { state: State::Resolved, alert: "RouteFailing".to_owned() }]);
    }
}
