//! Replay, tampering, branches, golden lives.

use engine::{
    Content, ContentHash, InputError, LifeSpec, LogEntry, Mode, OnPending, ReplayError, SpecError, Status, Verified,
    YearInput, advance, decide, explain, new_life, replay, replay_to_age, start, verify,
};

use crate::play::{live, live_number, seed, spec};

fn builtin(hash: ContentHash) -> Option<&'static Content> {
    let content = Content::builtin();
    (hash == content.hash()).then_some(content)
}

#[test]
fn a_replayed_life_is_the_life() {
    for number in 0..200 {
        let lived = live_number(Content::builtin(), number);
        let again = replay(builtin, &lived.log).unwrap();
        assert_eq!(again.verified, Verified::Recomputed);
        assert_eq!(again.life.as_ref(), Some(&lived.life), "life {number}");
    }
}

#[test]
fn a_life_survives_its_own_json() {
    let lived = live_number(Content::builtin(), 5);
    for step in &lived.steps {
        let json = serde_json::to_string(&step.life).unwrap();
        assert_eq!(serde_json::from_str::<engine::Life>(&json).unwrap(), step.life);
    }
    let json = serde_json::to_string(&lived.log).unwrap();
    assert_eq!(serde_json::from_str::<Vec<LogEntry>>(&json).unwrap(), lived.log);
}

/// At every age the life is found again as it was, and from there it goes on as it went.
#[test]
fn a_life_is_found_again_at_each_of_its_ages() {
    for number in 0..20 {
        let lived = live_number(Content::builtin(), number);
        for age in 0..=lived.life.age {
            let moment = replay_to_age(builtin, &lived.log, age).unwrap().unwrap();
            let step = &lived.steps[moment.entries - 2];
            assert_eq!((&moment.life, moment.life.age), (&step.life, age), "life {number} at {age}");
            let happened = lived.steps[..moment.entries - 1].iter().flat_map(|step| &step.events);
            let recent: Vec<_> = happened.filter(|event| event.age == age).cloned().collect();
            assert_eq!(moment.recent, recent);
            assert!(age == 0 || lived.steps[moment.entries - 3].life.age < age, "the first move to that age");
        }
        assert!(replay_to_age(builtin, &lived.log, lived.life.age + 1).unwrap().is_none());
    }
}

#[test]
fn what_is_not_at_hand_is_not_lived_again() {
    let mut log = live_number(Content::builtin(), 1).log;
    let elsewhere = ReplayError::OutOfReach { seq: 0 };
    assert_eq!(replay_to_age(|_| None, &log, 0).unwrap_err(), elsewhere);
    assert_eq!(explain(|_| None, &log, 1).unwrap_err(), elsewhere);
    log[0].outcome.push(0);
    assert_eq!(replay_to_age(builtin, &log, 0).unwrap_err(), ReplayError::BrokenLink { seq: 0 });
}

#[test]
fn a_life_is_held_against_its_log() {
    let lived = live_number(Content::builtin(), 2);
    assert_eq!(verify(builtin, &lived.log, &lived.life), Ok(Verified::Recomputed));
    assert_eq!(verify(|_| None, &lived.log, &lived.life), Ok(Verified::Chain));
    let richer = engine::Life { happiness: lived.life.happiness ^ 1, ..lived.life.clone() };
    assert_eq!(verify(builtin, &lived.log, &richer), Err(ReplayError::OtherLife));
    let cut_short = &lived.log[..lived.log.len() - 1];
    assert_eq!(verify(builtin, cut_short, &lived.life), Err(ReplayError::OtherLife));
    assert_eq!(verify(|_| None, cut_short, &lived.life), Err(ReplayError::OtherLife));
}

#[test]
fn an_altered_log_says_where() {
    let log = live_number(Content::builtin(), 1).log;
    for place in [0, 1, log.len() / 2, log.len() - 1] {
        let mut altered = log.clone();
        let byte = altered[place].outcome.len() / 2;
        altered[place].outcome[byte] ^= 1;
        let seq = u32::try_from(place).unwrap();
        assert_eq!(replay(builtin, &altered).unwrap_err(), ReplayError::BrokenLink { seq });
    }
    let mut shortened = log.clone();
    shortened.remove(2);
    assert_eq!(replay(builtin, &shortened).unwrap_err(), ReplayError::BrokenLink { seq: 2 });
    assert_eq!(replay(builtin, &[]).unwrap_err(), ReplayError::Empty);
}

/// Even a forger who links the chain anew is found out, because the outcome is computed again.
#[test]
fn a_forged_outcome_is_found_out() {
    let mut log = live_number(Content::builtin(), 1).log;
    log[4].outcome[20] ^= 1;
    let mut previous = log[3].hash;
    for entry in &mut log[4..] {
        entry.hash = entry.link(&previous);
        previous = entry.hash;
    }
    assert_eq!(replay(builtin, &log).unwrap_err(), ReplayError::OtherOutcome { seq: 4 });
}

