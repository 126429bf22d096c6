//! Which event comes next: tier by tier, then by weight.

use std::collections::BTreeMap;

use content::{Event, EventIx, Mode, Risk, Tier};
use serde::Serialize;

use super::slot::{self, Slots};
use super::turn::Turn;
use crate::dice::Purpose;
use crate::life::PersonId;

/// The unit of weights: an event with this weight happens every year.
const EVERY_YEAR: u64 = 100_000;
/// How often something is drawn if anything harmless can be: the least sum of weights.
const EVENTFUL: u64 = EVERY_YEAR * 60 / 100;
/// Percent of its weight an event keeps for each time it has happened already.
const REPEAT_PERCENT: u64 = 60;
/// Bounds of all multipliers together, percent.
const MULTIPLIER_BOUNDS: (u64, u64) = (10, 500);

/// Nobody is handed over by an earlier event.
static NOBODY: BTreeMap<String, PersonId> = BTreeMap::new();

/// An event about to happen.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) event: EventIx,
    pub(super) slots: Slots,
    pub(super) caused_by: Option<u32>,
    /// Kept when somebody asks why.
    pub(super) factors: Option<DrawFactors>,
}

/// Why an event was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawFactors {
    /// The tier it was drawn from.
    pub tier: Tier,
    /// The author's rate: expected draws in 100,000 years.
    pub base_weight: u64,
    /// What multiplied it.
    pub multipliers: Vec<Factor>,
    /// The weight it was drawn with.
    pub weight: u64,
    /// The weight of everything that could have been drawn, quiet included.
    pub total_weight: u64,
}

/// Something that multiplied a weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// The author's reason; `mode`, `repeated` and `eventful` are the rules' own.
    pub why: String,
    /// Percent.
    pub percent: u64,
}

/// The next event of the year, if there is one.
pub(super) fn next(turn: &mut Turn<'_>) -> Option<Draw> {
    turn.company.gather(&turn.life.persons);
    loop {
        let progress = turn.life.progress.as_ref()?;
        let (milestone_passed, draws_left, happened) = (progress.milestone, progress.draws_left, progress.happened);
        let found = match progress.tier {
            Tier::Mandatory => first(turn, Tier::Mandatory),
            Tier::Chained => due_chain(turn),
            Tier::Milestone if milestone_passed => None,
            Tier::Milestone => milestone(turn),
            Tier::Random if draws_left == 0 => None,
            Tier::Random => random(turn, draws_left),
            Tier::Fallback if happened > 0 => None,
            Tier::Fallback => quiet(turn),
        };
        let progress = turn.life.progress.as_mut()?;
        match (&found, progress.tier) {
            (Some(_), Tier::Milestone) => progress.milestone = true,
            (_, Tier::Random) if progress.draws_left > 0 => progress.draws_left -= 1,
            (Some(_), _) => {}
            (None, Tier::Mandatory) => progress.tier = Tier::Chained,
            (None, Tier::Chained) => progress.tier = Tier::Milestone,
            (None, Tier::Milestone) => progress.tier = Tier::Random,
            (None, Tier::Random) => progress.tier = Tier::Fallback,
            (None, Tier::Fallback) => return None,
        }
        if found.is_some() {
            return found;
        }
    }
}

/// The first event of a tier that can happen.
fn first(turn: &Turn<'_>, tier: Tier) -> Option<Draw> {
    possible(turn, tier).find_map(|ix| certain(turn, ix, &NOBODY, None))
}

/// The events of a tier that a life like this may meet this year, as far as sets can tell.
fn possible<'t>(turn: &'t Turn<'_>, tier: Tier) -> impl Iterator<Item = EventIx> + use<'t> {
    let content = turn.content;
    content.world().reach.possible(content.rules(), &turn.circumstances(), turn.agenda.open(), tier)
}

/// An event that happens without a draw, if it can.
fn certain(turn: &Turn<'_>, ix: EventIx, carried: &BTreeMap<String, PersonId>, caused_by: Option<u32>) -> Option<Draw> {
    let slots = people(turn, ix, carried)?;
    let event = turn.event(ix);
    let factors = turn.trace.as_ref().map(|_| {
        let weight = weigh(turn, ix, event, &slots);
        factors(turn, ix, &slots, weight, weight)
    });
    Some(Draw { event: ix, slots, caused_by, factors })
}

