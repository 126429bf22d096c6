//! What may still happen in a life: limits on how often, kept as sets so that nothing that is used up is considered again.

use content::{Event, EventIx};

use crate::content::Content;
use crate::life::{Life, Seen};
use crate::reach::EventSet;

/// What may still happen.
#[derive(Debug)]
pub(crate) struct Agenda {
    /// In some year to come.
    ever: EventSet,
    /// This year.
    open: EventSet,
    /// What has happened lately and may happen again from that year.
    resting: Vec<(EventIx, u16)>,
}

impl Agenda {
    /// What a life's birth, wishes and history leave of all events, and the year under way, if one is.
    pub(crate) fn of(content: &Content, life: &Life, seen: &[Seen]) -> Self {
        let ever = content.world().reach.of_birth(content.rules(), life);
        let mut agenda = Self { open: ever.clone(), ever, resting: Vec::new() };
        for (ix, seen) in (0..).map(EventIx).zip(seen).filter(|(_, seen)| seen.count > 0) {
            agenda.limit(content.event(ix), ix, *seen);
        }
        agenda.new_year(life.year);
        if let Some(progress) = &life.progress {
            let reach = &content.world().reach;
            progress.groups.iter().for_each(|group| reach.use_up(&mut agenda.open, Some(group), None));
            progress.quotas.iter().for_each(|quota| reach.use_up(&mut agenda.open, None, Some(quota)));
        }
        agenda
    }

    /// A new year: what has rested long enough may happen again.
    pub(crate) fn new_year(&mut self, year: u16) {
        self.open.clone_from(&self.ever);
        self.resting.retain(|(_, until)| year < *until);
        self.resting.iter().for_each(|(ix, _)| self.open.remove(*ix));
    }

    /// The event has happened, and so often by now.
    pub(crate) fn happened(&mut self, content: &Content, ix: EventIx, seen: Seen) {
        let event = content.event(ix);
        self.limit(event, ix, seen);
        self.open.remove(ix);
        let limits = &event.limits;
        let reach = &content.world().reach;
        reach.use_up(&mut self.open, limits.exclusive_group.as_deref(), limits.quota.as_deref());
    }

    /// What may happen this year.
    pub(crate) const fn open(&self) -> &EventSet {
        &self.open
    }

    fn limit(&mut self, event: &Event, ix: EventIx, seen: Seen) {
        if event.limits.max.is_some_and(|max| seen.count >= max) {
            self.ever.remove(ix);
        } else {
            self.resting.push((ix, seen.last_year + event.limits.cooldown_years.max(1)));
        }
    }
}
