//! How a year is lived: first what happens to everybody (growing, school, work, money, family), then the
//! year's events, then the question whether one lives to see the next.

mod agenda;
mod effect;
mod event;
mod growth;
mod health;
mod household;
mod illness;
mod kin;
mod likely;
mod market;
mod money;
mod mortality;
mod moving;
mod people;
mod school;
mod select;
mod slot;
mod turn;
mod work;

pub(crate) use event::take_decision;
pub(crate) use growth::size;
pub(crate) use mortality::{Exposure, expected_deaths, hazard};
pub(crate) use people::{NewPerson, add_person};
pub use select::{DrawFactors, Factor};
pub(crate) use turn::{Trace, Turn};

use content::{MAX_AGE, Mode, Stage, Tier};

use crate::dice::Purpose;
use crate::life::Progress;

/// Chance in percent that a year has room for two random events.
const SECOND_DRAW_PERCENT: u8 = 30;

/// The changes everybody sees in a year, before any event.
pub(crate) fn pass(turn: &mut Turn<'_>) {
    turn.life.age += 1;
    turn.life.year += 1;
    turn.life.stage = Stage::of_age(turn.life.age);
    turn.turn_the_year();
    turn.life.news.clear();
    money::open_books(turn);
    health::plan(turn);
    growth::body_and_mind(turn);
    health::drift_all(turn);
    illness::year(turn);
    school::attend(turn);
    moving::leave(turn);
    work::earn_a_living(turn);
    money::year(turn);
    market::venture(turn);
    market::theft(turn);
    household::love(turn);
    people::age_and_die(turn);
    kin::year(turn);
    people::make_friends(turn);
    people::keep_in_touch(turn);
    effect::lasting(turn);
    chronicle(turn);
}

/// What is kept of the year for the summary.
fn chronicle(turn: &mut Turn<'_>) {
    let happiness = u32::from(turn.life.happiness);
    let working = turn.life.career.is_some();
    let kept = &mut turn.life.chronicle;
    kept.happiness_years += happiness;
    kept.years_worked += u16::from(working);
}

/// Opens the year's events.
pub(crate) fn open(turn: &mut Turn<'_>, mode: Mode) {
    let second_draw = turn.dice().roll(Purpose::DrawCount, 0).percent() < SECOND_DRAW_PERCENT;
    turn.life.progress = Some(Progress {
        mode,
        tier: Tier::Mandatory,
        draws_left: 1 + u8::from(second_draw),
        happened: 0,
        milestone: false,
        quotas: Vec::new(),
        groups: Vec::new(),
    });
    turn.agenda.new_year(turn.life.year);
    turn.pool.clear();
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
