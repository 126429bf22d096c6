//! Who plays next: a few players do most of the playing (Zipf's law), the same ones in every run.

/// Draws ranks from 0; rank `r` has weight `1 / (r + 1)^skew`.
pub(super) struct Zipf {
    cumulated: Vec<f64>,
    state: u64,
}

impl Zipf {
    /// A sequence over `ranks` ranks, at least one, that is a function of its seed.
    pub(super) fn new(ranks: usize, skew: f64, seed: u64) -> Self {
        let cumulated = (1_u32..).take(ranks.max(1)).scan(0.0, |total, rank| {
            *total += f64::from(rank).powf(skew).recip();
            Some(*total)
        });
        Self { cumulated: cumulated.collect(), state: seed }
    }

    /// The next rank.
    pub(super) fn draw(&mut self) -> usize {
        let total = self.cumulated.last().copied().unwrap_or_default();
        let wanted = self.fraction() * total;
        self.cumulated.partition_point(|cumulated| *cumulated <= wanted).min(self.cumulated.len() - 1)
    }

    /// A number from 0 to 1 (splitmix64).
    pub(super) fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [.., a, b, c, d] = (mixed ^ (mixed >> 31)).to_le_bytes();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_as_often_as_zipf_says() {
        let mut zipf = Zipf::new(100, 0.99, 7);
        let mut seen = [0_u32; 100];
        for _ in 0..100_000 {
            seen[zipf.draw()] += 1;
        }
        // The sum of 1/r^0.99 for r from 1 to 100 is 5.272: the first rank has 19.0 %, the tenth 1.94 %.
        assert!((18_400..19_500).contains(&seen[0]), "{}", seen[0]);
        assert!((1_750..2_150).contains(&seen[9]), "{}", seen[9]);
        assert!(seen[99] > 0);
    }

    #[test]
    fn a_single_player_plays_alone() {
        assert_eq!(Zipf::new(1, 0.99, 1).draw(), 0);
    }
}