/// The first scheduled event whose time has come. Those that cannot happen are dropped.
fn due_chain(turn: &mut Turn<'_>) -> Option<Draw> {
    loop {
        let place = turn.life.scheduled.iter().position(|scheduled| scheduled.due_year <= turn.life.year)?;
        let scheduled = turn.life.scheduled.remove(place);
        let chain = turn.content.event_ix(&scheduled.from).and_then(|from| {
            let from = turn.event(from);
            Some((from, from.chains.get(usize::from(scheduled.chain))?))
        });
        let Some((from, chain)) = chain else { continue };
        let slots: Slots = from.slots.iter().map(|slot| scheduled.people.get(&slot.name).copied()).collect();
        let cancelled = chain.cancel_if.as_ref().is_some_and(|cond| turn.asked(&slots).holds(cond));
        let target = if cancelled { chain.or_else } else { Some(chain.event) };
        let Some(target) = target else { continue };
        let carried: BTreeMap<String, PersonId> = chain
            .carry
            .iter()
            .filter_map(|(here, _)| {
                let name = &from.slots.get(usize::from(here.0))?.name;
                Some((name.clone(), *scheduled.people.get(name)?))
            })
            .collect();
        let reach = &turn.content.world().reach;
        let allowed =
            turn.agenda.open().contains(target) && reach.allows(turn.content.rules(), &turn.circumstances(), target);
        let draw = allowed.then(|| certain(turn, target, &carried, Some(scheduled.caused_by_seq))).flatten();
        if draw.is_some() {
            return draw;
        }
    }
}

/// The first milestone that can happen and whose dice agree.
fn milestone(turn: &Turn<'_>) -> Option<Draw> {
    possible(turn, Tier::Milestone).find_map(|ix| {
        let event = turn.event(ix);
        let slots = people(turn, ix, &NOBODY)?;
        let weight = weigh(turn, ix, event, &slots);
        let happens = turn.dice().roll_for(Purpose::Milestone, &event.id, 0).chance(weight, EVERY_YEAR);
        happens.then(|| draw(turn, ix, slots, weight, EVERY_YEAR))
    })
}

/// One draw among the random events, by weight. A weight is a claim about how often the event happens, so what
/// is left of the year stays quiet. Where the claims together leave too many years quiet, harmless events come
/// more often than claimed, dangerous ones never; where they ask for more than a year holds, they compete.
fn random(turn: &mut Turn<'_>, draws_left: u8) -> Option<Draw> {
    // A second draw after one that came to nothing finds everything as the first did.
    if !turn.pool.is_filled {
        fill(turn, Tier::Random);
        let raised = raise_harmless(&mut turn.pool.candidates);
        turn.pool = Pool { raised, is_filled: true, candidates: std::mem::take(&mut turn.pool.candidates) };
    }
    let mut draw = weighted(turn, Tier::Random, draws_left, EVERY_YEAR)?;
    let percent = turn.pool.raised;
    if let Some(factors) = draw.factors.as_mut().filter(|_| percent > 100)
        && turn.event(draw.event).risk <= Risk::Low
    {
        factors.multipliers.push(Factor { why: "eventful".to_owned(), percent });
    }
    Some(draw)
}

/// Raises the weights of what is harmless if too many years would be quiet; the percent it was raised to.
fn raise_harmless(candidates: &mut [Candidate]) -> u64 {
    let (mut harmless, mut dangerous) = (0, 0);
    for candidate in &*candidates {
        *(if candidate.is_harmless { &mut harmless } else { &mut dangerous }) += candidate.weight;
    }
    let missing = EVENTFUL.saturating_sub(dangerous);
    let percent = (missing * 100).checked_div(harmless).map_or(100, |percent| percent.max(100));
    for candidate in candidates.iter_mut().filter(|candidate| candidate.is_harmless) {
        candidate.weight = candidate.weight * percent / 100;
    }
    percent
}

/// One of the quiet-year events: what is told when there is nothing to tell.
fn quiet(turn: &mut Turn<'_>) -> Option<Draw> {
    fill(turn, Tier::Fallback);
    weighted(turn, Tier::Fallback, 0, 0)
}

/// An event that can happen here and now.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    ix: EventIx,
    is_harmless: bool,
    weight: u64,
}

/// What may be drawn as things stand: filled when something is drawn, stale when something has happened.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    candidates: Vec<Candidate>,
    /// Percent to which the weights of what is harmless were raised.
    raised: u64,
    is_filled: bool,
}

impl Pool {
    /// Things no longer stand as they did.
    pub(super) fn clear(&mut self) {
        self.candidates.clear();
        self.is_filled = false;
    }
}

