//! Leaving: for the town, for another country, for the army.

use content::{AssetKind, Gender, News, Relation, Settlement, Terrain};

use super::turn::{Bond, Score, Turn};
use super::work;
use crate::dice::Purpose;
use crate::life::{Career, Entry, Place};

/// Years under arms when called up.
const SERVICE_YEARS: u16 = 2;

/// The army first, then the wide world, then the nearest town.
pub(super) fn leave(turn: &mut Turn<'_>) {
    if !discharge(turn) && !conscription(turn) && !emigrate(turn) {
        to_town(turn);
    }
}

fn in_service(turn: &Turn<'_>) -> bool {
    turn.life.career.as_ref().is_some_and(|career| career.id == work::CONSCRIPT)
}

/// A term of service is over.
fn discharge(turn: &mut Turn<'_>) -> bool {
    if !in_service(turn) {
        return false;
    }
    let over = turn.life.career.as_ref().and_then(|career| career.until).is_none_or(|until| turn.life.year >= until);
    if over {
        work::lose(turn, "discharged");
        turn.report(News::Discharged);
    } else {
        turn.add(Score::Skill(content::Skill::Athletic), 2, "service");
        turn.add(Score::Stress, 4, "service");
    }
    true
}

fn conscription(turn: &mut Turn<'_>) -> bool {
    let life = &turn.life;
    let (share, war) = (i32::from(turn.here.society.conscript_pct), turn.here.hazard_pct >= 150);
    let called = match life.age {
        19 => true,
        20..=34 => war && share >= 20,
        _ => false,
    };
    let free = life.gender == Gender::Male && life.education.enrolled.is_none() && life.health.physical >= 45;
    if !called || !free || life.flags.contains("served") || turn.content.occupation(work::CONSCRIPT).is_none() {
        return false;
    }
    let base = if life.age == 19 { share * 9 } else { share * 2 };
    let chance = turn.likely("conscription", base).times("war", if war { 130 } else { 100 });
    if !turn.happens(chance, Purpose::Service, 0) {
        return false;
    }
    let before = turn
        .life
        .career
        .replace(Career { until: Some(turn.life.year + SERVICE_YEARS), ..Career::begun(work::CONSCRIPT) });
    let before = before.as_ref().map(|career| career.id.as_str());
    turn.note("career.id", before.into(), Some(work::CONSCRIPT).into(), "conscription");
    turn.life.flags.insert("served".to_owned());
    turn.add(Score::Attr(content::Attribute::Willpower), 1, "conscription");
    turn.report(News::Conscripted);
    true
}

fn emigrate(turn: &mut Turn<'_>) -> bool {
    let life = &turn.life;
    if !(18..=50).contains(&life.age) || life.education.enrolled.is_some() || in_service(turn) {
        return false;
    }
    let chance = turn
        .likely("emigration", turn.here.society.emigrate_pm.into())
        .times("age", if life.age <= 35 { 100 } else { 25 })
        .times("traits.courage", 40 + i32::from(life.traits.courage) * 12 / 10)
        .times("hard_times", if turn.here.wage_pct < 90 || life.family.wealth < 25 { 140 } else { 90 })
        .times("children", if life.living(Relation::Child).next().is_some() { 60 } else { 100 });
    if !turn.happens(chance, Purpose::Move, 0) {
        return false;
    }
    let Some(country) = destination(turn) else { return false };
    let Some(region) = turn.content.country(&country).map(|country| country.region.clone()) else { return false };
    let wage_before = i64::from(turn.here.society.wage_level);
    let from = std::mem::replace(&mut turn.life.place.country, country.clone());
    turn.life.place = Place { country, region, settlement: Settlement::City, terrain: Terrain::Plain };
    turn.look_around();
    turn.note(
        "place.country",
        Some(from.as_str()).into(),
        Some(turn.life.place.country.clone().as_str()).into(),
        "emigration",
    );
    exchange(turn, wage_before, i64::from(turn.here.society.wage_level));
    work::lose(turn, "emigration");
    turn.life.chronicle.countries += 1;
    turn.add(Score::Stress, 6, "emigration");
    turn.add(Score::Attr(content::Attribute::Willpower), 2, "emigration");
    left_behind(turn);
    turn.report(News::Emigrated);
    true
}

