//! The figures of a run, the floors it must reach, and the bounds it must keep.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::client::Run;
use super::faults::{Fault, Storm};
use super::fleet::STEPS;
use crate::drill::ledger::Verdict;

/// What a run of 60 seconds must have done at least; other lengths in proportion.
#[derive(Clone, Copy)]
pub(super) struct Floors {
    reads: u64,
    acked_writes: u64,
}

impl Floors {
    /// With room for a machine half as fast as one that served 65,000 and 4,400, which had served 156,000 on a better day.
    pub(super) const DEBUG: Self = Self { reads: 30_000, acked_writes: 2_000 };
    pub(super) const OPTIMISED: Self = Self { reads: 200_000, acked_writes: 10_000 };
}

const KILLS: u64 = 50;
const KILLS_PER_STEP: u64 = 5;
const FAULTS_PER_KIND: u64 = 3;

/// What happened in one run.
pub(super) struct Figures {
    /// How long the clients went on, seconds.
    pub(super) seconds: u64,
    counts: Vec<(&'static str, u64)>,
    kills: [u64; STEPS.len()],
    faults: [u64; Fault::ALL.len()],
    /// Contradictions, of the kinds that must not be.
    violations: Vec<(&'static str, u64)>,
    /// Of the counts: those that have a floor.
    reads: u64,
    acked: u64,
    /// The first contradictions, in words.
    pub(super) findings: Vec<String>,
}

impl Figures {
    pub(super) fn of(seconds: u64, run: &Run, storm: &Storm, verdict: Verdict) -> Self {
        let (history, counts) = (&run.history, &run.counts);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut findings = history.findings();
        findings.extend(verdict.findings);
        Self {
            seconds,
            counts: vec![
                ("unchanged", read(&counts.unchanged)),
                ("unanswered", read(&counts.unanswered)),
                ("refused", read(&counts.refused)),
                ("retried", verdict.retried),
                ("replayed", verdict.replayed),
                ("wavered", read(&history.wavered)),
                ("excused", read(&history.excused)),
                ("oldest_excused_ms", read(&history.oldest_excused_ms)),
            ],
            kills: run.fleet.kills(),
            faults: storm.counts(),
            violations: vec![
                ("stale", read(&history.stale)),
                ("regressed", read(&history.regressed)),
                ("forked", read(&history.forked)),
                ("wrong", read(&history.wrong)),
                ("lost", verdict.lost),
                ("doubled", verdict.doubled),
            ],
            reads: read(&counts.reads),
            acked: read(&counts.acked),
            findings,
        }
    }

    /// Whether nothing happened that must not.
    pub(super) fn is_clean(&self) -> bool {
        self.violations.iter().all(|(_, count)| *count == 0)
    }

    /// What the run did too little of, in words.
    pub(super) fn shortfalls(&self, floors: Floors) -> Vec<String> {
        let floor = |per_minute: u64| (per_minute * self.seconds / 60).max(1);
        let mut rows = vec![
            ("reads", self.reads, floors.reads),
            ("acked_writes", self.acked, floors.acked_writes),
            ("kills", self.kills(), KILLS),
        ];
        rows.extend(STEPS.into_iter().zip(self.kills).map(|(step, kills)| (step, kills, KILLS_PER_STEP)));
        let faults = Fault::ALL.into_iter().zip(self.faults);
        rows.extend(faults.map(|(fault, count)| (fault.name(), count, FAULTS_PER_KIND)));
        let missed = rows.into_iter().filter(|(_, count, per_minute)| *count < floor(*per_minute));
        missed.map(|(name, count, per_minute)| format!("{name}: {count} of at least {}", floor(per_minute))).collect()
    }

    /// All figures as `key=value`, each key after a prefix.
    pub(super) fn line(&self, prefix: &str) -> String {
        let mut line = format!("{prefix}seconds={}", self.seconds);
        let mut add = |key: &str, value: u64| {
            // Writing to a string cannot fail.
            let _ = write!(line, " {prefix}{key}={value}");
        };
        add("reads", self.reads);
        add("acked_writes", self.acked);
        add("kills", self.kills());
        for (step, kills) in STEPS.into_iter().zip(self.kills) {
            add(&format!("kills_{step}"), kills);
        }
        for (fault, count) in Fault::ALL.into_iter().zip(self.faults) {
            add(fault.name(), count);
        }
        for (key, count) in self.counts.iter().chain(&self.violations) {
            add(key, *count);
        }
        line
    }

    fn kills(&self) -> u64 {
        self.kills.iter().sum()
    }
}
