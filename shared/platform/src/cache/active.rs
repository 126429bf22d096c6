//! How many players there are within five minutes, over all processes: one HyperLogLog a minute, which Redis merges.
//!
//! A process says of a player once a minute that it has seen them, behind the gate's script in the same round trip. In a
//! cluster that round trip goes to the master of the player's keys, so each master keeps a count of its own; a player
//! belongs to one master, so the counts add up. (While slots move, some are missed or counted twice for five minutes.)

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use redis::Cmd;

use super::slot;
use crate::ids::UserId;

/// Minutes that count: this one and those before it.
const MINUTES: i64 = 5;
/// How long a minute's count is kept, ms: one minute longer than it counts.
const LIFETIME_MS: i64 = (MINUTES + 1) * 60_000;
/// Players that a process remembers to have told of. Beyond that it tells again, which changes nothing but the cost.
const REMEMBERED: usize = 100_000;
/// Places in the key space from which every master of a cluster has one, as long as it has a few percent of the slots.
const PLACES: u16 = 256;

/// Of whom this process has told in this minute.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<(i64, HashSet<UserId>)>);

impl Told {
    /// True once a minute for each player.
    pub(crate) fn is_news(&self, user: UserId, now: DateTime<Utc>) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = minute(now);
        if told.0 != minute || told.1.len() >= REMEMBERED {
            *told = (minute, HashSet::new());
        }
        told.1.insert(user)
    }
}

/// A player who is there now.
#[derive(Debug)]
pub struct Seen {
    pub(super) user: UserId,
    pub(super) namespace: String,
    pub(super) minute: i64,
}

impl Seen {
    pub(crate) fn new(namespace: &str, user: UserId, now: DateTime<Utc>) -> Self {
        Self { user, namespace: namespace.to_owned(), minute: minute(now) }
    }

    /// What counts them at a place.
    #[expect(clippy::disallowed_methods, reason = "only the modules of the cache make commands")]
    pub(super) fn commands(&self, place: u16) -> [Cmd; 2] {
        let key = key(&self.namespace, place, self.minute);
        let (mut add, mut expire) = (redis::cmd("PFADD"), redis::cmd("PEXPIRE"));
        add.arg(&key).arg(self.user.0.as_bytes());
        expire.arg(&key).arg(LIFETIME_MS);
        [add, expire]
    }
}

/// What asks for the count at a place.
#[expect(clippy::disallowed_methods, reason = "only the modules of the cache make commands")]
pub(super) fn count(namespace: &str, place: u16, now: DateTime<Utc>) -> Cmd {
    let newest = minute(now);
    let mut command = redis::cmd("PFCOUNT");
    for minute in (newest - MINUTES + 1)..=newest {
        command.arg(key(namespace, place, minute));
    }
    command
}

/// The first place whose slot `owns` says yes to.
pub(super) fn place(owns: impl Fn(u16) -> bool) -> Option<u16> {
    (0..PLACES).find(|place| owns(slot::of(key("", *place, 0).as_bytes())))
}

/// The braces keep a place's minutes in one slot, whatever the namespace.
fn key(namespace: &str, place: u16, minute: i64) -> String {
    format!("rl:{namespace}:active:{{active-{place}}}:{minute}")
}

fn minute(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_player_is_told_of_once_a_minute() {
        let (told, now) = (Told::default(), DateTime::UNIX_EPOCH);
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let asked = [(one, 0), (one, 59), (other, 59), (one, 60), (one, 61)];
        let news = asked.map(|(user, second)| told.is_news(user, now + TimeDelta::seconds(second)));
        assert_eq!(news, [true, false, true, true, false]);
    }

    #[test]
    fn every_master_of_many_has_a_place_of_its_own() {
        let masters = 30;
        let share = 16_384 / masters;
        let places: Vec<_> = (0..masters).map(|master| place(|slot| slot / share == master)).collect();
        assert!(places.iter().all(Option::is_some), "{places:?}");
    }

    #[test]
    fn a_places_minutes_are_in_one_slot() {
        let slots: HashSet<_> = (0..9).map(|minute| slot::of(key("test", 7, minute).as_bytes())).collect();
        assert_eq!(slots.len(), 1);
        assert_eq!(slots.into_iter().next(), Some(slot::of(key("", 7, 0).as_bytes())));
    }
}
