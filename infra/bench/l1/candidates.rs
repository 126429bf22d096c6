//! The caches compared, behind one interface and with the same weights, so that a hit ratio tells of the policy alone.

use bytes::Bytes;
use foyer_memory::{CacheBuilder, EvictionConfig, FifoConfig, LfuConfig, LruConfig, S3FifoConfig, SieveConfig};
use moka::policy::EvictionPolicy;

use crate::l1::{ENTRY_OVERHEAD, Eviction, L1};

/// As wide as an id.
pub(crate) type Key = [u8; 16];
/// Version and encoded state, as the platform stores them.
pub(crate) type Value = (i64, Bytes);

/// What every candidate can do.
pub(crate) trait Cache: Send + Sync {
    fn get(&self, key: &Key) -> Option<Value>;
    fn insert(&self, key: Key, value: Value);
}

/// A cache by name, and how one of so many bytes is made.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) make: fn(u64) -> Box<dyn Cache>,
    /// Bytes of its budget that entries may take.
    usable: fn(u64) -> u64,
}

impl Candidate {
    const fn ours(name: &'static str, make: fn(u64) -> Box<dyn Cache>, usable: fn(u64) -> u64) -> Self {
        Self { name, make, usable }
    }

    const fn other(name: &'static str, make: fn(u64) -> Box<dyn Cache>) -> Self {
        Self { name, make, usable: |bytes| bytes }
    }

    /// A cache whose entries may take so many bytes, whatever it sets aside besides.
    pub(crate) fn with_room_for(&self, bytes: u64) -> Box<dyn Cache> {
        let share = bytes as f64 / (self.usable)(bytes) as f64;
        (self.make)((bytes as f64 * share) as u64)
    }
}

/// Every candidate; ours first.
pub(crate) const ALL: [Candidate; 12] = [
    Candidate::ours("L1 lfu (quick_cache)", |bytes| ours(bytes, Eviction::Lfu), |bytes| Eviction::Lfu.usable(bytes)),
    Candidate::ours("L1 lru (hashlink)", |bytes| ours(bytes, Eviction::Lru), |bytes| Eviction::Lru.usable(bytes)),
    Candidate::ours("L1 fifo (hashlink)", |bytes| ours(bytes, Eviction::Fifo), |bytes| Eviction::Fifo.usable(bytes)),
    Candidate::other("quick_cache, 8 shards", quick_in_shards),
    Candidate::other("foyer lfu, its sketch", |bytes| foyer(bytes, LfuConfig::default().into())),
    Candidate::other("foyer lfu, 1 MB sketch", |bytes| {
        foyer(bytes, LfuConfig { cmsketch_eps: 0.000_01, ..LfuConfig::default() }.into())
    }),
    Candidate::other("foyer lru", |bytes| foyer(bytes, LruConfig::default().into())),
    Candidate::other("foyer fifo", |bytes| foyer(bytes, FifoConfig::default().into())),
    Candidate::other("foyer s3-fifo", |bytes| foyer(bytes, S3FifoConfig::default().into())),
    Candidate::other("foyer sieve", |bytes| foyer(bytes, SieveConfig.into())),
    Candidate::other("moka tiny-lfu", |bytes| moka(bytes, EvictionPolicy::tiny_lfu())),
    Candidate::other("moka lru", |bytes| moka(bytes, EvictionPolicy::lru())),
];

/// Bytes that an entry counts for, in every candidate.
pub(crate) const fn weight(payload: usize) -> usize {
    payload + size_of::<Key>() + size_of::<Value>() + ENTRY_OVERHEAD
}

fn ours(bytes: u64, eviction: Eviction) -> Box<dyn Cache> {
    Box::new(L1::new(bytes, eviction, |_: &Key, value: &Value| value.1.len()))
}

impl Cache for L1<Key, Value> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.get(key)
    }

    fn insert(&self, key: Key, value: Value) {
        self.insert(key, value);
    }
}

#[derive(Clone)]
struct Weigher;

impl quick_cache::Weighter<Key, Value> for Weigher {
    fn weight(&self, _: &Key, value: &Value) -> u64 {
        weight(value.1.len()) as u64
    }
}

fn quick_in_shards(bytes: u64) -> Box<dyn Cache> {
    let options = quick_cache::OptionsBuilder::new()
        .shards(8)
        .weight_capacity(bytes)
        .estimated_items_capacity(bytes as usize / 2048)
        .build()
        .expect("both required options are set");
    Box::new(quick_cache::sync::Cache::with_options(
        options,
        Weigher,
        quick_cache::DefaultHashBuilder::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    ))
}

impl Cache for quick_cache::sync::Cache<Key, Value, Weigher> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.get(key)
    }

    fn insert(&self, key: Key, value: Value) {
        self.insert(key, value);
    }
}

fn foyer(bytes: u64, eviction: EvictionConfig) -> Box<dyn Cache> {
    let cache: foyer_memory::Cache<Key, Value> = CacheBuilder::new(bytes as usize)
        .with_shards(1)
        .with_weighter(|_: &Key, value: &Value| weight(value.1.len()))
        .with_eviction_config(eviction)
        .build();
    Box::new(cache)
}

impl Cache for foyer_memory::Cache<Key, Value> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.get(key).map(|entry| entry.value().clone())
    }

    fn insert(&self, key: Key, value: Value) {
        self.insert(key, value);
    }
}

fn moka(bytes: u64, policy: EvictionPolicy) -> Box<dyn Cache> {
    let builder = moka::sync::Cache::builder().max_capacity(bytes).eviction_policy(policy);
    Box::new(builder.weigher(|_: &Key, value: &Value| weight(value.1.len()) as u32).build())
}

impl Cache for moka::sync::Cache<Key, Value> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.get(key)
    }

    fn insert(&self, key: Key, value: Value) {
        self.insert(key, value);
    }
}
