//! What one client does all the time: mostly read, sometimes write, always through any of the processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::caller::{Answered, Caller};
use super::fleet::Fleet;
use super::world::{self, Kind, Life, Player, Turn, World, Write};
use crate::drill::dice::Dice;
use crate::drill::history::{Floor, History, Shown, Told};
use crate::drill::wire::{Answer, Request};

/// One request in so many is a write.
const WRITES: u64 = 17;
/// One write in so many begins a new life.
const BIRTHS: u64 = 24;
/// One write in so many is sent twice at once, through two processes.
const TWINS: u64 = 16;
/// One read of a life in so many is of one that nobody writes any more.
const COLD: u64 = 8;
/// One read in so many asks for the body only if it is newer.
const REVALIDATIONS: u64 = 4;
const LOCALES: [&str; 2] = ["zh-CN", "en"];
const MODES: [&str; 3] = ["steady", "aggressive", "conservative"];

/// One run: everything that its clients share.
pub(super) struct Run {
    pub(super) fleet: Arc<Fleet>,
    pub(super) world: World,
    pub(super) history: History,
    pub(super) counts: Counts,
    pub(super) over: AtomicBool,
}

/// What the clients have done.
#[derive(Default)]
pub(super) struct Counts {
    /// Answered reads that were held against the history.
    pub(super) reads: AtomicU64,
    /// Of them those that told nothing but that nothing has changed.
    pub(super) unchanged: AtomicU64,
    /// Reads that no process answered; they are not repeated.
    pub(super) unanswered: AtomicU64,
    /// Acknowledged writes.
    pub(super) acked: AtomicU64,
    /// Writes that came second.
    pub(super) refused: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One client: two callers, for what is sent twice at once.
pub(super) struct Client {
    run: Arc<Run>,
    caller: Caller,
    twin: Caller,
}

impl Client {
    pub(super) fn new(run: &Arc<Run>, dice: Dice, twin_dice: Dice) -> Self {
        let caller = |dice| Caller::new(Arc::clone(&run.fleet), dice);
        Self { run: Arc::clone(run), caller: caller(dice), twin: caller(twin_dice) }
    }

    /// Reads and writes until the run is over. What it has begun it finishes.
    pub(super) async fn play(mut self) -> Result<()> {
        let run = Arc::clone(&self.run);
        while !run.over.load(Ordering::Relaxed) {
            let player = run.world.somebody(&mut self.caller.dice);
            if self.caller.dice.one_in(WRITES) || !player.has_lives() {
                self.write(player).await?;
            } else {
                self.read(player).await;
            }
        }
        Ok(())
    }

    async fn read(&mut self, player: &Player) {
        let dice = &mut self.caller.dice;
        let cold = dice.one_in(COLD);
        let life = player.life(cold, dice);
        let (told, path, route) = match (dice.between(0, 9), &life) {
            (0, _) => (&player.profile, "/api/v1/auth/profile".to_owned(), 0),
            (1..=2, _) | (_, None) => (&player.roster, "/api/v1/characters".to_owned(), 0),
            (3..=4, Some(life)) => (&life.told, format!("/api/v1/characters/{}", life.id), 1),
            (5, Some(life)) => (&life.told, format!("/api/v1/game/events/{}?limit=20", life.id), 2),
            (_, Some(life)) => (&life.told, format!("/api/v1/game/state/{}", life.id), 0),
        };
        let language = usize::from(dice.one_in(2));
        let locale = LOCALES[language];
        let tag = format!("\"{}.{locale}.{}\"", told.newest(), self.run.world.content);
        let tag = dice.one_in(REVALIDATIONS).then_some(tag.as_str());
        let floor = told.floor();
        let request = Request::get(&path, &player.token, locale, tag);
        match self.caller.try_once(&request).await {
            Some(answer) => {
                self.judge(told, floor, route * LOCALES.len() + language, &path, &answer);
                count(&self.run.counts.reads);
            }
            None => count(&self.run.counts.unanswered),
        }
    }

    /// Holds the answer to a read against the history.
    fn judge(&self, told: &Told, floor: Floor, form: usize, path: &str, answer: &Answer) {
        let shown = match (answer.status, answer.version()) {
            (200, Some(version)) => Shown { version, form, body: &answer.body },
            (304, Some(version)) => {
                count(&self.run.counts.unchanged);
                Shown { version, form, body: &[] }
            }
            // What was acknowledged to be there is not.
            (404, _) => Shown { version: 0, form, body: &[] },
            _ => return self.run.history.accuse(|| format!("{path} answered {}", answer.text())),
        };
        self.run.history.judge(told, floor, &shown, || path.to_owned());
    }

    async fn write(&mut self, player: &Player) -> Result<()> {
        let life = player.life(false, &mut self.caller.dice).filter(|life| !life.turn().over && player.has_lives());
        match life {
            Some(life) if !self.caller.dice.one_in(BIRTHS) => self.live_on(player, &life).await,
            _ => self.give_birth(player).await,
        }
    }

