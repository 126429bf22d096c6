//! The accesses that caches are compared on. Every trace is the same in each run.

use crate::candidates::Key;

/// One access: a read, which fills the cache when it misses, or a write, which always does.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    pub(crate) key: u32,
    pub(crate) is_write: bool,
}

/// Accesses, of which the first half only warms the cache up.
pub(crate) struct Trace {
    pub(crate) name: &'static str,
    pub(crate) accesses: Vec<Access>,
    /// Payload of a key, bytes.
    pub(crate) payload: fn(u32) -> usize,
    /// Keys below this one have the popularity `1 / (key + 1)^0.99`; others are met once. 0 without such a law.
    pub(crate) ranked: u32,
}

const ACCESSES: usize = 2_000_000;
const KEYS: u32 = 1_000_000;
const SKEW: f64 = 0.99;

/// Steele, Lea and Flood's SplitMix64: enough for traces.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.unit() * f64::from(bound)) as u32
    }
}

/// A key of the width of an id.
pub(crate) fn wide(key: u32) -> Key {
    let mut dice = Dice(key.into());
    let (high, low) = (dice.next(), dice.next());
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// 300 B to 8 KB, small ones more often, always the same for a key.
pub(crate) fn mixed_payload(key: u32) -> usize {
    (300.0 * (8192.0_f64 / 300.0).powf(Dice(u64::from(key) ^ 0xA5A5).unit())) as usize
}

/// Of each player three aggregates: profile, list of characters, life.
fn player_payload(key: u32) -> usize {
    match key % 3 {
        0 => 300,
        1 => 700,
        _ => mixed_payload(key).max(2000),
    }
}

pub(crate) fn all() -> [Trace; 3] {
    [zipf(), scan(), players()]
}

struct Zipf(Vec<f64>);

impl Zipf {
    fn new() -> Self {
        let mut sum = 0.0;
        Self(
            (1..=KEYS)
                .map(|rank| {
                    sum += f64::from(rank).powf(-SKEW);
                    sum
                })
                .collect(),
        )
    }

    fn key(&self, dice: &mut Dice) -> u32 {
        let at = dice.unit() * self.0[self.0.len() - 1];
        self.0.partition_point(|sum| *sum < at) as u32
    }
}

fn zipf() -> Trace {
    let (law, mut dice) = (Zipf::new(), Dice(1));
    let accesses = (0..ACCESSES).map(|_| Access { key: law.key(&mut dice), is_write: false }).collect();
    Trace { name: "zipf", accesses, payload: mixed_payload, ranked: KEYS }
}

/// After every 40,000 accesses by Zipf, 10,000 keys that are met once.
fn scan() -> Trace {
    let (law, mut dice) = (Zipf::new(), Dice(2));
    let mut once = KEYS..;
    let key = |at: usize| if at % 50_000 < 40_000 { law.key(&mut dice) } else { once.next().unwrap_or(KEYS) };
    let accesses = (0..ACCESSES).map(key).map(|key| Access { key, is_write: false }).collect();
    Trace { name: "scan", accesses, payload: mixed_payload, ranked: KEYS }
}

/// A thousand players at a time, of a hundred thousand who come back at random. Each reads profile and list, then
/// some thirty times looks at the life, moves it on (which writes life and list) and looks at one of both, and leaves.
fn players() -> Trace {
    const AT_ONCE: usize = 1000;
    const ALL: u32 = 100_000;
    let mut dice = Dice(3);
    let mut sessions: Vec<(u32, u32)> = (0..AT_ONCE).map(|_| (dice.below(ALL), dice.below(30))).collect();
    let mut accesses = Vec::with_capacity(ACCESSES + 4);
    while accesses.len() < ACCESSES {
        let at = dice.below(AT_ONCE as u32) as usize;
        let (player, moves_left) = sessions[at];
        let (list, life) = (player * 3 + 1, player * 3 + 2);
        let mut access = |key, is_write| accesses.push(Access { key, is_write });
        access(life, false);
        access(life, true);
        access(list, true);
        access(if dice.below(4) == 0 { list } else { life }, false);
        sessions[at].1 = moves_left.saturating_sub(1);
        if moves_left == 0 {
            let player = dice.below(ALL);
            sessions[at] = (player, 10 + dice.below(40));
            access(player * 3, false);
            access(player * 3 + 1, false);
        }
    }
    accesses.truncate(ACCESSES);
    Trace { name: "player", accesses, payload: player_payload, ranked: 0 }
}
