//! Where each life stands, and the one statement that moves it on.

use chrono::{DateTime, Utc};
use engine::{EventRecord, Life, LogEntry, Status};
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    achievements::{self, Unlock, unlock},
    once::{self, Done, and_key, prior},
    outbox::{self, tell},
    pool::Db,
    saves::keep,
    state::{Stored, StoredRef, encode},
    statement::Statement,
    stats::{Ended, YearRow, chronicle},
};
use crate::{
    cache::aggregate::{self, Loaded},
    ctx::Cx,
    error::{ApiError, Code},
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::{CharacterId, UserId},
    outbox::{Event, Topic},
    saving::Kept,
    telemetry::metrics::achievements_unlocked,
    text::Text,
};

pub(super) const STATE: Statement = Statement::read(
    "life-state",
    "SELECT c.lineage_id, c.parent_character_id, c.branched_at_age, c.rerolls_used, l.version, l.state, c.created_at, l.updated_at,
            (SELECT coalesce(json_agg(json_build_object(
                'achievement_id', u.achievement_id, 'entry_seq', u.entry_seq, 'age', u.age, 'points', u.points,
                'unlocked_at', u.unlocked_at) ORDER BY u.entry_seq, u.achievement_id), '[]')
             FROM achievement_unlocks u WHERE u.character_id = l.character_id) AS unlocks
         FROM lives l JOIN characters c USING (character_id)
         WHERE l.character_id = $1 AND l.user_id = $2 AND c.is_active",
);

pub(super) const APPEND: Statement = Statement::write(
    "life-append",
    concat!(
        prior!(),
        "owner AS (
            SELECT user_id FROM users
            WHERE user_id = $1 AND is_active AND NOT EXISTS (SELECT FROM prior) FOR NO KEY UPDATE
         ), moved AS (
            UPDATE lives
            SET version = version + 1, status = $12, age = $13, state = $14, updated_at = greatest(updated_at, $9),
                play_s = play_s + least(extract(epoch FROM greatest(updated_at, $9) - updated_at)::int8, $41)
            FROM owner
            WHERE character_id = $10 AND lives.user_id = owner.user_id AND version = $11
            RETURNING character_id, lives.user_id, version, updated_at
         ), roster AS (
            UPDATE users SET roster_version = roster_version + 1
            FROM moved WHERE users.user_id = moved.user_id
            RETURNING roster_version
         ), attributes AS (
            UPDATE character_attributes a
            SET intelligence = $15, constitution = $16, charisma = $17, willpower = $18, creativity = $19
            FROM moved WHERE a.character_id = moved.character_id
         ), entries AS (
            INSERT INTO life_log
                (character_id, seq, version, age, input, outcome, content_hash, rules_version, hash, created_at)
            SELECT moved.character_id, e.seq, moved.version, e.age, e.input, e.outcome, e.content_hash, e.rules_version,
                   e.hash, moved.updated_at
            FROM moved, UNNEST($20::int4[], $21::int2[], $22::jsonb[], $23::bytea[], $24::bytea[], $25::int4[], $26::bytea[])
                AS e (seq, age, input, outcome, content_hash, rules_version, hash)
         ), happened AS (
            INSERT INTO events (character_id, seq, age, event_id, event_type, record, created_at)
            SELECT moved.character_id, e.seq, e.age, e.event_id, e.event_type, e.record, moved.updated_at
            FROM moved, UNNEST($27::int4[], $28::int2[], $29::text[], $30::text[], $31::jsonb[])
                AS e (seq, age, event_id, event_type, record)
         ), decided AS (
            INSERT INTO decisions (character_id, decision_id, event_seq, age, record, decided_at)
            SELECT moved.character_id, d.seq, d.seq, d.age, d.record, moved.updated_at
            FROM moved, UNNEST($32::int4[], $33::int2[], $34::jsonb[]) AS d (seq, age, record)
         ), ",
        tell!("moved", "moved.updated_at", "$35", "$36", "$37"),
        ", ",
        keep!("moved", "moved.updated_at", "$38"),
        ", ",
        chronicle!("moved", "$39", "$40"),
        ", ",
        unlock!("moved", "moved.updated_at", "$42", "$43", "$44", "$45"),
        and_key!("moved")
    ),
);

