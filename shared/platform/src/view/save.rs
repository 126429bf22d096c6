//! A kept moment of a life, as lists show it.

use chrono::{DateTime, Utc};
use engine::{Content, Locale};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ctx::Cx,
    ids::{CharacterId, SaveId},
    store::saves::Save,
};

/// A save.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaveOut {
    save_id: SaveId,
    character_id: CharacterId,
    /// `auto` (a new part of life), `manual` or `milestone`.
    save_type: String,
    /// The one that game-save writes over and game-load loads.
    is_quick: bool,
    /// The player's name for it, or what it is.
    save_name: String,
    description: Option<String>,
    /// The version of the life that was saved.
    version: i64,
    current_age: i16,
    /// Calendar year.
    year: i16,
    /// `infancy`, `childhood`, `adolescence`, `youth`, `middle_age` or `old_age`.
    life_stage: String,
    /// A small picture: SVG.
    thumbnail: String,
    created_at: DateTime<Utc>,
}

impl SaveOut {
    /// What clients see of it.
    pub fn of(cx: &Cx, save: &Save) -> Self {
        Self {
            save_id: save.save_id,
            character_id: save.character_id,
            save_type: save.save_type.clone(),
            is_quick: save.is_quick,
            save_name: save.save_name.clone().unwrap_or_else(|| told(cx.content(), cx.locale(), save)),
            description: save.description.clone(),
            version: save.version,
            current_age: save.age,
            year: save.year,
            life_stage: save.life_stage.clone(),
            thumbnail: thumbnail(save),
            created_at: save.created_at,
        }
    }
}

/// The name of a save that was given none: the event of a milestone, else the part of life and the age.
fn told(content: &Content, locale: Locale, save: &Save) -> String {
    let milestone = save.event_id.as_deref().and_then(|id| content.event_title(locale, id));
    if let Some(title) = milestone {
        return title.to_owned();
    }
    let stage = content.label(locale, "stage", &save.life_stage);
    match locale {
        Locale::ZhCn => format!("{stage} · {} 岁", save.age),
        Locale::En => format!("{stage} · age {}", save.age),
    }
}

/// The age on a ring that is as full as the life is happy, in the colour of its part of life; a bar tells of the body.
fn thumbnail(save: &Save) -> String {
    let colour = match save.life_stage.as_str() {
        "infancy" => "#f4a3b4",
        "childhood" => "#f2b544",
        "adolescence" => "#6cbf6c",
        "youth" => "#3fa7d6",
        "middle_age" => "#7b6bb0",
        _ => "#8a8f98",
    };
    let (happiness, physical) = (save.happiness.clamp(0, 100), save.physical.clamp(0, 100));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\" width=\"64\" height=\"64\">\
         <rect width=\"64\" height=\"64\" rx=\"12\" fill=\"#1f2430\"/>\
         <circle cx=\"32\" cy=\"28\" r=\"18\" fill=\"none\" stroke=\"#353c4d\" stroke-width=\"5\"/>\
         <circle cx=\"32\" cy=\"28\" r=\"18\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"5\" stroke-linecap=\"round\" \
         pathLength=\"100\" stroke-dasharray=\"{happiness} 100\" transform=\"rotate(-90 32 28)\"/>\
         <text x=\"32\" y=\"34\" font-family=\"sans-serif\" font-size=\"16\" font-weight=\"700\" text-anchor=\"middle\" \
         fill=\"#fff\">{}</text>\
         <rect x=\"12\" y=\"53\" width=\"40\" height=\"4\" rx=\"2\" fill=\"#353c4d\"/>\
         <rect x=\"12\" y=\"53\" width=\"{}\" height=\"4\" rx=\"2\" fill=\"{colour}\"/></svg>",
        save.age,
        physical * 2 / 5,
    )
}
