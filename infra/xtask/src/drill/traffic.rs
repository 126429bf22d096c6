//! Players who go on playing while a drill changes the servers under them. They are not patient: each request is sent
//! once, over a connection that is kept open, and whatever is no answer to it has failed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use testkit::player::{Advanced, Character, Decided, State};
use tokio::task::JoinSet;

use super::dice::Dice;
use super::history::{Ack, History, Shown, Told};
use super::wire::{Answer, Request, Wire};

/// Clients of one player that read what another one writes.
const READERS: usize = 2;
/// Between two requests of a client: they are there to meet every moment of a drill, not to load a machine.
const PAUSE: Duration = Duration::from_millis(40);
/// Without an answer for so long a request has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// A process gives up on Redis after 250 ms, on a connection that has been idle after 50 ms, and then leaves it alone for a
/// second; what it writes meanwhile it cannot announce. So whenever some request takes as long, a write is in doubt.
const SLOW: Duration = Duration::from_millis(50);
const BREAKER: Duration = Duration::from_millis(1_200);
/// Failures that are kept in words.
const SHOWN: usize = 10;
/// The time for which CACHE_STRICT=false excuses a read that is older than a write whose process was cut off from Redis:
/// the lifetime of a stamp.
const STAMP_TTL: Duration = Duration::from_secs(60);

/// Players, and what was found.
pub(super) struct Traffic {
    players: Vec<Player>,
    /// Judges reads that take what they get.
    usual: History,
    /// Judges reads that say which version they have seen: nothing excuses these.
    demanding: History,
    failures: Mutex<Vec<String>>,
    requests: AtomicU64,
    writes: AtomicU64,
    failed: AtomicU64,
    moved: AtomicU64,
    doubted: AtomicU64,
    /// Whether Redis is away.
    doubt: AtomicBool,
    /// When each client's request was sent, where one is on its way.
    asking: Vec<Mutex<Option<Instant>>>,
    /// When the last slow answer came.
    slow: Mutex<Option<Instant>>,
    over: AtomicBool,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Requests that were sent.
    pub(super) requests: u64,
    /// Of them writes that were acknowledged.
    pub(super) writes: u64,
    /// Requests without a proper answer.
    pub(super) failed: u64,
    /// Reads older than what had been acknowledged when they were sent.
    pub(super) stale: u64,
    /// Of such reads those that `CACHE_STRICT=false` excuses; not among the stale ones.
    pub(super) excused: u64,
    /// Writes of which `CACHE_STRICT=false` does not promise that everybody sees them at once.
    pub(super) doubted: u64,
    /// Two different bodies of one version.
    pub(super) forked: u64,
    /// Connections that a server asked to be ended.
    pub(super) moved: u64,
}

struct Player {
    token: String,
    door: SocketAddr,
    roster: Told,
    life: Mutex<Option<Arc<Life>>>,
}

struct Life {
    id: String,
    told: Told,
}

/// Traffic that is under way; it ends when it is dropped.
pub(super) struct Playing {
    traffic: Arc<Traffic>,
    clients: JoinSet<()>,
}

impl Playing {
    /// Registers so many players and lets them play; they come in by these doors in turn.
    pub(super) async fn begin(doors: &[SocketAddr], players: usize, seed: u64) -> Result<Self> {
        let mut dice = Dice::new(seed);
        let mut registered = Vec::new();
        for number in 0..players {
            let door = doors[number % doors.len()];
            registered.push(Player::register(door, &mut dice).await.with_context(|| format!("player {number}"))?);
        }
        let traffic = Arc::new(Traffic {
            players: registered,
            usual: History::new(Some(STAMP_TTL)),
            demanding: History::new(None),
            failures: Mutex::default(),
            requests: AtomicU64::default(),
            writes: AtomicU64::default(),
            failed: AtomicU64::default(),
            moved: AtomicU64::default(),
            doubted: AtomicU64::default(),
            doubt: AtomicBool::default(),
            asking: (0..players * (1 + READERS)).map(|_| Mutex::default()).collect(),
            slow: Mutex::default(),
            over: AtomicBool::default(),
        });
        let mut clients = JoinSet::new();
        for number in 0..players * (1 + READERS) {
            let client = Client::new(&traffic, number, dice.split());
            match number % (1 + READERS) {
                0 => clients.spawn(client.write()),
                _ => clients.spawn(client.read()),
            };
        }
        Ok(Self { traffic, clients })
    }

    /// From now on Redis is away, or is back.
    pub(super) fn doubt(&self, doubt: bool) {
        self.traffic.doubt.store(doubt, Ordering::SeqCst);
    }