pub(super) const STANDS_AT: Statement =
    Statement::read("life-version", "SELECT version, age FROM lives WHERE character_id = $1 AND user_id = $2");

pub(super) const LOG: Statement = Statement::read(
    "life-log",
    "SELECT e.seq, e.age, e.input, e.outcome, e.content_hash, e.rules_version, e.hash
         FROM life_log e JOIN lives l USING (character_id)
         WHERE e.character_id = $1 AND l.user_id = $2 AND e.version <= $3
         ORDER BY e.seq",
);

/// A life with its newest events, at one version.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Stored")]
pub struct Standing {
    /// Whose character this is.
    pub character_id: CharacterId,
    /// Of which lineage: the first life it was branched from, or itself.
    pub lineage_id: Uuid,
    /// The life it was branched from, or begun anew after.
    pub parent_character_id: Option<CharacterId>,
    /// Up to which age it shares its parent's past; none when it shares nothing.
    pub branched_at_age: Option<u16>,
    /// Times the draft was dealt anew.
    pub rerolls_used: u16,
    /// Raised by one with every request that changes the life.
    pub version: i64,
    /// The engine's state.
    pub life: Life,
    /// Events of the present year.
    pub recent: Vec<EventRecord>,
    /// What it has achieved, in the order in which it did.
    pub unlocks: Vec<Unlock>,
    /// When the character was made.
    pub created_at: DateTime<Utc>,
    /// When the life last moved.
    pub updated_at: DateTime<Utc>,
}

impl Standing {
    /// Whether it counts for leaderboards: a past that was chosen again does not.
    pub fn is_ranked(&self) -> bool {
        self.life.spec.ranked && self.branched_at_age.is_none()
    }

    /// This life, if it stands where the client believes.
    ///
    /// # Errors
    /// 412 with the current version and age.
    pub fn at_version(&self, expected: i64) -> Result<&Self, ApiError> {
        if self.version == expected { Ok(self) } else { Err(moved_on(self.version, self.life.age)) }
    }
}

/// The life of `character`, if it is `user`'s, as caches hold it.
pub(crate) async fn load(db: &Db, user: UserId, character: CharacterId) -> Result<Option<Loaded>, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        lineage_id: Uuid,
        parent_character_id: Option<CharacterId>,
        branched_at_age: Option<i16>,
        rerolls_used: i16,
        version: i64,
        state: Vec<u8>,
        created_at: DateTime<Utc>,
        updated_at: DateTime<Utc>,
        unlocks: Json<Vec<Unlock>>,
    }
    let row: Option<Row> = sqlx::query_as(STATE.sql).bind(character).bind(user).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    let value = StoredRef {
        character_id: character,
        lineage_id: row.lineage_id,
        parent_character_id: row.parent_character_id,
        branched_at_age: row.branched_at_age.and_then(|age| u16::try_from(age).ok()),
        rerolls_used: row.rerolls_used.unsigned_abs(),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        unlocks: &row.unlocks,
        state: serde_json::from_slice(&row.state).map_err(ApiError::internal)?,
    };
    let value = serde_json::to_vec(&value).map_err(ApiError::internal)?;
    Ok(Some(Loaded { version: row.version, value }))
}

/// The life of `character`, if it is `user`'s, past every cache: for audits.
///
/// # Errors
/// 503 without Postgres.
pub async fn owned_by(db: &Db, user: UserId, character: CharacterId) -> Result<Option<Standing>, ApiError> {
    let Some(Loaded { value, .. }) = load(db, user, character).await? else { return Ok(None) };
    serde_json::from_slice(&value).map(Some).map_err(ApiError::internal)
}

/// What one request adds to a life: exactly one version.
#[derive(Debug)]
pub struct Append<'a> {
    /// Where the life stood: what this was computed from.
    pub from: &'a Standing,
    /// The state after.
    pub life: &'a Life,
    /// Events of the present year, for the state's readers.
    pub recent: &'a [EventRecord],
    /// The new entries of the log.
    pub entries: &'a [LogEntry],
    /// The new events.
    pub events: &'a [EventRecord],
    /// Moments on the way that are kept.
    pub saves: &'a [Kept],
    /// The numbers at each age on the way, each age once.
    pub years: &'a [YearRow],
    /// The new achievements.
    pub unlocks: &'a [Unlock],
}

