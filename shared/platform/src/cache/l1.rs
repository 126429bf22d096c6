//! The cache inside a process, bounded by bytes. It keeps what this process read or wrote lately; whether an entry is
//! still true is for the stamp in Redis to say, never for this cache.
//!
//! Why these two libraries and not one: docs/adr/0008-l1-cache-library.md.

use std::{
    hash::Hash,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashlink::LinkedHashMap;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync};

/// Which entry leaves first when room is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// The one that was not read or written for the longest time.
    Lru,
    /// One that is seldom read. Reads are counted up to two and forgotten over time, so that what was popular last
    /// week does not stay for ever; an entry that was never read again leaves first.
    Lfu,
    /// The one that was written first, however often it is read.
    Fifo,
}

impl FromStr for Eviction {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "lru" => Ok(Self::Lru),
            "lfu" => Ok(Self::Lfu),
            "fifo" => Ok(Self::Fifo),
            _ => Err(format!("{name:?} is none of lru, lfu, fifo")),
        }
    }
}

/// Bytes an entry counts for beside its payload, its key and its value: list node or slot, hash table, what remembers
/// the evicted, the allocator's headers, the counter that shares the payload's buffer. `cargo xtask bench l1` measures
/// 75 (Lfu) and 88 (Lru, Fifo) while tables are well filled; after growing they are half empty.
pub const ENTRY_OVERHEAD: usize = 112;

/// Bytes of an average entry, from which the number of entries to expect is estimated. An order of magnitude is enough.
const TYPICAL_ENTRY: u64 = 2048;

impl Eviction {
    /// The part of the budget that entries may take. The rest is for gaps that the allocator cannot use: `cargo xtask
    /// bench l1` measures up to 3 % (Lfu) and 19 % (Lru and Fifo, whose entries all move on) after two million entries
    /// of mixed sizes.
    pub const fn usable(self, max_bytes: u64) -> u64 {
        match self {
            Self::Lfu => max_bytes / 16 * 15,
            Self::Lru | Self::Fifo => max_bytes / 5 * 4,
        }
    }
}

/// A cache of at most a number of bytes.
///
/// Values are cloned out of it: they should be cheap to clone, as [`bytes::Bytes`] is.
pub struct L1<K, V> {
    /// Of entries with their overhead.
    max_bytes: u64,
    weigher: Weigher<K, V>,
    entries: Entries<K, V>,
}

enum Entries<K, V> {
    /// Lru and Fifo: entries in the order in which they leave.
    Ordered { queue: Mutex<Queue<K, V>>, reads_renew: bool },
    /// Lfu.
    Counted(sync::Cache<K, V, Weigher<K, V>>),
}

