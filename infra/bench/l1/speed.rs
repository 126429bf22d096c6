//! Time of a hit and of an insert that evicts, and what a second thread adds.

use std::thread;
use std::time::Instant;

use bytes::Bytes;

use crate::candidates::{ALL, Cache, Key};
use crate::traces::{Dice, wide};

/// Rounds shorter than a time slice, and many of them: the best is then one that nobody disturbed.
const OPERATIONS: u32 = 50_000;
/// Entries held: a budget of 64 MiB full of lives.
const HELD: u32 = 20_000;
const PAYLOAD: usize = 3000;
const ROUNDS: usize = 40;

pub(crate) fn measure() {
    println!("\nns an operation, the best of {ROUNDS} rounds; operations a second of 2 threads over those of 1");
    println!("{:24}{:>8}{:>8}{:>8}{:>8}", "", "hit", "x2", "insert", "x2");
    let keys: Vec<Key> = (0..HELD * 10).map(wide).collect();
    for candidate in &ALL {
        let cache = (candidate.make)(64 << 20);
        let value = Bytes::from(vec![1_u8; PAYLOAD]);
        let hit =
            |cache: &dyn Cache, dice: &mut Dice| assert!(cache.get(&keys[dice.below(HELD / 4) as usize]).is_some());
        let insert = |cache: &dyn Cache, dice: &mut Dice| {
            cache.insert(keys[dice.below(HELD * 10) as usize], (1, value.clone()));
        };
        keys.iter().take(HELD as usize / 4).for_each(|key| cache.insert(*key, (1, value.clone())));
        let hits = [1, 2].map(|threads| best(threads, cache.as_ref(), hit));
        let inserts = [1, 2].map(|threads| best(threads, cache.as_ref(), insert));
        let [hit, insert] = [hits, inserts].map(|[one, two]| format!("{one:8.0}{:8.2}", one / two));
        println!("{:24}{hit}{insert}", candidate.name);
    }
}

/// Wall time of one operation in ns, all threads together.
fn best(threads: u32, cache: &dyn Cache, operation: impl Fn(&dyn Cache, &mut Dice) + Sync) -> f64 {
    let round = |_| {
        let started = Instant::now();
        thread::scope(|scope| {
            for thread in 0..threads {
                let operation = &operation;
                scope.spawn(move || {
                    let mut dice = Dice(thread.into());
                    (0..OPERATIONS).for_each(|_| operation(cache, &mut dice));
                });
            }
        });
        started.elapsed().as_nanos() as f64 / f64::from(OPERATIONS * threads)
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
