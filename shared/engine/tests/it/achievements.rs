//! Achievements: each is reached by a life that is written down, and what holds is judged alike while living and from a log.

use std::collections::BTreeSet;

use engine::{
    Content, LifeSpec, Locale, Mode, Mortality, Rarity, achieved, achieved_in, chosen_by_dice, progress, simulate,
};

use crate::play::{live_number, seed};

/// A life a line: achievement, seed, country, year of birth, mode. Written by `cargo life achievements … --write`.
const WITNESSES: &str = include_str!("witnesses.tsv");

#[test]
fn every_achievement_is_reached_by_a_life_that_is_written_down() {
    let content = Content::builtin();
    let mut witnessed = BTreeSet::new();
    for line in WITNESSES.lines() {
        let [id, seed, country, year, mode] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let spec = LifeSpec {
            name: "Lin".to_owned(),
            country: country.to_owned(),
            birth_year: year.parse().unwrap(),
            gender: None,
            ethnicity: None,
            mortality: Mortality::Gentle,
            ranked: false,
            content_filter: Vec::new(),
        };
        let mut is_reached = false;
        let mode = Mode::from_word(mode).unwrap();
        simulate(content, spec, seed.parse().unwrap(), mode, chosen_by_dice, |life, _| {
            is_reached |= achieved(content, life, |_, it| it.id != id).len() == 1;
        })
        .unwrap();
        assert!(is_reached, "{line}");
        witnessed.insert(id);
    }
    let all: BTreeSet<&str> = content.rules().achievements.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(witnessed, all);
}

#[test]
fn there_are_enough_of_every_kind_and_each_is_told_in_both_languages() {
    let content = Content::builtin();
    let all = &content.rules().achievements;
    assert!(all.len() >= 180, "{}", all.len());
    for rarity in Rarity::ALL {
        assert!(all.iter().filter(|it| it.rarity == *rarity).count() >= 20, "{rarity}");
    }
    for category in engine::AchievementCategory::ALL {
        assert!(all.iter().filter(|it| it.category == *category).count() >= 20, "{category}");
    }
    assert!(all.iter().filter(|it| it.hidden).count() >= 10);
    assert!(all.iter().filter(|it| it.reach.is_some()).count() >= 60, "progressive ones");
    for locale in Locale::ALL {
        let mut titles = BTreeSet::new();
        for it in all {
            let (title, text) = content.achievement_words(*locale, &it.id);
            assert!(!title.is_empty() && !text.is_empty(), "{}", it.id);
            assert!(titles.insert(title), "{locale}: two are called {title}");
        }
    }
}

#[test]
fn a_log_comes_to_what_was_reached_while_living() {
    let content = Content::builtin();
    for number in 0..12 {
        let lived = live_number(content, number);
        let mut known = BTreeSet::new();
        let mut reached = Vec::new();
        for step in lived.steps.iter().filter(|step| step.ends_a_year()) {
            for it in achieved(content, &step.life, |_, it| known.contains(&it.id)) {
                known.insert(it.id.clone());
                reached.push((it.id.clone(), step.entry.seq, step.life.age));
            }
        }
        let again = achieved_in(|hash| (hash == content.hash()).then_some(content), content, &lived.log).unwrap();
        let again: Vec<_> = again.into_iter().map(|it| (it.achievement_id, it.entry_seq, it.age)).collect();
        assert_eq!(again, reached, "{}", seed(number));
        for it in progress(content, &lived.life) {
            let holds = achieved(content, &lived.life, |_, other| other.id != it.achievement.id).len() == 1;
            assert_eq!(it.percent == 100, holds, "{}", it.achievement.id);
            assert!(it.target >= 1 && (0..=it.target).contains(&it.current), "{it:?}");
        }
    }
}
