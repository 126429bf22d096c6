//! Live one more year (or up to ten), stopping at a decision.

use axum::routing::post;
use deserr::Deserr;
use engine::{InputError, OnPending, Status, YearInput};
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::{Life, Roster},
    http::{
        Broken, FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
        word::ModeWord,
    },
    ids::CharacterId,
    store::{idempotency, lives::Standing},
    telemetry::metrics::lives_advanced,
    text::Text,
    view::UnlockedOut,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    lived::{Lived, YearOut},
    view::StateOut,
};

/// `POST /api/v1/game/advance/{character_id}`.
pub const ROUTE: Route = Route::post("game-advance", "/api/v1/game/advance/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Live one more year, or up to ten",
                "Stops at a decision, at death, and where `stop_at` says. One request is one version step; a repeated Idempotency-Key gets the first answer.",
            )
            .body::<AdvanceIn>(json!({"expected_version": 57, "mode": "steady", "years": 5, "stop_at": ["stage_change"], "on_pending": "refuse"}))
            .if_match()
            .answers::<AdvanceOut>(200, "Lived.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED", "DECISION_PENDING"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(advance));

/// How to live on.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct AdvanceIn {
    /// The version acted on; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    mode: ModeWord,
    /// 1 when left out.
    #[deserr(default)]
    years: Option<Years>,
    /// Where else to stop.
    #[deserr(default)]
    stop_at: Option<Vec<StopAt>>,
    /// What to do with a decision that waits: `refuse` the year (the answer is 409), or take its `default` first.
    #[deserr(default)]
    on_pending: Option<Pending>,
}

/// 1 to 10.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(try_from(i64) = Years::parse -> Broken)]
#[schema(value_type = i64, minimum = 1, maximum = 10)]
pub(crate) struct Years(u8);

impl Years {
    fn parse(years: i64) -> Result<Self, Broken> {
        let years = u8::try_from(years).ok().filter(|years| (1..=10).contains(years));
        years.map(Self).ok_or(Broken::new("range", Text::new("Must be 1 to 10.", "必须在 1 到 10 之间。")))
    }
}

/// A reason to stop before the years are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(error = FieldErrors)]
#[schema(rename_all = "snake_case")]
pub(crate) enum StopAt {
    /// A new part of life begins.
    #[deserr(rename = "stage_change")]
    StageChange,
}

/// What to do with a decision that waits.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Pending {
    Refuse,
    Default,
}

/// The years lived.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdvanceOut {
    version: i64,
    /// `years_done`, `decision`, `death` or `stage_change`.
    stop_reason: &'static str,
    years: Vec<YearOut>,
    /// What was achieved at the ends of these years.
    unlocked: Vec<UnlockedOut>,
    state: StateOut,
}

async fn advance(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<AdvanceIn>,
) -> Reply<AdvanceOut> {
    let expected = expected.or_body(req.expected_version)?;
    let standing = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or(GameError::NoSuchLife)?;
    if let Err(moved_on) = standing.at_version(expected) {
        return idempotency::first_answer_or(&cx, &idem, moved_on).await;
    }
    let (lived, stop_reason) = match cx.in_span("engine.advance", || live(&cx, &standing, &req)) {
        Ok(lived) => lived,
        Err(refused) => return idempotency::first_answer_or(&cx, &idem, GameError::from(refused)).await,
    };
    let out = AdvanceOut {
        version: lived.version(),
        stop_reason,
        years: lived.years(&cx),
        unlocked: lived.unlocked(&cx),
        state: lived.state(&cx),
    };
    let years = out.years.len();
    let reply = lived.store(&cx, &idem, &out).await?;
    if !reply.is_replay() {
        lives_advanced(req.mode.0.as_str(), years.try_into().unwrap_or_default());
    }
    Ok(reply)
}

/// Lives the years asked for, and says why it stopped.
fn live<'a>(cx: &Cx, from: &'a Standing, req: &AdvanceIn) -> Result<(Lived<'a>, &'static str), InputError> {
    let ModeWord(mode) = req.mode;
    let on_pending = match req.on_pending {
        Some(Pending::Default) => OnPending::Default,
        Some(Pending::Refuse) | None => OnPending::Refuse,
    };
    let content = cx.content();
    let step = engine::advance(content, &from.life, YearInput { mode, on_pending })?;
    let mut lived = Lived::first(cx, from, step);
    for _ in 1..req.years.map_or(1, |Years(years)| years) {
        if let Some(reason) = stop_reason(&lived, req) {
            return Ok((lived, reason));
        }
        let step = engine::advance(content, &lived.last().life, YearInput { mode, on_pending: OnPending::Refuse })?;
        lived.then(cx, step);
    }
    let reason = stop_reason(&lived, req).unwrap_or("years_done");
    Ok((lived, reason))
}

fn stop_reason(lived: &Lived<'_>, req: &AdvanceIn) -> Option<&'static str> {
    let last = lived.last();
    if last.life.status == Status::Dead {
        Some("death")
    } else if last.life.pending.is_some() {
        Some("decision")
    } else if last.stage_changed && req.stop_at.iter().flatten().any(|stop| *stop == StopAt::StageChange) {
        Some("stage_change")
    } else {
        None
    }
}
