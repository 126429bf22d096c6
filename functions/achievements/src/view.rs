//! An achievement as the player of a life sees it. Hidden ones are not there before they are reached.

use chrono::{DateTime, Utc};
use engine::{Content, Locale, Progress};
use platform::store::{achievements::Unlock, lives::Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// An achievement, and how far a life has come with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AchievementOut {
    pub(crate) achievement_id: String,
    pub(crate) title: String,
    /// What it takes.
    pub(crate) description: String,
    /// `career`, `family`, `social`, `personal`, `wealth` or `special`.
    pub(crate) category: &'static str,
    /// `common`, `rare`, `epic` or `legendary`.
    pub(crate) rarity: &'static str,
    pub(crate) points: u16,
    /// Names a picture: `career.rare`.
    pub(crate) icon: String,
    /// Not told of before it is reached.
    pub(crate) is_hidden: bool,
    /// 0-1; 1 once it is reached.
    pub(crate) progress: f64,
    /// So far.
    pub(crate) current_value: i32,
    /// What `current_value` has to come to.
    pub(crate) target_value: i32,
    /// Null until it is reached.
    pub(crate) unlocked_at: Option<DateTime<Utc>>,
    /// Full years lived then.
    pub(crate) unlocked_age: Option<u16>,
    /// In which order it was reached.
    #[serde(skip)]
    pub(crate) place: Option<usize>,
}

impl AchievementOut {
    /// All that the life has reached, and the others that are not hidden, in the order of their ids.
    pub(crate) fn all(content: &Content, locale: Locale, standing: &Standing) -> Vec<Self> {
        let shown = engine::progress(content, &standing.life).into_iter().filter_map(|progress| {
            let place = standing.unlocks.iter().position(|unlock| unlock.achievement_id == progress.achievement.id);
            let unlock = place.map(|place| &standing.unlocks[place]);
            let is_shown = unlock.is_some() || !progress.achievement.hidden;
            is_shown.then(|| Self { place, ..Self::of(content, locale, &progress, unlock) })
        });
        shown.collect()
    }

    fn of(content: &Content, locale: Locale, progress: &Progress<'_>, unlock: Option<&Unlock>) -> Self {
        let achievement = progress.achievement;
        let (title, description) = content.achievement_words(locale, &achievement.id);
        let (category, rarity) = (achievement.category.as_str(), achievement.rarity.as_str());
        // What is reached stays so, whatever has become of it since.
        let (percent, current) = match unlock {
            Some(_) => (100, progress.target),
            None => (progress.percent.min(99), progress.current),
        };
        Self {
            achievement_id: achievement.id.clone(),
            title: title.to_owned(),
            description: description.to_owned(),
            category,
            rarity,
            points: unlock.map_or(achievement.rarity.points(), |unlock| unlock.points),
            icon: format!("{category}.{rarity}"),
            is_hidden: achievement.hidden,
            progress: f64::from(percent) / 100.0,
            current_value: current,
            target_value: progress.target,
            unlocked_at: unlock.map(|unlock| unlock.unlocked_at),
            unlocked_age: unlock.map(|unlock| unlock.age),
            place: None,
        }
    }

    pub(crate) const fn is_unlocked(&self) -> bool {
        self.place.is_some()
    }
}
