//! What statistics are made of: a life's numbers year by year, and how the lives of a country and time ended. Both are
//! written by the statement that moves a life on.

use chrono::{DateTime, Utc};
use engine::{Content, EventRecord, Life};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::{lives::Standing, pool::Db, statement::Statement};
use crate::{error::ApiError, ids::CharacterId};

/// CTEs that write the years of `$effect` (`character_id`) and count an ended life: `$years` and `$ended` are arrays of
/// [`YearRow`] and [`Ended`] as JSON. Counters are raised in one order, so that two lives that end at once cannot block
/// each other.
macro_rules! chronicle {
    ($effect:literal, $years:literal, $ended:literal) => {
        concat!(
            "years AS (
            INSERT INTO life_years
                (character_id, age, year, life_stage, intelligence, constitution, charisma, willpower, creativity,
                 happiness, physical, mental, net_worth, events)
            SELECT ",
            $effect,
            ".character_id, y.* FROM ",
            $effect,
            ", jsonb_to_recordset(",
            $years,
            "::jsonb) AS y (age int2, year int2, life_stage text, intelligence int2, constitution int2, charisma int2,
                            willpower int2, creativity int2, happiness int2, physical int2, mental int2,
                            net_worth int8, events int4)
            ON CONFLICT (character_id, age) DO UPDATE
            SET year = excluded.year, life_stage = excluded.life_stage, intelligence = excluded.intelligence,
                constitution = excluded.constitution, charisma = excluded.charisma, willpower = excluded.willpower,
                creativity = excluded.creativity, happiness = excluded.happiness, physical = excluded.physical,
                mental = excluded.mental, net_worth = excluded.net_worth, events = life_years.events + excluded.events
         ), counted AS (
            INSERT INTO cohort_lives (birth_country, era, metric, bucket, lives)
            SELECT e.birth_country, e.era, e.metric, e.bucket, 1 FROM ",
            $effect,
            ", jsonb_to_recordset(",
            $ended,
            "::jsonb) AS e (birth_country text, era int2, metric text, bucket int2)
            ORDER BY e.metric
            ON CONFLICT (birth_country, era, metric, bucket) DO UPDATE SET lives = cohort_lives.lives + 1
         )"
        )
    };
}

pub(super) use chronicle;

pub(super) const YEARS: Statement = Statement::read(
    "stats-years",
    "SELECT age, year, life_stage, intelligence, constitution, charisma, willpower, creativity, happiness, physical,
            mental, net_worth, events
     FROM life_years WHERE character_id = $1 ORDER BY age",
);

// A life's own times let Postgres leave out the partitions it cannot be in.
pub(super) const EVENTS: Statement = Statement::read(
    "stats-events",
    "SELECT record FROM events WHERE character_id = $1 AND created_at BETWEEN $2 AND $3 ORDER BY seq",
);

pub(super) const OVERVIEW: Statement = Statement::read(
    "stats-overview",
    "SELECT l.play_s,
            (SELECT count(*) FROM decisions d WHERE d.character_id = l.character_id) AS decisions,
            (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.from_age) FROM (
                SELECT life_stage, min(age) AS from_age, max(age) AS to_age, sum(events) AS events,
                       round(avg(happiness))::int AS happiness
                FROM life_years WHERE character_id = l.character_id GROUP BY life_stage) s) AS stages,
            (SELECT jsonb_agg(to_jsonb(c)) FROM (
                SELECT metric, sum(lives)::int8 AS lives,
                       coalesce(sum(lives) FILTER (WHERE bucket < CASE metric WHEN 'score' THEN $4 ELSE $5 END), 0)::int8
                           AS below
                FROM cohort_lives WHERE birth_country = $2 AND era = $3 GROUP BY metric) c) AS cohort
     FROM lives l WHERE l.character_id = $1",
);

/// A life's numbers at one age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `life_years`")]
pub struct YearRow {
    pub age: i16,
    pub year: i16,
    pub life_stage: String,
    pub intelligence: i16,
    pub constitution: i16,
    pub charisma: i16,
    pub willpower: i16,
    pub creativity: i16,
    pub happiness: i16,
    pub physical: i16,
    pub mental: i16,
    pub net_worth: i64,
    pub events: i32,
}

