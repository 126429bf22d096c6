//! What has been told so far, and whether a new answer contradicts it.
//!
//! Versions make the check linear: what a read shows must be no older than the newest version that was acknowledged
//! before the read was sent. Two atomics an aggregate are all the memory that takes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Findings that are kept; more would only repeat them.
const SHOWN: usize = 10;
/// Who writes while Redis forgets everything has lost its fence: until it has announced its write, one may read that write
/// in PostgreSQL and another what was true before in Redis. Nobody has acknowledged it yet. Writes take milliseconds; this
/// is for one whose process dies just then, and is asked again.
const FORGETFUL: Duration = Duration::from_secs(3);
/// Representations of one aggregate: route and language.
pub(super) const FORMS: usize = 8;

/// The versions of one aggregate that clients know of. No version is 0: nothing is known.
#[derive(Default)]
pub(super) struct Told {
    /// The newest acknowledged version.
    acked: AtomicI64,
    /// The newest that was acknowledged by a process whose Redis was there all the time.
    firm: AtomicI64,
    /// The newest that anybody was told: acknowledged or read.
    seen: AtomicI64,
    /// Fingerprints of the bodies of the newest version, by form; 0 where there is none yet.
    bodies: Mutex<(i64, [u64; FORMS])>,
    /// When the versions above `firm` were acknowledged.
    doubtful: Mutex<Vec<(i64, Instant)>>,
}

/// What was known when a read was sent.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    acked: i64,
    firm: i64,
    seen: i64,
}

/// How sure an acknowledged write is to be seen by everybody at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ack {
    /// Its process could publish it.
    Firm,
    /// Its process may have been cut off from Redis, and CACHE_STRICT is off.
    Doubtful,
}

impl Floor {
    /// The newest acknowledged version.
    pub(super) fn acked(self) -> i64 {
        self.acked
    }
}

impl Told {
    pub(super) fn floor(&self) -> Floor {
        Floor {
            acked: self.acked.load(Ordering::SeqCst),
            firm: self.firm.load(Ordering::SeqCst),
            seen: self.seen.load(Ordering::SeqCst),
        }
    }

    /// The newest version that anybody was told.
    pub(super) fn newest(&self) -> i64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// A version was acknowledged.
    pub(super) fn acknowledge(&self, version: i64, ack: Ack) {
        match ack {
            Ack::Firm => {
                self.firm.fetch_max(version, Ordering::SeqCst);
                lock(&self.doubtful).retain(|(doubtful, _)| *doubtful > version);
            }
            Ack::Doubtful => lock(&self.doubtful).push((version, Instant::now())),
        }
        self.acked.fetch_max(version, Ordering::SeqCst);
        self.seen.fetch_max(version, Ordering::SeqCst);
    }

    /// A write was acknowledged that made an aggregate one version newer, without a word on which one that is.
    pub(super) fn acknowledge_next(&self, ack: Ack) {
        let version = self.acked.fetch_add(1, Ordering::SeqCst) + 1;
        self.seen.fetch_max(version, Ordering::SeqCst);
        let mut doubtful = lock(&self.doubtful);
        if ack == Ack::Doubtful {
            doubtful.push((version, Instant::now()));
        }
        // Any of the doubtful writes may have been the newest one.
        let behind = i64::try_from(doubtful.len()).unwrap_or(i64::MAX);
        self.firm.fetch_max(version.saturating_sub(behind), Ordering::SeqCst);
    }

    /// How long ago a version newer than `version` was acknowledged first.
    fn age_beyond(&self, version: i64) -> Duration {
        let doubtful = lock(&self.doubtful);
        let first = doubtful.iter().filter(|(newer, _)| *newer > version).map(|(_, when)| *when).min();
        first.map(|when| when.elapsed()).unwrap_or_default()
    }

