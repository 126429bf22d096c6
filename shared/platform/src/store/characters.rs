//! Who a player's characters are. Where each stands is in `lives`.

use chrono::{DateTime, Utc};
use engine::{Life, LogEntry};
use uuid::Uuid;

use super::{
    idempotency,
    lives::{self, encode},
    once::{self, Done, and_key, prior},
    pool::Db,
    statement::Statement,
};
use crate::{
    ctx::Cx,
    error::{ApiError, account_gone},
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::{CharacterId, UserId},
};

pub(super) const CREATE: Statement = Statement::write(
    "character-create",
    concat!(
        prior!(),
        "born AS (
            INSERT INTO characters
                (character_id, user_id, lineage_id, character_name, birth_country, birth_year, ranked, created_at)
            SELECT $10, $1, $10, $11, $12, $13, $14, $9
            WHERE NOT EXISTS (SELECT FROM prior)
            RETURNING character_id
         ), attributes AS (
            INSERT INTO character_attributes
                (character_id, intelligence, constitution, charisma, willpower, creativity)
            SELECT character_id, $15, $16, $17, $18, $19 FROM born
         ), life AS (
            INSERT INTO lives (character_id, user_id, version, status, age, state, updated_at)
            SELECT character_id, $1, 1, 'draft', 0, $20, $9 FROM born
         ), entry AS (
            INSERT INTO life_log
                (character_id, seq, version, age, input, outcome, content_hash, rules_version, hash, created_at)
            SELECT character_id, $21, 1, 0, $22, $23, $24, $25, $26, $9 FROM born
         )",
        and_key!("born")
    ),
);

pub(super) const NEWEST: Statement = Statement::read(
    "character-list",
    "SELECT c.character_id, c.lineage_id, c.parent_character_id, c.character_name, c.birth_country, c.birth_year,
                c.ranked, l.status, l.age, l.version, c.created_at
         FROM characters c JOIN lives l USING (character_id)
         WHERE c.user_id = $1 AND c.is_active AND ($2::uuid IS NULL OR c.character_id < $2)
         ORDER BY c.character_id DESC
         LIMIT $3",
);

/// A character as lists and pages show it.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `characters` and `lives`")]
pub struct Character {
    pub character_id: CharacterId,
    pub lineage_id: Uuid,
    pub parent_character_id: Option<CharacterId>,
    pub character_name: String,
    pub birth_country: String,
    pub birth_year: i16,
    pub ranked: bool,
    pub status: String,
    pub age: i16,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

/// A character about to be.
#[derive(Debug)]
pub struct NewCharacter<'a> {
    /// Its id.
    pub character_id: CharacterId,
    /// The dealt life, a draft.
    pub life: &'a Life,
    /// The first entry of its log.
    pub birth: &'a LogEntry,
}

/// Stores a new character with its dealt life and gives `answer`, in one statement; a repeated request gets the first
/// answer.
///
/// # Errors
/// 401 when the account is gone, 422 KEY_REUSED, 503 without Postgres.
pub async fn create<T: ?Sized>(cx: &Cx, idem: &Idem, new: &NewCharacter<'_>, answer: Answer<T>) -> Reply<T> {
    let (life, birth) = (new.life, new.birth);
    let attributes = life.attributes;
    let statement = once::statement(CREATE.sql, idem, &answer, cx.now())
        .bind(new.character_id)
        .bind(&life.spec.name)
        .bind(&life.spec.country)
        .bind(i16::try_from(life.spec.birth_year).unwrap_or(i16::MAX))
        .bind(life.spec.ranked)
        .bind(i16::from(attributes.intelligence))
        .bind(i16::from(attributes.constitution))
        .bind(i16::from(attributes.charisma))
        .bind(i16::from(attributes.willpower))
        .bind(i16::from(attributes.creativity))
        .bind(encode(life, &[])?)
        .bind(lives::int4(birth.seq))
        .bind(sqlx::types::Json(&birth.input))
        .bind(&birth.outcome)
        .bind(birth.content_hash.0.as_slice())
        .bind(lives::int4(birth.rules_version))
        .bind(birth.hash.as_slice());
    match once::run(statement, cx.db()).await {
        Ok(Done::Applied) => Ok(answer),
        Ok(Done::Replayed(stored)) => stored.replay(idem),
        Ok(Done::Refused) => {
            let first = idempotency::find(cx.db(), idem).await?;
            first.ok_or_else(|| ApiError::internal("a character was neither stored nor found"))
        }
        Err(error) => Err(account_gone(error, "characters_user_fkey")),
    }
}

/// One page of a player's characters, newest first: at most `limit` + 1, so that the caller sees whether more follow.
///
/// # Errors
/// 503 without Postgres.
pub async fn newest(
    db: &Db,
    user: UserId,
    before: Option<CharacterId>,
    limit: i64,
) -> Result<Vec<Character>, ApiError> {
    let page = sqlx::query_as(NEWEST.sql).bind(user).bind(before).bind(limit + 1).fetch_all(db).await?;
    Ok(page)
}
