//! What a gateway says of itself on its metrics page, and what the system says of its memory.

use anyhow::{Context as _, Result};
use testkit::process::Process;

/// Reads of cached aggregates so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Reads {
    /// All of them.
    total: f64,
    /// Answered by L1, without SQL.
    l1: f64,
    /// Answered by L2, without SQL.
    l2: f64,
}

impl Reads {
    /// Reads `cache_requests_total` from a gateway's metrics page.
    pub(super) async fn of(metrics_url: &str) -> Result<Self> {
        let page = reqwest::get(metrics_url).await?.error_for_status()?.text().await?;
        Ok(Self::parse(&page))
    }

    fn parse(page: &str) -> Self {
        let mut reads = Self::default();
        for line in page.lines().filter(|line| line.starts_with("cache_requests_total{")) {
            let Some((labels, value)) = line.rsplit_once(' ') else { continue };
            let Ok(count) = value.parse::<f64>() else { continue };
            let has = |label: &str| labels.contains(label);
            // Every read asks L1 first, even an L1 of no size.
            if has("tier=\"l1\"") {
                reads.total += count;
            }
            if has("outcome=\"hit\"") {
                *(if has("tier=\"l1\"") { &mut reads.l1 } else { &mut reads.l2 }) += count;
            }
        }
        reads
    }

    /// What came since an earlier look.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self { total: self.total - earlier.total, l1: self.l1 - earlier.l1, l2: self.l2 - earlier.l2 }
    }

    /// How many there were.
    pub(super) fn total(self) -> f64 {
        self.total
    }

    /// The share that was answered without SQL: 0 to 1, and 0 where nothing was read.
    pub(super) fn hit_ratio(self) -> f64 {
        self.share(self.l1 + self.l2)
    }

    /// The share that L1 alone answered.
    pub(super) fn l1_ratio(self) -> f64 {
        self.share(self.l1)
    }

    fn share(self, part: f64) -> f64 {
        if self.total > 0.0 { part / self.total } else { 0.0 }
    }
}

/// The most memory a process has had resident, MiB.
pub(super) fn peak_rss_mib(process: &Process) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).context("the gateway is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM on this system")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_on_any_tier_is_a_read_without_sql() {
        let page = "# TYPE cache_requests_total counter\n\
            cache_requests_total{class=\"user_data\",tier=\"l1\",outcome=\"hit\"} 60\n\
            cache_requests_total{class=\"user_data\",tier=\"l1\",outcome=\"miss\"} 40\n\
            cache_requests_total{class=\"user_data\",tier=\"l2\",outcome=\"hit\"} 30\n\
            cache_requests_total{class=\"game_state\",tier=\"l2\",outcome=\"fenced\"} 4\n\
            cache_requests_total{class=\"user_data\",tier=\"l2\",outcome=\"miss\"} 6\n";
        let reads = Reads::parse(page);
        assert_eq!((reads.total(), reads.hit_ratio(), reads.l1_ratio()), (100.0, 0.9, 0.6));
        assert_eq!(reads.since(reads).hit_ratio(), 0.0);
    }
}
