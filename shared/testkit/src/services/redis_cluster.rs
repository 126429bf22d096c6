//! A private Redis Cluster: three masters without replicas, which share the slots evenly. Like the single server it
//! keeps nothing on disk but what its nodes must note about each other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::dirs::{Dirs, ServerUser};
use super::redis::{REDIS, Starting};
use super::{free_port, random_password};
use crate::process::{Process, Signal};
use crate::record;

const MASTERS: u16 = 3;
const SLOTS: u16 = 16384;

/// How long the nodes may take to get to know each other. It takes a second or two.
const FORM: Duration = Duration::from_secs(60);
/// How long a node may take to answer one command.
const ANSWER: Duration = Duration::from_secs(5);

/// A running cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RedisCluster {
    /// `redis+cluster://…` with its password, naming one node: the others are found through it.
    pub url: String,
    /// Its masters; the first has the lowest slots.
    pub masters: Vec<Master>,
}

/// One master of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Master {
    /// Where it answers on 127.0.0.1.
    pub port: u16,
    /// Its process, for tests that kill it.
    pub process: Process,
    password: String,
    bus_port: u16,
}

impl Master {
    /// Sends one command, words separated by blanks, and returns the answer as text.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub fn ask(&self, command: &str) -> Result<String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut reader = BufReader::new(&stream);
        (&stream).write_all(format!("AUTH {}\r\n{command}\r\n", self.password).as_bytes())?;
        read_answer(&mut reader)?;
        read_answer(&mut reader).with_context(|| format!("{command} at port {}", self.port))
    }
}

/// One answer of the protocol RESP2: a line, or as many bytes as a line announces.
fn read_answer(reader: &mut BufReader<&TcpStream>) -> Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let line = line.trim_end();
    let Some((kind, rest)) = line.split_at_checked(1) else { bail!("the connection ended") };
    ensure!(kind != "-", "Redis refuses: {rest}");
    if kind != "$" {
        return Ok(rest.to_owned());
    }
    let mut text = vec![0; rest.parse::<usize>()? + 2];
    reader.read_exact(&mut text)?;
    Ok(String::from_utf8(text)?)
}

/// The cluster that is running, or a new one.
pub(super) fn start(dirs: &Dirs) -> Result<RedisCluster> {
    // Whoever started it may have been killed before it was whole.
    if let Some(running) = record::read::<RedisCluster>(&state_file(dirs))
        && running.masters.len() == usize::from(MASTERS)
        && running.masters.iter().all(|master| master.process.is_alive() && is_whole(master))
    {
        return Ok(running);
    }
    stop(dirs)?;
    let program = REDIS.obtain()?;
    let user = ServerUser::choose()?;
    for _ in 0..5 {
        if let Some(cluster) = try_start(dirs, &program, &user)? {
            form(&cluster)?;
            return Ok(cluster);
        }
        stop(dirs)?;
    }
    bail!("the Redis Cluster does not start:\n{}", record::tail(&log_file(dirs, 0)))
}

/// Stops the cluster if it is running.
pub(super) fn stop(dirs: &Dirs) -> Result<()> {
    let state = state_file(dirs);
    for master in record::read::<RedisCluster>(&state).into_iter().flat_map(|cluster| cluster.masters) {
        master.process.stop(Signal::TERM, Duration::from_secs(5))?;
    }
    record::remove(&state)
}

/// Starts three nodes that do not know each other yet; `None` if one of them ended at once.
fn try_start(dirs: &Dirs, program: &Path, user: &ServerUser) -> Result<Option<RedisCluster>> {
    let home = dirs.redis_cluster_home(user)?;
    let password = random_password()?;
    let mut cluster = RedisCluster { url: String::new(), masters: Vec::new() };
    for number in 0..MASTERS {
        let (port, bus_port) = (free_port()?, free_port()?);
        let log = log_file(dirs, number);
        let mut starting = Starting::spawn(program, user, &log)?;
        let process = starting.process.clone();
        cluster.masters.push(Master { port, process, password: password.clone(), bus_port });
        cluster.url = format!("redis+cluster://:{password}@127.0.0.1:{}", cluster.masters[0].port);
        record::write(&state_file(dirs), &cluster)?;
        // A master that is killed must not take the others' slots away.
        let more = format!(
            "dir {}\ncluster-enabled yes\ncluster-config-file node-{number}.conf\ncluster-port {bus_port}\n\
             cluster-node-timeout 2000\ncluster-require-full-coverage no",
            home.display()
        );
        starting.configure(port, &password, &more)?;
        if !starting.listens(port, &log)? {
            return Ok(None);
        }
    }
    Ok(Some(cluster))
}

/// Deals the slots, introduces the nodes, and waits until each of them knows the whole.
fn form(cluster: &RedisCluster) -> Result<()> {
    let share = SLOTS.div_ceil(MASTERS);
    let first = cluster.masters.first().context("a cluster has masters")?;
    for (number, master) in (0..).zip(&cluster.masters) {
        let (from, to) = (number * share, ((number + 1) * share).min(SLOTS) - 1);
        master.ask(&format!("CLUSTER ADDSLOTSRANGE {from} {to}"))?;
        master.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1))?;
        if master.port != first.port {
            master.ask(&format!("CLUSTER MEET 127.0.0.1 {} {}", first.port, first.bus_port))?;
        }
    }
    let deadline = Instant::now() + FORM;
    while !cluster.masters.iter().all(is_whole) {
        ensure!(Instant::now() < deadline, "the Redis Cluster does not form");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Whether a node knows an owner of every slot.
fn is_whole(master: &Master) -> bool {
    let info = master.ask("CLUSTER INFO").unwrap_or_default();
    let has = |line: String| info.lines().any(|one| one == line);
    has("cluster_state:ok".to_owned())
        && has(format!("cluster_slots_ok:{SLOTS}"))
        && has(format!("cluster_known_nodes:{MASTERS}"))
}

fn state_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("redis-cluster.json")
}

fn log_file(dirs: &Dirs, number: u16) -> PathBuf {
    dirs.state.join(format!("redis-cluster-{number}.log"))
}
