//! Redis, seen from the platform: a single server or a cluster, reached lazily, never waited for longer than a moment.

mod access;
pub(crate) mod active;
pub mod aggregate;
mod cluster;
pub mod compress;
pub(crate) mod gate;
pub mod key;
pub mod l1;
pub mod limit;
pub(crate) mod manager;
mod node;
pub mod policy;
pub mod rate;
pub mod script;
mod slot;
pub(crate) mod stamps;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use redis::{ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo as _, RedisResult, Value, from_redis_value};
use tokio::time::Instant;

use self::{
    cluster::Cluster,
    node::{Moment, Node, Via},
    script::Call,
};

/// Longest wait for Redis, connecting, redirections and a second try included. A healthy one connects and answers in
/// a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(250);

/// URL schemes of a single server.
pub const SINGLE_SCHEMES: [&str; 4] = ["redis://", "rediss://", "redis+unix://", "unix://"];
/// URL schemes of a cluster, and what each of its nodes speaks.
pub const CLUSTER_SCHEMES: [(&str, &str); 2] = [("redis+cluster://", "redis://"), ("rediss+cluster://", "rediss://")];

/// A handle to Redis. Cloning is one reference count.
#[derive(Clone)]
pub struct Redis(Arc<Backend>);

enum Backend {
    Single(Node),
    Cluster(Cluster),
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called<T> {
    /// The script's answer. `None` when Redis cannot be reached, or could not a moment ago.
    pub value: Option<T>,
    /// Commands sent and waited for: 1 when all is warm, more when Redis did not know the script, moved its slot or
    /// lost the connection, 0 while it is left alone. Opening a connection is not one of them; those are counted in
    /// `redis_connections_opened_total`.
    pub round_trips: u32,
}

impl Redis {
    /// A handle that connects at first use.
    ///
    /// # Errors
    /// When `url` is not one that Redis clients know.
    pub fn connect_lazy(url: &str) -> RedisResult<Self> {
        let cluster = CLUSTER_SCHEMES.iter().find_map(|(scheme, of_nodes)| Some((url.strip_prefix(scheme)?, of_nodes)));
        let backend = match cluster {
            Some((rest, of_nodes)) => Backend::Cluster(Cluster::new(seeds(of_nodes, rest)?)?),
            None => Backend::Single(Node::new(url.into_connection_info()?)?),
        };
        Ok(Self(Arc::new(backend)))
    }

    /// Runs one script: one round trip when all is warm.
    pub async fn run<T: FromRedisValue>(&self, now: DateTime<Utc>, call: &Call<'_>) -> Called<T> {
        let mut round_trips = 0;
        let value = self.try_run(moment(now, false), call, &mut round_trips).await;
        Called { value, round_trips }
    }

    /// As [`Redis::run`] for what must be said: past the breaker, up to `tries` times, each with the full patience.
    pub async fn insist<T: FromRedisValue>(&self, now: DateTime<Utc>, call: &Call<'_>, tries: u32) -> Called<T> {
        let (mut value, mut round_trips) = (None, 0);
        for _ in 0..tries {
            value = self.try_run(moment(now, true), call, &mut round_trips).await;
            if value.is_some() {
                break;
            }
        }
        Called { value, round_trips }
    }

    async fn try_run<T: FromRedisValue>(&self, at: Moment, call: &Call<'_>, round_trips: &mut u32) -> Option<T> {
        let answer = match &*self.0 {
            Backend::Single(node) => node.call(at, call, Via { asking: false, place: Some(0) }, round_trips).await,
            Backend::Cluster(cluster) => cluster.call(at, call, round_trips).await,
        };
        answer.ok().and_then(decode)
    }

    /// Players seen within five minutes, by whatever process; `None` when Redis cannot be reached.
    pub async fn active_users(&self, now: DateTime<Utc>, namespace: &str) -> Option<u64> {
        let at = moment(now, false);
        match &*self.0 {
            Backend::Single(node) => {
                node.query(at, &active::count(namespace, 0, now), &mut 0).await.ok().and_then(decode)
            }
            Backend::Cluster(cluster) => {
                let mut sum = 0;
                for (master, place) in cluster.places(at).await? {
                    let count = master.query(at, &active::count(namespace, place, now), &mut 0).await.ok();
                    sum += count.and_then(decode::<u64>)?;
                }
                Some(sum)
            }
        }
    }

    /// Whether Redis answers now; of a cluster, every master.
    pub async fn is_reachable(&self, now: DateTime<Utc>) -> bool {
        let at = moment(now, true);
        match &*self.0 {
            Backend::Single(node) => node.is_reachable(at).await,
            Backend::Cluster(cluster) => cluster.is_reachable(at).await,
        }
    }
}

fn moment(now: DateTime<Utc>, past_breaker: bool) -> Moment {
    Moment { now, deadline: Instant::now() + PATIENCE, past_breaker }
}

fn decode<T: FromRedisValue>(answer: Value) -> Option<T> {
    let decoded = from_redis_value(answer);
    decoded.inspect_err(|error| tracing::error!(error = %error, "a script answers what nobody expects")).ok()
}

/// The nodes in `[user:password@]host[:port][,host[:port]]…`.
fn seeds(scheme: &str, rest: &str) -> RedisResult<Vec<ConnectionInfo>> {
    let (credentials, hosts) = rest.rsplit_once('@').map_or(("", rest), |(who, hosts)| (who, hosts));
    let at = if credentials.is_empty() { "" } else { "@" };
    let hosts = hosts.trim_end_matches('/').split(',');
    let seeds: Vec<_> = hosts
        .map(|host| format!("{scheme}{credentials}{at}{host}").into_connection_info())
        .collect::<RedisResult<_>>()?;
    if seeds.is_empty() { Err((ErrorKind::InvalidClientConfig, "a cluster without a node").into()) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_named_by_its_configuration_endpoint_or_by_several_nodes() {
        let read = |rest| {
            let seeds = seeds("rediss://", rest).expect("nodes");
            seeds
                .iter()
                .map(|seed| (seed.addr().to_string(), seed.redis_settings().password().map(str::to_owned)))
                .collect()
        };
        let one: Vec<_> = read("clustercfg.game.cache.amazonaws.com:6379");
        assert_eq!(one, [("clustercfg.game.cache.amazonaws.com:6379".to_owned(), None)]);
        let many = read("game:p%40ss@10.0.0.1:7000,10.0.0.2/");
        let secret = Some("p@ss".to_owned());
        assert_eq!(many, [("10.0.0.1:7000".to_owned(), secret.clone()), ("10.0.0.2:6379".to_owned(), secret)]);
        assert!(seeds("redis://", "").is_err());
    }
}