    /// What was counted so far.
    pub(super) fn figures(&self) -> Figures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Traffic { usual, demanding, .. } = &*self.traffic;
        Figures {
            requests: read(&self.traffic.requests),
            writes: read(&self.traffic.writes),
            failed: read(&self.traffic.failed),
            stale: read(&usual.stale) + read(&demanding.stale),
            excused: read(&usual.excused),
            doubted: read(&self.traffic.doubted),
            forked: read(&usual.forked) + read(&demanding.forked),
            moved: read(&self.traffic.moved),
        }
    }

    /// The first failures and contradictions, in words.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut all = lock(&self.traffic.failures).clone();
        all.extend(self.traffic.usual.findings());
        all.extend(self.traffic.demanding.findings());
        all
    }

    /// Lets everybody finish what they have begun.
    pub(super) async fn end(&mut self) -> Result<()> {
        self.traffic.over.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.context("a client broke down")?;
        }
        Ok(())
    }
}

impl Player {
    async fn register(door: SocketAddr, dice: &mut Dice) -> Result<Self> {
        #[derive(Deserialize)]
        struct Session {
            access_token: String,
        }
        let mut wire = Wire::connect(door).await?.patient(PATIENCE);
        let name = format!("t_{}", &fresh_key(dice)[..24]);
        let body = json!({ "username": name, "password": fresh_key(dice) }).to_string();
        let registered = wire.ask(&Request::post("/api/v1/auth/register", "none", "none", &body)).await?;
        ensure!(registered.status == 201, "registering answered {}", registered.text());
        let Session { access_token: token } = data(&registered)?;
        Ok(Self { token, door, roster: Told::default(), life: Mutex::default() })
    }

    fn life(&self) -> Option<Arc<Life>> {
        lock(&self.life).clone()
    }
}

/// One client of a player, with one connection.
struct Client {
    traffic: Arc<Traffic>,
    number: usize,
    player: usize,
    wire: Option<Wire>,
    dice: Dice,
}

impl Client {
    fn new(traffic: &Arc<Traffic>, number: usize, dice: Dice) -> Self {
        Self { traffic: Arc::clone(traffic), number, player: number / (1 + READERS), wire: None, dice }
    }

    /// Reads what the player's writer has written, until all is over.
    async fn read(mut self) {
        let traffic = Arc::clone(&self.traffic);
        let player = &traffic.players[self.player];
        while !traffic.over.load(Ordering::Relaxed) {
            tokio::time::sleep(PAUSE).await;
            let Some(life) = player.life() else { continue };
            let (told, form, path) = match self.dice.between(0, 5) {
                0 => (&player.roster, 0, "/api/v1/characters".to_owned()),
                1 => (&life.told, 1, format!("/api/v1/characters/{}", life.id)),
                2 => (&life.told, 2, format!("/api/v1/game/events/{}?limit=20", life.id)),
                _ => (&life.told, 0, format!("/api/v1/game/state/{}", life.id)),
            };
            let floor = told.floor();
            let request = Request::get(&path, &player.token, "en", None);
            let (request, history) = match self.dice.one_in(2) {
                true => (request.header("x-min-version", &floor.acked().to_string()), &traffic.demanding),
                false => (request, &traffic.usual),
            };
            let Some(answer) = self.ask(&request, &path).await else { continue };
            let version = if answer.status == 404 { Some(0) } else { answer.version() };
            match version {
                Some(version) => {
                    history.judge(told, floor, &Shown { version, form, body: &answer.body }, || path.clone());
                }
                None => traffic.fail(|| format!("{path} answered {}", answer.text())),
            }
        }
    }

    /// Lives one life after the other, until all is over.
    async fn write(mut self) {
        let traffic = Arc::clone(&self.traffic);
        let player = &traffic.players[self.player];
        while !traffic.over.load(Ordering::Relaxed) {
            let Some((life, mut state)) = self.be_born(player).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            while !state.is_over() && !traffic.over.load(Ordering::Relaxed) {
                tokio::time::sleep(PAUSE).await;
                let Some(after) = self.live_on(player, &life, &state).await else { break };
                state = after;
            }
        }
    }

