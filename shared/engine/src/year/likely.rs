//! Chances of the ordinary rules: in a thousand, from a base and what moves it, each with its reason.

use crate::odds::OddsFactor;

/// A chance being reckoned. Its reasons are kept only when somebody asks why.
#[derive(Debug)]
pub(crate) struct Likely {
    what: &'static str,
    sum: i32,
    factors: Option<Vec<OddsFactor>>,
}

impl Likely {
    pub(super) fn new(what: &'static str, base_pm: i32, kept: bool) -> Self {
        let factors = kept.then(|| vec![OddsFactor { source: "base".to_owned(), add: base_pm }]);
        Self { what, sum: base_pm, factors }
    }

    /// Adds so many in a thousand.
    pub(super) fn add(mut self, source: &'static str, add_pm: i32) -> Self {
        self.sum += add_pm;
        if let Some(factors) = self.factors.as_mut().filter(|_| add_pm != 0) {
            factors.push(OddsFactor { source: source.to_owned(), add: add_pm });
        }
        self
    }

    /// Takes so many percent of what has come together so far.
    pub(super) fn times(self, source: &'static str, percent: i32) -> Self {
        let add = self.sum * percent / 100 - self.sum;
        self.add(source, add)
    }

    /// The chance, 0 to 1000.
    pub(super) fn per_mille(&self) -> u16 {
        u16::try_from(self.sum.clamp(0, 1000)).unwrap_or(0)
    }

    pub(super) fn into_factors(self) -> (&'static str, Vec<OddsFactor>) {
        (self.what, self.factors.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_add_up_to_the_chance() {
        let likely = Likely::new("promotion", 100, true).add("skill", 30).times("recession", 50).add("nothing", 0);
        assert_eq!(likely.per_mille(), 65);
        let (_, factors) = likely.into_factors();
        assert_eq!(factors.iter().map(|factor| factor.add).sum::<i32>(), 65);
        assert_eq!(factors.len(), 3, "what changes nothing is no reason");
        assert_eq!(Likely::new("x", -5, false).per_mille(), 0);
        assert_eq!(Likely::new("x", 5_000, false).per_mille(), 1000);
    }
}
