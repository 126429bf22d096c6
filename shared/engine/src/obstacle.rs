//! Why an event cannot happen to a life as it stands: every part of its scope and condition that is not met, and how far off.

use content::{Cond, Event, Num};
use serde::Serialize;

use crate::ask::Asked;
use crate::content::Content;
use crate::life::Life;
use crate::year::Turn;

/// Something an event asks for that a life does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Obstacle {
    /// What is asked for: `ages`, `years`, `place`, `birth`, `filter`, `limits`, `people`, or the part of `when`.
    pub what: String,
    /// What the life has instead, where that is a number.
    pub has: Option<i32>,
}

impl Obstacle {
    fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), has: None }
    }

    fn number(what: impl Into<String>, has: impl Into<i32>) -> Self {
        Self { what: what.into(), has: Some(has.into()) }
    }
}

/// What stands between a life and an event, empty if nothing but the dice; `None` if there is no such event. Conditions on
/// the event's people count as met while nobody fills the slots.
#[must_use]
pub fn obstacles(content: &Content, life: &Life, event_id: &str) -> Option<Vec<Obstacle>> {
    let ix = content.event_ix(event_id)?;
    let turn = Turn::new(content, life.clone());
    let event = content.event(ix);
    let mut found = scope(event, life);
    if !turn.agenda.open().contains(ix) {
        found.push(Obstacle::of("limits"));
    }
    let slots = turn.people_for(event);
    if slots.is_none() {
        found.push(Obstacle::of("people"));
    }
    let slots = slots.unwrap_or_default();
    if let Some(when) = &event.when {
        unmet(when, &turn.asked(&slots), &mut found);
    }
    Some(found)
}

fn scope(event: &Event, life: &Life) -> Vec<Obstacle> {
    let (scope, place) = (&event.scope, &life.place);
    let among = |list: &[String], id: &String| list.is_empty() || list.contains(id);
    let there = among(&scope.regions, &place.region)
        && !scope.not_regions.contains(&place.region)
        && (scope.terrain.is_empty() || scope.terrain.contains(&place.terrain))
        && !scope.not_terrain.contains(&place.terrain)
        && (scope.settlement.is_empty() || scope.settlement.contains(&place.settlement));
    let within = |(from, to): (u16, u16), number: u16| (from..=to).contains(&number);
    let spared = event.sensitivity.iter().any(|tag| life.spec.content_filter.contains(tag));
    let rows = [
        (within(scope.ages, life.age), Obstacle::number(format!("ages {:?}", scope.ages), life.age)),
        (within(scope.years, life.year), Obstacle::number(format!("years {:?}", scope.years), life.year)),
        (there, Obstacle::of("place")),
        (among(&scope.born_in, &life.spec.country), Obstacle::of("birth")),
        (!spared, Obstacle::of("filter")),
    ];
    rows.into_iter().filter(|(met, _)| !met).map(|(_, obstacle)| obstacle).collect()
}

/// The parts of a condition that are not met; of alternatives, all together.
fn unmet(cond: &Cond, asked: &Asked<'_>, found: &mut Vec<Obstacle>) {
    if asked.holds(cond) {
        return;
    }
    match cond {
        Cond::And(left, right) => {
            unmet(left, asked, found);
            unmet(right, asked, found);
        }
        Cond::Compare(left, op, Num::Const(wanted)) => {
            let name = match left {
                Num::Of(quantity) => quantity.path(),
                other => format!("{other:?}"),
            };
            found.push(Obstacle::number(format!("{name} {} {wanted}", op.as_str()), asked.number(left)));
        }
        other => found.push(Obstacle::of(format!("{other:?}"))),
    }
}
