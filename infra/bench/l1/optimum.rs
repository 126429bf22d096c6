//! What could be reached at best, on the very same accesses and with the same weights.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::candidates::weight;
use crate::traces::Trace;

/// Percent of reads that hit when the popularity of every key is known: the most popular keys stay in the cache for ever.
/// With `by_size`, the most popular for their size: no online policy can do better (requests are independent, so the
/// best is the fractional knapsack), but none of the candidates looks at sizes.
pub(crate) fn online(trace: &Trace, budget: u64, by_size: bool) -> Option<f64> {
    let mut keys: Vec<u32> = (0..trace.ranked).collect();
    if by_size {
        let worth = |key: u32| f64::from(key + 1).powf(-0.99) / weight((trace.payload)(key)) as f64;
        keys.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)));
    }
    let mut left = budget as usize;
    let fits = |key: &u32| {
        let fits = left.checked_sub(weight((trace.payload)(*key)));
        left = fits.unwrap_or(left);
        fits.is_some()
    };
    let held: HashSet<u32> = keys.into_iter().take_while(fits).collect();
    let measured = &trace.accesses[trace.accesses.len() / 2..];
    let hits = measured.iter().filter(|access| held.contains(&access.key)).count();
    (trace.ranked > 0).then(|| 100.0 * hits as f64 / measured.len() as f64)
}

/// Percent of reads that hit when the future is known: what is used again last leaves first, and what is used again
/// later than everything held is not admitted (Belády 1966, with the bypass; close to the best where sizes differ).
pub(crate) fn offline(trace: &Trace, budget: u64) -> f64 {
    let mut upcoming = HashMap::new();
    let mut next_use: Vec<usize> = (0..trace.accesses.len()).collect();
    for (at, access) in trace.accesses.iter().enumerate().rev() {
        next_use[at] = upcoming.insert(access.key, at).unwrap_or(usize::MAX - at);
    }
    let (mut held, mut by_next_use, mut left) = (HashMap::new(), BTreeMap::new(), budget as usize);
    let (mut reads, mut hits) = (0_u64, 0_u64);
    for (at, access) in trace.accesses.iter().enumerate() {
        let hit = held.remove(&access.key).is_some_and(|next| by_next_use.remove(&next).is_some());
        let size = weight((trace.payload)(access.key));
        left += if hit { size } else { 0 };
        if at >= trace.accesses.len() / 2 && !access.is_write {
            reads += 1;
            hits += u64::from(hit);
        }
        while left < size
            && let Some(last) = by_next_use.last_entry().filter(|last| *last.key() > next_use[at])
        {
            let key = last.remove();
            held.remove(&key);
            left += weight((trace.payload)(key));
        }
        if size <= left {
            held.insert(access.key, next_use[at]);
            by_next_use.insert(next_use[at], access.key);
            left -= size;
        }
    }
    100.0 * hits as f64 / reads as f64
}
