//! Two lives side by side: where they parted, and how they differ now.

use std::collections::BTreeMap;

use axum::routing::get;
use deserr::Deserr;
use engine::{Content, Life as Lived, Locale, LogEntry, Person};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{Broken, FieldErrors, Query},
    ids::CharacterId,
    store::lives::{self, Standing},
    text::Text,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{error::GameError, view::RelationOut};

/// `GET /api/v1/game/compare`.
pub const ROUTE: Route = Route::get("game-compare", "/api/v1/game/compare")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Two lives side by side",
                "Where they parted and how they differ: numbers, and the people who are not the same to both.",
            )
            .required_query("left", "A character of yours.")
            .required_query("right", "Another one.")
            .answers::<CompareOut>(200, "The comparison.")
            .fails(Code::NotFound, &[])
    })
    .build(|| get(compare));

/// People shown: those closest to either.
const MOST_PEOPLE: usize = 50;

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct CompareQuery {
    left: Side,
    right: Side,
}

/// A character's id in the query string.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(&String) = Side::parse -> Broken)]
struct Side(CharacterId);

impl Side {
    fn parse(text: &str) -> Result<Self, Broken> {
        text.parse().map(|id| Self(CharacterId(id))).map_err(|_| {
            Broken::new(
                "format",
                Text::new("Must be a character_id as the API gave it.", "必须是接口给出的 character_id。"),
            )
        })
    }
}

/// Two lives side by side.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompareOut {
    left: SideOut,
    right: SideOut,
    /// How many entries at the beginning of their logs are the same; 0 for two that were born apart.
    shared_entries: usize,
    /// Where they parted; null when they never were one, or still are.
    parted: Option<PartedOut>,
    numbers: Vec<NumberOut>,
    /// Who is not the same to both, the closest first; at most 50.
    people: Vec<ComparedPersonOut>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SideOut {
    character_id: CharacterId,
    version: i64,
    character_name: String,
    birth_country: String,
    birth_year: u16,
    /// `draft`, `alive` or `dead`.
    status: &'static str,
    age: u16,
    year: u16,
    life_stage: &'static str,
    /// The present occupation, told.
    career: Option<String>,
}

/// Where two lives parted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartedOut {
    age: u16,
    /// What was done in the one; null if it has not gone on.
    left: Option<MoveOut>,
    /// And in the other.
    right: Option<MoveOut>,
}

/// What a player did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MoveOut {
    /// `start`, `year`, `decide`, …
    kind: String,
    mode: Option<String>,
    decision_id: Option<String>,
    option_id: Option<String>,
}

/// A number of both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberOut {
    /// Where in the state: `skills.business`.
    path: String,
    left: i64,
    right: i64,
    /// `right` - `left`.
    difference: i64,
}

/// Somebody who is not the same to both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedPersonOut {
    /// Null where they never met, or are parted by death.
    left: Option<RelationOut>,
    right: Option<RelationOut>,
}

async fn compare(me: Player, cx: Cx, Query(query): Query<CompareQuery>) -> Reply<CompareOut> {
    let (Side(left), Side(right)) = (query.left, query.right);
    let left = cx.read(Life(me.id, left)).await?.ok_or(GameError::NoSuchLife)?;
    let right = cx.read(Life(me.id, right)).await?.ok_or(GameError::NoSuchLife)?;
    let left_log = lives::log(cx.db(), me.id, left.character_id, left.version).await?;
    let right_log = lives::log(cx.db(), me.id, right.character_id, right.version).await?;
    let shared = left_log.iter().zip(&right_log).take_while(|(left, right)| left.hash == right.hash).count();
    Answer::ok(&CompareOut {
        shared_entries: shared,
        parted: parted(&left_log, &right_log, shared),
        numbers: numbers(&left.life, &right.life),
        people: people(cx.locale(), &left, &right, shared > 0),
        left: SideOut::of(cx.content(), cx.locale(), &left),
        right: SideOut::of(cx.content(), cx.locale(), &right),
    })
}

