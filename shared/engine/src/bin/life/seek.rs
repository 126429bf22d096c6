//! Events of one place and one year are met by few lives of a sample drawn from all the world and 250 years. Those a
//! sample has not met are sought: lives are lived that are there at the right age. What even these do not meet, nobody will.

use content::{Cond, Event};
use engine::{Content, Dice, Purpose, Seed};

use crate::play::Birth;
use crate::tally::{Tally, live_some};

/// Lives lived to meet one event, in steps, until it is met.
const STEPS: u32 = 12;
const LIVES_A_STEP: u32 = 60;

/// Of these events, those that are not met even when sought.
pub(crate) fn unreachable<'e>(content: &Content, birth: &Birth, unseen: &[&'e str]) -> anyhow::Result<Vec<&'e str>> {
    let mut left = Vec::new();
    for id in unseen {
        let Some(event) = content.event_def(id) else { continue };
        let mut met = false;
        for step in 0..STEPS {
            let mut tally = Tally::default();
            for number in 0..LIVES_A_STEP {
                let number = u128::from(step * LIVES_A_STEP + number);
                let seed = Seed((u128::from_be_bytes(birth.seed.0) ^ (number << 64)).to_be_bytes());
                let there = born_to_meet(content, &Birth { seed, ..birth.clone() }, event);
                live_some(content, &there, std::iter::once(0), &mut tally)?;
            }
            met = tally.events.contains_key(*id);
            if met {
                break;
            }
        }
        if !met {
            left.push(*id);
        }
    }
    Ok(left)
}

/// Somebody who is at the event's place at a fitting age, as far as its scope and its condition name one.
fn born_to_meet(content: &Content, birth: &Birth, event: &Event) -> Birth {
    let mut roll = Dice::new(birth.seed, 0).roll(Purpose::Birth, u64::MAX - 1);
    let scope = &event.scope;
    let mut age = || roll.between(scope.ages.0.into(), scope.ages.1.min(80).into());
    let age = age();
    let year = roll.between(scope.years.0.into(), scope.years.1.into());
    let year = u16::try_from((year - age).clamp(1800, 2050)).unwrap_or(1900);
    let mut codes = scope.born_in.clone();
    if let Some(when) = &event.when {
        named_countries(when, &mut codes);
    }
    if codes.is_empty() {
        let there = |region: &String| {
            (scope.regions.is_empty() || scope.regions.contains(region)) && !scope.not_regions.contains(region)
        };
        codes.extend(
            content.countries().iter().filter(|country| there(&country.region)).map(|country| country.code.clone()),
        );
    }
    let possible = |code: &&String| {
        content.country(code).is_some_and(|country| country.valid.is_none_or(|(from, to)| (from..=to).contains(&year)))
    };
    let codes: Vec<&String> = codes.iter().filter(possible).collect();
    let place = usize::try_from(roll.below(codes.len() as u64)).unwrap_or(0);
    Birth { country: codes.get(place).map(|code| (*code).clone()), year: Some(year), ..birth.clone() }
}

fn named_countries(cond: &Cond, codes: &mut Vec<String>) {
    match cond {
        Cond::InCountry(named) => codes.extend(named.iter().cloned()),
        Cond::And(left, right) | Cond::Or(left, right) => {
            named_countries(left, codes);
            named_countries(right, codes);
        }
        _ => {}
    }
}
