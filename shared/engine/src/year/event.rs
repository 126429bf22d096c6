//! An event happens: what it does at once, what it asks, what the answer brings.

use content::{Branch, Check, Choice, Cond, Decision, Event, Num};

use super::effect::{self, Origin};
use super::select::Draw;
use super::slot::{self, Slots};
use super::turn::{TracedDraw, TracedOdds, Turn};
use crate::ask::Asked;
use crate::dice::Purpose;
use crate::life::{Scheduled, Seen};
use crate::odds::{OddsFactor, judge, odds};
use crate::record::{
    CheckResult, DecisionId, DecisionRecord, EventRecord, OptionState, Outcome, Params, PendingDecision, Requirement,
};

/// Branches of one event, told apart so that each has its own dice.
const AT_ONCE: u8 = 0;
const WHEN_CHOSEN: u8 = 1;
const AFTER_ROLL: u8 = 2;

/// Lets the event happen; if it asks something, the life now waits for an answer.
pub(super) fn happen(turn: &mut Turn<'_>, draw: Draw) {
    let event = turn.event(draw.event);
    let seq = turn.life.next_event_seq;
    turn.life.next_event_seq += 1;
    if let (Some(trace), Some(factors)) = (&mut turn.trace, draw.factors) {
        trace.draws.push(TracedDraw { event_seq: seq, event_id: event.id.clone(), factors });
    }
    let mut slots = draw.slots;
    slot::create_missing(turn, event, &mut slots);
    let variant = variant(turn, event, &slots);
    remember(turn, event, draw.event);
    bring(turn, &event.outcome, event, AT_ONCE, seq, &mut slots);

    let record = EventRecord {
        event_seq: seq,
        event_id: event.id.clone(),
        event_type: event.kind,
        age: turn.life.age,
        year: turn.life.year,
        stage: turn.life.stage,
        variant,
        params: params(turn, event, &slots),
        caused_by_seq: draw.caused_by,
        changes: turn.take_changes(),
        decision: None,
    };
    match event.decision.as_ref().filter(|_| turn.is_alive()) {
        Some(decision) => {
            turn.life.pending = Some(pending(turn, decision, record, &slots));
            turn.waiting = Some(slots);
        }
        None => turn.events.push(record),
    }
}

/// Which of the event's tellings fits; the first where nobody reads it.
fn variant(turn: &Turn<'_>, event: &Event, slots: &Slots) -> u8 {
    if !turn.is_noting() {
        return 0;
    }
    let fits = |cond: &Option<Cond>| cond.as_ref().is_none_or(|cond| turn.asked(slots).holds(cond));
    event.variants.iter().position(fits).and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
}

/// Carries out the answer; the option is known to be available.
pub(crate) fn take_decision(turn: &mut Turn<'_>, pending: PendingDecision, option_id: &str, late: bool) {
    let mut record = pending.event;
    let Some((event, choice)) = turn.content.event_ix(&record.event_id).and_then(|ix| {
        let event = turn.event(ix);
        let choices = &event.decision.as_ref()?.choices;
        Some((event, choices.iter().find(|choice| choice.id == option_id)?))
    }) else {
        // The event was retired while the life waited: it ends without an answer.
        turn.events.push(record);
        return;
    };
    let people = &record.params.people;
    let told = || event.slots.iter().map(|slot| people.get(&slot.name).map(|person| person.person_id)).collect();
    let mut slots: Slots = turn.waiting.take().unwrap_or_else(told);
    bring(turn, &choice.always, event, WHEN_CHOSEN, record.event_seq, &mut slots);
    let shown = pending.options.iter().find(|option| option.option_id == option_id).and_then(|option| option.odds);
    let outcome = match (&choice.check, shown) {
        (Some(check), Some(shown)) => {
            let roll = turn.dice().roll_for(Purpose::Check, &event.id, 0).percent();
            let result = judge(shown, roll);
            let branch = outcome_branch(turn, event, check, result);
            if let Some(branch) = branch {
                bring(turn, branch, event, AFTER_ROLL, record.event_seq, &mut slots);
            }
            let text_key = branch.and_then(|branch| branch.text.clone());
            Outcome { result, roll: Some(roll), odds: Some(shown), text_key }
        }
        _ => Outcome { result: CheckResult::Done, roll: None, odds: None, text_key: None },
    };
    record.params = params(turn, event, &slots);
    record.decision = Some(DecisionRecord { option_id: option_id.to_owned(), late, outcome });
    record.changes.extend(turn.take_changes());
    turn.events.push(record);
}

/// One of the branches for this result, by the dice.
fn outcome_branch<'e>(turn: &Turn<'_>, event: &Event, check: &'e Check, result: CheckResult) -> Option<&'e Branch> {
    let branches = match result {
        CheckResult::Success => &check.on_success,
        CheckResult::Partial => &check.on_partial,
        CheckResult::Fail | CheckResult::Done => &check.on_fail,
    };
    let pick = turn.dice().roll_for(Purpose::OutcomePick, &event.id, 0).below(branches.len() as u64);
    usize::try_from(pick).ok().and_then(|place| branches.get(place))
}

