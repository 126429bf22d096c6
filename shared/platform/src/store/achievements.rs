//! What lives have achieved beside what their years write: the unlocks of a life, and judging lives anew by definitions that
//! have changed.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use engine::{Achieved, Achievement, Content, Life, Step};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    lives::{int2, int4},
    pool::Db,
    statement::Statement,
};
use crate::ids::{CharacterId, UserId};

/// An achievement that a life has reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlock {
    /// The content's id.
    pub achievement_id: String,
    /// The entry of the log whose year it was.
    pub entry_seq: u32,
    /// Full years lived then.
    pub age: u16,
    /// What it was worth.
    pub points: u16,
    /// When it was told.
    pub unlocked_at: DateTime<Utc>,
}

impl Unlock {
    /// What a step that ends a year comes to, but for what is `known` by then.
    #[must_use]
    pub fn by_step<'a>(
        content: &Content,
        step: &Step,
        known: impl IntoIterator<Item = &'a Self>,
        now: DateTime<Utc>,
    ) -> Vec<Self> {
        if !step.ends_a_year() {
            return Vec::new();
        }
        Self::by_life(content, &step.life, step.entry.seq, known, now)
    }

    /// What a life as it stands comes to, after the entry `entry_seq` of its log.
    #[must_use]
    pub fn by_life<'a>(
        content: &Content,
        life: &Life,
        entry_seq: u32,
        known: impl IntoIterator<Item = &'a Self>,
        now: DateTime<Utc>,
    ) -> Vec<Self> {
        let known = ids(known);
        let new = engine::achieved(content, life, |_, achievement| known.contains(achievement.id.as_str()));
        new.into_iter().map(|achievement| Self::of(achievement, entry_seq, life.age, now)).collect()
    }

    /// What a log comes to, but for what is `known`.
    #[must_use]
    pub fn by_log(content: &Content, all: Vec<Achieved>, known: &[Self], now: DateTime<Utc>) -> Vec<Self> {
        let known = ids(known);
        let new = all.into_iter().filter(|found| !known.contains(found.achievement_id.as_str()));
        let unlock = |found: Achieved| {
            let achievement = content.achievement(&found.achievement_id)?;
            Some(Self::of(achievement, found.entry_seq, found.age, now))
        };
        new.filter_map(unlock).collect()
    }

    fn of(achievement: &Achievement, entry_seq: u32, age: u16, now: DateTime<Utc>) -> Self {
        let points = achievement.rarity.points();
        Self { achievement_id: achievement.id.clone(), entry_seq, age, points, unlocked_at: now }
    }
}

fn ids<'a>(unlocks: impl IntoIterator<Item = &'a Unlock>) -> HashSet<&'a str> {
    unlocks.into_iter().map(|unlock| unlock.achievement_id.as_str()).collect()
}

/// A CTE that writes unlocks where `$effect` has a row with a `character_id`; ids, entries, ages and points are four arrays.
macro_rules! unlock {
    ($effect:literal, $now:literal, $ids:literal, $entries:literal, $ages:literal, $points:literal) => {
        concat!(
            "unlocked AS (
            INSERT INTO achievement_unlocks (character_id, achievement_id, entry_seq, age, points, unlocked_at)
            SELECT ",
            $effect,
            ".character_id, a.id, a.entry_seq, a.age, a.points, ",
            $now,
            " FROM ",
            $effect,
            ", UNNEST(",
            $ids,
            "::text[], ",
            $entries,
            "::int4[], ",
            $ages,
            "::int2[], ",
            $points,
            "::int2[]) AS a (id, entry_seq, age, points)
         )"
        )
    };
}

pub(super) use unlock;

/// The four arrays that [`unlock`] wants.
pub(super) fn columns(unlocks: &[Unlock]) -> (Vec<&str>, Vec<i32>, Vec<i16>, Vec<i16>) {
    (
        unlocks.iter().map(|unlock| unlock.achievement_id.as_str()).collect(),
        unlocks.iter().map(|unlock| int4(unlock.entry_seq)).collect(),
        unlocks.iter().map(|unlock| int2(unlock.age)).collect(),
        unlocks.iter().map(|unlock| int2(unlock.points)).collect(),
    )
}

pub(super) const BACKFILL: Statement = Statement::write(
    "achievements-backfill",
    concat!(
        "WITH owner AS (
            SELECT user_id FROM users WHERE user_id = $1 AND is_active FOR NO KEY UPDATE
         ), moved AS (
            UPDATE lives SET version = version + 1, updated_at = greatest(updated_at, $4)
            FROM owner
            WHERE character_id = $2 AND lives.user_id = owner.user_id AND version = $3
            RETURNING character_id, lives.user_id
         ), roster AS (
            UPDATE users SET roster_version = roster_version + 1 FROM moved WHERE users.user_id = moved.user_id
         ), ",
        unlock!("moved", "$4", "$5", "$6", "$7", "$8"),
        " SELECT count(*) = 1 FROM moved"
    ),
);

/// Adds unlocks to a life that still stands at `version`, and raises that; `false` where it has moved on, or is gone.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn backfill(
    db: &Db,
    (user, character): (UserId, CharacterId),
    version: i64,
    unlocks: &[Unlock],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let (ids, entries, ages, points) = columns(unlocks);
    let statement = sqlx::query_scalar(BACKFILL.sql).bind(user).bind(character).bind(version).bind(now);
    statement.bind(ids).bind(entries).bind(ages).bind(points).fetch_one(db).await
}

/// How far lives have been judged by one set of definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Backfill {
    /// Lives up to this one are judged.
    pub last_character_id: Uuid,
    /// How many.
    pub lives: i64,
    /// What they had come to that they did not know.
    pub unlocks: i64,
    /// When the last one was.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far it has come; from the beginning where it has not begun.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn begin(db: &Db, definitions: &[u8], now: DateTime<Utc>) -> Result<Backfill, sqlx::Error> {
    let insert = "INSERT INTO achievement_backfills (definitions, last_character_id, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (definitions) DO NOTHING";
    sqlx::query(insert).bind(definitions).bind(Uuid::nil()).bind(now).execute(db).await?;
    sqlx::query_as(
        "SELECT last_character_id, lives, unlocks, finished_at FROM achievement_backfills WHERE definitions = $1",
    )
    .bind(definitions)
    .fetch_one(db)
    .await
}

/// The next lives that have begun, in order of their ids.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn next(db: &Db, after: Uuid, at_most: i64) -> Result<Vec<(CharacterId, UserId)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT character_id, user_id FROM lives WHERE character_id > $1 AND status <> 'draft'
         ORDER BY character_id LIMIT $2",
    )
    .bind(after)
    .bind(at_most)
    .fetch_all(db)
    .await
}

/// Writes down how far it has come. Of two runs at once the one that is further wins.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn came_to(db: &Db, definitions: &[u8], to: &Backfill, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE achievement_backfills
         SET last_character_id = $2, lives = $3, unlocks = $4, finished_at = $5, updated_at = $6
         WHERE definitions = $1 AND last_character_id <= $2",
    )
    .bind(definitions)
    .bind(to.last_character_id)
    .bind(to.lives)
    .bind(to.unlocks)
    .bind(to.finished_at)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