/// Fills the pool with every event of a tier that can happen here and now.
fn fill(turn: &mut Turn<'_>, tier: Tier) {
    turn.pool.clear();
    let mut candidates = std::mem::take(&mut turn.pool.candidates);
    let possible = possible(turn, tier).filter_map(|ix| {
        let event = turn.event(ix);
        let slots = people(turn, ix, &NOBODY)?;
        let weight = weigh(turn, ix, event, &slots);
        Some(Candidate { ix, is_harmless: event.risk <= Risk::Low, weight })
    });
    possible.for_each(|candidate| candidates.push(candidate));
    turn.pool.candidates = candidates;
}

/// One of the pool by weight, out of `whole` or of all weights together if they are more.
fn weighted(turn: &Turn<'_>, tier: Tier, index: u8, whole: u64) -> Option<Draw> {
    let candidates = &turn.pool.candidates;
    let total = candidates.iter().map(|candidate| candidate.weight).sum::<u64>().max(whole);
    let mut point = turn.dice().roll_for(Purpose::Draw, tier.as_str(), index).below(total);
    for Candidate { ix, weight, .. } in candidates {
        if point < *weight {
            let slots = people(turn, *ix, &NOBODY)?;
            return Some(draw(turn, *ix, slots, *weight, total));
        }
        point -= weight;
    }
    None
}

/// Tells what makes an event more or less likely here and now: why, and by how many percent.
fn multiply(turn: &Turn<'_>, ix: EventIx, event: &Event, slots: &Slots, mut by: impl FnMut(&str, u64)) {
    if !event.multipliers.is_empty() {
        let asked = turn.asked(slots);
        let by_author = event.multipliers.iter().filter(|multiplier| asked.holds(&multiplier.cond));
        by_author.for_each(|multiplier| by(&multiplier.why, multiplier.percent.into()));
    }
    let by_mode = mode_percent(turn.mode(), event.risk);
    if by_mode != 100 {
        by("mode", by_mode);
    }
    let times = turn.seen[usize::from(ix.0)].count;
    if times > 0 && event.scope.tier == Tier::Random {
        by("repeated", (0..times.min(6)).fold(100, |percent, _| percent * REPEAT_PERCENT / 100));
    }
}

/// The weight of an event here and now.
fn weigh(turn: &Turn<'_>, ix: EventIx, event: &Event, slots: &Slots) -> u64 {
    let mut product = 100;
    multiply(turn, ix, event, slots, |_, percent| product = product * percent / 100);
    u64::from(event.weight) * product.clamp(MULTIPLIER_BOUNDS.0, MULTIPLIER_BOUNDS.1) / 100
}

/// A draw, with why it came about if somebody asks.
fn draw(turn: &Turn<'_>, ix: EventIx, slots: Slots, weight: u64, total_weight: u64) -> Draw {
    let factors = turn.trace.as_ref().map(|_| factors(turn, ix, &slots, weight, total_weight));
    Draw { event: ix, slots, caused_by: None, factors }
}

fn factors(turn: &Turn<'_>, ix: EventIx, slots: &Slots, weight: u64, total_weight: u64) -> DrawFactors {
    let event = turn.event(ix);
    let mut multipliers = Vec::new();
    multiply(turn, ix, event, slots, |why, percent| {
        if percent != 100 {
            multipliers.push(Factor { why: why.to_owned(), percent });
        }
    });
    DrawFactors { tier: event.scope.tier, base_weight: event.weight.into(), multipliers, weight, total_weight }
}

/// How a mode changes the rate of risky events, percent.
const fn mode_percent(mode: Mode, risk: Risk) -> u64 {
    match (mode, risk) {
        (Mode::Aggressive, Risk::High) => 160,
        (Mode::Aggressive, Risk::Medium) => 125,
        (Mode::Conservative, Risk::Medium) => 80,
        (Mode::Conservative, Risk::High) => 60,
        _ => 100,
    }
}

/// The people of an event that may happen, if there are such people and its condition holds.
///
/// Only what no set decides is asked: the event is among the possible ones.
fn people(turn: &Turn<'_>, ix: EventIx, carried: &BTreeMap<String, PersonId>) -> Option<Slots> {
    let left = turn.content.world().reach.left(ix);
    if left.is_bare {
        return Some(Slots::default());
    }
    let slots = slot::fill(turn, turn.event(ix), carried)?;
    let asked = turn.asked(&slots);
    left.conds.iter().all(|cond| asked.holds(cond)).then_some(slots)
}
