//! Dice that depend on nothing but their key.
//!
//! Every roll is a pure function of `(seed, year, purpose, index)`, computed by Philox4x64-10 (Salmon et al.,
//! "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): the seed is the key, the rest is the counter.
//! Nothing is consumed, so asking one more question never shifts another's answer, and a branch of a life
//! keeps every roll that has nothing to do with the branch. Ranges are drawn by Lemire's method, without
//! modulo bias ("Fast Random Integer Generation in an Interval", 2019).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The source of all chance in one life.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed(pub [u8; 16]);

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seed({self})")
    }
}

/// Not 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is 32 hex digits")]
pub struct BadSeed;

impl std::str::FromStr for Seed {
    type Err = BadSeed;

    fn from_str(hex: &str) -> Result<Self, BadSeed> {
        let all_hex = hex.len() == 32 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = all_hex.then(|| u128::from_str_radix(hex, 16).ok()).flatten().ok_or(BadSeed)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a roll decides. The number is part of the key: never reuse one, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Purpose {
    Birth = 1,
    Relative = 2,
    Growth = 3,
    School = 4,
    Work = 5,
    Family = 6,
    RelativeDeath = 7,
    Death = 8,
    DeathCause = 9,
    Milestone = 10,
    DrawCount = 11,
    Draw = 12,
    EffectSize = 13,
    Check = 14,
    OutcomePick = 15,
    ChainChance = 16,
    ChainDelay = 17,
    Person = 18,
    Health = 19,
    Friend = 20,
    Talent = 21,
    Onset = 22,
    Treatment = 23,
    Market = 24,
    Love = 25,
    Move = 26,
    Service = 27,
    Kin = 28,
    Law = 29,
    Venture = 30,
}

/// The dice of one year of one life.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    key: [u64; 2],
    year: u64,
}

impl Dice {
    /// The dice of that year.
    #[must_use]
    pub fn new(seed: Seed, year: u16) -> Self {
        let bits = u128::from_be_bytes(seed.0);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let key = [(bits >> 64) as u64, bits as u64];
        Self { key, year: u64::from(year) }
    }

    /// The roll with this key.
    #[must_use]
    pub fn roll(self, purpose: Purpose, index: u64) -> Roll {
        Roll { key: self.key, counter: [self.year, purpose as u64, index, 0], words: [0; 4], left: 0 }
    }

    /// The roll about something that has a name, such as an event; `ordinal` tells several such rolls apart.
    #[must_use]
    pub fn roll_for(self, purpose: Purpose, id: &str, ordinal: u8) -> Roll {
        self.roll(purpose, fnv1a(id.bytes().chain([0, ordinal])))
    }
}

/// One keyed stream of numbers; independent of every other.
#[derive(Clone, Debug)]
pub struct Roll {
    key: [u64; 2],
    counter: [u64; 4],
    words: [u64; 4],
    left: usize,
}

impl Roll {
    fn word(&mut self) -> u64 {
        if self.left == 0 {
            self.words = philox4x64(self.counter, self.key);
            self.counter[3] += 1;
            self.left = 4;
        }
        self.left -= 1;
        self.words[3 - self.left]
    }

    /// A number from 0 up to but not including `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let (mut high, mut low) = widening_mul(self.word(), bound);
        if low < bound {
            let threshold = bound.wrapping_neg() % bound;
            while low < threshold {
                (high, low) = widening_mul(self.word(), bound);
            }
        }
        high
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u64::from(high.abs_diff(low)) + 1;
        let offset = i32::try_from(self.below(width)).unwrap_or(0);
        low.min(high).saturating_add(offset)
    }

    /// A roll of the hundred-sided die, 0 to 99.
    pub fn percent(&mut self) -> u8 {
        u8::try_from(self.below(100)).unwrap_or(99)
    }

    /// True `chance` times in `of`.
    pub fn chance(&mut self, chance: u64, of: u64) -> bool {
        self.below(of) < chance
    }

    /// About normally distributed: the mean of three even rolls between the bounds.
    pub fn bell(&mut self, low: i32, high: i32) -> i32 {
        (self.between(low, high) + self.between(low, high) + self.between(low, high)) / 3
    }
}

/// Philox4x64 with ten rounds.
#[inline]
fn philox4x64(mut counter: [u64; 4], mut key: [u64; 2]) -> [u64; 4] {
    const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
    const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
    for _ in 0..10 {
        let (high0, low0) = widening_mul(MULTIPLIERS[0], counter[0]);
        let (high1, low1) = widening_mul(MULTIPLIERS[1], counter[2]);
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of the product")]
const fn widening_mul(a: u64, b: u64) -> (u64, u64) {
    let product = a as u128 * b as u128;
    ((product >> 64) as u64, product as u64)
}

/// FNV-1a, 64 bits: a fixed number for a name.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the Random123 library.
    #[test]
    fn philox_gives_the_published_answers() {
        let rows = [
            (
                [0; 4],
                [0; 2],
                [0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b, 0x7e68_b68a_ec7b_a23b],
            ),
            (
                [u64::MAX; 4],
                [u64::MAX; 2],
                [0x87b0_92c3_013f_e90b, 0x438c_3c67_be8d_0224, 0x9cc7_d7c6_9cd7_77b6, 0xa09c_aebf_594f_0ba0],
            ),
            (
                [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89],
                [0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c],
                [0xa528_f454_03e6_1d95, 0x38c7_2dbd_566e_9788, 0xa5a1_610e_72fd_18b5, 0x57bd_43b5_e52b_7fe6],
            ),
        ];
        for (counter, key, answer) in rows {
            assert_eq!(philox4x64(counter, key), answer);
        }
    }

    #[test]
    fn a_roll_depends_on_its_key_and_on_nothing_else() {
        let dice = Dice::new(Seed([7; 16]), 1900);
        let alone = dice.roll(Purpose::Draw, 0).below(1_000_000);
        for index in 0..100 {
            _ = dice.roll(Purpose::Check, index).percent();
        }
        assert_eq!(dice.roll(Purpose::Draw, 0).below(1_000_000), alone);
        assert_ne!(dice.roll(Purpose::Draw, 1).below(1_000_000), alone);
        assert_ne!(Dice::new(Seed([7; 16]), 1901).roll(Purpose::Draw, 0).below(1_000_000), alone);
        assert_ne!(Dice::new(Seed([8; 16]), 1900).roll(Purpose::Draw, 0).below(1_000_000), alone);
    }

    #[test]
    fn a_range_is_hit_evenly() {
        let dice = Dice::new(Seed([1; 16]), 1900);
        let mut hits = [0_u32; 6];
        for index in 0..60_000 {
            let face = dice.roll(Purpose::Draw, index).between(0, 5);
            hits.iter_mut().zip(0..).filter(|(_, side)| *side == face).for_each(|(hit, _)| *hit += 1);
        }
        assert!(hits.iter().all(|hit| (9_700..10_300).contains(hit)), "{hits:?}");
    }

    #[test]
    fn bounds_are_included() {
        let dice = Dice::new(Seed([2; 16]), 1900);
        let rolls: Vec<i32> = (0..500).map(|index| dice.roll(Purpose::Draw, index).between(-3, 3)).collect();
        assert_eq!((rolls.iter().min(), rolls.iter().max()), (Some(&-3), Some(&3)));
    }

    #[test]
    fn a_seed_reads_as_it_is_written() {
        let seed = Seed([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(seed.to_string().parse(), Ok(seed));
        assert_eq!("xyz".parse::<Seed>(), Err(BadSeed));
    }
}
