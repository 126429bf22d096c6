//! Several gateways, as several containers would be: each with its own L1, its own way to Redis, and a death to come.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use testkit::process::{Process, Signal};
use testkit::proxy::Proxy;
use tokio::sync::watch;

use crate::drill::dice::Dice;
use crate::stack::gateway::{Gateway, Log, Ports, Program};

/// The steps of a write at which a process can be told to die, in the platform's words (`platform::fault`).
pub(super) const STEPS: [&str; 5] = ["gate", "fence", "commit", "publish", "answer"];
/// Processes.
const MEMBERS: usize = 4;
/// Where the search for free ports begins.
const FIRST_PORT: u16 = 18_400;
/// How long a process lives on average; each begins with nothing in L1 and new connections.
const LIFE: Duration = Duration::from_millis(4_000);
/// Kills a minute below which processes die twice as soon.
const KILLS: u128 = 58;
/// Writes of a process by which it dies on average while nobody knows yet how many it gets in that time.
const FIRST_WRITES: u64 = 20;
/// After this time a load balancer has noticed that a process does not answer. Who asked before waits in vain.
const NOTICED: Duration = Duration::from_millis(50);
/// A process that cannot reach Redis leaves it alone for one second; its last failed attempt takes another quarter.
const BREAKER: Duration = Duration::from_millis(1_500);

/// What the processes are to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Serve, die at some step of some write, be started again.
    Deadly,
    /// Serve.
    Calm,
    /// End.
    Over,
}

/// All processes.
pub(super) struct Fleet {
    members: Vec<Member>,
    mood: watch::Sender<Mood>,
    began: Instant,
    /// Deaths that were planned: steps take turns.
    planned: AtomicU64,
    /// Kills by step.
    kills: [AtomicU64; STEPS.len()],
    /// Writes that were acknowledged.
    written: AtomicU64,
    dice: Mutex<Dice>,
}

struct Member {
    program: Program,
    ports: Ports,
    log: Log,
    proxy: Proxy,
    process: Mutex<Option<Process>>,
    frozen: AtomicBool,
    /// Frozen long enough to be noticed.
    is_out: AtomicBool,
    trouble: Mutex<Trouble>,
}

/// When a process could not reach Redis.
#[derive(Clone, Copy, Default)]
struct Trouble {
    under_way: u32,
    ended: Option<Instant>,
}

impl Fleet {
    /// The processes of a program, each with a proxy to Redis in place of the server that `redis_url` names. Nothing
    /// runs until [`Fleet::keep`].
    pub(super) async fn new(program: &Program, redis: &RedisPlace, log: PathBuf, dice: Dice) -> Result<Arc<Self>> {
        let mut members: Vec<Member> = Vec::new();
        for _ in 0..MEMBERS {
            let ports = Ports::from(members.last().map_or(FIRST_PORT, |last| last.ports.metrics + 1))?;
            let proxy = Proxy::to(redis.address).await?;
            members.push(Member {
                program: program.clone().with([("REDIS_URL", redis.url_through(proxy.address()))]),
                ports,
                log: Log::File(log.clone()),
                proxy,
                process: Mutex::default(),
                frozen: AtomicBool::new(false),
                is_out: AtomicBool::new(false),
                trouble: Mutex::default(),
            });
        }
        Ok(Arc::new(Self {
            members,
            mood: watch::Sender::new(Mood::Deadly),
            began: Instant::now(),
            planned: AtomicU64::new(0),
            kills: Default::default(),
            written: AtomicU64::new(0),
            dice: Mutex::new(dice),
        }))
    }

    /// How many processes there are.
    pub(super) fn size(&self) -> usize {
        self.members.len()
    }