    /// Whether a body differs from another one of the same version and form.
    fn forks(&self, version: i64, form: usize, body: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let fingerprint = hasher.finish().max(1);
        let mut bodies = lock(&self.bodies);
        if bodies.0 < version {
            *bodies = (version, [0; FORMS]);
        }
        let (newest, known) = (bodies.0, &mut bodies.1[form]);
        if newest == version && *known == 0 {
            *known = fingerprint;
        }
        newest == version && *known != fingerprint
    }
}

/// What one read showed.
pub(super) struct Shown<'a> {
    /// 0 if the aggregate was not there.
    pub(super) version: i64,
    pub(super) form: usize,
    /// Empty if it was told to be unchanged.
    pub(super) body: &'a [u8],
}

/// The judge of all reads of a run.
pub(super) struct History {
    /// How old a stale read may be that a writer's own cut from Redis explains; none in strict mode.
    stamp_ttl: Option<Duration>,
    /// Reads older than what was acknowledged before they were sent.
    pub(super) stale: AtomicU64,
    /// Of them those that the rules excuse, which do not count as stale.
    pub(super) excused: AtomicU64,
    /// How old the oldest excused one was, milliseconds.
    pub(super) oldest_excused_ms: AtomicU64,
    /// Reads older than an earlier read, though not older than what was acknowledged, in strict mode.
    pub(super) regressed: AtomicU64,
    /// The same in default mode, or when Redis had just forgotten everything: no rule forbids it.
    pub(super) wavered: AtomicU64,
    /// Two different bodies of one version.
    pub(super) forked: AtomicU64,
    /// Answers that no rule allows.
    pub(super) wrong: AtomicU64,
    /// When Redis forgot everything last.
    forgot: Mutex<Option<Instant>>,
    findings: watch::Sender<Vec<String>>,
}

impl History {
    /// `stamp_ttl`: the lifetime of a stamp, where CACHE_STRICT is off.
    pub(super) fn new(stamp_ttl: Option<Duration>) -> Self {
        Self {
            stamp_ttl,
            stale: AtomicU64::default(),
            excused: AtomicU64::default(),
            oldest_excused_ms: AtomicU64::default(),
            regressed: AtomicU64::default(),
            wavered: AtomicU64::default(),
            forked: AtomicU64::default(),
            wrong: AtomicU64::default(),
            forgot: Mutex::default(),
            findings: watch::Sender::default(),
        }
    }

