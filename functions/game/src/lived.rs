//! What one request lived through: one or more steps of the engine, stored as one version.

use std::mem;

use engine::{Change, Content, EventRecord, Life, Locale, LogEntry, Outcome, Status, Step};
use platform::{
    Answer, ApiError, Cx, Reply,
    http::idem::Idem,
    ids::CharacterId,
    saving::{Kept, SaveType},
    store::{
        achievements::Unlock,
        lives::{self, Append, Standing},
        stats::YearRow,
    },
    view::UnlockedOut,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{ChangeOut, EventOut, StateOut};

/// Steps from one standing of a life.
pub(crate) struct Lived<'a> {
    from: &'a Standing,
    last: Step,
    entries: Vec<LogEntry>,
    events: Vec<EventRecord>,
    years: Vec<Year>,
    unlocks: Vec<Unlock>,
    keepsakes: Vec<Keepsake>,
    /// The numbers at each age, each age once.
    rows: Vec<YearRow>,
}

/// A moment on the way that is kept, whether the player thinks of it or not.
struct Keepsake {
    life: Life,
    recent: Vec<EventRecord>,
    /// The event that made it one; none where a new part of life began.
    milestone: Option<String>,
}

/// What happened at one age.
struct Year {
    age: u16,
    year: u16,
    complete: bool,
    events: Vec<EventRecord>,
    changes: Vec<Change>,
}

impl<'a> Lived<'a> {
    pub(crate) fn first(cx: &Cx, from: &'a Standing, step: Step) -> Self {
        let mut lived = Self {
            from,
            last: step,
            entries: Vec::new(),
            events: Vec::new(),
            years: Vec::new(),
            unlocks: Vec::new(),
            keepsakes: Vec::new(),
            rows: Vec::new(),
        };
        lived.note_last(cx);
        lived
    }

    pub(crate) fn then(&mut self, cx: &Cx, step: Step) {
        self.last = step;
        self.note_last(cx);
    }

    /// Takes over what the last step brought; its life and its outcome stay where they are.
    fn note_last(&mut self, cx: &Cx) {
        let known = self.from.unlocks.iter().chain(&self.unlocks);
        let new = Unlock::by_step(cx.content(), &self.last, known, cx.now());
        self.unlocks.extend(new);
        let (events, changes) = (mem::take(&mut self.last.events), mem::take(&mut self.last.changes));
        let (age, year, complete) = (self.last.life.age, self.last.life.year, self.last.year_complete);
        self.entries.push(self.last.entry.clone());
        for event in &events {
            self.at(event.age, event.year).events.push(event.clone());
        }
        let now = self.at(age, year);
        now.changes.extend(changes);
        now.complete = complete;
        self.note_numbers(&events);
        let milestone =
            events.iter().find(|event| cx.content().is_milestone(&event.event_id)).map(|event| event.event_id.clone());
        self.events.extend(events);
        if (self.last.stage_changed || milestone.is_some()) && self.last.life.status == Status::Alive {
            let milestone = milestone.filter(|_| !self.last.stage_changed);
            self.keepsakes.push(Keepsake { life: self.last.life.clone(), recent: self.recent(), milestone });
        }
    }

    /// Takes over the numbers of the life as it now stands. What still happened at the age before belongs to that.
    fn note_numbers(&mut self, events: &[EventRecord]) {
        let now = &self.last.life;
        let earlier = events.iter().filter(|event| event.age != now.age).count();
        if earlier > 0 && self.rows.is_empty() {
            self.rows.push(YearRow::of(&self.from.life, earlier));
        }
        let row = YearRow::of(now, events.len() - earlier);
        match self.rows.last_mut().filter(|last| last.age == row.age) {
            Some(last) => *last = YearRow { events: last.events + row.events, ..row },
            None => self.rows.push(row),
        }
    }

