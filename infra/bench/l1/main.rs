//! `cargo xtask bench l1`: what the choice of the cache inside a process rests on (docs/adr/0008-l1-cache-library.md).
//!
//! It compiles the very files that ship, without the rest of `platform`, so that it builds in a minute and measures in
//! the release profile. The last line is `key=value`; a broken bound is an error.

#[path = "../../../shared/platform/src/cache/compress.rs"]
mod compress;
#[expect(dead_code, reason = "only a part of what the platform uses is measured")]
#[path = "../../../shared/platform/src/cache/l1.rs"]
mod l1;

mod candidates;
mod hits;
mod optimum;
mod resident;
mod speed;
mod squeeze;
mod traces;

use anyhow::{Result, ensure};

/// What the chosen cache must reach, in percent of the online optimum on the Zipf trace.
const HIT_FLOOR_PCT: f64 = 98.0;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => everything(),
        ["resident", candidate, case] => resident::child(candidate, case),
        _ => anyhow::bail!("takes no arguments"),
    }
}

fn everything() -> Result<()> {
    let hits = hits::measure();
    let resident = resident::measure()?;
    speed::measure();
    squeeze::measure()?;
    println!("accesses={} of_optimum_pct={:.2} resident_pct={resident:.1}", hits.accesses, hits.of_optimum_pct);
    ensure!(hits.of_optimum_pct >= HIT_FLOOR_PCT, "the hit ratio is below {HIT_FLOOR_PCT} % of the online optimum");
    ensure!(resident <= 100.0, "resident memory exceeds the budget");
    Ok(())
}
