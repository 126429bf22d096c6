//! Why an event happened, and what its odds were made of: read off the very computation that made them.

use axum::routing::get;
use engine::{EventRecord, ExplainedChance, Explanation, OddsFactor};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    route::Rate,
    store::{
        content_blobs, events,
        lives::{self, Standing},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::GameError, view::OddsOut};

/// `GET /api/v1/game/why/{character_id}/{event_seq}`.
pub const ROUTE: Route = Route::get("game-why", "/api/v1/game/why/{character_id}/{event_seq}")
    .passes_in_handler()
    .rate(Rate::Relive)
    .docs(|operation| {
        operation
            .about(
                "Why an event happened",
                "The factors behind the draw and behind the odds of each option, for any event of the life and for the decision that waits.",
            )
            .answers::<WhyOut>(200, "The factors.")
            .validated()
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["RULES_CHANGED"])
    })
    .build(|| get(why));

/// Why an event happened, and why its odds were as they were.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyOut {
    event_seq: u32,
    event_id: String,
    title: String,
    draw: DrawOut,
    /// For each option that is rolled.
    options: Vec<OptionOddsOut>,
    /// What the ordinary course of that year could have brought, and what it did.
    year: Vec<ChanceOut>,
}

/// A chance that the ordinary rules of a year gave: of a promotion, a wedding, a parting, a recovery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChanceOut {
    /// `promotion`, `dismissal`, `wedding`, `divorce`, `birth`, `emigration`, …
    what: &'static str,
    /// In a thousand.
    chance_pm: u16,
    happened: bool,
    /// In a thousand; `base` first.
    factors: Vec<FactorOut>,
}

/// Why it was drawn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DrawOut {
    /// `mandatory`, `chained`, `milestone` or `random`: what was considered together.
    tier: &'static str,
    /// The author's rate: expected draws in 100,000 years.
    base_weight: u64,
    multipliers: Vec<MultiplierOut>,
    /// The weight it was drawn with.
    weight: u64,
    /// The weight of everything that could have been drawn, a quiet year included.
    total_weight: u64,
}

/// Something that multiplied the weight.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MultiplierOut {
    /// The author's reason; `mode`, `repeated` and `eventful` are the rules' own.
    why: String,
    percent: u64,
}

/// What the odds of an option are made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OptionOddsOut {
    option_id: String,
    odds: OddsOut,
    /// `base` first.
    factors: Vec<FactorOut>,
}

/// Something that moved the odds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorOut {
    /// As its author wrote it; `base`, `limits` and the mode are the rules' own.
    source: String,
    /// Added to the chance: percent for an option, in a thousand for what a year brings.
    add: i32,
}

async fn why(me: Player, cx: Cx, Path((id, event_seq)): Path<(CharacterId, u32)>) -> Reply<WhyOut> {
    let answer = cx.answer(Life(me.id, id), Some(event_seq.into()), async |standing| {
        let record = record_of(&cx, &standing, event_seq).await?.ok_or(GameError::NoSuchEvent)?;
        let log = lives::log(cx.db(), me.id, id, standing.version).await?;
        let contents = content_blobs::contents_of(&cx, &log).await?;
        let explained = cx.in_span("engine.explain", || engine::explain(|hash| contents.of(hash), &log, event_seq));
        let explained = explained.map_err(GameError::Unreplayable)?.ok_or(GameError::NoSuchEvent)?;
        let year =
            cx.in_span("engine.explain_year", || engine::explain_year(|hash| contents.of(hash), &log, record.age));
        let year = year.map_err(GameError::Unreplayable)?;
        Answer::ok(&WhyOut::of(cx.content().render_event(cx.locale(), &record).title, explained, year))
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}

/// The event of that number, whether it is over or waits for an answer.
async fn record_of(cx: &Cx, life: &Standing, event_seq: u32) -> Result<Option<EventRecord>, platform::ApiError> {
    let waiting = life.life.pending.as_ref().map(|pending| &pending.event);
    let near = waiting.into_iter().chain(&life.recent).find(|event| event.event_seq == event_seq);
    match near {
        Some(event) => Ok(Some(event.clone())),
        None => events::numbered(cx.db(), life, event_seq).await,
    }
}

impl WhyOut {
    fn of(title: String, why: Explanation, year: Vec<ExplainedChance>) -> Self {
        let multipliers = why.draw.multipliers.into_iter();
        let options = why.options.into_iter().map(|option| OptionOddsOut {
            option_id: option.option_id,
            odds: option.odds.into(),
            factors: option.factors.into_iter().map(FactorOut::from).collect(),
        });
        Self {
            event_seq: why.event_seq,
            event_id: why.event_id,
            title,
            draw: DrawOut {
                tier: why.draw.tier.as_str(),
                base_weight: why.draw.base_weight,
                multipliers: multipliers
                    .map(|factor| MultiplierOut { why: factor.why, percent: factor.percent })
                    .collect(),
                weight: why.draw.weight,
                total_weight: why.draw.total_weight,
            },
            options: options.collect(),
            year: year.into_iter().map(ChanceOut::from).collect(),
        }
    }
}

impl From<ExplainedChance> for ChanceOut {
    fn from(chance: ExplainedChance) -> Self {
        let factors = chance.factors.into_iter().map(FactorOut::from).collect();
        Self { what: chance.what, chance_pm: chance.chance_pm, happened: chance.happened, factors }
    }
}

impl From<OddsFactor> for FactorOut {
    fn from(factor: OddsFactor) -> Self {
        Self { source: factor.source, add: factor.add }
    }
}