/// What a pause between two moves counts as time of play at most, seconds.
const LONGEST_PAUSE_S: i64 = 300;

impl<'a> Append<'a> {
    /// One version on, and nothing else.
    pub fn nothing(from: &'a Standing) -> Self {
        Self {
            from,
            life: &from.life,
            recent: &from.recent,
            entries: &[],
            events: &[],
            saves: &[],
            years: &[],
            unlocks: &[],
        }
    }

    /// The figures of a ranked life that is over with this.
    fn ended(&self) -> Vec<Ended> {
        let ends = self.from.life.status != Status::Dead && self.life.status == Status::Dead;
        if ends && self.from.is_ranked() { Ended::of(self.life) } else { Vec::new() }
    }

    /// What others are told of it: that the life has begun, or is over, and what it has achieved.
    fn news(&self, cx: &Cx, user: UserId) -> Vec<Event> {
        let (before, after) = (self.from.life.status, self.life.status);
        let begins = before == Status::Draft && after != Status::Draft;
        let ends = before != Status::Dead && after == Status::Dead;
        let topics = [(begins, Topic::LifeStarted), (ends, Topic::LifeEnded)];
        let (life, version) = ((user, self.from.character_id), self.from.version + 1);
        let turns = topics.into_iter().filter(|(happened, _)| *happened);
        let turns = turns.filter_map(|(_, topic)| Event::of_life(cx, topic, life, (version, self.life.age)));
        turns.chain(self.unlocks.iter().filter_map(|unlock| Event::of_unlock(cx, life, version, unlock))).collect()
    }
}

/// Moves a life on and gives `answer`: effect, key and stored answer in one statement. A repeated request gets the
/// first answer.
///
/// Locks are taken in the order users, lives, as everywhere. Clocks of containers differ; a life's own times never go back, for reads rely on them to find its events.
///
/// # Errors
/// 412 when the life has moved on meanwhile, 422 KEY_REUSED, 503 without Postgres.
pub async fn append<T: ?Sized>(cx: &Cx, idem: &Idem, write: &Append<'_>, answer: Answer<T>) -> Reply<T> {
    let (life, entries, events) = (write.life, write.entries, write.events);
    let attributes = life.attributes;
    let decided: Vec<_> =
        events.iter().filter_map(|event| event.decision.as_ref().map(|record| (event, record))).collect();
    let (from, now) = (write.from, cx.now());
    let state = encode(life, write.recent)?;
    let news = write.news(cx, idem.user);
    let (told_ids, told_topics, told_payloads) = outbox::columns(&news);
    let (unlocked_ids, unlocked_entries, unlocked_ages, unlocked_points) = achievements::columns(write.unlocks);
    let statement = once::statement(APPEND.sql, idem, &answer, now)
        .bind(from.character_id)
        .bind(from.version)
        .bind(life.status.as_str())
        .bind(int2(life.age))
        .bind(&state)
        .bind(i16::from(attributes.intelligence))
        .bind(i16::from(attributes.constitution))
        .bind(i16::from(attributes.charisma))
        .bind(i16::from(attributes.willpower))
        .bind(i16::from(attributes.creativity))
        .bind(column(entries, |entry| int4(entry.seq)))
        .bind(column(entries, |entry| int2(entry.age)))
        .bind(column(entries, |entry| Json(&entry.input)))
        .bind(column(entries, |entry| entry.outcome.as_slice()))
        .bind(column(entries, |entry| entry.content_hash.0.as_slice()))
        .bind(column(entries, |entry| int4(entry.rules_version)))
        .bind(column(entries, |entry| entry.hash.as_slice()))
        .bind(column(events, |event| int4(event.event_seq)))
        .bind(column(events, |event| int2(event.age)))
        .bind(column(events, |event| event.event_id.as_str()))
        .bind(column(events, |event| event.event_type.as_str()))
        .bind(column(events, Json))
        .bind(column(&decided, |(event, _)| int4(event.event_seq)))
        .bind(column(&decided, |(event, _)| int2(event.age)))
        .bind(column(&decided, |(_, record)| Json(*record)))
        .bind(told_ids)
        .bind(told_topics)
        .bind(told_payloads)
        .bind(Json(write.saves))
        .bind(Json(write.years))
        .bind(Json(write.ended()))
        .bind(LONGEST_PAUSE_S)
        .bind(unlocked_ids)
        .bind(unlocked_entries)
        .bind(unlocked_ages)
        .bind(unlocked_points);
    match once::run(cx, statement).await? {
        Done::Applied { roster_version } => {
            let (updated_at, mut unlocks) = (from.updated_at.max(now), from.unlocks.clone());
            unlocks.extend(write.unlocks.iter().map(|new| Unlock { unlocked_at: updated_at, ..new.clone() }));
            let after =
                StoredRef { version: from.version + 1, updated_at, unlocks: &unlocks, ..StoredRef::of(from, &state)? };
            let value = serde_json::to_vec(&after).map_err(ApiError::internal)?;
            let news = [
                cx.news(aggregate::Life(idem.user, from.character_id), from.version + 1, Some(&value)),
                cx.patched(aggregate::Roster(idem.user), roster_version, |listed| listed.move_on(write)),
            ];
            let rarities = write.unlocks.iter().filter_map(|new| cx.content().achievement(&new.achievement_id));
            achievements_unlocked(rarities.map(|achievement| achievement.rarity.as_str()));
            cx.gate.publish(cx, &news).await?;
            Ok(answer)
        }
        Done::Replayed(stored) => stored.replay(idem),
        Done::Refused => first_answer_or_moved_on(cx, idem, from).await,
    }
}

