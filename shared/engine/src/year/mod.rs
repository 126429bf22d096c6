//! How a year is lived: first what happens to everybody (growing, school, work, money, family), then the
//! year's events, then the question whether one lives to see the next.

mod effect;
mod event;
mod growth;
mod household;
mod mortality;
mod people;
mod school;
mod select;
mod slot;
mod turn;
mod work;

pub(crate) use event::take_decision;
pub(crate) use growth::{default_plan, size};
pub(crate) use people::{NewPerson, add_person};
pub use select::{DrawFactors, Factor};
pub(crate) use turn::{Trace, Turn};

use content::{MAX_AGE, Stage, Tier};

use crate::life::Progress;

/// The changes everybody sees in a year, before any event.
pub(crate) fn pass(turn: &mut Turn<'_>) {
    turn.life.age += 1;
    turn.life.year += 1;
    turn.life.stage = Stage::of_age(turn.life.age);
    growth::body_and_mind(turn);
    growth::health(turn);
    school::attend(turn);
    work::earn_a_living(turn);
    household::money(turn);
    household::marriage_and_children(turn);
    people::age_and_die(turn);
    people::make_friends(turn);
    effect::lasting(turn);
}

/// Opens the year's events.
pub(crate) fn open(turn: &mut Turn<'_>, mode: content::Mode) {
    let draws = if turn.dice().roll(crate::dice::Purpose::DrawCount, 0).percent() < 30 { 2 } else { 1 };
    turn.life.progress = Some(Progress {
        mode,
        tier: Tier::Mandatory,
        draws_left: draws,
        happened: 0,
        milestone: false,
        quotas: Vec::new(),
        groups: Vec::new(),
    });
}

/// Lives the rest of the year: its events, as far as no decision stops them, then its risk of death.
pub(crate) fn finish(turn: &mut Turn<'_>) {
    while turn.is_alive() && turn.life.pending.is_none() {
        let Some(draw) = select::next(turn) else { break };
        event::happen(turn, draw);
    }
    if turn.life.pending.is_some() {
        return;
    }
    turn.life.progress = None;
    if turn.is_alive() {
        if turn.life.age >= MAX_AGE {
            turn.die("old_age");
        } else {
            mortality::risk(turn);
        }
    }
}
