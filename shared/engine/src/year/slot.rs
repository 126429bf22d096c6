//! Finding the people an event is about.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use content::{Event, Missing, Pick, Relation, RelationSet, SlotSource};

use super::people::{NewPerson, meet};
use super::turn::Turn;
use crate::life::{Person, PersonId};

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

/// The people of a life by what they are to the player, so that nobody is asked who does not come into question.
#[derive(Debug, Default)]
pub(crate) struct Company {
    /// Places among the persons, relation by relation.
    people: Vec<usize>,
    /// Where each relation's people end.
    ends: [usize; Relation::ALL.len()],
}

impl Company {
    /// Who is known.
    pub(super) fn of_all(persons: &[Person]) -> Self {
        let mut company = Self::default();
        company.gather(persons);
        company
    }

    /// Takes in who is known now.
    pub(super) fn gather(&mut self, persons: &[Person]) {
        let mut counts = [0; Relation::ALL.len()];
        persons.iter().for_each(|person| counts[person.relation as usize] += 1);
        let mut end = 0;
        for (place, count) in self.ends.iter_mut().zip(counts) {
            *place = end;
            end += count;
        }
        self.people.clear();
        self.people.resize(persons.len(), 0);
        for (place, person) in persons.iter().enumerate() {
            let end = &mut self.ends[person.relation as usize];
            self.people[*end] = place;
            *end += 1;
        }
    }

    /// The places of the people of these relations.
    fn of(&self, among: RelationSet) -> impl Iterator<Item = usize> {
        among.iter().flat_map(|relation| self.people[self.range(relation)].iter().copied())
    }

    fn range(&self, relation: Relation) -> Range<usize> {
        let place = relation as usize;
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin..self.ends[place]
    }

    /// The relations of which somebody is known.
    pub(super) fn relations(&self) -> RelationSet {
        let known = Relation::ALL.iter().filter(|relation| !self.range(**relation).is_empty());
        known.fold(RelationSet::NONE, |all, relation| all.with(*relation))
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
        let people = turn.company.of(*among).filter_map(|place| turn.life.persons.get(place));
        let people = people.filter(|person| asked.about(person).holds(cond) && !filled.contains(&Some(person.id)));
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
