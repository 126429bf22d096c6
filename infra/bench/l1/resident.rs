//! Resident memory: what the system counts (VmRSS), each figure in a process of its own.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;

use crate::candidates::{ALL, Cache};
use crate::traces::{mixed_payload, wide};

/// Small payloads, many of them: the overhead of an entry.
const ENTRIES: u32 = 200_000;
const SMALL: usize = 300;
/// Distinct keys that pass through a cache of a budget.
const PASSING: u32 = 2_000_000;
const BUDGETS_MIB: [u64; 3] = [4, 16, 64];

/// Prints the table; gives the most that ours took, in percent of its budget.
pub(crate) fn measure() -> Result<f64> {
    println!("\nresident memory: bytes an entry beside its payload; % of the budget after {PASSING} distinct keys");
    println!("{:24}{:>8}{}", "MiB", "entry", BUDGETS_MIB.map(|mib| format!("{mib:8}")).concat());
    let mut most: f64 = 0.0;
    for (number, candidate) in ALL.iter().enumerate() {
        let entry = in_child(candidate.name, "entry")?;
        let [small, middle, large] = BUDGETS_MIB.map(|mib| in_child(candidate.name, &mib.to_string()));
        let budgets = [small?, middle?, large?];
        println!("{:24}{entry:8.0}{}", candidate.name, budgets.map(|pct| format!("{pct:8.1}")).concat());
        if number < 3 {
            most = budgets.into_iter().fold(most, f64::max);
        }
    }
    Ok(most)
}

fn in_child(candidate: &str, case: &str) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).args(["resident", candidate, case]).output()?;
    ensure!(output.status.success(), "{candidate}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// One figure, on standard output.
pub(crate) fn child(candidate: &str, case: &str) -> Result<()> {
    let candidate = ALL.iter().find(|each| each.name == candidate).context("no such candidate")?;
    // What this program itself touches for the first time is not the cache's.
    growth((candidate.make)(64 << 10).as_ref(), 2000, mixed_payload)?;
    let figure = match case.parse::<u64>() {
        Ok(mib) => {
            let used = growth((candidate.make)(mib << 20).as_ref(), PASSING, mixed_payload)?;
            100.0 * used / (mib << 20) as f64
        }
        Err(_) => growth((candidate.make)(1 << 40).as_ref(), ENTRIES, |_| SMALL)? / f64::from(ENTRIES) - SMALL as f64,
    };
    println!("{figure}");
    Ok(())
}

/// By how many bytes this process grows while so many keys are stored.
fn growth(cache: &dyn Cache, keys: u32, payload: fn(u32) -> usize) -> Result<f64> {
    let before = resident()?;
    for key in 0..keys {
        // Not zeros: pages that were never written are not resident. Cloned once, as every value read is.
        let value = Bytes::from(vec![1_u8; payload(key)]);
        cache.insert(wide(key), (1, value.clone()));
    }
    Ok(resident()? - before)
}

/// VmRSS in bytes.
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0)
}
