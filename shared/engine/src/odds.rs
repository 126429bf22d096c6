//! The one place where odds come from: what is shown is what is rolled.

use content::{Check, Mode, Term};
use serde::Serialize;

use crate::ask::Asked;
use crate::life::Life;
use crate::record::{CheckResult, Odds};

/// Something that moved the odds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OddsFactor {
    /// What, as its author wrote it; `base`, `limits` and the mode are the rules' own.
    pub source: String,
    /// Percent added to the chance of success.
    pub add: i32,
}

/// The chances of a check; `because` is told what they are made of.
pub(crate) fn odds(check: &Check, asked: &Asked<'_>, mut because: impl FnMut(&str, i32)) -> Odds {
    let mut sum = i32::from(check.base);
    because("base", sum);
    let mut add = |source: &str, add: i32| {
        if add != 0 {
            because(source, add);
        }
        add
    };
    for term in &check.terms {
        sum += match term {
            Term::Slope { of, source, over, step, add: each } => {
                add(source, asked.number(of).saturating_sub(*over) / (*step).max(1) * i32::from(*each))
            }
            Term::If { cond, source, add: all } => add(source, if asked.holds(cond) { (*all).into() } else { 0 }),
        };
    }
    sum += temper(asked.life).into_iter().map(|(source, percent)| add(source, percent)).sum::<i32>();
    let clamped = sum.clamp(check.min.into(), check.max.into());
    add("limits", clamped - sum);
    let partial = i32::from(check.partial).min(100 - clamped);
    let shift = to_extremes(partial, asked.mode).clamp(clamped + partial - 100, clamped);
    add(mode_source(asked.mode), shift);
    let (success, partial) = (clamped + shift, partial - 2 * shift);
    let percent = |number: i32| u8::try_from(number.clamp(0, 100)).unwrap_or(0);
    Odds { success: percent(success), partial: percent(partial), fail: percent(100 - success - partial) }
}

/// What temper and mood do to every attempt: a little courage helps, so does a good year; fear and fatigue hinder.
fn temper(life: &Life) -> [(&'static str, i32); 3] {
    let courage = (i32::from(life.traits.courage) - 50) / 16;
    let mood = (i32::from(life.mood.joy) - 55) / 16 - (i32::from(life.mood.anxiety) - 20).max(0) / 20;
    let tired = -(i32::from(life.health.stress) - 60).max(0) / 12;
    [("traits.courage", courage), ("mood", mood), ("health.stress", tired)]
}

const fn mode_source(mode: Mode) -> &'static str {
    match mode {
        Mode::Aggressive => "mode.aggressive",
        Mode::Steady => "mode.steady",
        Mode::Conservative => "mode.conservative",
    }
}

/// Percent a mode moves from the partial outcome to success and as much to failure (or back, if negative):
/// the aggressive get more of both extremes, the conservative less, and the mean stays.
const fn to_extremes(partial: i32, mode: Mode) -> i32 {
    match mode {
        Mode::Aggressive => partial / 4,
        Mode::Steady => 0,
        Mode::Conservative => -(partial / 4),
    }
}

/// What a roll of 0-99 comes to.
pub(crate) fn judge(odds: Odds, roll: u8) -> CheckResult {
    if roll < odds.success {
        CheckResult::Success
    } else if roll < odds.success + odds.partial {
        CheckResult::Partial
    } else {
        CheckResult::Fail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use crate::dice::Seed;
    use crate::life::{LifeSpec, Mortality};

    fn odds_of(base: i16, partial: i16, mode: Mode) -> (u8, u8, u8) {
        let spec = LifeSpec {
            name: String::new(),
            country: "FR".to_owned(),
            birth_year: 1900,
            gender: None,
            ethnicity: None,
            mortality: Mortality::Gentle,
            ranked: false,
            content_filter: Vec::new(),
        };
        let content = Content::builtin();
        let mut life = crate::birth::new_life(content, spec, Seed([1; 16])).expect("France is on the map");
        life.traits.courage = 50;
        let none = Vec::new;
        let check = Check {
            base,
            min: 5,
            max: 85,
            partial,
            terms: Vec::new(),
            on_success: none(),
            on_partial: none(),
            on_fail: none(),
        };
        let asked = Asked { content, life: &life, mode, slots: &[], this: None, seen: &[] };
        let odds = odds(&check, &asked, |_, _| ());
        (odds.success, odds.partial, odds.fail)
    }

    #[test]
    fn modes_widen_or_narrow_but_favour_nobody() {
        assert_eq!(odds_of(40, 20, Mode::Steady), (40, 20, 40));
        assert_eq!(odds_of(40, 20, Mode::Aggressive), (45, 10, 45));
        assert_eq!(odds_of(40, 20, Mode::Conservative), (35, 30, 35));
    }

    #[test]
    fn success_is_clamped_first_and_partial_takes_what_is_left() {
        assert_eq!(odds_of(99, 30, Mode::Steady), (85, 15, 0));
        assert_eq!(odds_of(0, 0, Mode::Steady), (5, 0, 95));
        assert_eq!(odds_of(99, 30, Mode::Conservative), (85, 15, 0), "nothing is left to move");
    }

    #[test]
    fn a_roll_is_judged_by_the_odds_shown() {
        let odds = Odds { success: 40, partial: 20, fail: 40 };
        let results = [0, 39, 40, 59, 60, 99].map(|roll| judge(odds, roll));
        use CheckResult::{Fail, Partial, Success};
        assert_eq!(results, [Success, Success, Partial, Partial, Fail, Fail]);
    }
}