/// Looks again with a new snapshot: another request with this key may have come first, else the life has moved on.
pub(super) async fn first_answer_or_moved_on<T: ?Sized>(cx: &Cx, idem: &Idem, from: &Standing) -> Reply<T> {
    #[derive(sqlx::FromRow)]
    struct Row {
        version: i64,
        age: i16,
    }
    if let Some(first) = super::idempotency::find(cx, idem).await? {
        return Ok(first);
    }
    let now: Option<Row> =
        sqlx::query_as(STANDS_AT.sql).bind(from.character_id).bind(idem.user).fetch_optional(cx.db()).await?;
    let now = now.ok_or_else(ApiError::no_such_character)?;
    if now.version == from.version {
        // The life is where it was, so it was the account that refused: it is being deleted.
        return Err(ApiError::account_gone());
    }
    Err(moved_on(now.version, u16::try_from(now.age).unwrap_or_default()))
}

/// 412: the life is not where the client believes.
pub(super) fn moved_on(version: i64, age: u16) -> ApiError {
    let text = Text::new(
        "This life has moved on; read its state and decide again.",
        "这段人生已有新的进展，请重新读取状态后再试。",
    );
    ApiError::new(Code::PreconditionFailed, text)
        .reason("VERSION_MISMATCH")
        .detail("current_version", version)
        .detail("current_age", age)
}

/// The log of a life up to that version, oldest first, if it is `user`'s; empty when there is no such life.
///
/// # Errors
/// 503 without Postgres.
pub async fn log(db: &Db, user: UserId, character: CharacterId, version: i64) -> Result<Vec<LogEntry>, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        seq: i32,
        age: i16,
        input: Json<engine::Input>,
        outcome: Vec<u8>,
        content_hash: Vec<u8>,
        rules_version: i32,
        hash: Vec<u8>,
    }
    let rows: Vec<Row> = sqlx::query_as(LOG.sql).bind(character).bind(user).bind(version).fetch_all(db).await?;
    let entry = |row: Row| -> Option<LogEntry> {
        Some(LogEntry {
            seq: row.seq.try_into().ok()?,
            age: row.age.try_into().ok()?,
            input: row.input.0,
            rules_version: row.rules_version.try_into().ok()?,
            content_hash: engine::ContentHash(row.content_hash.try_into().ok()?),
            outcome: row.outcome,
            hash: row.hash.try_into().ok()?,
        })
    };
    let entries: Option<Vec<_>> = rows.into_iter().map(entry).collect();
    entries.ok_or_else(|| ApiError::internal("a row of life_log does not read"))
}

fn column<'a, T, C>(rows: &'a [T], of: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

/// Engine counters stay far below these bounds (a life has some thousand events).
pub(super) fn int4(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn int2(number: u16) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}
