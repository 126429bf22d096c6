//! Dealing a new life: the same for the first one and for one begun anew.

use engine::{LifeSpec, LogEntry, Seed, SpecError};

use crate::{ctx::Cx, error::ApiError, ids::CharacterId, store::lives::Standing, text::Text};

/// A life about to be stored.
#[derive(Debug)]
pub struct Dealt {
    /// A draft, at its first version.
    pub standing: Standing,
    /// The first entry of its log.
    pub birth: LogEntry,
}

/// Deals a life with dice of its own. One begun anew after `earlier` belongs to its lineage and shares nothing of its past.
///
/// # Errors
/// 422 with the field that asks for what cannot be: an unknown country, a year without it.
pub fn deal(cx: &Cx, spec: LifeSpec, earlier: Option<&Standing>) -> Result<Dealt, ApiError> {
    let life = cx.in_span("engine.new_life", || engine::new_life(cx.content(), spec, Seed(cx.random())));
    let life = life.map_err(|error| refused(&error))?;
    let birth = engine::birth_entry(cx.content(), &life);
    let character_id = CharacterId(cx.new_id());
    let now = cx.now();
    let standing = Standing {
        character_id,
        lineage_id: earlier.map_or(character_id.0, |earlier| earlier.lineage_id),
        parent_character_id: earlier.map(|earlier| earlier.character_id),
        branched_at_age: None,
        rerolls_used: 0,
        version: 1,
        life,
        recent: Vec::new(),
        unlocks: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    Ok(Dealt { standing, birth })
}

/// Deals a draft again: by other wishes, or with other dice. It stays the same character, one version on.
///
/// # Errors
/// As [`deal`].
pub fn redeal(cx: &Cx, from: &Standing, spec: LifeSpec, seed: Seed) -> Result<Dealt, ApiError> {
    let life = cx.in_span("engine.new_life", || engine::new_life(cx.content(), spec, seed));
    let life = life.map_err(|error| refused(&error))?;
    let birth = engine::birth_entry(cx.content(), &life);
    let rerolls_used = from.rerolls_used + u16::from(seed != from.life.seed);
    let standing = Standing { version: from.version + 1, life, rerolls_used, updated_at: cx.now(), ..from.clone() };
    Ok(Dealt { standing, birth })
}

fn refused(error: &SpecError) -> ApiError {
    match error {
        SpecError::UnknownCountry(_) => ApiError::invalid_field(
            "birth_country",
            "one_of",
            Text::new(
                "No such country; see /api/v1/catalog/countries.",
                "没有这个国家或地区，见 /api/v1/catalog/countries。",
            ),
        ),
        SpecError::BirthYearOutOfRange(_) => ApiError::invalid_field(
            "birth_year",
            "range",
            Text::new("Must be 1800 to 2050.", "必须在 1800 到 2050 之间。"),
        ),
        SpecError::CountryNotInYear { from, to, .. } => ApiError::invalid_field(
            "birth_year",
            "range",
            Text::filled(
                format!("In this country a life can begin in {from} to {to}."),
                format!("在该国家或地区，人生可始于 {from} 到 {to} 年。"),
            ),
        ),
    }
}
