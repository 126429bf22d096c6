//! What a player was told, to be held against what the server says when all is over.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;
use testkit::player::{Answer, Player, State, Year};

/// Findings that are printed; more would only repeat them.
const SHOWN: usize = 10;
/// How much of each is printed, in characters.
const LENGTH: usize = 600;

/// A change that was asked for and acknowledged.
pub(super) struct Ack {
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) key: String,
    pub(super) answer: Answer,
}

/// One life as its player was told it.
struct Told {
    character_id: String,
    version: i64,
    age: u32,
    /// Events by their number.
    events: BTreeMap<i64, String>,
    acks: Vec<Ack>,
    /// Years that passed beyond the one that was asked for.
    extra_years: u64,
}

/// All lives of one player.
pub(super) struct Ledger {
    pub(super) player: Player,
    lives: Vec<Told>,
    keys: u64,
    /// What was wrong while playing already, in words.
    accusations: Vec<String>,
}

/// What the audits have found so far.
#[derive(Default)]
pub(super) struct Verdict {
    /// Changes that were acknowledged.
    pub(super) acked: u64,
    /// Acknowledged changes whose request had to be sent more than once.
    pub(super) retried: u64,
    /// Those of them that had been done when the first answer got lost.
    pub(super) replayed: u64,
    /// Acknowledged changes that are gone, or are now answered differently.
    pub(super) lost: u64,
    /// Changes that nobody acknowledged, so that happened twice.
    pub(super) doubled: u64,
    /// The first of them, in words.
    pub(super) findings: Vec<String>,
}

impl Verdict {
    pub(super) fn lose(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.lost += count;
        self.note(count, what);
    }

    pub(super) fn double(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.doubled += count;
        self.note(count, what);
    }

    /// Takes over what another audit has found.
    pub(super) fn add(&mut self, other: Self) {
        self.acked += other.acked;
        self.retried += other.retried;
        self.replayed += other.replayed;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.findings.extend(other.findings);
        self.findings.truncate(SHOWN);
    }

    fn note(&mut self, count: u64, what: impl FnOnce() -> String) {
        if count > 0 && self.findings.len() < SHOWN {
            self.findings.push(what().chars().take(LENGTH).collect());
        }
    }
}

impl Ledger {
    pub(super) fn new(player: Player) -> Self {
        Self { player, lives: Vec::new(), keys: 0, accusations: Vec::new() }
    }

    /// A key that this player has not used.
    pub(super) fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("drill-{}", self.keys)
    }

    /// An answer was wrong when it came.
    pub(super) fn accuse(&mut self, what: String) {
        self.accusations.push(what);
    }

    /// A life has started.
    pub(super) fn begin(&mut self, state: &State) {
        self.lives.push(Told {
            character_id: state.character_id.clone(),
            version: state.version,
            age: state.age,
            events: state.current_events.iter().map(|event| (event.event_seq, event.event_id.clone())).collect(),
            acks: Vec::new(),
            extra_years: 0,
        });
    }

    /// A change of the newest life was acknowledged.
    pub(super) fn acknowledge(&mut self, ack: Ack, years: &[Year], before: &State, after: &State) {
        let Some(life) = self.lives.last_mut() else { return };
        let asked = u32::from(before.pending_decisions.is_empty());
        life.extra_years += u64::from((after.age - before.age).saturating_sub(asked));
        life.version += 1;
        life.age = after.age;
        let events = years.iter().flat_map(|year| &year.events);
        life.events.extend(events.map(|event| (event.event_seq, event.event_id.clone())));
        life.acks.push(ack);
    }

    /// Asks again for every answer, and for every life as a whole.
    pub(super) async fn audit(&self, verdict: &mut Verdict) -> Result<()> {
        for accusation in &self.accusations {
            verdict.lose(1, || accusation.clone());
        }
        for life in &self.lives {
            self.audit_life(life, verdict).await?;
            for ack in &life.acks {
                verdict.acked += 1;
                verdict.retried += u64::from(ack.answer.attempts > 1);
                verdict.replayed += u64::from(ack.answer.attempts > 1 && ack.answer.replayed);
                let again = self.player.post_with_key(&ack.path, &ack.body, &ack.key).await?;
                let same = again.status == ack.answer.status
                    && again.body == ack.answer.body
                    && again.etag == ack.answer.etag
                    && again.replayed;
                verdict.lose(u64::from(!same), || {
                    format!("lost: {} {}\n  then {}\n  now  {}", ack.path, ack.body, ack.answer.body, again.body)
                });
            }
        }
        Ok(())
    }

    async fn audit_life(&self, life: &Told, verdict: &mut Verdict) -> Result<()> {
        let id = &life.character_id;
        let state = self.player.state(id).await?;
        let missing = u64::try_from(life.version - state.version).unwrap_or_default();
        let surplus = u64::try_from(state.version - life.version).unwrap_or_default();
        verdict.lose(missing, || {
            format!("lost: {id} was acknowledged at version {}, is at {}", life.version, state.version)
        });
        verdict.double(surplus, || format!("doubled: {id} is at version {}, was told {}", state.version, life.version));
        let extra = life.extra_years + u64::from(state.age.abs_diff(life.age));
        verdict.double(extra, || format!("doubled: {id} lived {extra} years that nobody asked for"));

        let mut untold = life.events.clone();
        for event in self.player.events(id).await? {
            match untold.remove(&event.event_seq) {
                Some(told) if told == event.event_id => {}
                Some(told) => verdict.lose(1, || format!("lost: {id} event {} was {told}", event.event_seq)),
                None => verdict.double(1, || format!("doubled: {id} event {} ({})", event.event_seq, event.event_id)),
            }
        }
        let gone = u64::try_from(untold.len()).unwrap_or(u64::MAX);
        verdict.lose(gone, || format!("lost: {id} events {untold:?}"));
        Ok(())
    }
}
