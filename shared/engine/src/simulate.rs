//! Living whole lives without a log, for those who count them: the same rules and the same dice, at the speed of the
//! rules alone.

use content::Mode;

use crate::birth::deal_life;
use crate::content::Content;
use crate::dice::{Dice, Purpose, Seed};
use crate::life::{Life, LifeSpec, SpecError, Status};
use crate::record::{EventRecord, PendingDecision};
use crate::year::{self, Turn};

/// The place of an open option, chosen by dice of its own: how those who count lives answer.
#[must_use]
pub fn chosen_by_dice(life: &Life, pending: &PendingDecision) -> usize {
    let open: Vec<usize> = (0..pending.options.len()).filter(|place| pending.options[*place].available).collect();
    let mut roll = Dice::new(life.seed, life.year).roll(Purpose::Check, pending.decision_id.0.into());
    let pick = usize::try_from(roll.below(open.len() as u64)).unwrap_or(0);
    open.get(pick).copied().unwrap_or(0)
}

/// Lives a life to its end. `choose` answers each decision with the place of an available option; `watch` sees the life
/// after each year with the events that were over since it last looked. What is only told is left out of events and
/// questions: the changes, the people, the requirements.
///
/// # Errors
/// If nobody can be born there and then.
pub fn simulate(
    content: &Content,
    spec: LifeSpec,
    seed: Seed,
    mode: Mode,
    mut choose: impl FnMut(&Life, &PendingDecision) -> usize,
    mut watch: impl FnMut(&Life, &[EventRecord]),
) -> Result<Life, SpecError> {
    let mut life = deal_life(content, spec, seed)?;
    life.status = Status::Alive;
    let mut turn = Turn::unnoted(content, life);
    year::open(&mut turn, Mode::Steady);
    loop {
        year::finish(&mut turn);
        while let Some(pending) = turn.life.pending.take() {
            let place = choose(&turn.life, &pending);
            let open = |place: usize| pending.options.get(place).filter(|option| option.available);
            let option = open(place).map_or_else(|| pending.default_option.clone(), |option| option.option_id.clone());
            year::take_decision(&mut turn, pending, &option, false);
            year::finish(&mut turn);
        }
        watch(&turn.life, &turn.events);
        turn.events.clear();
        if !turn.is_alive() {
            return Ok(turn.life);
        }
        year::pass(&mut turn);
        year::open(&mut turn, mode);
    }
}