    /// Creates a character and starts its life.
    async fn give_birth(&mut self, player: &Player) -> Result<()> {
        let body = json!({ "character_name": "林安", "birth_country": "CN", "birth_year": 1962 }).to_string();
        let (key, answered) = self.send(player, "/api/v1/characters", &body).await?;
        let id = match world::created(&answered.answer) {
            Ok(id) => id,
            Err(error) => {
                self.run.history.accuse(|| format!("/characters: {error:#}"));
                return Ok(());
            }
        };
        let life = Life::created(id);
        let (path, turn) = ("/api/v1/characters".to_owned(), life.turn());
        self.acknowledge(player, &life, (path, body, key), answered, 0, &turn, Vec::new());

        let (path, body) = (format!("/api/v1/game/start/{}", life.id), json!({ "expected_version": 1 }).to_string());
        self.change(player, &life, Kind::Start, path, body).await?;
        player.publish(life);
        Ok(())
    }

    /// Lives one more year, or answers the question that is in its way.
    async fn live_on(&mut self, player: &Player, life: &Life) -> Result<()> {
        let turn = life.turn();
        let dice = &mut self.caller.dice;
        let (kind, path, body) = match &turn.question {
            Some((decision, options)) => {
                let body = json!({
                    "expected_version": turn.version, "decision_id": decision, "option_id": dice.pick(options),
                });
                (Kind::Decide, format!("/api/v1/game/decision/{}", life.id), body)
            }
            None => {
                let body = json!({ "expected_version": turn.version, "mode": dice.pick(&MODES), "years": 1 });
                (Kind::Advance, format!("/api/v1/game/advance/{}", life.id), body)
            }
        };
        self.change(player, life, kind, path, body.to_string()).await
    }

    /// Asks for one version more of a life.
    async fn change(&mut self, player: &Player, life: &Life, kind: Kind, path: String, body: String) -> Result<()> {
        let floor = life.told.floor();
        let (key, answered) = self.send(player, &path, &body).await?;
        match answered.answer.status {
            200 => match kind.read(&answered.answer) {
                Ok(outcome) => {
                    let years = u32::from(kind == Kind::Advance);
                    life.stands(outcome.turn.clone());
                    self.acknowledge(player, life, (path, body, key), answered, years, &outcome.turn, outcome.events);
                }
                Err(error) => self.run.history.accuse(|| format!("{path}: {error:#}")),
            },
            412 => {
                count(&self.run.counts.refused);
                let refusal: Value = serde_json::from_slice(&answered.answer.body)?;
                let version = refusal["error"]["details"]["current_version"].as_i64();
                let version = version.context("a refusal that does not tell the current version")?;
                let shown = Shown { version, form: 0, body: &[] };
                self.run.history.judge(&life.told, floor, &shown, || format!("{path} {body}"));
                self.look(player, life).await?;
            }
            _ => self.run.history.accuse(|| format!("{path} {body} was answered {}", answered.answer.text())),
        }
        Ok(())
    }

    /// Somebody else was faster: reads where the life stands now.
    async fn look(&mut self, player: &Player, life: &Life) -> Result<()> {
        let path = format!("/api/v1/game/state/{}", life.id);
        let floor = life.told.floor();
        let request = Request::get(&path, &player.token, LOCALES[1], None);
        let answer = self.caller.insist(&request).await?.answer;
        self.judge(&life.told, floor, 1, &path, &answer);
        match Kind::Start.read(&answer) {
            Ok(outcome) => life.stands(outcome.turn),
            Err(error) => self.run.history.accuse(|| format!("{path}: {error:#}")),
        }
        Ok(())
    }

    /// Sends a write under a key of its own until it is answered; now and then twice at once.
    async fn send(&mut self, player: &Player, path: &str, body: &str) -> Result<(String, Answered)> {
        let key = self.caller.fresh_key();
        let request = Request::post(path, &player.token, &key, body);
        if !self.caller.dice.one_in(TWINS) {
            return Ok((key, self.caller.insist(&request).await?));
        }
        let (one, other) = tokio::try_join!(self.caller.insist(&request), self.twin.insist(&request))?;
        let (first, second) = (&one.answer, &other.answer);
        let done = |answer: &Answer| matches!(answer.status, 200 | 201);
        if (done(first) || done(second)) && (first.status, &first.body) != (second.status, &second.body) {
            let text = || format!("{path} {body} was answered {} and {}", first.text(), second.text());
            self.run.history.accuse(text);
        }
        Ok((key, one))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one write, from two places")]
    fn acknowledge(
        &self,
        player: &Player,
        life: &Life,
        (path, body, key): (String, String, String),
        answered: Answered,
        years: u32,
        Turn { version, age, .. }: &Turn,
        events: Vec<(i64, String)>,
    ) {
        let Answered { answer, ack, repeated } = answered;
        let (version, age) = (*version, *age);
        life.acknowledge(Write { path, body, key, answer, version, age, years, events, repeated }, ack);
        player.roster.acknowledge_next(ack);
        self.run.fleet.wrote();
        count(&self.run.counts.acked);
    }
}
