//! What befalls servers and processes while the clients go on: one fault after the other, each kind in its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use testkit::services::{Profile, Services};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::FENCE_LIFETIME;
use super::client::Run;
use super::fleet::RedisPlace;
use crate::drill::dice::Dice;

/// Time between the beginnings of two faults: each kind comes three times a minute.
const EVERY: Duration = Duration::from_millis(2_300);
/// How long a pause, a partition or a freeze takes, milliseconds; past the patience of those who wait for Redis.
const SHORTEST: u64 = 200;
const LONGEST: u64 = 900;
/// How long a process is frozen that is to find its fences gone, and its clients as well.
const LONG_FREEZE: Duration = FENCE_LIFETIME.saturating_add(Duration::from_millis(500));
/// Keys that one eviction takes.
const EVICTED: u32 = 20;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Redis forgets everything, at once.
    Flush,
    /// A process's time stops; the wall clock goes on.
    Freeze,
    /// The same for longer than a fence lives, while the other faults go on.
    LongFreeze,
    /// Redis forgets some keys: stamps and values, whichever it comes upon.
    Eviction,
    /// Redis takes connections and answers nobody.
    Pause,
    /// One process is cut off from Redis.
    Partition,
    /// Redis is away for a moment and has forgotten everything.
    RedisRestart,
    /// PostgreSQL is away for a moment.
    PostgresRestart,
}

impl Fault {
    pub(super) const ALL: [Self; 8] = [
        Self::LongFreeze,
        Self::Flush,
        Self::Freeze,
        Self::Eviction,
        Self::Pause,
        Self::Partition,
        Self::RedisRestart,
        Self::PostgresRestart,
    ];

    /// Its figure in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flush => "flushes",
            Self::Freeze => "freezes",
            Self::LongFreeze => "long_freezes",
            Self::Eviction => "evictions",
            Self::Pause => "pauses",
            Self::Partition => "partitions",
            Self::RedisRestart => "redis_restarts",
            Self::PostgresRestart => "postgres_restarts",
        }
    }
}

/// Who brings the faults, and how many there were.
pub(super) struct Storm {
    run: Arc<Run>,
    services: Services,
    redis: RedisPlace,
    counts: [AtomicU64; Fault::ALL.len()],
}

impl Storm {
    pub(super) fn new(run: Arc<Run>, services: Services, redis: RedisPlace) -> Self {
        Self { run, services, redis, counts: Default::default() }
    }

    /// How often each kind came to its end, in the order of [`Fault::ALL`].
    pub(super) fn counts(&self) -> [u64; Fault::ALL.len()] {
        self.counts.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// One fault after the other until the time is over.
    pub(super) async fn rage(&self, time: Duration, mut dice: Dice) -> Result<()> {
        let began = Instant::now();
        let mut next = began + EVERY / 2;
        let mut beside = JoinSet::new();
        for fault in Fault::ALL.iter().cycle() {
            if next > began + time {
                break;
            }
            tokio::time::sleep_until(next.into()).await;
            next += EVERY;
            if *fault == Fault::LongFreeze {
                let (fleet, first) = (Arc::clone(&self.run.fleet), self.member(&mut dice));
                beside.spawn(async move { fleet.freeze_one(first, LONG_FREEZE).await });
                continue;
            }
            let struck = self.strike(*fault, &mut dice).await.with_context(|| format!("{fault:?}"))?;
            self.count(*fault, struck);
        }
        while let Some(frozen) = beside.join_next().await {
            self.count(Fault::LongFreeze, frozen?.context("LongFreeze")?);
        }
        tokio::time::sleep_until((began + time).into()).await;
        Ok(())
    }

    fn count(&self, fault: Fault, struck: bool) {
        for (_, count) in Fault::ALL.iter().zip(&self.counts).filter(|(kind, _)| **kind == fault) {
            count.fetch_add(u64::from(struck), Ordering::Relaxed);
        }
    }

    /// Somebody.
    fn member(&self, dice: &mut Dice) -> usize {
        usize::try_from(dice.next()).unwrap_or_default() % self.run.fleet.size()
    }

    /// Brings a fault and takes it away again. False when it met nobody.
    async fn strike(&self, fault: Fault, dice: &mut Dice) -> Result<bool> {
        let (fleet, history) = (&self.run.fleet, &self.run.history);
        let duration = Duration::from_millis(dice.between(SHORTEST, LONGEST));
        let member = self.member(dice);
        match fault {
            Fault::Flush => {
                history.redis_forgot();
                self.command("FLUSHALL").await?;
                history.redis_forgot();
            }
            Fault::Eviction => {
                history.redis_forgot();
                self.command(&eviction()).await?;
                history.redis_forgot();
            }
            Fault::Freeze => return fleet.freeze_one(member, duration).await,
            Fault::LongFreeze => return fleet.freeze_one(member, LONG_FREEZE).await,
            Fault::Pause => {
                fleet.trouble_begins(0..fleet.size());
                self.command(&format!("CLIENT PAUSE {} ALL", duration.as_millis())).await?;
                tokio::time::sleep(duration).await;
                fleet.trouble_ends(0..fleet.size());
            }
            Fault::Partition => {
                fleet.trouble_begins(member..=member);
                let proxy = fleet.proxy(member);
                // Some networks refuse, others swallow.
                if dice.one_in(2) {
                    proxy.cut();
                } else {
                    proxy.freeze();
                }
                tokio::time::sleep(duration).await;
                // What was swallowed arrives late, or never.
                if dice.one_in(2) {
                    proxy.reset();
                }
                proxy.heal();
                fleet.trouble_ends(member..=member);
            }
            Fault::RedisRestart => {
                fleet.trouble_begins(0..fleet.size());
                history.redis_forgot();
                self.restart(|services| services.restart_redis(Profile::Drill)).await?;
                history.redis_forgot();
                fleet.trouble_ends(0..fleet.size());
            }
            Fault::PostgresRestart => self.restart(|services| services.restart_postgres(Profile::Drill)).await?,
        }
        Ok(true)
    }

    async fn restart(&self, restart: impl FnOnce(&Services) -> Result<()> + Send + 'static) -> Result<()> {
        let services = self.services.clone();
        tokio::task::spawn_blocking(move || restart(&services)).await?
    }

    /// Sends Redis a command of its administrator that is answered OK, past all proxies.
    async fn command(&self, command: &str) -> Result<()> {
        let mut stream = TcpStream::connect(self.redis.address).await?;
        stream.write_all(format!("AUTH {}\r\n{command}\r\n", self.redis.password).as_bytes()).await?;
        let mut heard = Vec::new();
        while heard.iter().filter(|byte| **byte == b'\n').count() < 2 {
            if stream.read_buf(&mut heard).await? == 0 {
                break;
            }
        }
        if heard != b"+OK\r\n+OK\r\n" {
            bail!("{command}: {}", String::from_utf8_lossy(&heard));
        }
        Ok(())
    }
}

/// Deletes random keys, as a Redis that is short of memory does.
fn eviction() -> String {
    format!(
        "EVAL \"for i = 1, {EVICTED} do local key = redis.call('RANDOMKEY') if key then redis.call('DEL', key) end end \
         return redis.status_reply('OK')\" 0"
    )
}