    /// Holds a read against what was known when it was sent.
    pub(super) fn judge(&self, told: &Told, floor: Floor, shown: &Shown<'_>, what: impl Fn() -> String) {
        let version = shown.version;
        if version < floor.acked {
            let age = told.age_beyond(version);
            if version >= floor.firm && self.stamp_ttl.is_some_and(|ttl| age <= ttl) {
                self.excused.fetch_add(1, Ordering::Relaxed);
                self.oldest_excused_ms.fetch_max(u64::try_from(age.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
                return;
            }
            self.find(&self.stale, || format!("stale: {} shows {version}, {} was acknowledged", what(), floor.acked));
        } else if version < floor.seen && (self.stamp_ttl.is_some() || self.is_forgetful()) {
            self.wavered.fetch_add(1, Ordering::Relaxed);
        } else if version < floor.seen {
            self.find(&self.regressed, || format!("regressed: {} shows {version}, {} was read", what(), floor.seen));
        }
        told.seen.fetch_max(version, Ordering::SeqCst);
        if !shown.body.is_empty() && told.forks(version, shown.form, shown.body) {
            let body = String::from_utf8_lossy(shown.body);
            self.find(&self.forked, || format!("forked: {} shows another version {version}: {body}", what()));
        }
    }

    /// Redis has just forgotten everything.
    pub(super) fn redis_forgot(&self) {
        *lock(&self.forgot) = Some(Instant::now());
    }

    fn is_forgetful(&self) -> bool {
        lock(&self.forgot).is_some_and(|forgot| forgot.elapsed() < FORGETFUL)
    }

    /// An answer that no rule allows.
    pub(super) fn accuse(&self, what: impl FnOnce() -> String) {
        self.find(&self.wrong, || format!("wrong: {}", what()));
    }

    fn find(&self, count: &AtomicU64, what: impl FnOnce() -> String) {
        count.fetch_add(1, Ordering::Relaxed);
        self.findings.send_if_modified(|findings| {
            let room = findings.len() < SHOWN;
            if room {
                findings.push(what().chars().take(600).collect());
            }
            room
        });
    }

    /// The first findings, in words.
    pub(super) fn findings(&self) -> Vec<String> {
        self.findings.borrow().clone()
    }

    /// Waits for the first stale read, and says which. Other findings do not count: they need not be the cache's fault.
    pub(super) async fn stale_read(&self) -> Option<String> {
        let is_stale = |finding: &&String| finding.starts_with("stale");
        let mut findings = self.findings.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let found = findings.wait_for(|findings| findings.iter().any(|finding| is_stale(&finding))).await.ok()?;
        found.iter().find(is_stale).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(version: i64, body: &[u8]) -> Shown<'_> {
        Shown { version, form: 0, body }
    }

    fn counts(history: &History) -> [u64; 4] {
        [&history.stale, &history.excused, &history.regressed, &history.forked]
            .map(|count| count.load(Ordering::Relaxed))
    }

    #[test]
    fn only_what_was_acknowledged_before_the_read_was_sent_counts() {
        let (history, told) = (History::new(None), Told::default());
        told.acknowledge(3, Ack::Firm);
        let floor = told.floor();
        told.acknowledge(4, Ack::Firm);
        history.judge(&told, floor, &shown(3, b""), String::new);
        assert_eq!(counts(&history), [0, 0, 0, 0]);
        history.judge(&told, told.floor(), &shown(3, b""), String::new);
        assert_eq!(counts(&history), [1, 0, 0, 0]);
        assert_eq!(history.findings().len(), 1);
    }

    #[test]
    fn a_read_older_than_another_read_has_regressed() {
        let (history, told) = (History::new(None), Told::default());
        told.acknowledge(3, Ack::Firm);
        history.judge(&told, told.floor(), &shown(4, b""), String::new);
        history.judge(&told, told.floor(), &shown(3, b""), String::new);
        assert_eq!(counts(&history), [0, 0, 1, 0]);
        history.redis_forgot();
        history.judge(&told, told.floor(), &shown(3, b""), String::new);
        assert_eq!(counts(&history), [0, 0, 1, 0], "Redis has just lost the fence of whoever wrote version 4");
        assert_eq!(history.wavered.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn one_version_has_one_body() {
        let (history, told) = (History::new(None), Told::default());
        for body in ["a", "a", "b"] {
            history.judge(&told, told.floor(), &shown(2, body.as_bytes()), String::new);
        }
        history.judge(&told, told.floor(), &shown(3, b"c"), String::new);
        assert_eq!(counts(&history), [0, 0, 0, 1]);
    }

    #[test]
    fn only_a_doubtful_write_may_be_missed_and_not_for_long() {
        let told = Told::default();
        told.acknowledge(1, Ack::Firm);
        told.acknowledge(2, Ack::Doubtful);
        for (stamp_ttl, expected) in
            [(Some(Duration::from_secs(60)), [0, 1, 0, 0]), (Some(Duration::ZERO), [1, 0, 0, 0]), (None, [1, 0, 0, 0])]
        {
            let history = History::new(stamp_ttl);
            history.judge(&told, told.floor(), &shown(1, b""), String::new);
            assert_eq!(counts(&history), expected);
        }
        told.acknowledge(3, Ack::Firm);
        let history = History::new(Some(Duration::from_secs(60)));
        history.judge(&told, told.floor(), &shown(2, b""), String::new);
        assert_eq!(counts(&history), [1, 0, 0, 0], "the next write was published, and this one with it");
    }
}