impl YearRow {
    /// The life as it stands, after that many new events at its age.
    pub fn of(life: &Life, events: usize) -> Self {
        let attributes = life.attributes;
        Self {
            age: super::lives::int2(life.age),
            year: super::lives::int2(life.year),
            life_stage: life.stage.as_str().to_owned(),
            intelligence: attributes.intelligence.into(),
            constitution: attributes.constitution.into(),
            charisma: attributes.charisma.into(),
            willpower: attributes.willpower.into(),
            creativity: attributes.creativity.into(),
            happiness: life.happiness.into(),
            physical: life.health.physical.into(),
            mental: life.health.mental.into(),
            net_worth: life.economy.net_worth_days(),
            events: i32::try_from(events).unwrap_or(i32::MAX),
        }
    }
}

/// One figure of a life that is over, for its cohort.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    birth_country: String,
    era: u16,
    metric: &'static str,
    bucket: u16,
}

impl Ended {
    /// The figures that count.
    pub(super) fn of(life: &Life) -> Vec<Self> {
        let score = engine::summary(Content::builtin(), life).score;
        let (country, era) = cohort(life);
        let figures = [("age", life.age), ("score", score.into())];
        figures.map(|(metric, bucket)| Self { birth_country: country.to_owned(), era, metric, bucket }).into()
    }
}

/// With whom a life is compared: country and first year of the fifty years of birth.
pub fn cohort(life: &Life) -> (&str, u16) {
    (&life.spec.country, life.spec.birth_year / 50 * 50)
}

/// A life's numbers, by age. A life begun before they were kept has none of its early years.
///
/// # Errors
/// 503 without Postgres.
pub async fn years(db: &Db, character: CharacterId) -> Result<Vec<YearRow>, ApiError> {
    Ok(sqlx::query_as(YEARS.sql).bind(character).fetch_all(db).await?)
}

/// Everything that has happened in one life, oldest first: some hundred records.
///
/// # Errors
/// 503 without Postgres.
pub async fn events(db: &Db, life: &Standing) -> Result<Vec<EventRecord>, ApiError> {
    let statement = sqlx::query_scalar(EVENTS.sql).bind(life.character_id).bind(life.created_at).bind(life.updated_at);
    let records: Vec<Json<EventRecord>> = statement.fetch_all(db).await?;
    Ok(records.into_iter().map(|Json(record)| record).collect())
}

/// A part of a life in figures.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of the statement")]
pub struct StageRow {
    pub life_stage: String,
    pub from_age: u16,
    pub to_age: u16,
    pub events: u32,
    pub happiness: u8,
}

/// Where a life stands among those of its cohort that are over, by one metric.
#[derive(Debug, Deserialize)]
pub struct CohortRow {
    /// `score` or `age`.
    pub metric: String,
    /// How many lives.
    pub lives: i64,
    /// How many of them came to less.
    pub below: i64,
}

/// What the overview needs beside the state.
#[derive(Debug)]
pub struct Overview {
    /// Seconds spent with the life.
    pub play_s: i64,
    /// Decisions taken.
    pub decisions: i64,
    /// Parts of the life, in order.
    pub stages: Vec<StageRow>,
    /// One for each metric, once any life of the cohort is over.
    pub cohort: Vec<CohortRow>,
    /// When that was true.
    pub as_of: DateTime<Utc>,
}

/// What the overview of a life needs beside its state.
///
/// # Errors
/// 503 without Postgres.
pub async fn overview(db: &Db, life: &Standing, score: u8, now: DateTime<Utc>) -> Result<Overview, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        play_s: i64,
        decisions: i64,
        #[sqlx(json(nullable))]
        stages: Option<Vec<StageRow>>,
        #[sqlx(json(nullable))]
        cohort: Option<Vec<CohortRow>>,
    }
    let (country, era) = cohort(&life.life);
    let row: Row = sqlx::query_as(OVERVIEW.sql)
        .bind(life.character_id)
        .bind(country)
        .bind(super::lives::int2(era))
        .bind(i16::from(score))
        .bind(super::lives::int2(life.life.age))
        .fetch_one(db)
        .await?;
    Ok(Overview {
        play_s: row.play_s,
        decisions: row.decisions,
        stages: row.stages.unwrap_or_default(),
        cohort: row.cohort.unwrap_or_default(),
        as_of: now,
    })
}
