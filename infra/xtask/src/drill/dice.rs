//! The drills' dice: the same throws for the same seed.

/// A splitmix64 sequence.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other dice, whose throws depend on these but are not theirs.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// The next number of the sequence.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    /// One of several; there must be one.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        let index = self.next() % u64::try_from(among.len()).unwrap_or(u64::MAX);
        &among[usize::try_from(index).unwrap_or_default()]
    }
}
