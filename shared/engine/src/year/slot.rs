//! Finding the people an event is about.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use content::{Event, Missing, Pick, SlotSource};

use super::people::{NewPerson, meet};
use super::turn::Turn;
use crate::life::PersonId;

/// The most slots an event can have: its people are kept in place, because hundreds of events are considered a year.
const MOST_SLOTS: usize = 8;

/// The people in an event's slots, in the order of its slots.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    people: [Option<PersonId>; MOST_SLOTS],
    count: u8,
}

impl Slots {
    fn open(count: usize) -> Self {
        Self { people: [None; MOST_SLOTS], count: u8::try_from(count.min(MOST_SLOTS)).unwrap_or(0) }
    }
}

impl std::ops::Deref for Slots {
    type Target = [Option<PersonId>];

    fn deref(&self) -> &Self::Target {
        &self.people[..usize::from(self.count)]
    }
}

impl std::ops::DerefMut for Slots {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.people[..usize::from(self.count)]
    }
}

impl FromIterator<Option<PersonId>> for Slots {
    fn from_iter<I: IntoIterator<Item = Option<PersonId>>>(people: I) -> Self {
        let mut slots = Self::default();
        for (place, person) in slots.people.iter_mut().zip(people) {
            *place = person;
            slots.count += 1;
        }
        slots
    }
}

/// Fills the slots, or says that the event cannot happen. People to be created are left open.
pub(super) fn fill(turn: &Turn<'_>, event: &Event, carried: &BTreeMap<String, PersonId>) -> Option<Slots> {
    let mut filled = Slots::open(event.slots.len());
    if event.slots.is_empty() {
        return Some(filled);
    }
    for (place, slot) in event.slots.iter().enumerate() {
        if let Some(person) = carried.get(&slot.name) {
            filled[place] = Some(*person);
            continue;
        }
        let SlotSource::Find { among, cond, pick, or } = &slot.source else { continue };
        let asked = turn.asked(&filled);
        let people = turn.life.persons.iter().filter(|person| {
            among.contains(person.relation) && asked.about(person).holds(cond) && !filled.contains(&Some(person.id))
        });
        let found = match pick {
            Pick::First => people.min_by_key(|person| person.id),
            Pick::MaxIntimacy => people.max_by_key(|person| (person.intimacy, Reverse(person.id))),
            Pick::MinIntimacy => people.min_by_key(|person| (person.intimacy, person.id)),
        };
        let found = found.map(|person| person.id);
        if found.is_none() && *or == Missing::Skip {
            return None;
        }
        filled[place] = found;
    }
    Some(filled)
}

/// Creates the people whose slots may be filled by somebody new.
pub(super) fn create_missing(turn: &mut Turn<'_>, event: &Event, slots: &mut Slots) {
    for (slot, filled) in event.slots.iter().zip(slots.iter_mut()) {
        if let (None, SlotSource::Find { or: Missing::Spawn(relation), .. }) = (*filled, &slot.source) {
            *filled = Some(meet(turn, NewPerson::usual(*relation), &event.id));
        }
    }
}

/// The people by the names of their slots.
pub(super) fn by_name(event: &Event, slots: &Slots) -> BTreeMap<String, PersonId> {
    let named = event.slots.iter().zip(slots.iter()).filter_map(|(slot, filled)| Some((slot.name.clone(), (*filled)?)));
    named.collect()
}
