//! Two lives side by side: where they parted, and how they differ now.

use std::collections::BTreeMap;

use axum::routing::get;
use deserr::Deserr;
use engine::{Comparison, Content, Input, Locale, Person};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{Broken, FieldErrors, Query},
    ids::CharacterId,
    route::Rate,
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
    .rate(Rate::Relive)
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
    /// Where they parted; null when they are one, or one goes on where the other stands.
    parted: Option<PartedOut>,
    /// Numbers that are not the same to both.
    numbers: Vec<NumberOut>,
    /// Who is not the same to both, the closest first; at most 50.
    people: Vec<ComparedPersonOut>,
    /// Ids of events that only the left life saw.
    only_left: Vec<String>,
    /// Ids of events that only the right life saw.
    only_right: Vec<String>,
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
    /// 0 for two that were born apart.
    age: u16,
    /// The first entry of their logs that differs.
    entry: u32,
    /// What was done in the one; null where both did the same, under other content.
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
    let Comparison { parted_at_age, parted_at_seq, inputs, differences, only_first, only_second } =
        engine::compare((&left.life, &left_log), (&right.life, &right_log));
    let (left_input, right_input) = inputs.unzip();
    let parted = parted_at_age.zip(parted_at_seq).map(|(age, entry)| PartedOut {
        age,
        entry,
        left: left_input.as_ref().map(MoveOut::of),
        right: right_input.as_ref().map(MoveOut::of),
    });
    let are_kin = parted_at_seq != Some(0);
    let numbers = differences.into_iter().map(|row| NumberOut {
        path: row.path,
        left: row.first,
        right: row.second,
        difference: row.second - row.first,
    });
    Answer::ok(&CompareOut {
        parted,
        numbers: numbers.collect(),
        people: people(cx.locale(), &left, &right, are_kin),
        only_left: only_first,
        only_right: only_second,
        left: SideOut::of(cx.content(), cx.locale(), &left),
        right: SideOut::of(cx.content(), cx.locale(), &right),
    })
}

impl MoveOut {
    fn of(input: &Input) -> Self {
        let input = serde_json::to_value(input).unwrap_or_default();
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