    /// The entry for that age; ages come in order, so a new one closes the one before.
    fn at(&mut self, age: u16, year: u16) -> &mut Year {
        if self.years.last().is_none_or(|last| last.age != age) {
            if let Some(before) = self.years.last_mut() {
                before.complete = true;
            }
            self.years.push(Year { age, year, complete: false, events: Vec::new(), changes: Vec::new() });
        }
        let last = self.years.len() - 1;
        &mut self.years[last]
    }

    pub(crate) fn last(&self) -> &Step {
        &self.last
    }

    pub(crate) fn version(&self) -> i64 {
        self.from.version + 1
    }

    /// Events of the present year: what the state shows until the next one.
    fn recent(&self) -> Vec<EventRecord> {
        let age = self.last.life.age;
        self.from.recent.iter().chain(&self.events).filter(|event| event.age == age).cloned().collect()
    }

    pub(crate) fn state(&self, cx: &Cx) -> StateOut {
        let recent = self.recent();
        StateOut::of(cx.content(), cx.locale(), self.from.character_id, self.version(), &self.last.life, &recent)
    }

    pub(crate) fn years(&self, cx: &Cx) -> Vec<YearOut> {
        self.years.iter().map(|year| YearOut::of(cx.content(), cx.locale(), year)).collect()
    }

    /// What was achieved.
    pub(crate) fn unlocked(&self, cx: &Cx) -> Vec<UnlockedOut> {
        self.unlocks.iter().map(|unlock| UnlockedOut::of(cx.content(), cx.locale(), unlock)).collect()
    }

    pub(crate) fn outcome(&self) -> Option<(&Outcome, &EventRecord)> {
        let outcome = self.last.outcome.as_ref()?;
        let event = self.events.iter().find(|event| event.decision.is_some())?;
        Some((outcome, event))
    }

    /// What is kept of the way. Ids of one millisecond come in any order, and by them saves are listed: so they are sorted.
    fn saves(&self, cx: &Cx) -> Result<Vec<Kept>, ApiError> {
        let saves: Result<Vec<_>, _> = self.keepsakes.iter().map(|it| it.kept(cx, self.from.character_id)).collect();
        let mut saves = saves?;
        let mut ids: Vec<_> = saves.iter().map(|save| save.save_id).collect();
        ids.sort_unstable();
        saves.iter_mut().zip(ids).for_each(|(save, id)| save.save_id = id);
        Ok(saves)
    }

    /// Stores it all and answers.
    pub(crate) async fn store<T: Serialize>(self, cx: &Cx, idem: &Idem, out: &T) -> Reply<T> {
        let answer = Answer::ok(out)?.versioned(cx, self.version());
        let recent = self.recent();
        let saves = self.saves(cx)?;
        let write = Append {
            from: self.from,
            life: &self.last.life,
            recent: &recent,
            entries: &self.entries,
            events: &self.events,
            saves: &saves,
            years: &self.rows,
            unlocks: &self.unlocks,
        };
        lives::append(cx, idem, &write, answer).await
    }
}

impl Keepsake {
    fn kept(&self, cx: &Cx, character: CharacterId) -> Result<Kept, ApiError> {
        let save_type = if self.milestone.is_some() { SaveType::Milestone } else { SaveType::Auto };
        let mut kept = Kept::of(cx, character, save_type, &self.life, &self.recent)?;
        kept.event_id.clone_from(&self.milestone);
        Ok(kept)
    }
}

/// One year of a life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct YearOut {
    age: u16,
    year: u16,
    /// False while a decision interrupts it.
    complete: bool,
    events: Vec<EventOut>,
    /// What the year itself changed: growth, plan, work.
    changes: Vec<ChangeOut>,
}

impl YearOut {
    fn of(content: &Content, locale: Locale, year: &Year) -> Self {
        Self {
            age: year.age,
            year: year.year,
            complete: year.complete,
            events: year.events.iter().map(|event| EventOut::of(content, locale, event)).collect(),
            changes: year.changes.iter().map(ChangeOut::from).collect(),
        }
    }
}
