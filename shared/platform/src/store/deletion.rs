//! The end of an account in Postgres. `crate::deletion` does it everywhere, in the right order.

use chrono::{DateTime, Utc};

use serde_json::json;

use super::{
    outbox::{self, tell},
    pool::Db,
    statement::Statement,
};
use crate::{
    ctx::Ctx,
    error::ApiError,
    ids::{CharacterId, UserId},
    outbox::{Event, Topic},
};

/// Waits for whoever is changing the account or one of its lives; afterwards nobody can.
pub(super) const CLOSE: Statement = Statement::write(
    "account-close",
    "UPDATE users SET is_active = false, deletion_begun_at = coalesce(deletion_begun_at, $2), version = version + 1
         WHERE user_id = $1",
);

/// Events first: no foreign key points at them.
pub(super) const LIVES: Statement = Statement::write(
    "account-delete-lives",
    "WITH doomed AS (
            SELECT character_id FROM characters WHERE user_id = $1 ORDER BY character_id LIMIT $2
         ), happened AS (
            DELETE FROM events WHERE character_id IN (SELECT character_id FROM doomed)
         )
         DELETE FROM characters WHERE character_id IN (SELECT character_id FROM doomed) RETURNING character_id",
);

pub(super) const EVENTS: Statement =
    Statement::write("account-delete-events", "DELETE FROM events WHERE character_id = ANY($1)");

pub(super) const KEYS: Statement = Statement::write(
    "account-delete-keys",
    "DELETE FROM idempotency_keys WHERE (user_id, route, key) IN (
            SELECT user_id, route, key FROM idempotency_keys WHERE user_id = $1 LIMIT $2
         )",
);

/// Who deletes the row tells of it: of several at once, one.
pub(super) const ACCOUNT: Statement = Statement::write(
    "account-delete",
    concat!(
        "WITH gone AS (
            DELETE FROM users WHERE user_id = $1 AND NOT is_active RETURNING user_id
         ), ",
        tell!("gone", "$2", "$3", "$4", "$5"),
        " SELECT count(*) FROM gone"
    ),
);

pub(super) const UNFINISHED: Statement = Statement::read(
    "account-deletions-unfinished",
    "SELECT user_id FROM users WHERE deletion_begun_at < $1 ORDER BY deletion_begun_at LIMIT $2",
);

/// From now on nobody can sign in, and no life of the account moves.
pub(crate) async fn close(db: &Db, user: UserId, now: DateTime<Utc>) -> Result<(), ApiError> {
    sqlx::query(CLOSE.sql).bind(user).bind(now).execute(db).await?;
    Ok(())
}

/// Deletes up to `at_most` characters of a closed account with all that is theirs; tells which.
pub(crate) async fn lives(db: &Db, user: UserId, at_most: i64) -> Result<Vec<CharacterId>, ApiError> {
    Ok(sqlx::query_scalar(LIVES.sql).bind(user).bind(at_most).fetch_all(db).await?)
}

/// Deletes the events of characters that are no more.
pub(crate) async fn events_of(db: &Db, gone: &[CharacterId]) -> Result<(), ApiError> {
    sqlx::query(EVENTS.sql).bind(gone).execute(db).await?;
    Ok(())
}

/// Deletes up to `at_most` stored answers of a closed account; how many there were.
pub(crate) async fn keys(db: &Db, user: UserId, at_most: i64) -> Result<u64, ApiError> {
    Ok(sqlx::query(KEYS.sql).bind(user).bind(at_most).execute(db).await?.rows_affected())
}

/// Deletes what is left of a closed account, and writes down what others are told of it.
pub(crate) async fn account(ctx: &Ctx, db: &Db, user: UserId) -> Result<(), ApiError> {
    let news: Vec<_> = Event::new(ctx, Topic::AccountDeleted, json!({"user_id": user})).into_iter().collect();
    let (ids, topics, payloads) = outbox::columns(&news);
    let statement = sqlx::query(ACCOUNT.sql).bind(user).bind(ctx.now());
    statement.bind(ids).bind(topics).bind(payloads).execute(db).await?;
    Ok(())
}

/// Up to `at_most` accounts whose deletion was begun before `before` and is not done.
pub(crate) async fn unfinished(db: &Db, before: DateTime<Utc>, at_most: i64) -> Result<Vec<UserId>, ApiError> {
    Ok(sqlx::query_scalar(UNFINISHED.sql).bind(before).bind(at_most).fetch_all(db).await?)
}
