//! Judge a life anew: its log is lived again and what it has come to by the present definitions is given to it.

use axum::routing::post;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    backfill,
    cache::aggregate::{Life, Roster},
    http::{
        Json, Path,
        idem::{AtVersion, Idem, IfMatch},
    },
    ids::CharacterId,
    store::{
        idempotency,
        lives::{self, Append},
    },
    view::UnlockedOut,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// `POST /api/v1/achievements/check/{character_id}`.
pub const ROUTE: Route = Route::post("achievement-check", "/api/v1/achievements/check/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Judge a life anew",
                "Years are judged as they are lived; this finds what a later release calls an achievement, as a job does for all lives. Where nothing is new, nothing changes and the version stays.",
            )
            .body::<AtVersion>(json!({"expected_version": 57}))
            .if_match()
            .answers::<AchievementCheckOut>(200, "Judged.")
            .fails(Code::NotFound, &[])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(check));

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementCheckOut {
    version: i64,
    /// New by this check.
    unlocked: Vec<UnlockedOut>,
    /// All that the life has reached.
    unlocked_total: usize,
}

async fn check(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<AtVersion>,
) -> Reply<AchievementCheckOut> {
    let expected = expected.or_body(req.expected_version)?;
    let standing = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or_else(ApiError::no_such_character)?;
    if let Err(moved_on) = standing.at_version(expected) {
        return idempotency::first_answer_or(&cx, &idem, moved_on).await;
    }
    let new = backfill::missing(&cx, me.id, &standing).await?.map_err(ApiError::internal)?;
    let unlocked = new.iter().map(|unlock| UnlockedOut::of(cx.content(), cx.locale(), unlock)).collect();
    let version = standing.version + i64::from(!new.is_empty());
    let out = AchievementCheckOut { version, unlocked, unlocked_total: standing.unlocks.len() + new.len() };
    let answer = Answer::ok(&out)?.versioned(&cx, version);
    if new.is_empty() {
        return Ok(idempotency::find(&cx, &idem).await?.unwrap_or(answer));
    }
    let write = Append { unlocks: &new, ..Append::nothing(&standing) };
    lives::append(&cx, &idem, &write, answer).await
}
