//! Hit ratios: every candidate on every trace at every budget.

use bytes::Bytes;

use crate::candidates::{ALL, Cache};
use crate::optimum;
use crate::traces::{Trace, all, wide};

const BUDGETS_MIB: [u64; 4] = [1, 4, 16, 64];
/// So many of them are gated. The half of a trace that warms up is too short for the last one.
const GATED_BUDGETS: usize = 3;
/// What payloads are slices of: a hit ratio needs their sizes, not their bytes.
static PAYLOAD: [u8; 8192] = [0; 8192];

/// What the figures come to.
pub(crate) struct Hits {
    /// How many accesses they rest on.
    pub(crate) accesses: usize,
    /// Hits of the chosen cache on the Zipf trace in percent of the online optimum's, at the worst of the gated budgets.
    pub(crate) of_optimum_pct: f64,
}

pub(crate) fn measure() -> Hits {
    let mut hits = Hits { accesses: 0, of_optimum_pct: f64::INFINITY };
    for trace in all() {
        println!("\nhit ratio, % of reads, {} trace", trace.name);
        println!("{:24}{}", "MiB of entries", row(BUDGETS_MIB.map(|mib| mib as f64)));
        let online = |by_size| BUDGETS_MIB.map(|mib| optimum::online(&trace, mib << 20, by_size).unwrap_or(f64::NAN));
        let optima = online(false);
        println!("{:24}{}", "online optimum", row(optima));
        println!("{:24}{}", "… that knows sizes", row(online(true)));
        println!("{:24}{}", "offline (Belady)", row(BUDGETS_MIB.map(|mib| optimum::offline(&trace, mib << 20))));
        for candidate in &ALL {
            let ratios = BUDGETS_MIB.map(|mib| play(&trace, candidate.with_room_for(mib << 20).as_ref()));
            println!("{:24}{}", candidate.name, row(ratios));
            hits.accesses += BUDGETS_MIB.len() * trace.accesses.len();
            if (trace.name, candidate.name) == ("zipf", ALL[0].name) {
                let of_optimum = ratios.iter().zip(optima).map(|(ratio, optimum)| 100.0 * ratio / optimum);
                hits.of_optimum_pct = of_optimum.take(GATED_BUDGETS).fold(f64::INFINITY, f64::min);
            }
        }
    }
    hits
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
