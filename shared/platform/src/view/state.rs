//! Where a life stands.

use engine::{Content, EventRecord, Life, Locale, Person, Status};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AttributesOut, EventOut, HealthOut, PlaceOut, SkillsOut, decision::DecisionOut};
use crate::ids::{CharacterId, person_id};

/// People shown with the state: the closest.
const TOP_RELATIONSHIPS: usize = 5;

/// A life as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateOut {
    character_id: CharacterId,
    character_name: String,
    /// Send back as `expected_version`.
    version: i64,
    /// `draft`, `alive` or `dead`.
    status: &'static str,
    age: u16,
    /// Calendar year.
    year: u16,
    /// `infancy`, `childhood`, `adolescence`, `youth`, `middle_age` or `old_age`.
    life_stage: &'static str,
    place: PlaceOut,
    education: EducationOut,
    career: Option<CareerOut>,
    retired: bool,
    attributes: AttributesOut,
    skills: SkillsOut,
    health: HealthOut,
    happiness: u8,
    economy: EconomyOut,
    plan: PlanOut,
    habits: HabitsOut,
    budget: BudgetOut,
    /// Whether that is the player's own plan; else it is what is usual at this age, and changes with it.
    own_plan: bool,
    /// Energy points not planned for, 0-10.
    energy_left: u8,
    top_relationships: Vec<RelationOut>,
    /// What has happened this year.
    current_events: Vec<EventOut>,
    /// At most one.
    pending_decisions: Vec<DecisionOut>,
    /// What can be done now: `start`, `advance`, `plan`, `decide`.
    can: Vec<&'static str>,
    death: Option<DeathOut>,
    /// The content this answer was told from.
    content_hash: String,
}

/// Schooling.
#[derive(Debug, Serialize, ToSchema)]
pub struct EducationOut {
    /// Highest level completed: `none`, `primary`, `secondary` or `tertiary`.
    level: &'static str,
    enrolled: bool,
}

/// Work.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareerOut {
    id: String,
    title: String,
    years: u16,
}

/// Money, in days of the local median wage: the same sum buys the same in 1820 and 2020.
#[derive(Debug, Serialize, ToSchema)]
pub struct EconomyOut {
    /// Null: sums are in `unit`.
    currency: Option<&'static str>,
    /// `day_wage`.
    unit: &'static str,
    cash: i64,
    /// Earned last year.
    income: i64,
    /// Spent last year.
    expenses: i64,
    net_worth: i64,
    assets: Vec<AssetOut>,
    /// Owed.
    debt: i64,
}

/// A possession.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetOut {
    kind: &'static str,
    value: i64,
}

/// Where the year's ten energy points go.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanOut {
    study: u8,
    work: u8,
    exercise: u8,
    art: u8,
    social: u8,
    family: u8,
    rest: u8,
}

/// How one lives: each `none`, `little`, `moderate` or `much`.
#[derive(Debug, Serialize, ToSchema)]
pub struct HabitsOut {
    sleep: &'static str,
    diet: &'static str,
    exercise: &'static str,
    drink: &'static str,
    smoke: &'static str,
}

/// What is done with the money left when the needs are met, percent; what is not given out is saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetOut {
    living: u8,
    education: u8,
    health: u8,
    leisure: u8,
    gifts: u8,
    invest: u8,
    saved: u8,
}

/// Somebody close.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationOut {
    person_id: Uuid,
    relation_type: &'static str,
    name: String,
    age: u16,
    /// 0-100.
    intimacy: u8,
    /// 0-100.
    trust: u8,
    /// 0-100.
    support: u8,
}

/// How the life ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeathOut {
    age: u16,
    year: u16,
    cause: String,
    /// The cause, told.
    text: String,
}

