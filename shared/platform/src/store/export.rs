//! All that is held of a player, as JSON made by Postgres: what a column is called is what the export calls it. A test
//! compares these statements with the schema, so that no table is forgotten.

use serde_json::value::RawValue;
use sqlx::types::Json;

use super::{pool::Db, statement::Statement};
use crate::{
    error::ApiError,
    ids::{CharacterId, UserId},
};

/// Without secrets, and of stored answers only how many there are: what they say is in the lives. Hashes of passwords are not the player's data but our means to know them.
pub(super) const ACCOUNT: Statement = Statement::read(
    "account-export",
    "SELECT jsonb_build_object(
            'users', to_jsonb(u),
            'identities', (
                SELECT coalesce(jsonb_agg(to_jsonb(i) - 'secret' ORDER BY i.created_at), '[]')
                FROM identities i WHERE i.user_id = u.user_id),
            'email_codes', (
                SELECT coalesce(jsonb_agg(to_jsonb(c) - 'subject' - 'code_hash' ORDER BY c.created_at), '[]')
                FROM email_codes c WHERE c.user_id = u.user_id),
            'known_devices', (
                SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.seen_at), '[]')
                FROM known_devices d WHERE d.user_id = u.user_id),
            'idempotency_keys', (
                SELECT jsonb_build_object('count', count(*), 'oldest', min(k.created_at))
                FROM idempotency_keys k WHERE k.user_id = u.user_id)
         )
         FROM users u WHERE u.user_id = $1",
);

/// The seed of a life that goes on is left out: it would tell how every die of it falls. Snapshots of saves are, too: they hold
/// the seed, and nothing that the log does not tell.
pub(super) const LIVES: Statement = Statement::read(
    "account-export-lives",
    "SELECT c.character_id, jsonb_build_object(
            'characters', to_jsonb(c),
            'character_attributes', (
                SELECT to_jsonb(a) FROM character_attributes a WHERE a.character_id = c.character_id),
            'lives', (
                SELECT to_jsonb(l) || jsonb_build_object(
                    'state', convert_from(l.state, 'UTF8')::jsonb
                        #- CASE WHEN l.status = 'dead' THEN '{}'::text[] ELSE '{life,seed}' END)
                FROM lives l WHERE l.character_id = c.character_id),
            'life_log', (
                SELECT coalesce(jsonb_agg(
                    CASE WHEN l.status = 'dead' THEN to_jsonb(e) ELSE to_jsonb(e) #- '{input,seed}' END ORDER BY e.seq), '[]')
                FROM life_log e JOIN lives l USING (character_id) WHERE e.character_id = c.character_id),
            'events', (
                SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.seq), '[]')
                FROM events e WHERE e.character_id = c.character_id),
            'decisions', (
                SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.decision_id), '[]')
                FROM decisions d WHERE d.character_id = c.character_id),
            'achievement_unlocks', (
                SELECT coalesce(jsonb_agg(to_jsonb(u) ORDER BY u.entry_seq, u.achievement_id), '[]')
                FROM achievement_unlocks u WHERE u.character_id = c.character_id),
            'relationships', (
                SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.person_no), '[]')
                FROM relationships r WHERE r.character_id = c.character_id),
            'life_years', (
                SELECT coalesce(jsonb_agg(to_jsonb(y) ORDER BY y.age), '[]')
                FROM life_years y WHERE y.character_id = c.character_id),
            'game_saves', (
                SELECT coalesce(jsonb_agg(to_jsonb(s) - 'snapshot' ORDER BY s.save_id), '[]')
                FROM game_saves s WHERE s.character_id = c.character_id)
         )
         FROM characters c
         WHERE c.user_id = $1 AND ($2::uuid IS NULL OR c.character_id > $2)
         ORDER BY c.character_id
         LIMIT $3",
);

/// What is held of the player beside sessions and lives; `None` when the account is gone.
///
/// # Errors
/// 503 without Postgres.
pub async fn account(db: &Db, user: UserId) -> Result<Option<Box<RawValue>>, ApiError> {
    let found: Option<Json<Box<RawValue>>> = sqlx::query_scalar(ACCOUNT.sql).bind(user).fetch_optional(db).await?;
    Ok(found.map(|found| found.0))
}

/// Up to `at_most` lives with all that belongs to them, oldest first, after `after`; also those that were deleted by the
/// player and not yet by us.
///
/// # Errors
/// 503 without Postgres.
pub async fn lives(
    db: &Db,
    user: UserId,
    after: Option<CharacterId>,
    at_most: i64,
) -> Result<Vec<(CharacterId, Box<RawValue>)>, ApiError> {
    let found: Vec<(CharacterId, Json<Box<RawValue>>)> =
        sqlx::query_as(LIVES.sql).bind(user).bind(after).bind(at_most).fetch_all(db).await?;
    Ok(found.into_iter().map(|(character, life)| (character, life.0)).collect())
}