fn parted(left: &[LogEntry], right: &[LogEntry], shared: usize) -> Option<PartedOut> {
    let (last, left, right) = (left.get(shared.checked_sub(1)?)?, left.get(shared), right.get(shared));
    (left.is_some() || right.is_some()).then(|| PartedOut {
        age: last.age,
        left: left.map(MoveOut::of),
        right: right.map(MoveOut::of),
    })
}

impl MoveOut {
    fn of(entry: &LogEntry) -> Self {
        let input = serde_json::to_value(&entry.input).unwrap_or_default();
        let word = |name: &str| match &input[name] {
            Value::String(word) => Some(word.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Self {
            kind: word("kind").unwrap_or_default(),
            mode: word("mode"),
            decision_id: word("decision_id"),
            option_id: word("option_id"),
        }
    }
}

impl SideOut {
    fn of(content: &Content, locale: Locale, side: &Standing) -> Self {
        let life = &side.life;
        Self {
            character_id: side.character_id,
            version: side.version,
            character_name: life.spec.name.clone(),
            birth_country: life.spec.country.clone(),
            birth_year: life.spec.birth_year,
            status: life.status.as_str(),
            age: life.age,
            year: life.year,
            life_stage: life.stage.as_str(),
            career: life.career.as_ref().map(|career| content.label(locale, "occupation", &career.id).to_owned()),
        }
    }
}

fn numbers(left: &Lived, right: &Lived) -> Vec<NumberOut> {
    let both = figures(left).into_iter().zip(figures(right));
    both.map(|((path, left), (_, right))| NumberOut { path: path.to_owned(), left, right, difference: right - left })
        .collect()
}

fn figures(life: &Lived) -> [(&'static str, i64); 18] {
    let (attributes, skills, health, money) = (life.attributes, life.skills, &life.health, &life.economy);
    [
        ("attributes.intelligence", attributes.intelligence.into()),
        ("attributes.constitution", attributes.constitution.into()),
        ("attributes.charisma", attributes.charisma.into()),
        ("attributes.willpower", attributes.willpower.into()),
        ("attributes.creativity", attributes.creativity.into()),
        ("skills.academic", skills.academic.into()),
        ("skills.social", skills.social.into()),
        ("skills.athletic", skills.athletic.into()),
        ("skills.artistic", skills.artistic.into()),
        ("skills.business", skills.business.into()),
        ("health.physical", health.physical.into()),
        ("health.mental", health.mental.into()),
        ("health.stress", health.stress.into()),
        ("happiness", life.happiness.into()),
        ("economy.cash", money.cash_days),
        ("economy.income", money.income_days),
        ("economy.net_worth", money.net_worth_days()),
        ("economy.debt", money.debt_days),
    ]
}

/// The living of either life who are not the same to both. Who was met in a shared past is one person; all others are two.
fn people(locale: Locale, left: &Standing, right: &Standing, are_kin: bool) -> Vec<ComparedPersonOut> {
    let mut pairs: BTreeMap<(u32, bool), [Option<&Person>; 2]> = BTreeMap::new();
    for (side, life) in [&left.life, &right.life].into_iter().enumerate() {
        for person in &life.persons {
            let other = [&right.life, &left.life][side].person(person.id);
            let is_one = are_kin && other.is_some_and(|other| is_same(person, other));
            let pair = pairs.entry((person.id.0, side == 1 && !is_one)).or_default();
            pair[side] = Some(person).filter(|person| person.is_alive());
        }
    }
    let mut differing: Vec<_> = pairs.into_values().filter(|[left, right]| left != right).collect();
    differing.sort_by_key(|pair| std::cmp::Reverse(pair.iter().flatten().map(|person| person.intimacy).max()));
    differing.truncate(MOST_PEOPLE);
    let shown = |of: &Standing, person: Option<&Person>| {
        person.map(|person| RelationOut::of(locale, of.character_id, &of.life, person))
    };
    differing
        .into_iter()
        .map(|pair| ComparedPersonOut { left: shown(left, pair[0]), right: shown(right, pair[1]) })
        .collect()
}

fn is_same(one: &Person, other: &Person) -> bool {
    (&one.name, one.gender, one.birth_year) == (&other.name, other.gender, other.birth_year)
}