/// A country on a route open here and now, other than home.
fn destination(turn: &Turn<'_>) -> Option<String> {
    let (life, mut roll) = (&turn.life, turn.dice().roll(Purpose::Move, 1));
    let open = || {
        turn.content.rules().routes.iter().filter(|route| {
            (route.years.0..=route.years.1).contains(&life.year) && route.from.contains(&life.place.region)
        })
    };
    let mut point = roll.below(open().map(|route| u64::from(route.weight)).sum());
    let route = open().find(|route| {
        let chosen = point < u64::from(route.weight);
        point = point.saturating_sub(route.weight.into());
        chosen
    })?;
    let born = |code: &&String| {
        **code != life.place.country
            && turn.content.country(code).is_some_and(|country| country.region != life.place.region)
    };
    let open: Vec<&String> = route.to.iter().filter(born).collect();
    let place = usize::try_from(roll.below(open.len() as u64)).ok()?;
    open.get(place).map(|code| (*code).clone())
}

/// Money is worth as much bread as it buys: days of a low wage are fewer days of a high one. Land stays behind, sold.
fn exchange(turn: &mut Turn<'_>, from: i64, to: i64) {
    for kind in [AssetKind::Property, AssetKind::Business] {
        let worth = turn.life.economy.worth_of(kind);
        turn.life.economy.trade(kind, -worth);
    }
    let economy = &mut turn.life.economy;
    let convert = |days: i64| days * from / to.max(1);
    let (cash, shares) = (economy.cash_days, economy.worth_of(AssetKind::Stocks));
    let debt = economy.debt_days;
    let changed = (convert(cash) - cash) + (convert(shares) - shares) - (convert(debt) - debt);
    economy.enter(Entry::Exchange, changed);
    economy.cash_days = convert(cash);
    economy.debt_days = convert(debt);
    economy.set_worth(AssetKind::Stocks, convert(shares));
    economy.post(Entry::Moving, -15);
}

/// Spouse and children come along; with the others there are letters.
fn left_behind(turn: &mut Turn<'_>) {
    let stay = |relation| !matches!(relation, Relation::Spouse | Relation::Child);
    let ids: Vec<_> = turn
        .life
        .persons
        .iter()
        .filter(|person| person.is_alive() && stay(person.relation))
        .map(|person| person.id)
        .collect();
    ids.into_iter().for_each(|id| turn.bond(id, Bond::Intimacy, -12, "emigration"));
}

fn to_town(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let rural = life.place.settlement == Settlement::Village;
    if !rural || !(16..=40).contains(&life.age) || life.education.enrolled.is_some() || in_service(turn) {
        return;
    }
    let urban = i32::from(turn.here.living.urban_pct);
    let chance = turn
        .likely("moving_to_town", 4 + urban / 3)
        .add("age", if life.age <= 28 { 10 } else { 0 })
        .add("career", if life.career.is_none() { 25 } else { 0 })
        .add("traits.courage", (i32::from(life.traits.courage) - 50) / 5)
        .add("education.level", 6 * (life.education.level as i32 - 1));
    if turn.happens(chance, Purpose::Move, 2) {
        let city = turn.dice().roll(Purpose::Move, 3).percent() < 50;
        turn.life.place.settlement = if city { Settlement::City } else { Settlement::Town };
        let now = turn.life.place.settlement.as_str();
        turn.note("place.settlement", Some(Settlement::Village.as_str()).into(), Some(now).into(), "moving");
        let fields = turn.occupation();
        if fields.is_some_and(|occupation| occupation.trade == content::Trade::Land) {
            work::lose(turn, "moving");
        }
        turn.report(News::Moved);
    }
}
