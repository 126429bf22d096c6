//! Hit ratios: every candidate on every trace at every budget.

use bytes::Bytes;

use crate::GATED_BUDGET_MIB;
use crate::candidates::{ALL, Cache};
use crate::optimum;
use crate::traces::{ACCESSES, Trace, all, wide};

const BUDGETS_MIB: [u64; 4] = [1, 4, 16, 64];
/// What payloads are slices of: a hit ratio needs their sizes, not their bytes.
static PAYLOAD: [u8; 8192] = [0; 8192];

/// What is asked of the chosen cache, in percent of reads.
pub(crate) struct Hits {
    pub(crate) accesses: usize,
    pub(crate) chosen: f64,
    pub(crate) optimum: f64,
}

pub(crate) fn measure() -> Hits {
    let mut gated = Hits { accesses: 0, chosen: 0.0, optimum: 0.0 };
    for trace in all() {
        println!("\nhit ratio, % of reads, {} trace\n{:24}{}", trace.name, "MiB", row(BUDGETS_MIB.map(|mib| mib as f64)));
        let is_gated = |mib| trace.name == "zipf" && mib == GATED_BUDGET_MIB;
        for (name, by_size) in [("online optimum", false), ("… that knows sizes", true)] {
            let optima = BUDGETS_MIB.map(|mib| optimum::online(&trace, mib << 20, by_size).unwrap_or(f64::NAN));
            println!("{name:24}{}", row(optima));
            if !by_size {
                (BUDGETS_MIB.iter().zip(optima)).filter(|(mib, _)| is_gated(**mib)).for_each(|(_, pct)| gated.optimum = pct);
            }
        }
        println!("{:24}{}", "offline (Belady)", row(BUDGETS_MIB.map(|mib| optimum::offline(&trace, mib << 20))));
        for candidate in &ALL {
            let ratios = BUDGETS_MIB.map(|mib| play(&trace, (candidate.make)(mib << 20).as_ref()));
            println!("{:24}{}", candidate.name, row(ratios));
            gated.accesses += BUDGETS_MIB.len() * ACCESSES;
            if candidate.name == ALL[0].name {
                (BUDGETS_MIB.iter().zip(ratios)).filter(|(mib, _)| is_gated(**mib)).for_each(|(_, pct)| gated.chosen = pct);
            }
        }
    }
    gated
}

fn row(figures: [f64; 4]) -> String {
    figures.map(|figure| if figure.is_nan() { format!("{:>8}", "–") } else { format!("{figure:8.2}") }).concat()
}

/// Percent of the reads in the second half of the trace that hit.
fn play(trace: &Trace, cache: &dyn Cache) -> f64 {
    let (mut reads, mut hits) = (0_u64, 0_u64);
    for (at, access) in trace.accesses.iter().enumerate() {
        let key = wide(access.key);
        let hit = !access.is_write && cache.get(&key).is_some();
        if !hit {
            cache.insert(key, (0, Bytes::from_static(&PAYLOAD[..(trace.payload)(access.key)])));
        }
        if at >= trace.accesses.len() / 2 && !access.is_write {
            reads += 1;
            hits += u64::from(hit);
        }
    }
    100.0 * hits as f64 / reads as f64
}
