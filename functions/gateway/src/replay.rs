//! Every life in the database, lived again from its log: after a restore nothing else tells whether what came back is what
//! was there.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, anyhow};
use engine::{Content, ContentHash, Verified};
use platform::{
    Ctx,
    ids::{CharacterId, UserId},
    store::{
        content_blobs::{self, ContentBlobError},
        lives,
    },
};
use uuid::Uuid;

/// Lives read at once.
const PAGE: i64 = 500;

/// What was found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Lives in the database.
    pub lives: u64,
    /// Lives that came out as they are stored.
    pub recomputed: u64,
    /// Lives whose log is whole, but whose rules or content this release does not have.
    pub linked: u64,
    /// Lives that are not what their log says.
    pub broken: u64,
}

/// Replays every life. Each that is broken is logged by its id.
///
/// # Errors
/// When Postgres does not answer.
pub async fn all(ctx: &Ctx) -> anyhow::Result<Found> {
    let contents = contents(ctx).await?;
    let mut found = Found::default();
    let mut after = CharacterId(Uuid::nil());
    loop {
        let page: Vec<(UserId, CharacterId)> = sqlx::query_as(
            "SELECT user_id, character_id FROM lives WHERE character_id > $1 ORDER BY character_id LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(ctx.db())
        .await?;
        let Some((_, last)) = page.last() else { return Ok(found) };
        after = *last;
        for (user, character) in page {
            found.lives += 1;
            match one(ctx, &contents, user, character).await {
                Ok(Verified::Recomputed) => found.recomputed += 1,
                Ok(Verified::Chain) => found.linked += 1,
                Err(error) => {
                    found.broken += 1;
                    tracing::error!(character_id = %character.0, error = format!("{error:#}"), "a life is not what its log says");
                }
            }
        }
    }
}

/// The content that is at hand: this release's, and what earlier ones have stored.
async fn contents(ctx: &Ctx) -> anyhow::Result<HashMap<ContentHash, Arc<Content>>> {
    let mut contents = HashMap::new();
    let hashes: Vec<Vec<u8>> = sqlx::query_scalar("SELECT content_hash FROM content_blobs").fetch_all(ctx.db()).await?;
    for hash in hashes {
        let hash = ContentHash(hash.try_into().map_err(|_| anyhow!("a hash of content has 32 bytes"))?);
        match content_blobs::load(ctx.db(), hash).await {
            Ok(Some(content)) => {
                contents.insert(hash, content);
            }
            // Of a release whose rules are not at hand either: the log's links are all that can be checked.
            Ok(None) | Err(ContentBlobError::Unreadable(..)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(contents)
}

async fn one(
    ctx: &Ctx,
    contents: &HashMap<ContentHash, Arc<Content>>,
    user: UserId,
    character: CharacterId,
) -> anyhow::Result<Verified> {
    // Errors of the store tell a client nothing on purpose; an operator sees the cause in the log.
    let failed = |error: platform::ApiError| anyhow!("{error:?}");
    let standing = lives::owned_by(ctx.db(), user, character).await.map_err(failed)?.context("it is gone")?;
    let log = lives::log(ctx.db(), user, character, standing.version).await.map_err(failed)?;
    let at_hand = |hash| match contents.get(&hash) {
        Some(content) => Some(&**content),
        None => Some(Content::builtin()).filter(|builtin| builtin.hash() == hash),
    };
    Ok(engine::verify(at_hand, &log, &standing.life)?)
}
