//! What a life came to: a score and a grade in each category, with the reasons, ready to be shown at its end.

use content::{AssetKind, Attribute, Relation, Skill};
use serde::Serialize;

use crate::content::Content;
use crate::life::{Death, Life};

/// What a life came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How it ended; absent while it goes on.
    pub death: Option<Death>,
    /// Full years lived.
    pub age: u16,
    /// How much longer it was than usual there and then, in years; negative if shorter.
    pub years_beyond_usual: i32,
    /// 0-100: the mean of the categories, the best counted twice.
    pub score: u8,
    /// The score's grade.
    pub grade: Grade,
    /// Each category.
    pub categories: Vec<Graded>,
    /// What is left to the heirs, in days of the local median wage.
    pub estate_days: i64,
    /// Living heirs: spouse and children.
    pub heirs: u16,
    /// Events lived through.
    pub events: u32,
    /// Different events among them.
    pub different_events: u32,
    /// People met.
    pub people: u32,
}

/// A category with its score and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graded {
    /// Which.
    pub category: Category,
    /// 0-100.
    pub score: u8,
    /// The score's grade.
    pub grade: Grade,
    /// What the score is made of; the points sum to it before it is kept within 0-100.
    pub reasons: Vec<Reason>,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For what: `career.best_rank`, `family.children`, …
    pub source: &'static str,
    /// Points.
    pub points: i32,
}

/// What is graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    Career,
    Family,
    Social,
    Personal,
    Wealth,
    Health,
}

/// A grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Grade {
    D,
    C,
    B,
    A,
    S,
}

impl Grade {
    /// The grade of a score: about one life in twenty-five has an S.
    #[must_use]
    pub const fn of(score: u8) -> Self {
        match score {
            80.. => Self::S,
            64.. => Self::A,
            46.. => Self::B,
            28.. => Self::C,
            _ => Self::D,
        }
    }
}

/// Sums a life up: at its end, or as it stands.
#[must_use]
pub fn summary(content: &Content, life: &Life) -> Summary {
    let categories =
        vec![career(life), family(life), social(life), personal(life), wealth(life), health(content, life)];
    let best = categories.iter().map(|graded| u32::from(graded.score)).max().unwrap_or(0);
    let sum: u32 = categories.iter().map(|graded| u32::from(graded.score)).sum();
    let score = u8::try_from((sum + best) / (u32::try_from(categories.len()).unwrap_or(6) + 1)).unwrap_or(100);
    let heirs = life.living(Relation::Spouse).chain(life.living(Relation::Child)).count();
    Summary {
        death: life.death.clone(),
        age: life.age,
        years_beyond_usual: beyond_usual(content, life),
        score,
        grade: Grade::of(score),
        categories,
        estate_days: life.economy.net_worth_days().max(0),
        heirs: u16::try_from(heirs).unwrap_or(u16::MAX),
        events: life.next_event_seq.saturating_sub(1),
        different_events: u32::try_from(life.history.len()).unwrap_or(u32::MAX),
        people: u32::try_from(life.persons.len()).unwrap_or(u32::MAX),
    }
}

/// Years lived beyond the life expectancy at birth of the place and year of birth.
fn beyond_usual(content: &Content, life: &Life) -> i32 {
    let region = content.country(&life.spec.country).map_or("", |country| country.region.as_str());
    i32::from(life.age) - i32::from(content.living(region, life.spec.birth_year).life_expectancy)
}

fn graded(category: Category, reasons: Vec<Reason>) -> Graded {
    let reasons: Vec<Reason> = reasons.into_iter().filter(|reason| reason.points != 0).collect();
    let score = reasons.iter().map(|reason| reason.points).sum::<i32>().clamp(0, 100);
    let score = u8::try_from(score).unwrap_or(0);
    Graded { category, score, grade: Grade::of(score), reasons }
}

const fn reason(source: &'static str, points: i32) -> Reason {
    Reason { source, points }
}

