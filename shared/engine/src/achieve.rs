//! What a life has come to: which achievements hold at the end of a year, and how far the others are.
//!
//! No achievement changes a die or a state, so neither the log nor a replay knows of them: they are judged from the life as
//! it stands, by whatever definitions are asked for. So a log can be judged again when the definitions have changed.

use content::{Achievement, ContentHash, Mode, Reach};

use crate::ask::{Asked, NOTHING_SEEN};
use crate::content::Content;
use crate::life::{Life, Seen, Status};
use crate::log::{Input, LogEntry};
use crate::replay::{ReplayError, each_step};
use crate::step::Step;

/// An achievement and how far a life has come with it.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'c> {
    /// Which.
    pub achievement: &'c Achievement,
    /// So far: a number of the life where the achievement counts one, else how many of its conditions hold.
    pub current: i32,
    /// What `current` has to come to; 1 or more.
    pub target: i32,
    /// 0-100; 100 only where it would be reached if the year ended now.
    pub percent: u8,
}

/// An achievement that a log comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achieved {
    /// Which.
    pub achievement_id: String,
    /// The entry of the log whose year it was.
    pub entry_seq: u32,
    /// Full years lived then.
    pub age: u16,
}

/// A life, ready to be judged. Of its history it knows the events that achievements ask for, which are few.
struct Judged<'a> {
    content: &'a Content,
    life: &'a Life,
    seen: Vec<Seen>,
}

impl<'a> Judged<'a> {
    fn new(content: &'a Content, life: &'a Life) -> Self {
        let mut seen = vec![NOTHING_SEEN; content.rules().events.len()];
        for event in content.events_of_achievements() {
            if let Some(times) = life.history.get(&content.event(*event).id) {
                seen[usize::from(event.0)] = *times;
            }
        }
        Self { content, life, seen }
    }

    fn asked(&self) -> Asked<'_> {
        let (content, life) = (self.content, self.life);
        Asked { content, life, mode: Mode::Steady, slots: &[], this: None, seen: &self.seen }
    }

    fn holds(&self, achievement: &Achievement) -> bool {
        let asked = self.asked();
        achievement.when.iter().all(|cond| asked.holds(cond))
            && achievement.reach.as_ref().is_none_or(|Reach { of, target }| asked.number(of) >= *target)
    }

    fn progress<'c>(&self, achievement: &'c Achievement) -> Progress<'c> {
        let asked = self.asked();
        let (current, target) = match &achievement.reach {
            Some(Reach { of, target }) => (asked.number(of).clamp(0, *target), *target),
            None => {
                let met = achievement.when.iter().filter(|cond| asked.holds(cond)).count();
                (i32::try_from(met).unwrap_or(i32::MAX), i32::try_from(achievement.when.len()).unwrap_or(i32::MAX))
            }
        };
        let percent = u8::try_from(i64::from(current) * 100 / i64::from(target.max(1))).unwrap_or(100);
        let percent = if self.holds(achievement) { 100 } else { percent.min(99) };
        Progress { achievement, current, target, percent }
    }
}

/// The achievements that hold for a life as it stands, but for those that are `known` by their place among the rules'.
#[must_use]
pub fn achieved<'c>(
    content: &'c Content,
    life: &Life,
    known: impl Fn(usize, &Achievement) -> bool,
) -> Vec<&'c Achievement> {
    if life.status == Status::Draft {
        return Vec::new();
    }
    let judged = Judged::new(content, life);
    let all = content.rules().achievements.iter().enumerate();
    let new = all.filter(|(place, achievement)| !known(*place, achievement) && judged.holds(achievement));
    new.map(|(_, achievement)| achievement).collect()
}

/// How far a life has come with every achievement, in the order of their ids.
#[must_use]
pub fn progress<'c>(content: &'c Content, life: &Life) -> Vec<Progress<'c>> {
    let judged = Judged::new(content, life);
    content.rules().achievements.iter().map(|achievement| judged.progress(achievement)).collect()
}

/// Everything a log comes to by the definitions of `judge`, in the order in which it was reached.
///
/// # Errors
/// If the log is not what it was, or its rules or content are not at hand.
pub fn achieved_in<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    judge: &Content,
    log: &[LogEntry],
) -> Result<Vec<Achieved>, ReplayError> {
    let mut known = vec![false; judge.rules().achievements.len()];
    let mut all = Vec::new();
    each_step(content_of, log, |step| {
        if !step.ends_a_year() {
            return;
        }
        for achievement in achieved(judge, &step.life, |place, _| known[place]) {
            let entry = &step.entry;
            all.push(Achieved { achievement_id: achievement.id.clone(), entry_seq: entry.seq, age: entry.age });
            if let Some(place) = place_of(judge, &achievement.id) {
                known[place] = true;
            }
        }
    })?;
    Ok(all)
}

fn place_of(content: &Content, id: &str) -> Option<usize> {
    content.rules().achievements.binary_search_by(|achievement| achievement.id.as_str().cmp(id)).ok()
}

impl Content {
    /// The achievement with this id.
    #[must_use]
    pub fn achievement(&self, id: &str) -> Option<&Achievement> {
        place_of(self, id).map(|place| &self.rules().achievements[place])
    }

    /// Title and text of an achievement; its id where there are none.
    #[must_use]
    pub fn achievement_words<'a>(&'a self, locale: content::Locale, id: &'a str) -> (&'a str, &'a str) {
        let words = place_of(self, id).and_then(|place| self.texts(locale).achievements.get(place));
        words.map_or((id, ""), |words| (words.title.as_str(), words.text.as_str()))
    }
}

impl Step {
    /// Whether a year is over after this move, so that what the life has come to is judged.
    #[must_use]
    pub fn ends_a_year(&self) -> bool {
        self.year_complete && !matches!(self.entry.input, Input::Birth { .. } | Input::Plan { .. })
    }
}
