//! The content of earlier releases, by hash: what a life needs to be replayed after the content has changed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use engine::{Blobs, Content, ContentHash, Locale, RULES_VERSION};
use sqlx::PgExecutor;

/// Stored content that cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ContentBlobError {
    /// Postgres did not answer, or not well.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The bytes are not those the hash names.
    #[error("the stored content {0} has been altered")]
    Altered(ContentHash),
    /// Written by a release whose model or languages this one does not read.
    #[error("the stored content {0} cannot be read by this release: {1}")]
    Unreadable(ContentHash, String),
}

/// Stores this release's content under its hash; `false` if it was there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn store_builtin(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let blobs = Content::builtin_blobs();
    let stored = sqlx::query(
        "INSERT INTO content_blobs (content_hash, rules_version, rules, locales, texts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (content_hash) DO NOTHING",
    )
    .bind(blobs.hash().0.as_slice())
    .bind(i32::try_from(RULES_VERSION).unwrap_or(i32::MAX))
    .bind(blobs.rules)
    .bind(languages())
    .bind(blobs.texts.as_slice())
    .bind(now)
    .execute(db)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// The content of this hash, if it was stored; its bytes are verified against the hash.
///
/// # Errors
/// When the bytes are not what they were, or not readable by this release, or Postgres does not answer.
pub async fn load(db: impl PgExecutor<'_>, hash: ContentHash) -> Result<Option<Arc<Content>>, ContentBlobError> {
    type Row = (Vec<u8>, Vec<String>, Vec<Vec<u8>>);
    let row: Option<Row> = sqlx::query_as("SELECT rules, locales, texts FROM content_blobs WHERE content_hash = $1")
        .bind(hash.0.as_slice())
        .fetch_optional(db)
        .await?;
    let Some((rules, locales, texts)) = row else { return Ok(None) };
    let unreadable = |why: String| ContentBlobError::Unreadable(hash, why);
    if locales != languages() {
        return Err(unreadable(format!("its languages are {}", locales.join(", "))));
    }
    let texts = texts.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let texts = texts.try_into().map_err(|_| unreadable("a text is missing".to_owned()))?;
    let blobs = Blobs { rules: &rules, texts };
    if blobs.hash() != hash {
        return Err(ContentBlobError::Altered(hash));
    }
    Content::from_blobs(blobs).map(Arc::new).map(Some).map_err(|error| unreadable(error.to_string()))
}

/// The languages of a release, in the order of its texts.
fn languages() -> Vec<&'static str> {
    Locale::ALL.iter().map(|locale| locale.as_str()).collect()
}
