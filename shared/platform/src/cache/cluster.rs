//! A Redis Cluster: which of its masters owns which slots, learnt from any of them and kept until one of them says
//! otherwise.
//!
//! Each master is a [`Node`] with a connection and a breaker of its own, so the players of the others notice nothing
//! when one is away. Redirections are followed here and counted like every other round trip, which the redis crate's
//! own cluster client does out of sight.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use redis::{Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::timeout_at;

use super::{
    active,
    node::{Moment, Node, Via},
    script::Call,
};

/// Redirections one call follows. A slot that moves while it is asked for costs two.
const REDIRECTIONS: usize = 3;

/// Where a node answers.
type Address = (String, u16);

/// A handle to a cluster. Asks for its layout at first use.
pub(super) struct Cluster {
    /// The nodes named in the settings, usually one configuration endpoint.
    seeds: Vec<ConnectionInfo>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    layout: RwLock<Arc<Layout>>,
    /// Whether the layout was found to be wrong.
    outdated: AtomicBool,
    /// Held by the one who asks for the layout; the others wait and find it.
    asking: tokio::sync::Mutex<()>,
}

/// Ranges of slots with their masters, in order of their first slots.
#[derive(Default)]
struct Layout(Vec<Range>);

struct Range {
    first: u16,
    last: u16,
    master: Arc<Node>,
}

impl Layout {
    fn master_of(&self, slot: u16) -> Option<&Arc<Node>> {
        let range = self.0.get(self.0.partition_point(|range| range.last < slot))?;
        (range.first <= slot).then_some(&range.master)
    }

    /// Where a master counts players.
    fn place_of(&self, master: &Arc<Node>) -> Option<u16> {
        active::place(|slot| self.master_of(slot).is_some_and(|owner| Arc::ptr_eq(owner, master)))
    }

    fn masters(&self) -> Vec<Arc<Node>> {
        let mut masters: Vec<Arc<Node>> = Vec::new();
        for range in &self.0 {
            if !masters.iter().any(|master| Arc::ptr_eq(master, &range.master)) {
                masters.push(Arc::clone(&range.master));
            }
        }
        masters
    }
}

impl Cluster {
    /// A cluster that is reached through `seeds`, all with the same credentials.
    pub(super) fn new(seeds: Vec<ConnectionInfo>) -> RedisResult<Self> {
        for seed in &seeds {
            address(seed.addr())?;
        }
        Ok(Self {
            seeds,
            nodes: Mutex::default(),
            layout: RwLock::default(),
            outdated: AtomicBool::new(true),
            asking: tokio::sync::Mutex::default(),
        })
    }

    /// Calls a script on the master of its keys.
    ///
    /// # Errors
    /// When that master, or the layout, cannot be had.
    pub(super) async fn call(&self, at: Moment, call: &Call<'_>, trips: &mut u32) -> RedisResult<Value> {
        let layout = self.layout(at, trips).await?;
        let no_master = || RedisError::from((ErrorKind::ClusterConnectionNotFound, "no master has this slot"));
        let mut node = Arc::clone(layout.master_of(call.slot()).ok_or_else(no_master)?);
        let mut asking = false;
        for _ in 0..REDIRECTIONS {
            let left_alone = node.is_left_alone(at);
            let place = call.seen().and_then(|_| layout.place_of(&node));
            let error = match node.call(at, call, Via { asking, place }, trips).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // An ASK is about this call only. Whatever else goes wrong may be a node that has lost its slots.
            asking = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
            if !asking && !left_alone {
                self.outdated.store(true, Ordering::Relaxed);
            }
            let Some((target, _slot)) = error.redirect_node() else { return Err(error) };
            node = self.node(node.info(), &target_address(target, node.info())?)?;
        }
        Err((ErrorKind::Client, "redirected without end").into())
    }

    /// Every master with the place where it counts players; `None` while there is no layout.
    pub(super) async fn places(&self, at: Moment) -> Option<Vec<(Arc<Node>, u16)>> {
        let layout = self.layout(at, &mut 0).await.ok()?;
        let masters = layout.masters().into_iter();
        Some(masters.filter_map(|master| Some((Arc::clone(&master), layout.place_of(&master)?))).collect())
    }

