//! What the clients share: players, their lives, and what was acknowledged of each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use testkit::player::{Advanced, Character, Decided, Event, State};

use super::caller::Caller;
use crate::drill::dice::Dice;
use crate::drill::history::{Ack, Told};
use crate::drill::wire::{Answer, Request};

/// Players; clients share them all.
const PLAYERS: usize = 64;
/// The first so many are used by everybody, most of the time.
pub(super) const HOT: usize = 3;
/// Lives of a player that are written; those before them are only read, now and then.
const SHELF: usize = 3;

/// All players of a run.
pub(super) struct World {
    pub(super) players: Vec<Player>,
    /// The part of every ETag that names the release's content.
    pub(super) content: String,
}

/// A registered player.
pub(super) struct Player {
    pub(super) token: String,
    pub(super) roster: Told,
    pub(super) profile: Told,
    /// All lives, the newest last.
    lives: Mutex<Vec<Arc<Life>>>,
}

/// A life and everything that was acknowledged of it.
pub(super) struct Life {
    pub(super) id: String,
    pub(super) told: Told,
    turn: Mutex<Turn>,
    acks: Mutex<Vec<Write>>,
}

/// What can be done next, as far as anybody knows.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) version: i64,
    pub(super) age: u32,
    pub(super) over: bool,
    /// The question that is in the way, and what can be answered.
    pub(super) question: Option<(String, Vec<String>)>,
}

/// An acknowledged write.
pub(super) struct Write {
    pub(super) path: String,
    pub(super) body: String,
    pub(super) key: String,
    pub(super) answer: Answer,
    /// The version it made.
    pub(super) version: i64,
    /// The age after it.
    pub(super) age: u32,
    /// How many years were asked for.
    pub(super) years: u32,
    /// What happened: numbers and events.
    pub(super) events: Vec<(i64, String)>,
    /// Whether it had to be sent more than once.
    pub(super) repeated: bool,
}

impl World {
    /// Registers the players.
    pub(super) async fn populate(caller: &mut Caller) -> Result<Self> {
        let mut players = Vec::new();
        let mut content = String::new();
        for _ in 0..PLAYERS {
            let name = format!("p_{}", &caller.fresh_key()[..24]);
            let body = json!({ "username": name, "password": caller.fresh_key() }).to_string();
            let register = Request::post("/api/v1/auth/register", "none", "none", &body);
            let session: Session = data(&caller.insist(&register).await?.answer)?;
            let token = session.access_token;
            let profile = Told::default();
            let answer = caller.insist(&Request::get("/api/v1/auth/profile", &token, "en", None)).await?.answer;
            profile.acknowledge(answer.version().context("a profile without a version")?, Ack::Firm);
            let roster = Told::default();
            let answer = caller.insist(&Request::get("/api/v1/characters", &token, "en", None)).await?.answer;
            roster.acknowledge(answer.version().unwrap_or(1), Ack::Firm);
            answer.etag.trim_matches('"').split('.').nth(2).unwrap_or_default().clone_into(&mut content);
            players.push(Player { token, roster, profile, lives: Mutex::default() });
        }
        Ok(Self { players, content })
    }

    /// Somebody; most of the time one of the few whom all clients use.
    pub(super) fn somebody(&self, dice: &mut Dice) -> &Player {
        let range = if dice.one_in(2) { &self.players[..HOT] } else { &self.players };
        dice.pick(range)
    }
}

impl Player {
    /// A life that is being lived, or an older one that nobody has asked about for some time.
    pub(super) fn life(&self, cold: bool, dice: &mut Dice) -> Option<Arc<Life>> {
        let lives = lock(&self.lives);
        let (old, shelf) = lives.split_at(lives.len().saturating_sub(SHELF));
        let among = if cold && !old.is_empty() { old } else { shelf };
        (!among.is_empty()).then(|| Arc::clone(dice.pick(among)))
    }

    /// Whether all lives that are to be lived at once have begun.
    pub(super) fn has_lives(&self) -> bool {
        lock(&self.lives).len() >= SHELF
    }

    /// From now on everybody uses it.
    pub(super) fn publish(&self, life: Life) {
        lock(&self.lives).push(Arc::new(life));
    }

    /// Every life there ever was.
    pub(super) fn all_lives(&self) -> Vec<Arc<Life>> {
        lock(&self.lives).clone()
    }
}

impl Life {
    /// A life that was just created.
    pub(super) fn created(id: String) -> Self {
        let turn = Turn { version: 1, age: 0, over: false, question: None };
        Self { id, told: Told::default(), turn: Mutex::new(turn), acks: Mutex::default() }
    }

    pub(super) fn turn(&self) -> Turn {
        lock(&self.turn).clone()
    }

    /// Somebody has seen where it stands.
    pub(super) fn stands(&self, turn: Turn) {
        let mut known = lock(&self.turn);
        if turn.version > known.version {
            *known = turn;
        }
    }

    /// A write of it was acknowledged; from now on no read may show less.
    pub(super) fn acknowledge(&self, write: Write, ack: Ack) {
        let version = write.version;
        lock(&self.acks).push(write);
        self.told.acknowledge(version, ack);
    }

    /// Everything that was acknowledged, by version.
    pub(super) fn acks(&self) -> Vec<Write> {
        let mut acks = std::mem::take(&mut *lock(&self.acks));
        acks.sort_by_key(|write| write.version);
        acks
    }
}

impl From<&State> for Turn {
    fn from(state: &State) -> Self {
        let question = state.pending_decisions.first().map(|decision| {
            let open = decision.options.iter().filter(|option| option.available);
            (decision.decision_id.clone(), open.map(|option| option.option_id.clone()).collect())
        });
        Self { version: state.version, age: state.age, over: state.is_over(), question }
    }
}

/// What a write's answer says: where the life stands and what has happened.
pub(super) struct Outcome {
    pub(super) turn: Turn,
    pub(super) events: Vec<(i64, String)>,
}

/// Which write it was, and so the shape of its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    Advance,
    Decide,
}

impl Kind {
    /// Reads the answer to such a write.
    pub(super) fn read(self, answer: &Answer) -> Result<Outcome> {
        let (state, events) = match self {
            Self::Start => {
                let state: State = data(answer)?;
                let events = state.current_events.clone();
                (state, events)
            }
            Self::Advance => {
                let Advanced { years, state, .. } = data(answer)?;
                (state, years.into_iter().flat_map(|year| year.events).collect())
            }
            Self::Decide => {
                let Decided { years, state, .. } = data(answer)?;
                (state, years.into_iter().flat_map(|year| year.events).collect())
            }
        };
        let named = |event: Event| (event.event_seq, event.event_id);
        Ok(Outcome { turn: Turn::from(&state), events: events.into_iter().map(named).collect() })
    }
}

/// Reads the answer to a creation: the new character's id.
pub(super) fn created(answer: &Answer) -> Result<String> {
    let character: Character = data(answer)?;
    ensure!(character.version == 1, "a character was born at version {}", character.version);
    Ok(character.character_id)
}

/// The `data` of a success.
pub(super) fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
    }
    if !matches!(answer.status, 200 | 201) {
        bail!("the server answered {}", answer.text());
    }
    let envelope: Envelope<T> = serde_json::from_slice(&answer.body).with_context(|| answer.text())?;
    Ok(envelope.data)
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
