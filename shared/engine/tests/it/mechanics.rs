//! What the ordinary years must bring, told over many lives: work by era, money by law, illness by medicine.

use std::collections::BTreeSet;

use engine::{Content, Entry, Gender, Life, LifeSpec, Mode, Mortality, News, Relation, simulate};

use crate::play::{seed, spec};

/// Lives born there and then; `watch` sees each year.
fn lives(country: &str, birth_year: u16, count: u64, mut watch: impl FnMut(&Life)) {
    let content = Content::builtin();
    for number in 0..count {
        let spec =
            LifeSpec { country: country.to_owned(), birth_year, mortality: Mortality::Gentle, ..spec(content, number) };
        let chosen =
            |_: &Life, pending: &engine::PendingDecision| usize::try_from(number).unwrap() % pending.options.len();
        simulate(content, spec, seed(number ^ 0x5EED), Mode::Steady, chosen, |life, _| watch(life)).unwrap();
    }
}

#[test]
fn what_the_world_knows_of_is_brought_by_ordinary_years() {
    let mut seen = BTreeSet::new();
    for (country, year) in [("IE", 1840), ("CN", 1945), ("IT", 1880), ("US", 1955), ("NG", 1960), ("FR", 1895)] {
        lives(country, year, 60, |life| seen.extend(life.news.iter().map(|news| news.as_str())));
    }
    let missing: Vec<_> = News::ALL.iter().filter(|news| !seen.contains(news.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn nobody_has_an_occupation_that_is_not_there_for_them() {
    let content = Content::builtin();
    for (country, year) in [("GB", 1830), ("JP", 1900), ("KE", 1970), ("US", 2000)] {
        lives(country, year, 25, |life| {
            let Some(career) = &life.career else { return };
            let occupation = content.occupation(&career.id).unwrap();
            let (first, last) = occupation.years;
            let started = life.year - career.years;
            assert!(first <= started && started <= last + 1, "{} taken up in {started}", career.id);
            assert!(career.id != "conscript" || life.gender == Gender::Male);
            assert!(life.education.enrolled.is_none() || career.years > 0 || career.id != "professor");
        });
    }
}

#[test]
fn a_pension_comes_with_its_law() {
    let pensioned = |birth_year| {
        let (mut before, mut after) = (0, 0);
        lives("GB", birth_year, 40, |life| {
            let paid = life.economy.ledger.iter().filter(|posting| posting.what == Entry::Pension).count();
            *(if life.year < 1870 { &mut before } else { &mut after }) += paid;
        });
        (before, after)
    };
    let (before, after) = pensioned(1800);
    assert!(before == 0 && after > 0, "{before} before there was a law, {after} after");
    assert!(pensioned(1930).1 > 100);
}

#[test]
fn medicine_takes_away_what_it_can() {
    let treated = |year| {
        let (mut ill, mut treated) = (0, 0);
        lives("GB", year, 60, |life| {
            for ailment in life.health.conditions.iter().filter(|ailment| ailment.id == "diabetes") {
                ill += 1;
                treated += usize::from(ailment.treated);
            }
        });
        (ill, treated)
    };
    let (ill, cared_for) = treated(1800);
    assert!(ill > 0 && cared_for == 0, "no insulin before 1925");
    let (ill, cared_for) = treated(1950);
    assert!(cared_for * 10 > ill * 7, "{cared_for} of {ill}");
}

#[test]
fn the_people_of_a_life_have_lives() {
    let (mut working, mut settled, mut grandchildren, mut exes) = (0, 0, 0, 0);
    lives("US", 1940, 40, |life| {
        for person in &life.persons {
            let grown_child = person.relation == Relation::Child && person.age_in(life.year) >= 25;
            working += usize::from(grown_child && person.occupation.is_some());
            settled += usize::from(person.settled);
            grandchildren += usize::from(person.relation == Relation::Grandchild);
            exes += usize::from(person.relation == Relation::ExSpouse);
        }
    });
    assert!(working > 0 && settled > 0 && grandchildren > 0 && exes > 0);
}

/// Time passes evenly between the years the tables describe.
#[test]
fn conditions_change_from_year_to_year_and_never_jump() {
    let content = Content::builtin();
    for region in &content.rules().regions {
        for year in 1800..2170 {
            let (now, next) = (content.living(&region.id, year), content.living(&region.id, year + 1));
            assert!(now.life_expectancy.abs_diff(next.life_expectancy) <= 1, "{} in {year}", region.id);
            assert!(now.infant_death_pm.abs_diff(next.infant_death_pm) <= 5, "{} in {year}", region.id);
        }
    }
    let sweden = content.living("northern_europe", 1900).life_expectancy;
    let china = content.living("east_asia", 1900).life_expectancy;
    assert!((47..=57).contains(&sweden) && (27..=36).contains(&china), "{sweden} {china}");
}
