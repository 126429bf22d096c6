//! The words of one language, in the order of the rules they tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything written in one language.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Texts {
    /// One for each event of the rules, in their order.
    pub events: Vec<EventText>,
    /// Group (`stage`, `occupation`, …), then id, then words.
    pub labels: BTreeMap<String, BTreeMap<String, String>>,
    /// One for each achievement of the rules, in their order.
    pub achievements: Vec<AchievementText>,
}

/// How an achievement is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AchievementText {
    /// A few words.
    pub title: String,
    /// What it takes.
    pub text: String,
}

/// How one event is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EventText {
    /// A few words.
    pub title: String,
    /// The telling, one for each variant of the rules.
    pub variants: Vec<String>,
    /// The answers, in the order of the rules.
    pub choices: Vec<ChoiceText>,
    /// How each outcome is told.
    pub outcomes: BTreeMap<String, String>,
}

/// How one answer is offered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChoiceText {
    /// The answer itself.
    pub label: String,
    /// What it means now.
    pub hint: String,
    /// What it may mean later.
    pub long_term_hint: Option<String>,
    /// Told once it has been chosen.
    pub done: Option<String>,
}
