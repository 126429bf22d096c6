//! Take the decision that waits. Deciding finishes the interrupted year, and may raise the next decision.

use axum::routing::post;
use deserr::Deserr;
use engine::DecisionId;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::{Life, Roster},
    http::{
        Broken, FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
    },
    ids::CharacterId,
    store::idempotency,
    text::Text,
    view::UnlockedOut,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    lived::{Lived, YearOut},
    view::{ChangeOut, OddsOut, StateOut},
};

/// `POST /api/v1/game/decision/{character_id}`.
pub const ROUTE: Route = Route::post("game-decide", "/api/v1/game/decision/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Take the decision that waits",
                "The odds rolled are the odds shown. Finishes the interrupted year and may raise the next decision.",
            )
            .body::<DecideIn>(json!({"expected_version": 58, "decision_id": "143", "option_id": "join"}))
            .if_match()
            .answers::<DecideOut>(200, "Decided.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED", "DECISION_STALE", "OPTION_LOCKED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(decide));

/// The answer to a decision.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct DecideIn {
    /// The version acted on; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    decision_id: DecisionIdIn,
    option_id: OptionIdIn,
}

/// A decision's id as the API gave it.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(try_from(&String) = DecisionIdIn::parse -> Broken)]
#[schema(value_type = String, pattern = "^[0-9]{1,9}$")]
pub(crate) struct DecisionIdIn(DecisionId);

impl DecisionIdIn {
    fn parse(text: &str) -> Result<Self, Broken> {
        let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(|number| Self(DecisionId(number))).ok_or(Broken::new(
            "format",
            Text::new("Must be a decision_id as the API gave it.", "必须是接口给出的 decision_id。"),
        ))
    }
}

/// An option's id: 1 to 64 lower-case letters, digits or underscores.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = OptionIdIn::parse -> Broken)]
#[schema(value_type = String, pattern = "^[a-z0-9_]{1,64}$")]
pub(crate) struct OptionIdIn(String);

impl OptionIdIn {
    fn parse(text: String) -> Result<Self, Broken> {
        let word = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if word && (1..=64).contains(&text.len()) {
            return Ok(Self(text));
        }
        Err(Broken::new(
            "format",
            Text::new("Must be an option_id as the API gave it.", "必须是接口给出的 option_id。"),
        ))
    }
}

/// How it went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecideOut {
    version: i64,
    /// The time was up and the default was taken.
    late: bool,
    outcome: OutcomeOut,
    /// False while the next decision interrupts the year.
    year_complete: bool,
    /// The interrupted year and what happened in it since.
    years: Vec<YearOut>,
    /// What was achieved by the end of the year.
    unlocked: Vec<UnlockedOut>,
    state: StateOut,
}

/// What came of the choice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutcomeOut {
    option_id: String,
    /// `done` without a roll; else `success`, `partial` or `fail`.
    result: &'static str,
    /// 0-99.
    roll: Option<u8>,
    odds: Option<OddsOut>,
    text: String,
    changes: Vec<ChangeOut>,
}

async fn decide(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<DecideIn>,
) -> Reply<DecideOut> {
    let expected = expected.or_body(req.expected_version)?;
    let standing = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or(GameError::NoSuchLife)?;
    if let Err(moved_on) = standing.at_version(expected) {
        return idempotency::first_answer_or(&cx, &idem, moved_on).await;
    }
    let decided = cx.in_span("engine.decide", || {
        engine::decide(cx.content(), &standing.life, req.decision_id.0, &req.option_id.0, false)
    });
    let step = match decided {
        Ok(step) => step,
        Err(refused) => return idempotency::first_answer_or(&cx, &idem, GameError::from(refused)).await,
    };
    let year_complete = step.year_complete;
    let lived = Lived::first(&cx, &standing, step);
    let (outcome, event) =
        lived.outcome().ok_or_else(|| platform::ApiError::internal("a decision was taken without an outcome"))?;
    let told = cx.content().render_outcome(cx.locale(), event).unwrap_or_default();
    let outcome = OutcomeOut {
        option_id: req.option_id.0,
        result: outcome.result.as_str(),
        roll: outcome.roll,
        odds: outcome.odds.map(OddsOut::from),
        text: told,
        changes: event.changes.iter().map(ChangeOut::from).collect(),
    };
    let out = DecideOut {
        version: lived.version(),
        late: false,
        outcome,
        year_complete,
        years: lived.years(&cx),
        unlocked: lived.unlocked(&cx),
        state: lived.state(&cx),
    };
    lived.store(&cx, &idem, &out).await
}