#[test]
fn a_life_under_other_rules_is_verified_by_its_chain() {
    let log = live_number(Content::builtin(), 1).log;
    let unknown = replay(|_| None, &log).unwrap();
    assert_eq!((unknown.verified, unknown.life.is_none()), (Verified::Chain, true));
}

/// Choosing otherwise at one point keeps every roll that has nothing to do with it.
#[test]
fn a_branch_keeps_unrelated_rolls() {
    let steady = |other_at: Option<u16>| {
        live(Content::builtin(), spec(Content::builtin(), 11), seed(11), Mode::Steady, move |life, open| {
            if Some(life.age) == other_at { open - 1 } else { 0 }
        })
    };
    let before = steady(None);
    let turning =
        before.steps.iter().filter(|step| step.outcome.is_some()).map(|step| step.life.age).find(|age| *age >= 14);
    let branch = steady(turning);
    let people = |lived: &crate::play::Lived| -> Vec<_> {
        let born_into = lived.life.persons.iter().take(2);
        born_into.map(|person| (person.name.clone(), person.death_year)).collect()
    };
    assert_ne!(before.life.head, branch.life.head, "the branch differs");
    assert_eq!(people(&before), people(&branch), "parents live and die alike in both");
}

#[test]
fn moves_out_of_turn_are_refused() {
    let content = Content::builtin();
    let draft = new_life(content, spec(Content::builtin(), 1), seed(1)).unwrap();
    let year = |on_pending| YearInput { mode: Mode::Steady, on_pending };
    assert_eq!(advance(content, &draft, year(OnPending::Refuse)).unwrap_err(), InputError::NotStarted);
    let mut life = start(content, &draft).unwrap().life;
    assert_eq!(start(content, &life).unwrap_err(), InputError::AlreadyStarted);
    while life.pending.is_none() {
        life = advance(content, &life, year(OnPending::Refuse)).unwrap().life;
    }
    let pending = life.pending.clone().unwrap();
    let decision_id = pending.decision_id;
    assert_eq!(
        advance(content, &life, year(OnPending::Refuse)).unwrap_err(),
        InputError::DecisionPending { decision_id }
    );
    let stale = engine::DecisionId(decision_id.0 + 1);
    assert_eq!(decide(content, &life, stale, "x", false).unwrap_err(), InputError::NoSuchDecision);
    let unknown = decide(content, &life, decision_id, "no_such_option", false).unwrap_err();
    assert_eq!(unknown, InputError::NoSuchOption { option_id: "no_such_option".to_owned() });

    let late = decide(content, &life, decision_id, &pending.options[0].option_id, true).unwrap();
    let decision = late.events[0].decision.as_ref().unwrap();
    assert!(decision.late);
    assert_eq!(decision.option_id, pending.default_option);
    let defaulted = advance(content, &life, year(OnPending::Default)).unwrap();
    assert_eq!(defaulted.events[0].event_seq, pending.event.event_seq);
    assert_eq!(defaulted.life.age, life.age + 1);
}

#[test]
fn impossible_births_are_refused() {
    let content = Content::builtin();
    let born = |country: &str, birth_year| {
        let spec = LifeSpec { country: country.to_owned(), birth_year, ..spec(Content::builtin(), 1) };
        new_life(content, spec, seed(1)).map(|life| life.status)
    };
    assert_eq!(born("CN", 1962), Ok(Status::Draft));
    assert_eq!(born("ZZ", 1962), Err(SpecError::UnknownCountry("ZZ".to_owned())));
    assert_eq!(born("CN", 1799), Err(SpecError::BirthYearOutOfRange(1799)));
    assert_eq!(born("CN", 2051), Err(SpecError::BirthYearOutOfRange(2051)));
}

#[test]
fn every_event_can_be_explained_and_odds_add_up() {
    let lived = live_number(Content::builtin(), 8);
    for record in lived.steps.iter().flat_map(|step| &step.events).step_by(9) {
        let why = explain(builtin, &lived.log, record.event_seq).unwrap().unwrap();
        assert_eq!((why.event_seq, &why.event_id), (record.event_seq, &record.event_id));
        assert!(why.draw.weight <= why.draw.total_weight);
        for option in &why.options {
            let sum: i32 = option.factors.iter().map(|factor| factor.add).sum();
            assert_eq!(sum, i32::from(option.odds.success), "{}", record.event_id);
        }
    }
    assert_eq!(explain(builtin, &lived.log, 10_000).unwrap(), None);
}
