//! Sign-ins by others between their beginning and their return. Each is found by the hash of its state together with
//! the hash of the token of the client that began it, and finding it uses it up.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::{pool::Db, statement::Statement};
use crate::error::ApiError;

pub(super) const BEGIN: Statement = Statement::write(
    "oauth-flow-begin",
    "INSERT INTO oauth_flows (state_hash, flow_hash, provider, redirect_uri, nonce, code_verifier, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
);

// A flow is used up only by whoever began it: the state alone is seen by browser histories and by the provider, and
// must not suffice to spoil somebody's sign-in.
pub(super) const TAKE: Statement = Statement::write(
    "oauth-flow-take",
    "DELETE FROM oauth_flows
         WHERE state_hash = $1 AND flow_hash = $2 AND provider = $3 AND expires_at > $4
         RETURNING redirect_uri, nonce, code_verifier",
);

/// What only the server knows of a flow.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `oauth_flows`")]
pub struct Flow {
    pub redirect_uri: String,
    pub nonce: String,
    pub code_verifier: String,
}

/// By what a flow is found.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the columns of `oauth_flows`")]
pub struct FlowKey<'a> {
    pub state_hash: [u8; 32],
    pub flow_hash: [u8; 32],
    pub provider: &'a str,
}

/// Stores a flow that has begun.
///
/// # Errors
/// 503 without Postgres.
pub async fn begin(db: &Db, key: FlowKey<'_>, flow: &Flow, expires_at: DateTime<Utc>) -> Result<(), ApiError> {
    sqlx::query(BEGIN.sql)
        .bind(key.state_hash.as_slice())
        .bind(key.flow_hash.as_slice())
        .bind(key.provider)
        .bind(&flow.redirect_uri)
        .bind(&flow.nonce)
        .bind(&flow.code_verifier)
        .bind(expires_at)
        .execute(db)
        .await?;
    Ok(())
}

/// Uses up the flow that this key belongs to; `None` when there is none, or none any more.
///
/// # Errors
/// 503 without Postgres.
pub async fn take(db: &Db, key: FlowKey<'_>, now: DateTime<Utc>) -> Result<Option<Flow>, ApiError> {
    let taken = sqlx::query_as(TAKE.sql)
        .bind(key.state_hash.as_slice())
        .bind(key.flow_hash.as_slice())
        .bind(key.provider)
        .bind(now)
        .fetch_optional(db)
        .await?;
    Ok(taken)
}

/// Deletes at most `batch` flows that ended before `before`; says how many. Rows that another run is just deleting are
/// left to it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn purge(db: impl PgExecutor<'_>, before: DateTime<Utc>, batch: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM oauth_flows f USING (
            SELECT state_hash FROM oauth_flows
            WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ) old
         WHERE f.state_hash = old.state_hash",
    )
    .bind(before)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
