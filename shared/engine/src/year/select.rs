//! Which event comes next: tier by tier, then by weight.

use std::collections::BTreeMap;

use content::{Event, EventIx, Mode, Risk, Tier};
use serde::Serialize;

use super::slot::{self, Slots};
use super::turn::Turn;
use crate::dice::Purpose;
use crate::life::PersonId;
use crate::world::Spot;

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
    pub(super) factors: DrawFactors,
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
    loop {
        let progress = turn.life.progress.as_ref()?;
        let found = match progress.tier {
            Tier::Mandatory => first(turn, Tier::Mandatory),
            Tier::Chained => due_chain(turn),
            Tier::Milestone if progress.milestone => None,
            Tier::Milestone => milestone(turn),
            Tier::Random if progress.draws_left == 0 => None,
            Tier::Random => random(turn, progress.draws_left),
            Tier::Fallback if progress.happened > 0 => None,
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
    let pool = turn.content.world().pool(tier, turn.life.age);
    pool.iter().find_map(|ix| certain(turn, *ix, &NOBODY, None))
}

/// An event that happens without a draw, if it can.
fn certain(turn: &Turn<'_>, ix: EventIx, carried: &BTreeMap<String, PersonId>, caused_by: Option<u32>) -> Option<Draw> {
    let event = turn.event(ix);
    let slots = eligible(turn, ix, event, carried)?;
    let weight = weigh(turn, ix, event, &slots);
    Some(Draw { caused_by, ..draw(turn, ix, slots, weight, weight) })
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
        if let Some(draw) = certain(turn, target, &carried, Some(scheduled.caused_by_seq)) {
            return Some(draw);
        }
    }
}

/// The first milestone that can happen and whose dice agree.
fn milestone(turn: &Turn<'_>) -> Option<Draw> {
    let pool = turn.content.world().pool(Tier::Milestone, turn.life.age);
    pool.iter().find_map(|ix| {
        let event = turn.event(*ix);
        let slots = eligible(turn, *ix, event, &NOBODY)?;
        let weight = weigh(turn, *ix, event, &slots);
        let happens = turn.dice().roll_for(Purpose::Milestone, &event.id, 0).chance(weight, EVERY_YEAR);
        happens.then(|| draw(turn, *ix, slots, weight, EVERY_YEAR))
    })
}

/// One draw among the random events, by weight. A weight is a claim about how often the event happens, so what
/// is left of the year stays quiet. Where the claims together leave too many years quiet, harmless events come
/// more often than claimed, dangerous ones never; where they ask for more than a year holds, they compete.
fn random(turn: &Turn<'_>, draws_left: u8) -> Option<Draw> {
    let mut candidates = candidates(turn, Tier::Random);
    let (mut harmless, mut dangerous) = (0, 0);
    for candidate in &candidates {
        *(if candidate.event.risk <= Risk::Low { &mut harmless } else { &mut dangerous }) += candidate.weight;
    }
    let missing = EVENTFUL.saturating_sub(dangerous);
    let percent = (missing * 100).checked_div(harmless).map_or(100, |percent| percent.max(100));
    for candidate in candidates.iter_mut().filter(|candidate| candidate.event.risk <= Risk::Low) {
        candidate.weight = candidate.weight * percent / 100;
    }
    let mut draw = weighted(turn, Tier::Random, draws_left, candidates, EVERY_YEAR)?;
    if percent > 100 && turn.event(draw.event).risk <= Risk::Low {
        draw.factors.multipliers.push(Factor { why: "eventful".to_owned(), percent });
    }
    Some(draw)
}

/// One of the quiet-year events: what is told when there is nothing to tell.
fn quiet(turn: &Turn<'_>) -> Option<Draw> {
    weighted(turn, Tier::Fallback, 0, candidates(turn, Tier::Fallback), 0)
}

/// An event that can happen here and now.
struct Candidate<'t> {
    ix: EventIx,
    event: &'t Event,
    slots: Slots,
    weight: u64,
}

/// Every event of a tier that can happen here and now.
fn candidates<'t>(turn: &Turn<'t>, tier: Tier) -> Vec<Candidate<'t>> {
    let pool = turn.content.world().pool(tier, turn.life.age);
    let possible = pool.iter().filter_map(|ix| {
        let event = turn.event(*ix);
        let slots = eligible(turn, *ix, event, &NOBODY)?;
        let weight = weigh(turn, *ix, event, &slots);
        Some(Candidate { ix: *ix, event, slots, weight })
    });
    possible.collect()
}