    /// Where a process answers, whenever it runs.
    pub(super) fn address(&self, member: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.members[member].ports.api).into()
    }

    /// A process's way to Redis.
    pub(super) fn proxy(&self, member: usize) -> &Proxy {
        &self.members[member].proxy
    }

    /// Kills so far, by step.
    pub(super) fn kills(&self) -> [u64; STEPS.len()] {
        self.kills.each_ref().map(|kills| kills.load(Ordering::Relaxed))
    }

    /// A write was acknowledged.
    pub(super) fn wrote(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps one process running until the fleet is told to end.
    pub(super) async fn keep(self: Arc<Self>, member: usize) -> Result<()> {
        let mut mood = self.mood.subscribe();
        loop {
            let now = *mood.borrow_and_update();
            let place = &self.members[member];
            let (program, step) = match now {
                Mood::Over => return Ok(()),
                Mood::Calm => (place.program.clone(), None),
                Mood::Deadly => {
                    let (step, writes) = self.plan();
                    let plan = format!("{}:{writes}", STEPS[step]);
                    (place.program.clone().with([("DRILL_DIE_AT", plan)]), Some(step))
                }
            };
            let mut gateway = program.serve(place.ports, place.log.clone())?;
            *lock(&place.process) = Some(gateway.process.clone());
            tokio::select! {
                ended = died(&mut gateway) => {
                    ended?;
                    if let Some(step) = step {
                        self.kills[step].fetch_add(1, Ordering::Relaxed);
                    }
                }
                _ = mood.changed() => gateway.kill().await?,
            }
            *lock(&place.process) = None;
        }
    }

    /// The next death: at which step of which write.
    fn plan(&self) -> (usize, u64) {
        let planned = self.planned.fetch_add(1, Ordering::Relaxed);
        let elapsed = self.began.elapsed().as_millis().max(1);
        let members = u128::try_from(self.members.len()).unwrap_or(1);
        let mean = u128::from(self.written.load(Ordering::Relaxed)) * LIFE.as_millis() / elapsed / members;
        let is_late = u128::from(self.kills().iter().sum::<u64>()) < KILLS * elapsed / 60_000;
        let mean = u64::try_from(if is_late { mean / 2 } else { mean }).unwrap_or(u64::MAX).max(FIRST_WRITES);
        let writes = lock(&self.dice).between(1, 2 * mean);
        (usize::try_from(planned).unwrap_or_default() % STEPS.len(), writes)
    }

    /// Starts all processes anew; none is killed any more.
    pub(super) fn calm_down(&self) {
        self.mood.send_replace(Mood::Calm);
    }

    /// Ends all processes; [`Fleet::keep`] returns.
    pub(super) fn end(&self) {
        self.mood.send_replace(Mood::Over);
    }

    /// Stops one process's time for a while: the first from `first` on that is running and not frozen already. False when
    /// there is none.
    pub(super) async fn freeze_one(&self, first: usize, time: Duration) -> Result<bool> {
        for step in 0..self.size() {
            let member = (first + step) % self.size();
            if self.freeze(member, time).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn freeze(&self, member: usize, time: Duration) -> Result<bool> {
        let place = &self.members[member];
        let Some(process) = lock(&place.process).clone() else { return Ok(false) };
        if place.frozen.swap(true, Ordering::Relaxed) {
            return Ok(false);
        }
        self.trouble_begins(member..=member);
        process.signal(Signal::STOP)?;
        tokio::time::sleep(time.min(NOTICED)).await;
        place.is_out.store(true, Ordering::Relaxed);
        tokio::time::sleep(time.saturating_sub(NOTICED)).await;
        process.signal(Signal::CONT)?;
        place.is_out.store(false, Ordering::Relaxed);
        place.frozen.store(false, Ordering::Relaxed);
        self.trouble_ends(member..=member);
        Ok(true)
    }

    /// Whether a load balancer would send nobody there.
    pub(super) fn is_out(&self, member: usize) -> bool {
        self.members[member].is_out.load(Ordering::Relaxed)
    }

    /// Some processes can no longer rely on Redis.
    pub(super) fn trouble_begins(&self, members: impl Iterator<Item = usize>) {
        for member in members {
            lock(&self.members[member].trouble).under_way += 1;
        }
    }

    /// They can again, once they try.
    pub(super) fn trouble_ends(&self, members: impl Iterator<Item = usize>) {
        for member in members {
            let mut trouble = lock(&self.members[member].trouble);
            trouble.under_way = trouble.under_way.saturating_sub(1);
            trouble.ended = Some(Instant::now());
        }
    }

    /// A process took so long to answer that it may have waited for Redis in vain: it was frozen, or starved.
    pub(super) fn was_slow(&self, member: usize) {
        lock(&self.members[member].trouble).ended = Some(Instant::now());
    }

    /// Whether a process may have been unable to reach Redis at some time since then.
    pub(super) fn was_troubled(&self, member: usize, since: Instant) -> bool {
        let trouble = *lock(&self.members[member].trouble);
        trouble.under_way > 0 || trouble.ended.is_some_and(|ended| ended + BREAKER >= since)
    }
}

/// Waits until a process has been killed; any other end is an error.
async fn died(gateway: &mut Gateway) -> Result<()> {
    let status = gateway.exited().await?;
    if status.signal() != Some(Signal::KILL.as_raw()) {
        bail!("{}", gateway.obituary(status));
    }
    Ok(())
}

/// Where Redis is, in parts.
#[derive(Clone)]
pub(super) struct RedisPlace {
    pub(super) address: SocketAddr,
    pub(super) password: String,
}

impl RedisPlace {
    /// The parts of a private server's URL, `redis://:<password>@<address>/0`.
    pub(super) fn of(url: &str) -> Option<Self> {
        let (password, address) = url.strip_prefix("redis://:")?.strip_suffix("/0")?.split_once('@')?;
        Some(Self { address: address.parse().ok()?, password: password.to_owned() })
    }

    fn url_through(&self, proxy: SocketAddr) -> String {
        format!("redis://:{}@{proxy}/0", self.password)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_reached_through_a_proxy_with_the_same_password() {
        let place = RedisPlace::of("redis://:secret@127.0.0.1:6379/0").unwrap();
        assert_eq!(place.address, "127.0.0.1:6379".parse().unwrap());
        let proxy = "127.0.0.1:7000".parse().unwrap();
        assert_eq!(place.url_through(proxy), "redis://:secret@127.0.0.1:7000/0");
        assert!(RedisPlace::of("redis://127.0.0.1:6379").is_none());
    }
}
