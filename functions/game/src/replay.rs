//! Live a life again from its seed and inputs, and say whether it comes to what is stored.

use axum::routing::get;
use engine::{LogEntry, ReplayError, Verified};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    route::Rate,
    store::{
        content_blobs,
        lives::{self, Standing},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::GameError;

/// `GET /api/v1/game/replay/{character_id}`.
pub const ROUTE: Route = Route::get("game-replay", "/api/v1/game/replay/{character_id}")
    .passes_in_handler()
    .rate(Rate::Relive)
    .docs(|operation| {
        operation
            .about(
                "Live a life again and compare",
                "Recomputes the life from its seed and inputs. A life lived in part under earlier rules, or content that is not at hand, is verified by its hash chain.",
            )
            .answers::<ReplayOut>(200, "What the log turned out to be.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(replay));

/// What a log turned out to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayOut {
    character_id: CharacterId,
    version: i64,
    /// `recomputed`: every outcome was computed again and is the same, byte for byte. `chain`: its hashes link up. `failed`:
    /// the log, or the state beside it, is not what it was.
    verified: &'static str,
    /// Entries of the log, the birth included.
    entries: usize,
    /// Hash of the last entry, hex: it stands for the whole life.
    head: String,
    /// The rules it was lived under, oldest first.
    rules_versions: Vec<u32>,
    /// The contents it was lived under, oldest first.
    content_hashes: Vec<String>,
    /// The first entry that is not what it was; null unless `failed`.
    failed_entry: Option<u32>,
    /// In what way, for whoever looks into it; null unless `failed`.
    problem: Option<String>,
}

async fn replay(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<ReplayOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let log = lives::log(cx.db(), me.id, id, standing.version).await?;
        let contents = content_blobs::contents_of(&cx, &log).await?;
        let found = cx.in_span("engine.replay", || engine::verify(|hash| contents.of(hash), &log, &standing.life));
        if let Err(problem) = &found {
            tracing::error!(character_id = %id, error = %problem, "a life does not replay");
        }
        Answer::ok(&ReplayOut::of(&standing, &log, found))
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}

impl ReplayOut {
    fn of(standing: &Standing, log: &[LogEntry], found: Result<Verified, ReplayError>) -> Self {
        let verified = match &found {
            Ok(Verified::Recomputed) => "recomputed",
            Ok(Verified::Chain) => "chain",
            Err(_) => "failed",
        };
        let problem = found.err();
        Self {
            character_id: standing.character_id,
            version: standing.version,
            verified,
            entries: log.len(),
            head: log.last().map(|entry| hex::encode(entry.hash)).unwrap_or_default(),
            rules_versions: runs(log.iter().map(|entry| entry.rules_version)),
            content_hashes: runs(log.iter().map(|entry| entry.content_hash.to_string())),
            failed_entry: problem.as_ref().and_then(ReplayError::entry),
            problem: problem.map(|problem| problem.to_string()),
        }
    }
}

/// What follows upon what, without repetitions.
fn runs<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut runs: Vec<T> = all.collect();
    runs.dedup();
    runs
}
