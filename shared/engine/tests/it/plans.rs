//! The standing plan: what it may say, what it does, and that every year can say why it went as it did.

use engine::{
    Budget, Content, Dose, Habits, InputError, Life, LifeSpec, LogEntry, Mode, Moment, OnPending, Plan, PlanIssue,
    PlanRule, Skills, Standing, Status, YearInput, advance, birth_entry, compare, explain_year, new_life, plan_issues,
    replay, replay_to_age, set_plan, simulate, start,
};

use crate::play::{live, live_number, seed, spec};

/// Lives until that age, taking defaults; stops short at death.
fn until(number: u64, age: u16, standing: Option<Standing>) -> (Life, Vec<LogEntry>) {
    let content = Content::builtin();
    let spec = LifeSpec { country: "FR".to_owned(), birth_year: 1950, ..spec(content, number) };
    let draft = new_life(content, spec, seed(number)).unwrap();
    let mut log = vec![birth_entry(content, &draft)];
    let mut step = start(content, &draft).unwrap();
    let mut planned = standing.is_none();
    while step.life.status == Status::Alive && (step.life.age < age || step.life.pending.is_some()) {
        let input = YearInput { mode: Mode::Steady, on_pending: OnPending::Default };
        log.push(step.entry.clone());
        if !planned && step.life.age >= 18 && step.life.can_plan() {
            step = set_plan(content, &step.life, standing).unwrap();
            planned = true;
            continue;
        }
        step = advance(content, &step.life, input).unwrap();
    }
    log.push(step.entry.clone());
    (step.life, log)
}

fn with(plan: Plan) -> Standing {
    Standing { plan, habits: Habits::default(), budget: Budget::USUAL }
}

const REST: Plan = Plan { study: 0, work: 0, exercise: 0, art: 0, social: 0, family: 0, rest: 10 };

#[test]
fn a_plan_that_breaks_a_rule_says_which() {
    let content = Content::builtin();
    let child = until(3, 8, None).0;
    let standing = |plan, habits, budget| Standing { plan, habits, budget };
    let sober = Habits::default();
    let rows: [(Standing, &str, PlanRule); 6] = [
        (with(Plan { work: 9, rest: 2, ..REST }), "plan", PlanRule::TooMuch { most: 10 }),
        (with(Plan { work: 4, rest: 6, ..REST }), "plan.work", PlanRule::TooYoung { from_age: 14 }),
        (standing(REST, Habits { sleep: Dose::None, ..sober }, Budget::USUAL), "habits.sleep", PlanRule::CannotBeNone),
        (standing(REST, Habits { diet: Dose::None, ..sober }, Budget::USUAL), "habits.diet", PlanRule::CannotBeNone),
        (
            standing(REST, Habits { smoke: Dose::Little, ..sober }, Budget::USUAL),
            "habits.smoke",
            PlanRule::TooYoung { from_age: 16 },
        ),
        (standing(REST, sober, Budget { living: 90, ..Budget::USUAL }), "budget", PlanRule::TooMuch { most: 100 }),
    ];
    for (standing, field, rule) in rows {
        let issues = plan_issues(&child, &standing);
        assert!(issues.contains(&PlanIssue { field, rule }), "{field}: {issues:?}");
        let refused = set_plan(content, &child, Some(standing)).unwrap_err();
        assert_eq!(refused, InputError::PlanRefused { issues });
    }
    assert_eq!(plan_issues(&child, &with(REST)), []);
    let huge = Plan { study: 255, work: 255, exercise: 255, art: 255, social: 255, family: 255, rest: 255 };
    assert_eq!(huge.energy_left(), 0, "no overflow");
    let draft = new_life(content, spec(content, 1), seed(1)).unwrap();
    assert_eq!(set_plan(content, &draft, None).unwrap_err(), InputError::NotStarted);
}

#[test]
fn a_plan_stands_until_it_is_given_up_and_replays() {
    let content = Content::builtin();
    let plan = with(Plan { art: 6, rest: 4, ..REST });
    let (life, mut log) = until(5, 30, Some(plan));
    assert!(life.own_plan && life.plan == plan.plan, "stages come and go, the plan stands");
    let usual = set_plan(content, &life, None).unwrap();
    assert!(!usual.life.own_plan && usual.life.plan == Plan::usual(life.stage));
    assert!(usual.changes.iter().any(|change| change.path == "plan.art" && change.source == "player"));
    log.push(usual.entry.clone());
    let again = replay(|hash| (hash == content.hash()).then_some(content), &log).unwrap();
    assert_eq!(again.life, Some(usual.life));
}

/// The sum of a figure over many lives under a plan.
fn sum_at(age: u16, plan: Plan, of: impl Fn(&Life) -> i64) -> i64 {
    (0..24).map(|number| of(&until(number, age, Some(with(plan))).0)).sum()
}

