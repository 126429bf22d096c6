//! A year being lived: the life as it changes, and a note of every change.

use std::cell::Cell;
use std::collections::BTreeMap;

use content::{Attribute, Event, Mode, News, Occupation, Skill};

use super::agenda::Agenda;
use super::growth;
use super::likely::Likely;
use super::select::{DrawFactors, Pool};
use super::slot::{self, Company, Slots};
use crate::ask::{Asked, seen_by};
use crate::content::Content;
use crate::dice::{Dice, Purpose};
use crate::life::{Death, Life, PersonId, Seen, Status};
use crate::local::Local;
use crate::odds::OddsFactor;
use crate::reach::{Circumstances, Standing};
use crate::record::{Change, EventRecord, Odds, Value};
use crate::world::Row;

/// A year being lived.
pub(crate) struct Turn<'a> {
    pub(crate) content: &'a Content,
    pub(crate) life: Life,
    /// Events that are over.
    pub(crate) events: Vec<EventRecord>,
    /// Changes not yet given to an event.
    changes: Vec<Change>,
    /// Filled when somebody asks why.
    pub(crate) trace: Option<Trace>,
    /// How people live here and now.
    pub(crate) here: Row,
    /// The place of the region lived in among the regions.
    pub(crate) region: usize,
    /// What has happened, by event: the life's history, indexed.
    pub(crate) seen: Vec<Seen>,
    /// What may still happen.
    pub(crate) agenda: Agenda,
    /// What may be drawn as things stand.
    pub(crate) pool: Pool,
    /// Who is known, when the next event is looked for.
    pub(crate) company: Company,
    /// The most each attribute can come to.
    pub(crate) talents: [i32; Attribute::ALL.len()],
    /// The people of the event that waits for an answer.
    pub(crate) waiting: Option<Slots>,
    /// The occupation last looked up.
    job: Cell<Option<&'a Occupation>>,
    /// The place of the country lived in among the countries.
    country: usize,
    /// What is only told is written down: changes, people, requirements. A simulation has no reader for it.
    noting: bool,
}

/// Why events were drawn and odds were as they were.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) draws: Vec<TracedDraw>,
    pub(crate) odds: Vec<TracedOdds>,
    pub(crate) chances: Vec<TracedChance>,
}

/// A chance the ordinary rules of a year gave, and how it went.
#[derive(Debug)]
pub(crate) struct TracedChance {
    pub(crate) what: &'static str,
    pub(crate) chance_pm: u16,
    pub(crate) happened: bool,
    pub(crate) factors: Vec<OddsFactor>,
}

/// Why one event was drawn.
#[derive(Debug)]
pub(crate) struct TracedDraw {
    pub(crate) event_seq: u32,
    pub(crate) event_id: String,
    pub(crate) factors: DrawFactors,
}

/// Why one answer had its odds.
#[derive(Debug)]
pub(crate) struct TracedOdds {
    pub(crate) event_seq: u32,
    pub(crate) option_id: String,
    pub(crate) odds: Odds,
    pub(crate) factors: Vec<OddsFactor>,
}

/// A number from 0 to 100 in the state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Score {
    Attr(Attribute),
    Skill(Skill),
    Physical,
    Mental,
    Stress,
    Happiness,
    Wealth,
}