/// Oldest first.
struct Queue<K, V> {
    entries: LinkedHashMap<K, V>,
    bytes: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> L1<K, V> {
    /// An empty cache that will never take more than `max_bytes` bytes of memory, its own structures and the allocator's
    /// gaps included; with 0 it holds nothing. `weigh` gives the payload's bytes on the heap, of key and value, and
    /// always the same for the same entry.
    pub fn new(max_bytes: u64, eviction: Eviction, weigh: fn(&K, &V) -> usize) -> Self {
        let (max_bytes, weigher) = (eviction.usable(max_bytes), Weigher(weigh));
        let entries = match eviction {
            Eviction::Lru => Entries::ordered(true),
            Eviction::Fifo => Entries::ordered(false),
            Eviction::Lfu => Entries::counted(max_bytes, weigher),
        };
        Self { max_bytes, weigher, entries }
    }

    /// The value stored for `key`.
    pub fn get(&self, key: &K) -> Option<V> {
        match &self.entries {
            Entries::Ordered { queue, reads_renew: true } => {
                lock(queue).entries.to_back(key).map(|value| value.clone())
            }
            Entries::Ordered { queue, reads_renew: false } => lock(queue).entries.get(key).cloned(),
            Entries::Counted(cache) => cache.get(key),
        }
    }

    /// Stores `value`, and drops others to make room. An entry larger than the whole cache is not stored; what was
    /// stored for `key` before is gone in any case.
    pub fn insert(&self, key: K, value: V) {
        match &self.entries {
            Entries::Ordered { queue, .. } => lock(queue).insert(key, value, self.weigher, self.max_bytes),
            Entries::Counted(cache) => cache.insert(key, value),
        }
    }

    /// Forgets `key`.
    pub fn remove(&self, key: &K) {
        match &self.entries {
            Entries::Ordered { queue, .. } => lock(queue).remove(key, self.weigher),
            Entries::Counted(cache) => {
                cache.remove(key);
            }
        }
    }

    /// Bytes held, this cache's own structures included, the allocator's gaps not.
    pub fn weight(&self) -> u64 {
        match &self.entries {
            Entries::Ordered { queue, .. } => lock(queue).bytes,
            Entries::Counted(cache) => cache.weight(),
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Ordered { queue, .. } => lock(queue).entries.len(),
            Entries::Counted(cache) => cache.len(),
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq, V: Clone> Entries<K, V> {
    fn ordered(reads_renew: bool) -> Self {
        Self::Ordered { queue: Mutex::new(Queue { entries: LinkedHashMap::new(), bytes: 0 }), reads_renew }
    }

    fn counted(max_bytes: u64, weigher: Weigher<K, V>) -> Self {
        let expected = usize::try_from(max_bytes / TYPICAL_ENTRY).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .shards(1)
            .weight_capacity(max_bytes)
            .estimated_items_capacity(expected)
            .build()
            .expect("both required options are set");
        Self::Counted(sync::Cache::with_options(
            options,
            weigher,
            DefaultHashBuilder::default(),
            sync::DefaultLifecycle::default(),
        ))
    }
}

impl<K: Hash + Eq, V> Queue<K, V> {
    fn insert(&mut self, key: K, value: V, weigher: Weigher<K, V>, max_bytes: u64) {
        self.remove(&key, weigher);
        let weight = weigher.weight(&key, &value);
        if weight > max_bytes {
            return;
        }
        while self.bytes + weight > max_bytes
            && let Some((key, value)) = self.entries.pop_front()
        {
            self.bytes -= weigher.weight(&key, &value);
        }
        self.bytes += weight;
        self.entries.insert(key, value);
    }

    fn remove(&mut self, key: &K, weigher: Weigher<K, V>) {
        if let Some((key, value)) = self.entries.remove_entry(key) {
            self.bytes -= weigher.weight(&key, &value);
        }
    }
}

/// What a panic leaves behind is a queue in order: no code of ours runs inside that could panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Weigher<K, V>(fn(&K, &V) -> usize);

// By hand: derived ones would ask the same of K and V.
impl<K, V> Clone for Weigher<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Weigher<K, V> {}

impl<K, V> Weighter<K, V> for Weigher<K, V> {
    fn weight(&self, key: &K, value: &V) -> u64 {
        let entry = (self.0)(key, value) + size_of::<K>() + size_of::<V>() + ENTRY_OVERHEAD;
        u64::try_from(entry).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Eviction; 3] = [Eviction::Lru, Eviction::Lfu, Eviction::Fifo];
    const PAYLOAD: usize = 1000;
    const ENTRY: u64 = (PAYLOAD + size_of::<u64>() + size_of::<usize>() + ENTRY_OVERHEAD) as u64;

    /// A cache whose values are their own payload's size.
    fn room_for(entries: u64, eviction: Eviction) -> L1<u64, usize> {
        let weigh = |_: &u64, bytes: &usize| *bytes;
        let cache = match eviction {
            Eviction::Lfu => L1::new((entries * ENTRY).div_ceil(15) * 16, eviction, weigh),
            Eviction::Lru | Eviction::Fifo => L1::new((entries * ENTRY).div_ceil(4) * 5, eviction, weigh),
        };
        assert!((entries * ENTRY..entries * ENTRY + 15).contains(&cache.max_bytes));
        cache
    }

    fn holds(cache: &L1<u64, usize>, keys: impl IntoIterator<Item = u64>) -> Vec<u64> {
        keys.into_iter().filter(|key| cache.get(key).is_some()).collect()
    }

    #[test]
    fn what_is_stored_is_read_replaced_and_removed() {
        for eviction in EVERY {
            let cache = room_for(10, eviction);
            cache.insert(1, 100);
            cache.insert(2, 200);
            cache.insert(1, 300);
            assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(300), Some(200), None), "{eviction:?}");
            cache.remove(&1);
            cache.remove(&3);
            assert_eq!((cache.get(&1), cache.len()), (None, 1), "{eviction:?}");
            cache.remove(&2);
            assert_eq!((cache.weight(), cache.is_empty()), (0, true), "{eviction:?}");
        }
    }

    #[test]
    fn lru_keeps_what_was_read_again() {
        let cache = room_for(3, Eviction::Lru);
        (1..=3).for_each(|key| cache.insert(key, PAYLOAD));
        cache.get(&1);
        cache.insert(4, PAYLOAD);
        cache.insert(5, PAYLOAD);
        assert_eq!(holds(&cache, 1..=5), [1, 4, 5]);
    }

    #[test]
    fn fifo_drops_the_oldest_however_often_it_was_read() {
        let cache = room_for(3, Eviction::Fifo);
        (1..=3).for_each(|key| cache.insert(key, PAYLOAD));
        (0..100).for_each(|_| assert!(cache.get(&1).is_some()));
        cache.insert(4, PAYLOAD);
        assert_eq!(holds(&cache, 1..=4), [2, 3, 4]);
    }

    #[test]
    fn a_write_makes_an_entry_the_newest() {
        for eviction in [Eviction::Lru, Eviction::Fifo] {
            let cache = room_for(3, eviction);
            (1..=3).for_each(|key| cache.insert(key, PAYLOAD));
            cache.insert(1, PAYLOAD);
            cache.insert(4, PAYLOAD);
            assert_eq!(holds(&cache, 1..=4), [1, 3, 4], "{eviction:?}");
        }
    }

    /// A thousand entries that nobody reads twice pass by ten that are read often. An order of reads or writes alone
    /// would lose all ten.
    #[test]
    fn lfu_keeps_the_frequent_against_a_scan() {
        let survivors = |eviction| {
            let cache = room_for(100, eviction);
            (1..=10).for_each(|key| cache.insert(key, PAYLOAD));
            (0..5).for_each(|_| assert_eq!(holds(&cache, 1..=10).len(), 10));
            (1000..2000).for_each(|key| cache.insert(key, PAYLOAD));
            holds(&cache, 1..=10).len()
        };
        assert_eq!((survivors(Eviction::Lfu), survivors(Eviction::Lru), survivors(Eviction::Fifo)), (10, 0, 0));
    }

    #[test]
    fn two_million_keys_stay_within_the_budget() {
        for eviction in EVERY {
            let cache = room_for(100, eviction);
            for key in 0..2_000_000 {
                cache.insert(key, usize::try_from(key % 4 * 400).unwrap());
                assert!(cache.weight() <= cache.max_bytes, "{eviction:?}");
            }
            assert!(cache.weight() > 90 * ENTRY, "{eviction:?} leaves room unused: {}", cache.weight());
        }
    }

    #[test]
    fn what_is_too_large_is_not_stored_and_neither_is_its_predecessor() {
        for eviction in EVERY {
            let cache = room_for(3, eviction);
            cache.insert(1, PAYLOAD);
            cache.insert(2, PAYLOAD);
            cache.insert(1, 3 * PAYLOAD + 1000);
            assert_eq!(holds(&cache, 1..=2), [2], "{eviction:?}");
        }
    }

    #[test]
    fn no_budget_holds_nothing() {
        for eviction in EVERY {
            let cache = room_for(0, eviction);
            cache.insert(1, 0);
            assert_eq!((cache.get(&1), cache.len(), cache.weight()), (None, 0, 0), "{eviction:?}");
        }
    }

    #[test]
    fn only_the_three_names_are_read() {
        assert_eq!(
            ["lru", "lfu", "fifo"].map(|name| name.parse::<Eviction>().unwrap()),
            [Eviction::Lru, Eviction::Lfu, Eviction::Fifo]
        );
        assert!("LRU".parse::<Eviction>().is_err());
    }
}