    /// Whether every master answers now.
    pub(super) async fn is_reachable(&self, at: Moment) -> bool {
        let Ok(layout) = self.layout(at, &mut 0).await else { return false };
        for master in layout.masters() {
            if !master.is_reachable(at).await {
                self.outdated.store(true, Ordering::Relaxed);
                return false;
            }
        }
        true
    }

    /// The layout; asked for if there is none or it was found to be wrong. One that cannot be renewed is kept.
    async fn layout(&self, at: Moment, trips: &mut u32) -> RedisResult<Arc<Layout>> {
        if !self.outdated.load(Ordering::Relaxed) {
            return Ok(self.known());
        }
        let renew = async {
            let _guard = self.asking.lock().await;
            if !self.outdated.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.renew(at, trips).await
        };
        let no_layout = || Err((ErrorKind::Io, "no layout of the cluster in time").into());
        let renewed = timeout_at(at.deadline, renew).await.unwrap_or_else(|_| no_layout());
        let known = self.known();
        match renewed {
            Err(error) if known.0.is_empty() => Err(error),
            _ => Ok(known),
        }
    }

    fn known(&self) -> Arc<Layout> {
        Arc::clone(&self.layout.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the masters we know, then the seeds, until one answers.
    async fn renew(&self, at: Moment, trips: &mut u32) -> RedisResult<()> {
        let mut candidates = self.known().masters();
        for seed in &self.seeds {
            candidates.push(self.node(seed, &address(seed.addr())?)?);
        }
        let mut result = Err((ErrorKind::ClusterConnectionNotFound, "no node to ask").into());
        for node in candidates {
            let answer = node.query(at, &cluster_slots(), trips).await;
            result = answer.and_then(|slots| self.adopt(&slots, node.info()));
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Takes over what a node says, and lets go of nodes that own nothing.
    fn adopt(&self, slots: &Value, from: &ConnectionInfo) -> RedisResult<()> {
        let mut ranges = Vec::new();
        for (first, last, master) in parse(slots, from)? {
            ranges.push(Range { first, last, master: self.node(from, &master)? });
        }
        ranges.sort_by_key(|range| range.first);
        let layout = Layout(ranges);
        let masters = layout.masters();
        self.nodes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, node| masters.iter().any(|master| Arc::ptr_eq(master, node)));
        *self.layout.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(layout);
        self.outdated.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The node at an address, reached as `like` is: same credentials, same TLS.
    fn node(&self, like: &ConnectionInfo, at: &Address) -> RedisResult<Arc<Node>> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(at) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::new(like.clone().set_addr(moved(like.addr(), at)))?);
        nodes.insert(at.clone(), Arc::clone(&node));
        Ok(node)
    }
}

#[expect(clippy::disallowed_methods, reason = "this module owns every command")]
fn cluster_slots() -> Cmd {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    command
}

fn address(of: &ConnectionAddr) -> RedisResult<Address> {
    match of {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Ok((host.clone(), *port)),
        _ => Err((ErrorKind::InvalidClientConfig, "a cluster is reached over TCP").into()),
    }
}

/// The same kind of address somewhere else.
fn moved(like: &ConnectionAddr, (host, port): &Address) -> ConnectionAddr {
    match like {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host.clone(), *port),
    }
}

/// The address in a redirection: `host:port`, the host being empty where it is that of the node that answers.
fn target_address(target: &str, from: &ConnectionInfo) -> RedisResult<Address> {
    let unclear = || RedisError::from((ErrorKind::Parse, "a redirection without an address"));
    let (host, port) = target.rsplit_once(':').ok_or_else(unclear)?;
    let port = port.parse().map_err(|_| unclear())?;
    if host.is_empty() { Ok((address(from.addr())?.0, port)) } else { Ok((host.to_owned(), port)) }
}

/// What `CLUSTER SLOTS` says: first slot, last slot, master. Replicas, which follow it, own nothing.
fn parse(slots: &Value, from: &ConnectionInfo) -> RedisResult<Vec<(u16, u16, Address)>> {
    let unclear = || RedisError::from((ErrorKind::Parse, "CLUSTER SLOTS answers something else"));
    let number = |value: &Value| match value {
        Value::Int(number) => u16::try_from(*number).map_err(|_| unclear()),
        _ => Err(unclear()),
    };
    let Value::Array(entries) = slots else { return Err(unclear()) };
    let mut ranges = Vec::with_capacity(entries.len());
    for entry in entries {
        let Value::Array(entry) = entry else { return Err(unclear()) };
        let [first, last, Value::Array(master), ..] = entry.as_slice() else { return Err(unclear()) };
        let [host, port, ..] = master.as_slice() else { return Err(unclear()) };
        let host = match host {
            Value::BulkString(host) => String::from_utf8_lossy(host).into_owned(),
            _ => String::new(),
        };
        let host = match host.as_str() {
            // A node that does not know its own name is where we found it.
            "" => address(from.addr())?.0,
            "?" => continue,
            _ => host,
        };
        ranges.push((number(first)?, number(last)?, (host, number(port)?)));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo as _;

    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn entry(first: i64, last: i64, host: Value, port: i64) -> Value {
        let master = Value::Array(vec![host, Value::Int(port), bulk("id"), Value::Array(Vec::new())]);
        let replica = Value::Array(vec![bulk("10.9.9.9"), Value::Int(1), bulk("id"), Value::Array(Vec::new())]);
        Value::Array(vec![Value::Int(first), Value::Int(last), master, replica])
    }

    fn seed() -> ConnectionInfo {
        "rediss://game:secret@clustercfg.example.org:6380".into_connection_info().expect("a URL")
    }

    #[test]
    fn a_layout_is_read_as_servers_and_elasticache_write_it() {
        let slots = Value::Array(vec![
            entry(5461, 10922, bulk("node2.example.org"), 6379),
            entry(0, 5460, Value::Nil, 6379),
            entry(10923, 16383, bulk(""), 6381),
            entry(7, 7, bulk("?"), 6381),
        ]);
        let here = "clustercfg.example.org".to_owned();
        let expected = [
            (5461, 10922, ("node2.example.org".to_owned(), 6379)),
            (0, 5460, (here.clone(), 6379)),
            (10923, 16383, (here, 6381)),
        ];
        assert_eq!(parse(&slots, &seed()).expect("a layout"), expected);
        assert!(parse(&Value::Array(vec![bulk("nonsense")]), &seed()).is_err());

        let cluster = Cluster::new(vec![seed()]).expect("a cluster");
        cluster.adopt(&slots, &seed()).expect("adopted");
        let layout = cluster.known();
        let host = |slot| layout.master_of(slot).map(|node| address(node.info().addr()).expect("TCP"));
        assert_eq!(host(5461), Some(("node2.example.org".to_owned(), 6379)));
        assert_eq!(host(16383).map(|(_, port)| port), Some(6381));
        let node = layout.master_of(0).expect("a master");
        assert!(matches!(node.info().addr(), ConnectionAddr::TcpTls { .. }), "TLS as the seed");
        assert_eq!(node.info().redis_settings().password(), Some("secret"));
    }

    #[test]
    fn a_slot_that_nobody_owns_has_no_master() {
        let cluster = Cluster::new(vec![seed()]).expect("a cluster");
        let slots = Value::Array(vec![entry(0, 99, bulk("a"), 1), entry(200, 299, bulk("b"), 1)]);
        cluster.adopt(&slots, &seed()).expect("adopted");
        let layout = cluster.known();
        let owned: Vec<_> = [0, 99, 100, 199, 200, 299, 300].map(|slot| layout.master_of(slot).is_some()).into();
        assert_eq!(owned, [true, true, false, false, true, true, false]);
    }

    #[test]
    fn a_redirection_names_a_node_or_only_its_port() {
        let read = |target| target_address(target, &seed()).expect("an address");
        assert_eq!(read("10.0.0.7:6379"), ("10.0.0.7".to_owned(), 6379));
        assert_eq!(read("::1:6379"), ("::1".to_owned(), 6379));
        assert_eq!(read(":6381"), ("clustercfg.example.org".to_owned(), 6381));
        assert!(target_address("elsewhere", &seed()).is_err());
    }
}