/// Notes that the event has happened, and what that rules out for the rest of the year.
fn remember(turn: &mut Turn<'_>, event: &Event, ix: content::EventIx) {
    let year = turn.life.year;
    let seen = turn.life.history.entry(event.id.clone()).or_insert(Seen { count: 0, last_year: year });
    seen.count += 1;
    seen.last_year = year;
    let times = *seen;
    turn.seen[usize::from(ix.0)] = times;
    turn.agenda.happened(turn.content, ix, times);
    turn.pool.clear();
    if let Some(progress) = &mut turn.life.progress {
        progress.happened += 1;
        progress.groups.extend(event.limits.exclusive_group.clone());
        progress.quotas.extend(event.limits.quota.clone());
    }
}

/// Applies a branch: its effects, what lasts from now on, what may follow.
fn bring(turn: &mut Turn<'_>, branch: &Branch, event: &Event, which: u8, seq: u32, slots: &mut Slots) {
    let origin = Origin { id: &event.id, risk: event.risk, branch: which };
    effect::apply(turn, &branch.effects, &origin, slots);
    for id in &branch.lasting {
        let years = turn.content.lasting(id).map_or(0, |lasting| lasting.years);
        let before = turn.life.lasting.insert(id.clone(), turn.life.year + years).is_some();
        turn.note(format!("lasting.{id}"), before.into(), true.into(), &event.id);
    }
    for place in &branch.chains {
        schedule(turn, event, *place, seq, slots);
    }
}

/// Schedules a chain, if its condition holds and its dice agree.
fn schedule(turn: &mut Turn<'_>, event: &Event, place: u8, seq: u32, slots: &Slots) {
    let Some(chain) = event.chains.get(usize::from(place)) else { return };
    let starts = chain.cond.as_ref().is_none_or(|cond| turn.asked(slots).holds(cond))
        && turn.dice().roll_for(Purpose::ChainChance, &event.id, place).percent() < chain.chance_percent;
    if !starts {
        return;
    }
    let (soonest, latest) = (i32::from(chain.after.0), i32::from(chain.after.1));
    let delay = turn.dice().roll_for(Purpose::ChainDelay, &event.id, place).between(soonest, latest);
    turn.life.scheduled.push(Scheduled {
        event: turn.content.event(chain.event).id.clone(),
        due_year: turn.life.year + u16::try_from(delay).unwrap_or(1),
        from: event.id.clone(),
        chain: place,
        caused_by_seq: seq,
        people: slot::by_name(event, slots),
    });
}

/// Who is told of, and where; nothing where nobody reads it.
fn params(turn: &Turn<'_>, event: &Event, slots: &Slots) -> Params {
    if !turn.is_noting() {
        return Params::default();
    }
    let people = event
        .slots
        .iter()
        .zip(slots.iter())
        .filter_map(|(slot, filled)| Some((slot.name.clone(), turn.life.person((*filled)?)?.snapshot())));
    Params { name: turn.life.spec.name.clone(), country: turn.life.place.country.clone(), people: people.collect() }
}

/// The decision the event asks for: each answer with its requirements and its odds.
fn pending(turn: &mut Turn<'_>, decision: &Decision, event: EventRecord, slots: &Slots) -> PendingDecision {
    let asked = turn.asked(slots);
    let visible =
        decision.choices.iter().filter(|choice| choice.visible_if.as_ref().is_none_or(|cond| asked.holds(cond)));
    let mut because = turn.trace.as_ref().map(|_| Vec::new());
    let options = visible.map(|choice| offer(turn, choice, &asked, event.event_seq, because.as_mut())).collect();
    if let (Some(trace), Some(because)) = (&mut turn.trace, because) {
        trace.odds.extend(because);
    }
    let default = decision.choices.iter().find(|choice| choice.is_default);
    PendingDecision {
        decision_id: DecisionId(event.event_seq),
        event,
        needs_confirmation: decision.needs_confirmation,
        time_limit_s: decision.time_limit_s,
        default_option: default.map(|choice| choice.id.clone()).unwrap_or_default(),
        options,
    }
}

/// An answer as it is offered; `because` takes what its odds are made of.
fn offer(
    turn: &Turn<'_>,
    choice: &Choice,
    asked: &Asked<'_>,
    event_seq: u32,
    because: Option<&mut Vec<TracedOdds>>,
) -> OptionState {
    let mut factors = Vec::new();
    let odds = choice.check.as_ref().map(|check| match &because {
        Some(_) => odds(check, asked, |source, add| factors.push(OddsFactor { source: source.to_owned(), add })),
        None => odds(check, asked, |_, _| ()),
    });
    if let (Some(because), Some(odds)) = (because, odds) {
        because.push(TracedOdds { event_seq, option_id: choice.id.clone(), odds, factors });
    }
    OptionState {
        option_id: choice.id.clone(),
        available: choice.requires.iter().all(|requirement| asked.holds(&requirement.cond)),
        requirements: if turn.is_noting() { requirements(choice, asked) } else { Vec::new() },
        odds,
    }
}

/// What an answer asks for, met or not.
fn requirements(choice: &Choice, asked: &Asked<'_>) -> Vec<Requirement> {
    let requirement = |requirement: &content::Requirement| {
        let met = asked.holds(&requirement.cond);
        match &requirement.cond {
            Cond::Compare(Num::Of(quantity), op, Num::Const(value)) => {
                Requirement::number(quantity.path(), *op, *value, met)
            }
            _ => Requirement::condition(&requirement.source, met),
        }
    };
    choice.requires.iter().map(requirement).collect()
}