/// A number from 0 to 100 in a relationship.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bond {
    Intimacy,
    Trust,
    Support,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(content: &'a Content, life: Life) -> Self {
        let seen = seen_by(content, &life);
        let region = content.region_ix(&life.place.region);
        Self {
            here: *content.world().row(region, life.year),
            region,
            country: content.country_ix(&life.place.country),
            agenda: Agenda::of(content, &life, &seen),
            pool: Pool::default(),
            talents: growth::talents(&life),
            company: Company::of_all(&life.persons),
            waiting: None,
            job: Cell::new(None),
            content,
            life,
            events: Vec::new(),
            changes: Vec::new(),
            trace: None,
            seen,
            noting: true,
        }
    }

    /// The same, for a life whose changes nobody will read.
    pub(crate) fn unnoted(content: &'a Content, life: Life) -> Self {
        Self { noting: false, ..Self::new(content, life) }
    }

    /// Reads the tables of a new year.
    pub(crate) fn turn_the_year(&mut self) {
        self.here = *self.content.world().row(self.region, self.life.year);
    }

    /// Reads the tables anew: the place has changed.
    pub(crate) fn look_around(&mut self) {
        self.region = self.content.region_ix(&self.life.place.region);
        self.country = self.content.country_ix(&self.life.place.country);
        self.here = *self.content.world().row(self.region, self.life.year);
    }

    /// Something the year's events may tell of.
    pub(crate) fn report(&mut self, news: News) {
        if !self.life.news.contains(&news) {
            self.life.news.push(news);
        }
    }

    /// Rolls a chance, and writes down what it was made of if somebody asks why.
    pub(crate) fn happens(&mut self, likely: Likely, purpose: Purpose, index: u64) -> bool {
        let chance_pm = likely.per_mille();
        let happened = chance_pm > 0 && self.dice().roll(purpose, index).chance(chance_pm.into(), 1000);
        if let Some(trace) = &mut self.trace {
            let (what, factors) = likely.into_factors();
            trace.chances.push(TracedChance { what, chance_pm, happened, factors });
        }
        happened
    }

    /// A chance about to be reckoned, from its base in a thousand.
    pub(crate) fn likely(&self, what: &'static str, base_pm: i32) -> Likely {
        Likely::new(what, base_pm, self.trace.is_some())
    }

    pub(crate) fn dice(&self) -> Dice {
        Dice::new(self.life.seed, self.life.year)
    }

    pub(crate) fn mode(&self) -> Mode {
        self.life.progress.as_ref().map_or(Mode::Steady, |progress| progress.mode)
    }

    /// What is only told is written down.
    pub(crate) const fn is_noting(&self) -> bool {
        self.noting
    }

    /// The present occupation.
    pub(crate) fn occupation(&self) -> Option<&'a Occupation> {
        let id = &self.life.career.as_ref()?.id;
        let known = self.job.get().filter(|job| job.id == *id);
        let job = known.or_else(|| self.content.occupation(id));
        self.job.set(job);
        job
    }

    /// The people of an event, if there are such people.
    pub(crate) fn people_for(&self, event: &Event) -> Option<Slots> {
        slot::fill(self, event, &BTreeMap::new())
    }

    /// What is worked out for here and now.
    pub(crate) fn local(&self) -> &'a Local {
        self.content.world().local(self.content.rules(), self.region, self.life.year)
    }

    /// Where and how the life is lived now.
    pub(crate) fn circumstances(&self) -> Circumstances<'_> {
        let life = &self.life;
        Circumstances {
            age: life.age,
            year: life.year,
            region: self.region,
            country: self.country,
            home: (life.place.settlement, life.place.terrain),
            standing: Standing::of(life),
            news: &life.news,
            company: self.company.relations(),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life.status == Status::Alive
    }

    /// The life, ready to be asked about these people.
    pub(crate) fn asked<'t>(&'t self, slots: &'t [Option<PersonId>]) -> Asked<'t> {
        Asked { content: self.content, life: &self.life, mode: self.mode(), slots, this: None, seen: &self.seen }
    }

    /// The definition of an event, independent of the turn's own borrow.
    pub(crate) fn event(&self, ix: content::EventIx) -> &'a Event {
        self.content.event(ix)
    }

    /// Takes the changes noted so far.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Notes a change that has been made.
    pub(crate) fn note(&mut self, path: impl Into<String>, from: Value, to: Value, source: &str) {
        if self.noting && from != to {
            self.changes.push(Change { path: path.into(), from, to, source: source.to_owned() });
        }
    }

    /// Moves a score, within 0-100.
    pub(crate) fn add(&mut self, score: Score, amount: i32, source: &str) {
        let slot = match score {
            Score::Attr(kind) => self.life.attributes.get_mut(kind),
            Score::Skill(kind) => self.life.skills.get_mut(kind),
            Score::Physical => &mut self.life.health.physical,
            Score::Mental => &mut self.life.health.mental,
            Score::Stress => &mut self.life.health.stress,
            Score::Happiness => &mut self.life.happiness,
            Score::Wealth => &mut self.life.family.wealth,
        };
        let from = *slot;
        *slot = moved(from, amount);
        let to = *slot;
        if self.noting && from != to {
            self.note(score.path(), from.into(), to.into(), source);
        }
    }

    /// Moves a relationship, within 0-100.
    pub(crate) fn bond(&mut self, id: PersonId, bond: Bond, amount: i32, source: &str) {
        let Some(person) = self.life.persons.get_mut(id.0 as usize) else { return };
        let (slot, name) = match bond {
            Bond::Intimacy => (&mut person.intimacy, "intimacy"),
            Bond::Trust => (&mut person.trust, "trust"),
            Bond::Support => (&mut person.support, "support"),
        };
        let from = *slot;
        *slot = moved(from, amount);
        let to = *slot;
        if self.noting && from != to {
            self.note(format!("persons.{}.{name}", id.0), from.into(), to.into(), source);
        }
    }

    /// Ends the life.
    pub(crate) fn die(&mut self, cause: &str) {
        if !self.is_alive() {
            return;
        }
        self.life.status = Status::Dead;
        self.life.death = Some(Death { age: self.life.age, year: self.life.year, cause: cause.to_owned() });
        self.note("status", Value::Id("alive".to_owned()), Value::Id("dead".to_owned()), cause);
    }
}

impl Score {
    fn path(self) -> String {
        match self {
            Self::Attr(kind) => format!("attributes.{kind}"),
            Self::Skill(kind) => format!("skills.{kind}"),
            Self::Physical => "health.physical".to_owned(),
            Self::Mental => "health.mental".to_owned(),
            Self::Stress => "health.stress".to_owned(),
            Self::Happiness => "happiness".to_owned(),
            Self::Wealth => "family.wealth".to_owned(),
        }
    }
}

pub(super) fn moved(score: u8, amount: i32) -> u8 {
    u8::try_from((i32::from(score) + amount).clamp(0, 100)).unwrap_or(100)
}