#[test]
fn effort_goes_where_the_plan_sends_it() {
    let at = |of: fn(&Skills) -> u8, plan| sum_at(38, plan, |life| of(&life.skills).into());
    let art = Plan { art: 6, work: 4, rest: 0, ..REST };
    let sport = Plan { exercise: 6, work: 4, rest: 0, ..REST };
    assert!(at(|skills| skills.artistic, art) > at(|skills| skills.artistic, sport) + 24 * 8);
    assert!(at(|skills| skills.athletic, sport) > at(|skills| skills.athletic, art) + 24 * 8);
    let rest = |plan| sum_at(38, plan, |life| life.health.stress.into());
    let toil = Plan { work: 10, rest: 0, ..REST };
    assert!(rest(toil) > rest(Plan { work: 4, rest: 6, ..REST }) + 24 * 8);
    let worth = |plan| sum_at(45, plan, |life| life.economy.net_worth_days());
    assert!(worth(Plan { work: 7, rest: 3, ..REST }) > worth(Plan { work: 1, rest: 9, ..REST }));
}

#[test]
fn a_year_says_why_it_went_as_it_did() {
    let content = Content::builtin();
    let mut seen = std::collections::BTreeSet::new();
    for number in 4..9 {
        let (life, log) = until(number, 40, None);
        for age in (10..life.age).step_by(3) {
            for chance in explain_year(|_| Some(content), &log, age).unwrap() {
                let sum: i32 = chance.factors.iter().map(|factor| factor.add).sum();
                if chance.what != "illness" {
                    assert_eq!(i32::from(chance.chance_pm), sum.clamp(0, 1000), "{}", chance.what);
                }
                seen.insert(chance.what);
            }
        }
        assert_eq!(explain_year(|_| Some(content), &log, 119).unwrap(), []);
    }
    for what in ["dismissal", "courtship", "friendship", "theft"] {
        assert!(seen.contains(what), "{what}: {seen:?}");
    }
}

#[test]
fn a_branch_begins_where_the_life_stood_and_compares() {
    let content = Content::builtin();
    let find = |hash| (hash == content.hash()).then_some(content);
    let lived = live_number(content, 8);
    let quiet = |age| replay_to_age(find, &lived.log, age).unwrap().filter(|moment| moment.life.pending.is_none());
    let Moment { life, entries, .. } = (20..60).find_map(quiet).unwrap();
    assert_eq!(life.head, lived.log[entries - 1].hash);
    let toil = set_plan(content, &life, Some(with(Plan { work: 10, rest: 0, ..REST }))).unwrap();
    let mut log = lived.log[..entries].to_vec();
    log.push(toil.entry.clone());
    let input = YearInput { mode: Mode::Steady, on_pending: OnPending::Default };
    let mut step = toil;
    for _ in 0..10 {
        if step.life.status == Status::Dead {
            break;
        }
        step = advance(content, &step.life, input).unwrap();
        log.push(step.entry.clone());
    }
    let comparison = compare((&lived.life, &lived.log), (&step.life, &log));
    assert_eq!(comparison.parted_at_seq, Some(u32::try_from(entries).unwrap()));
    assert!(comparison.differences.iter().any(|row| row.path == "age"));
    assert_eq!(compare((&lived.life, &lived.log), (&lived.life, &lived.log)).differences, []);
}

/// The counted lives are the very lives players live.
#[test]
fn a_simulated_life_is_the_life() {
    let content = Content::builtin();
    for number in 0..12 {
        let played = live(content, spec(content, number), seed(number), Mode::Steady, |_, _| 0);
        let mut events = 0;
        let counted = simulate(
            content,
            spec(content, number),
            seed(number),
            Mode::Steady,
            |_, pending| pending.options.iter().position(|option| option.available).unwrap(),
            |_, records| events += records.len(),
        )
        .unwrap();
        let same = Life { head: counted.head, next_entry_seq: counted.next_entry_seq, ..played.life.clone() };
        assert_eq!(counted, same, "life {number}");
        assert_eq!(events + 1, played.life.next_event_seq as usize);
    }
}

/// A life begun under the rules before these has none of what they added, and goes on.
#[test]
fn a_life_without_the_newer_fields_goes_on() {
    let content = Content::builtin();
    let (life, _) = until(6, 30, None);
    let mut old = serde_json::to_value(&life).unwrap();
    for field in ["habits", "budget", "own_plan", "mood", "news", "chronicle"] {
        assert!(old.as_object_mut().unwrap().remove(field).is_some(), "{field}");
    }
    old["economy"].as_object_mut().unwrap().remove("ledger");
    for person in old["persons"].as_array_mut().unwrap() {
        person.as_object_mut().unwrap().remove("settled");
    }
    if let Some(career) = old["career"].as_object_mut() {
        ["rank", "rank_years", "until"].iter().for_each(|field| _ = career.remove(*field));
    }
    for ailment in old["health"]["conditions"].as_array_mut().unwrap() {
        ailment.as_object_mut().unwrap().remove("treated");
    }
    let mut life: Life = serde_json::from_value(old).unwrap();
    for _ in 0..5 {
        let input = YearInput { mode: Mode::Steady, on_pending: OnPending::Default };
        if life.status == Status::Alive {
            life = advance(content, &life, input).unwrap().life;
        }
    }
    assert!(life.age > 30);
}
