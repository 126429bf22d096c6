//! Set the standing plan: where a year's effort goes, how one lives, what the money is for. It stands until it is changed.

use axum::routing::put;
use deserr::Deserr;
use engine::{Budget, Dose, Habits, InputError, Plan, Standing as StandingPlan};
use platform::{
    ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::{Life, Roster},
    http::{
        Broken, FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
    },
    ids::CharacterId,
    store::idempotency,
    text::Text,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    lived::Lived,
    view::{ChangeOut, StateOut},
};

/// `PUT /api/v1/game/plan/{character_id}`.
pub const ROUTE: Route = Route::put("game-plan", "/api/v1/game/plan/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Set the standing plan",
                "Ten points of energy, habits, and percents of what is left of the income. What is left out stays as it is; `usual: true` goes back to what is usual at one's age, which then follows the stages of life. Takes effect with the next year.",
            )
            .body::<PlanIn>(json!({
                "expected_version": 12,
                "plan": {"study": 6, "work": 0, "exercise": 1, "art": 0, "social": 1, "family": 1, "rest": 1}
            }))
            .if_match()
            .answers::<PlannedOut>(200, "The plan stands.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED", "DECISION_PENDING"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| put(plan));

/// The parts that are to change.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct PlanIn {
    /// The version acted on; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    #[deserr(default)]
    plan: Option<EnergyIn>,
    #[deserr(default)]
    habits: Option<HabitsIn>,
    #[deserr(default)]
    budget: Option<BudgetIn>,
    /// Back to what is usual; what else is given is then set on top of it.
    #[deserr(default)]
    usual: bool,
}

/// Where the year's energy goes: together at most 10.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct EnergyIn {
    study: Share<10>,
    work: Share<10>,
    exercise: Share<10>,
    art: Share<10>,
    social: Share<10>,
    family: Share<10>,
    rest: Share<10>,
}

/// What is done with the money left when the needs are met, percent: together at most 100, the rest is saved.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct BudgetIn {
    living: Share<100>,
    education: Share<100>,
    health: Share<100>,
    leisure: Share<100>,
    gifts: Share<100>,
    invest: Share<100>,
}

/// 0 to `MOST`.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(i64) = Share::<MOST>::parse -> Broken)]
pub(crate) struct Share<const MOST: u8>(u8);

impl<const MOST: u8> Share<MOST> {
    fn parse(share: i64) -> Result<Self, Broken> {
        let text = || Text::filled(format!("Must be 0 to {MOST}."), format!("必须在 0 到 {MOST} 之间。"));
        u8::try_from(share).ok().filter(|share| *share <= MOST).map(Self).ok_or_else(|| Broken::new("range", text()))
    }
}

impl<const MOST: u8> utoipa::PartialSchema for Share<MOST> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(0))
            .maximum(Some(MOST))
            .into()
    }
}

impl<const MOST: u8> ToSchema for Share<MOST> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Share{MOST}").into()
    }
}

/// How one lives.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct HabitsIn {
    /// Never `none`.
    sleep: DoseIn,
    /// Never `none`.
    diet: DoseIn,
    exercise: DoseIn,
    drink: DoseIn,
    smoke: DoseIn,
}

/// How far a habit goes.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
pub(crate) enum DoseIn {
    None,
    Little,
    Moderate,
    Much,
}

impl From<DoseIn> for Dose {
    fn from(dose: DoseIn) -> Self {
        match dose {
            DoseIn::None => Self::None,
            DoseIn::Little => Self::Little,
            DoseIn::Moderate => Self::Moderate,
            DoseIn::Much => Self::Much,
        }
    }
}

impl From<EnergyIn> for Plan {
    fn from(given: EnergyIn) -> Self {
        Self {
            study: given.study.0,
            work: given.work.0,
            exercise: given.exercise.0,
            art: given.art.0,
            social: given.social.0,
            family: given.family.0,
            rest: given.rest.0,
        }
    }
}

impl From<HabitsIn> for Habits {
    fn from(given: HabitsIn) -> Self {
        Self {
            sleep: given.sleep.into(),
            diet: given.diet.into(),
            exercise: given.exercise.into(),
            drink: given.drink.into(),
            smoke: given.smoke.into(),
        }
    }
}

impl From<BudgetIn> for Budget {
    fn from(given: BudgetIn) -> Self {
        Self {
            living: given.living.0,
            education: given.education.0,
            health: given.health.0,
            leisure: given.leisure.0,
            gifts: given.gifts.0,
            invest: given.invest.0,
        }
    }
}

impl PlanIn {
    /// Whether no part is given.
    fn is_bare(&self) -> bool {
        self.plan.is_none() && self.habits.is_none() && self.budget.is_none()
    }

    /// The plan asked for; nothing is what is usual.
    fn over(&self, life: &engine::Life) -> Option<StandingPlan> {
        if self.usual && self.is_bare() {
            return None;
        }
        let before = if self.usual { StandingPlan::usual(life) } else { StandingPlan::of(life) };
        Some(StandingPlan {
            plan: self.plan.map_or(before.plan, Into::into),
            habits: self.habits.map_or(before.habits, Into::into),
            budget: self.budget.map_or(before.budget, Into::into),
        })
    }
}

/// The plan stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedOut {
    version: i64,
    /// What is other than before.
    changes: Vec<ChangeOut>,
    state: StateOut,
}

async fn plan(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<PlanIn>,
) -> Reply<PlannedOut> {
    let expected = expected.or_body(req.expected_version)?;
    if req.is_bare() && !req.usual {
        // What is usual would silently become the player's own.
        let text = Text::new(
            "Give plan, habits or budget, or usual: true.",
            "请给出 plan、habits 或 budget，或 usual: true。",
        );
        return Err(ApiError::invalid_field("plan", "required", text));
    }
    let standing = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or(GameError::NoSuchLife)?;
    if let Err(moved_on) = standing.at_version(expected) {
        return idempotency::first_answer_or(&cx, &idem, moved_on).await;
    }
    let wanted = req.over(&standing.life);
    let step = match set(&cx, &standing.life, wanted) {
        Ok(step) => step,
        Err(refused) => return idempotency::first_answer_or(&cx, &idem, GameError::from(refused)).await,
    };
    let changes = step.changes.iter().map(ChangeOut::from).collect();
    let lived = Lived::first(&cx, &standing, step);
    let out = PlannedOut { version: lived.version(), changes, state: lived.state(&cx) };
    lived.store(&cx, &idem, &out).await
}

fn set(cx: &Cx, life: &engine::Life, wanted: Option<StandingPlan>) -> Result<engine::Step, InputError> {
    cx.in_span("engine.set_plan", || engine::set_plan(cx.content(), life, wanted))
}