    async fn be_born(&mut self, player: &Player) -> Option<(Arc<Life>, State)> {
        let body = json!({ "character_name": "林安", "birth_country": "CN", "birth_year": 1962 }).to_string();
        let (character, ack): (Character, _) = self.change(player, "/api/v1/characters", &body).await?;
        let life = Life { id: character.character_id, told: Told::default() };
        life.told.acknowledge(character.version, ack);
        let (path, body) = (format!("/api/v1/game/start/{}", life.id), json!({ "expected_version": 1 }).to_string());
        let (state, ack): (State, _) = self.change(player, &path, &body).await?;
        life.told.acknowledge(state.version, ack);
        let life = Arc::new(life);
        *lock(&player.life) = Some(Arc::clone(&life));
        Some((life, state))
    }

    /// One more year, or the answer to what is in its way.
    async fn live_on(&mut self, player: &Player, life: &Life, state: &State) -> Option<State> {
        let (after, ack) = match state.pending_decisions.first() {
            Some(decision) => {
                let path = format!("/api/v1/game/decision/{}", life.id);
                let body = json!({
                    "expected_version": state.version, "decision_id": decision.decision_id,
                    "option_id": decision.default_option_id,
                });
                let (Decided { state, .. }, ack) = self.change(player, &path, &body.to_string()).await?;
                (state, ack)
            }
            None => {
                let path = format!("/api/v1/game/advance/{}", life.id);
                let body = json!({ "expected_version": state.version, "mode": "steady", "years": 1 });
                let (Advanced { state, .. }, ack) = self.change(player, &path, &body.to_string()).await?;
                (state, ack)
            }
        };
        life.told.acknowledge(after.version, ack);
        Some(after)
    }

    /// A write and its answer's `data`; none if it failed.
    async fn change<T: DeserializeOwned>(&mut self, player: &Player, path: &str, body: &str) -> Option<(T, Ack)> {
        let (sent, away) = (Instant::now(), self.traffic.doubt.load(Ordering::SeqCst));
        let request = Request::post(path, &player.token, &fresh_key(&mut self.dice), body);
        let answer = self.ask(&request, path).await?;
        let ack = if away || self.traffic.is_in_doubt(sent) { Ack::Doubtful } else { Ack::Firm };
        match data(&answer) {
            Ok(data) => {
                self.traffic.writes.fetch_add(1, Ordering::Relaxed);
                self.traffic.doubted.fetch_add(u64::from(ack == Ack::Doubtful), Ordering::Relaxed);
                player.roster.acknowledge_next(ack);
                Some((data, ack))
            }
            Err(error) => {
                self.traffic.fail(|| format!("{path}: {error:#}"));
                None
            }
        }
    }

    /// Sends a request, once. None, and one failure more, where no answer comes or the server's fault is.
    async fn ask(&mut self, request: &Request, path: &str) -> Option<Answer> {
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        *lock(&self.traffic.asking[self.number]) = Some(sent);
        let outcome = self.exchange(request).await;
        if sent.elapsed() >= SLOW {
            *lock(&self.traffic.slow) = Some(Instant::now());
        }
        *lock(&self.traffic.asking[self.number]) = None;
        match outcome {
            Ok(answer) => {
                if answer.closes {
                    self.traffic.moved.fetch_add(1, Ordering::Relaxed);
                    self.wire = None;
                }
                if answer.status < 500 {
                    return Some(answer);
                }
                self.traffic.fail(|| format!("{path} answered {}", answer.text()));
            }
            Err(error) => {
                self.wire = None;
                self.traffic.fail(|| format!("{path}: {error}"));
            }
        }
        None
    }

    async fn exchange(&mut self, request: &Request) -> std::io::Result<Answer> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => none.insert(Wire::connect(self.traffic.players[self.player].door).await?.patient(PATIENCE)),
        };
        wire.ask(request).await
    }
}

impl Traffic {
    /// Whether some process may have been without Redis at some time since then.
    fn is_in_doubt(&self, since: Instant) -> bool {
        let is_slow = |asking: &Mutex<Option<Instant>>| lock(asking).is_some_and(|sent| sent.elapsed() >= SLOW);
        self.doubt.load(Ordering::SeqCst)
            || lock(&self.slow).is_some_and(|slow| slow + BREAKER >= since)
            || self.asking.iter().any(is_slow)
    }

    fn fail(&self, what: impl FnOnce() -> String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = lock(&self.failures);
        if failures.len() < SHOWN {
            failures.push(what().chars().take(600).collect());
        }
    }
}

fn fresh_key(dice: &mut Dice) -> String {
    format!("{:016x}{:016x}", dice.next(), dice.next())
}

/// The `data` of a success.
fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
    }
    ensure!(matches!(answer.status, 200 | 201), "answered {}", answer.text());
    let envelope: Envelope<T> = serde_json::from_slice(&answer.body).with_context(|| answer.text())?;
    Ok(envelope.data)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