impl StateOut {
    /// What clients see of it.
    pub fn of(
        content: &Content,
        locale: Locale,
        character: CharacterId,
        version: i64,
        life: &Life,
        recent: &[EventRecord],
    ) -> Self {
        Self {
            character_id: character,
            character_name: life.spec.name.clone(),
            version,
            status: life.status.as_str(),
            age: life.age,
            year: life.year,
            life_stage: life.stage.as_str(),
            place: PlaceOut::of(content, locale, &life.place, &life.place.country, life.year),
            education: EducationOut {
                level: life.education.level.as_str(),
                enrolled: life.education.enrolled.is_some(),
            },
            career: life.career.as_ref().map(|career| CareerOut {
                id: career.id.clone(),
                title: content.label(locale, "occupation", &career.id).to_owned(),
                years: career.years,
            }),
            retired: life.retired,
            attributes: life.attributes.into(),
            skills: life.skills.into(),
            health: HealthOut::from(&life.health),
            happiness: life.happiness,
            economy: economy(life),
            plan: PlanOut {
                study: life.plan.study,
                work: life.plan.work,
                exercise: life.plan.exercise,
                art: life.plan.art,
                social: life.plan.social,
                family: life.plan.family,
                rest: life.plan.rest,
            },
            habits: HabitsOut {
                sleep: life.habits.sleep.as_str(),
                diet: life.habits.diet.as_str(),
                exercise: life.habits.exercise.as_str(),
                drink: life.habits.drink.as_str(),
                smoke: life.habits.smoke.as_str(),
            },
            budget: BudgetOut {
                living: life.budget.living,
                education: life.budget.education,
                health: life.budget.health,
                leisure: life.budget.leisure,
                gifts: life.budget.gifts,
                invest: life.budget.invest,
                saved: life.budget.saved(),
            },
            own_plan: life.own_plan,
            energy_left: life.plan.energy_left(),
            top_relationships: closest(locale, character, life),
            current_events: recent.iter().map(|event| EventOut::of(content, locale, event)).collect(),
            pending_decisions: life.pending.iter().map(|pending| DecisionOut::of(content, locale, pending)).collect(),
            can: match (life.status, &life.pending) {
                (Status::Draft, _) => vec!["start"],
                (Status::Alive, Some(_)) => vec!["decide"],
                (Status::Alive, None) => vec!["advance", "plan"],
                (Status::Dead, _) => Vec::new(),
            },
            death: life.death.as_ref().map(|death| DeathOut::of(content, locale, death)),
            content_hash: content.hash().short(),
        }
    }
}

fn economy(life: &Life) -> EconomyOut {
    let money = &life.economy;
    EconomyOut {
        currency: None,
        unit: "day_wage",
        cash: money.cash_days,
        income: money.income_days,
        expenses: money.expenses_days,
        net_worth: money.net_worth_days(),
        assets: money
            .assets
            .iter()
            .map(|asset| AssetOut { kind: asset.kind.as_str(), value: asset.worth_days })
            .collect(),
        debt: money.debt_days,
    }
}

/// The living people closest to the player, closest first; among equals, whom they met first.
fn closest(locale: Locale, character: CharacterId, life: &Life) -> Vec<RelationOut> {
    let mut living: Vec<&Person> = life.persons.iter().filter(|person| person.is_alive()).collect();
    living.sort_by_key(|person| (std::cmp::Reverse(person.intimacy), person.id));
    let shown = living.into_iter().take(TOP_RELATIONSHIPS);
    shown.map(|person| RelationOut::of(locale, character, life, person)).collect()
}

impl DeathOut {
    /// What clients see of it.
    pub fn of(content: &Content, locale: Locale, death: &engine::Death) -> Self {
        Self {
            age: death.age,
            year: death.year,
            cause: death.cause.clone(),
            text: content.label(locale, "cause", &death.cause).to_owned(),
        }
    }
}

impl RelationOut {
    /// What clients see of it.
    pub fn of(locale: Locale, character: CharacterId, life: &Life, person: &Person) -> Self {
        Self {
            person_id: person_id(character, person.id.0),
            relation_type: person.relation.as_str(),
            name: person.name.full(locale),
            age: person.age_in(life.year),
            intimacy: person.intimacy,
            trust: person.trust,
            support: person.support,
        }
    }
}