fn career(life: &Life) -> Graded {
    let kept = &life.chronicle;
    let pay = (i32::from(kept.best_pay_pct) - 60).clamp(0, 240) / 5;
    graded(
        Category::Career,
        vec![
            reason("career.years", (i32::from(kept.years_worked) * 2 / 3).min(28)),
            reason("career.best_pay", pay),
            reason("career.best_rank", 7 * i32::from(kept.best_rank)),
            reason("education.level", 4 * life.education.level as i32),
        ],
    )
}

fn family(life: &Life) -> Graded {
    let kept = &life.chronicle;
    let raised = |person: &&crate::life::Person| person.relation == Relation::Child && person.age_in(life.year) >= 5;
    let children = i32::try_from(life.persons.iter().filter(raised).count()).unwrap_or(0);
    let grandchildren = life.persons.iter().filter(|person| person.relation == Relation::Grandchild).count();
    let warmth = |relation| {
        let (count, sum) =
            life.living(relation).fold((0, 0), |(count, sum), p| (count + 1, sum + i32::from(p.intimacy)));
        if count == 0 { 0 } else { sum / count }
    };
    graded(
        Category::Family,
        vec![
            reason("family.years_married", (i32::from(kept.years_married) / 2).min(22)),
            reason("family.children", (children * 9).min(27)),
            reason("family.grandchildren", i32::try_from(grandchildren.min(5)).unwrap_or(0) * 3),
            reason("family.closeness", (warmth(Relation::Spouse) + warmth(Relation::Child)) / 6),
            reason("happiness", happy(life) / 8),
        ],
    )
}

fn social(life: &Life) -> Graded {
    let friends = i32::try_from(life.living(Relation::Friend).count()).unwrap_or(0);
    let ever = life.persons.iter().filter(|person| person.relation == Relation::Friend).count();
    graded(
        Category::Social,
        vec![
            reason("people.friends", (friends * 7).min(28)),
            reason("people.friends_ever", i32::try_from(ever.min(12)).unwrap_or(0) * 2),
            reason("skills.social", i32::from(life.skills.social) / 3),
            reason("attributes.charisma", i32::from(life.attributes.charisma) / 6),
            reason("gifts", i32::try_from(life.chronicle.given_days / 25).unwrap_or(0).clamp(0, 15)),
        ],
    )
}

fn personal(life: &Life) -> Graded {
    let attributes: i32 = Attribute::ALL.iter().map(|kind| i32::from(life.attributes.get(*kind))).sum();
    let best = Skill::ALL.iter().map(|kind| i32::from(life.skills.get(*kind))).max().unwrap_or(0);
    graded(
        Category::Personal,
        vec![
            reason("attributes", (attributes / 5 - 25).max(0) / 2),
            reason("skills", best / 3),
            reason("happiness", happy(life) * 2 / 5),
            reason("countries", (i32::from(life.chronicle.countries) * 5).min(10)),
        ],
    )
}

/// Mean happiness over the years, 0-100.
fn happy(life: &Life) -> i32 {
    i32::try_from(life.chronicle.happiness_years / u32::from(life.age.max(1))).unwrap_or(0).min(100)
}

fn wealth(life: &Life) -> Graded {
    let peak = life.chronicle.peak_worth_days.max(0);
    // Each doubling of the peak beyond two months counts the same.
    let doublings = i32::try_from((peak / 60 + 1).ilog2()).unwrap_or(0);
    let home = life.economy.worth_of(AssetKind::Property) >= 200;
    graded(
        Category::Wealth,
        vec![
            reason("economy.peak_worth", doublings * 11),
            reason("family.wealth", i32::from(life.family.wealth) / 4),
            reason("economy.home", if home { 8 } else { 0 }),
            reason("economy.debt", if life.economy.debt_days > 100 { -15 } else { 0 }),
        ],
    )
}

fn health(content: &Content, life: &Life) -> Graded {
    let beyond = beyond_usual(content, life);
    graded(
        Category::Health,
        vec![
            reason("age", i32::from(life.age) / 2),
            reason("age.beyond_usual", (beyond / 2).clamp(-20, 25)),
            reason("health.mental", i32::from(life.health.mental) / 5),
            reason("health.conditions", -4 * i32::try_from(life.health.conditions.len()).unwrap_or(0)),
        ],
    )
}
