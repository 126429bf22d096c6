//! A life that goes another way from some age on: a character of its own that begins with a copy of the shared past.

use engine::PendingDecision;
use sqlx::types::Json;

use super::{
    characters::{MOST_CHARACTERS, birth_year},
    idempotency,
    lives::{self, Standing},
    once::{self, Done, and_key, prior},
    removal::why_refused,
    state::{self, encode},
    statement::Statement,
    stats::YearRow,
};
use crate::{
    cache::aggregate::{self, Aggregate as _},
    ctx::Cx,
    error::ApiError,
    http::{envelope::Answer, idem::Idem},
    ids::CharacterId,
};

// The shared past is written at the branch's own time, so that a life's own times go on to bound where its events are.
pub(super) const BRANCH: Statement = Statement::write(
    "life-branch",
    concat!(
        prior!(),
        "owner AS (
            SELECT user_id FROM users
            WHERE user_id = $1 AND is_active AND NOT EXISTS (SELECT FROM prior) FOR NO KEY UPDATE
         ), parent AS (
            SELECT c.character_id, c.user_id, c.created_at, l.updated_at
            FROM owner JOIN characters c ON c.user_id = owner.user_id JOIN lives l ON l.character_id = c.character_id
            WHERE c.character_id = $11 AND c.is_active
              AND $27 > (SELECT count(*) FROM characters o WHERE o.user_id = owner.user_id AND o.is_active)
         ), born AS (
            INSERT INTO characters
                (character_id, user_id, lineage_id, parent_character_id, branched_at_age, character_name, birth_country,
                 birth_year, ranked, created_at)
            SELECT $10, user_id, $12, character_id, $13, $14, $15, $16, false, $9 FROM parent
            RETURNING character_id
         ), attributes AS (
            INSERT INTO character_attributes
                (character_id, intelligence, constitution, charisma, willpower, creativity)
            SELECT character_id, $17, $18, $19, $20, $21 FROM born
         ), life AS (
            INSERT INTO lives (character_id, user_id, version, status, age, state, updated_at)
            SELECT character_id, $1, 1, $22, $13, $23, $9 FROM born
         ), entries AS (
            INSERT INTO life_log
                (character_id, seq, version, age, input, outcome, content_hash, rules_version, hash, created_at)
            SELECT born.character_id, e.seq, 1, e.age, e.input, e.outcome, e.content_hash, e.rules_version, e.hash, $9
            FROM born, life_log e
            WHERE e.character_id = $11 AND e.seq < $24
         ), happened AS (
            INSERT INTO events (character_id, seq, age, event_id, event_type, record, created_at)
            SELECT born.character_id, e.seq, e.age, e.event_id, e.event_type, e.record, $9
            FROM born, parent, events e
            WHERE e.character_id = parent.character_id AND e.created_at BETWEEN parent.created_at AND parent.updated_at
              AND e.seq < $25 AND e.seq IS DISTINCT FROM $26
         ), decided AS (
            INSERT INTO decisions (character_id, decision_id, event_seq, age, record, decided_at)
            SELECT born.character_id, d.decision_id, d.event_seq, d.age, d.record, d.decided_at
            FROM born, decisions d
            WHERE d.character_id = $11 AND d.event_seq < $25 AND d.event_seq IS DISTINCT FROM $26
         ), years AS (
            INSERT INTO life_years
                (character_id, age, year, life_stage, intelligence, constitution, charisma, willpower, creativity,
                 happiness, physical, mental, net_worth, events)
            SELECT born.character_id, y.age, y.year, y.life_stage, y.intelligence, y.constitution, y.charisma, y.willpower,
                   y.creativity, y.happiness, y.physical, y.mental, y.net_worth, y.events
            FROM born, life_years y
            WHERE y.character_id = $11 AND y.age < $13
            UNION ALL
            SELECT born.character_id, y.* FROM born, jsonb_to_recordset($28::jsonb) AS y (
                age int2, year int2, life_stage text, intelligence int2, constitution int2, charisma int2, willpower int2,
                creativity int2, happiness int2, physical int2, mental int2, net_worth int8, events int4)
         ), unlocked AS (
            INSERT INTO achievement_unlocks (character_id, achievement_id, entry_seq, age, points, unlocked_at)
            SELECT born.character_id, u.achievement_id, u.entry_seq, u.age, u.points, u.unlocked_at
            FROM born, achievement_unlocks u
            WHERE u.character_id = $11 AND u.entry_seq < $24
         ), roster AS (
            UPDATE users SET roster_version = roster_version + 1
            FROM born WHERE user_id = $1
            RETURNING roster_version
         )",
        and_key!("born")
    ),
);

/// Stores a life that begins with that many entries of `parent`'s log as it has itself, and gives `answer`, in one statement; a
/// repeated request gets the first answer. `None` when there is no such parent (any more).
///
/// # Errors
/// 401 when the account is gone, 409 QUOTA_REACHED, 422 KEY_REUSED, 503 without Postgres.
pub async fn branch<T: ?Sized>(
    cx: &Cx,
    idem: &Idem,
    parent: CharacterId,
    branch: &Standing,
    answer: Answer<T>,
) -> Result<Option<Answer<T>>, ApiError> {
    let (life, id) = (&branch.life, branch.character_id);
    let attributes = life.attributes;
    let state = encode(life, &branch.recent)?;
    let waiting = life.pending.as_ref().map(|PendingDecision { event, .. }| lives::int4(event.event_seq));
    cx.fence(&[aggregate::Life(idem.user, id).id(), aggregate::Roster(idem.user).id()]).await?;
    let statement = once::statement(BRANCH.sql, idem, &answer, branch.created_at)
        .bind(id)
        .bind(parent)
        .bind(branch.lineage_id)
        .bind(lives::int2(life.age))
        .bind(&life.spec.name)
        .bind(&life.spec.country)
        .bind(birth_year(&life.spec))
        .bind(i16::from(attributes.intelligence))
        .bind(i16::from(attributes.constitution))
        .bind(i16::from(attributes.charisma))
        .bind(i16::from(attributes.willpower))
        .bind(i16::from(attributes.creativity))
        .bind(life.status.as_str())
        .bind(&state)
        .bind(lives::int4(life.next_entry_seq))
        .bind(lives::int4(life.next_event_seq))
        .bind(waiting)
        .bind(MOST_CHARACTERS)
        .bind(Json([YearRow::of(life, branch.recent.len())]));
    match once::run(cx, statement).await? {
        Done::Applied { roster_version } => {
            let value = state::stored(branch, &state)?;
            let news = [
                cx.news(aggregate::Life(idem.user, id), branch.version, Some(&value)),
                cx.patched(aggregate::Roster(idem.user), roster_version, |listed| listed.begin(branch)),
            ];
            cx.gate.publish(cx, &news).await?;
            Ok(Some(answer))
        }
        Done::Replayed(stored) => stored.replay(idem).map(Some),
        Done::Refused => match idempotency::find(cx, idem).await? {
            Some(first) => Ok(Some(first)),
            None => why_refused(cx.db(), idem.user).await?.map_or(Ok(None), Err),
        },
    }
}