fn sum<'c, 't: 'c>(candidates: impl IntoIterator<Item = &'c Candidate<'t>>) -> u64 {
    candidates.into_iter().map(|candidate| candidate.weight).sum()
}

/// One of the candidates by weight, out of `whole` or of all weights together if they are more.
fn weighted(turn: &Turn<'_>, tier: Tier, index: u8, candidates: Vec<Candidate<'_>>, whole: u64) -> Option<Draw> {
    let total = sum(&candidates).max(whole);
    let mut point = turn.dice().roll_for(Purpose::Draw, tier.as_str(), index).below(total);
    for Candidate { ix, slots, weight, .. } in candidates {
        if point < weight {
            return Some(draw(turn, ix, slots, weight, total));
        }
        point -= weight;
    }
    None
}

/// What makes an event more or less likely here and now: why, and by how many percent.
fn multipliers<'t>(
    turn: &'t Turn<'_>,
    ix: EventIx,
    event: &'t Event,
    slots: &'t Slots,
) -> impl Iterator<Item = (&'t str, u64)> {
    let asked = turn.asked(slots);
    let by_author = event.multipliers.iter().filter(move |multiplier| asked.holds(&multiplier.cond));
    let by_mode = mode_percent(turn.mode(), event.risk);
    let times = match event.scope.tier {
        Tier::Random => turn.seen[usize::from(ix.0)].count,
        _ => 0,
    };
    let by_repeats = (0..times.min(6)).fold(100, |percent, _| percent * REPEAT_PERCENT / 100);
    by_author
        .map(|multiplier| (multiplier.why.as_str(), multiplier.percent.into()))
        .chain([("mode", by_mode), ("repeated", by_repeats)])
        .filter(|(_, percent)| *percent != 100)
}

/// The weight of an event here and now.
fn weigh(turn: &Turn<'_>, ix: EventIx, event: &Event, slots: &Slots) -> u64 {
    let percent = multipliers(turn, ix, event, slots).fold(100, |product, (_, percent)| product * percent / 100);
    u64::from(event.weight) * percent.clamp(MULTIPLIER_BOUNDS.0, MULTIPLIER_BOUNDS.1) / 100
}

/// A draw, with why it came about.
fn draw(turn: &Turn<'_>, ix: EventIx, slots: Slots, weight: u64, total_weight: u64) -> Draw {
    let event = turn.event(ix);
    let multipliers =
        multipliers(turn, ix, event, &slots).map(|(why, percent)| Factor { why: why.to_owned(), percent });
    let factors = DrawFactors {
        tier: event.scope.tier,
        base_weight: event.weight.into(),
        multipliers: multipliers.collect(),
        weight,
        total_weight,
    };
    Draw { event: ix, slots, caused_by: None, factors }
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

/// The people of the event, if it can happen here and now.
fn eligible(turn: &Turn<'_>, ix: EventIx, event: &Event, carried: &BTreeMap<String, PersonId>) -> Option<Slots> {
    let possible = turn.content.world().gate(ix).opens(spot(turn))
        && (event.scope.ages.0..=event.scope.ages.1).contains(&turn.life.age)
        && within_limits(turn, ix, event)
        && (event.scope.born_in.is_empty() || event.scope.born_in.contains(&turn.life.spec.country))
        && !filtered(turn, event);
    if !possible {
        return None;
    }
    let slots = slot::fill(turn, event, carried)?;
    let holds = event.when.as_ref().is_none_or(|when| turn.asked(&slots).holds(when));
    holds.then_some(slots)
}

fn spot(turn: &Turn<'_>) -> Spot {
    let place = &turn.life.place;
    Spot::new(turn.life.year, turn.region, place.terrain, place.settlement)
}

fn within_limits(turn: &Turn<'_>, ix: EventIx, event: &Event) -> bool {
    let (life, limits) = (&turn.life, &event.limits);
    let seen = turn.seen[usize::from(ix.0)];
    let rested = seen.count == 0
        || (limits.max.is_none_or(|max| seen.count < max)
            && life.year - seen.last_year >= limits.cooldown_years.max(1));
    let free = life.progress.as_ref().is_none_or(|progress| {
        let used = |list: &[String], key: &Option<String>| key.as_ref().is_some_and(|key| list.contains(key));
        !used(&progress.groups, &limits.exclusive_group) && !used(&progress.quotas, &limits.quota)
    });
    rested && free
}

fn filtered(turn: &Turn<'_>, event: &Event) -> bool {
    event.sensitivity.iter().any(|tag| turn.life.spec.content_filter.contains(tag))
}
