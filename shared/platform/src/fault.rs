//! Faults on purpose, for `cargo xtask drill coherence`: a process that kills itself at a named step of a write, and
//! known bugs of caches that the drill must find. Compiled into debug builds only; a release build has none of it.

/// A step of a write at which a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The request has passed authentication; nothing has happened.
    Gate,
    /// The fence stands in Redis.
    Fence,
    /// The statement has committed.
    Commit,
    /// The new version is published.
    Publish,
    /// The answer is ready and not sent.
    Answer,
}

/// A classic bug of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Writers place no fence: what is cached stays believed until they publish, also when they die before.
    NoFence,
    /// One shared flag instead of a token for each writer: the first to finish clears it for all.
    SharedDirtyFlag,
    /// Readers store what they loaded without a fill token.
    BlindFill,
    /// What L1 holds is believed for a while of monotonic time, without asking Redis.
    MonotonicTtl,
    /// Caches are told before the statement commits, and not after.
    PublishBeforeCommit,
}

/// `fill.lua` as a cache without fences and tokens would have it.
pub(crate) const BLIND_FILL: &str = "redis.call('HSET', KEYS[1], 'v', ARGV[2])
    redis.call('SET', KEYS[2], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
    return redis.call('PEXPIRE', KEYS[1], ARGV[4])";

#[cfg(debug_assertions)]
pub(crate) use planned::{planted, point};

/// Dies here if the drill says so.
#[cfg(not(debug_assertions))]
pub(crate) const fn point(_: Step) {}

/// Whether the drill has planted this bug.
#[cfg(not(debug_assertions))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}

/// What the drill wants of this process. Its two variables are no settings: an operator's build cannot read them.
#[cfg(debug_assertions)]
mod planned {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    use rustix::process::{Signal, getpid, kill_process};

    use super::{Bug, Step};

    /// `<step>:<n>`: die when this process comes to the step for the n-th time, counted from 1.
    const DIE_AT: &str = "DRILL_DIE_AT";
    /// The bug to have.
    const BUG: &str = "DRILL_BUG";

    /// A death to come.
    struct Death {
        step: Step,
        passes_left: AtomicU64,
    }

    /// Dies here if the drill says so.
    pub(crate) fn point(step: Step) {
        static DEATH: OnceLock<Option<Death>> = OnceLock::new();
        let death = DEATH.get_or_init(|| death(&variable(DIE_AT)?)).as_ref().filter(|death| death.step == step);
        if death.is_some_and(|death| death.passes_left.fetch_sub(1, Ordering::Relaxed) == 1) {
            tracing::error!(step = ?step, "killed by the drill");
            // Nothing may run after this: no destructor, no flush, no other task's next instruction.
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }

    /// Whether the drill has planted this bug.
    pub(crate) fn planted(bug: Bug) -> bool {
        static PLANTED: OnceLock<Option<Bug>> = OnceLock::new();
        *PLANTED.get_or_init(|| self::bug(&variable(BUG)?)) == Some(bug)
    }

    fn death(plan: &str) -> Option<Death> {
        let (step, passes) = plan.split_once(':')?;
        let steps = [Step::Gate, Step::Fence, Step::Commit, Step::Publish, Step::Answer];
        let step = steps.into_iter().find(|known| name(known) == step)?;
        Some(Death { step, passes_left: AtomicU64::new(passes.parse().ok()?) })
    }

    fn bug(planted: &str) -> Option<Bug> {
        let bugs = [Bug::NoFence, Bug::SharedDirtyFlag, Bug::BlindFill, Bug::MonotonicTtl, Bug::PublishBeforeCommit];
        bugs.into_iter().find(|known| name(known) == planted)
    }

    /// A variant's name in the drill's words: `SharedDirtyFlag` is `shared-dirty-flag`.
    fn name(variant: &impl std::fmt::Debug) -> String {
        let mut name = String::new();
        for letter in format!("{variant:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "not a setting: only debug builds know these two, only the drill sets them"
    )]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_drills_words_name_every_step_and_bug() {
            for (word, step) in [("gate", Step::Gate), ("publish", Step::Publish), ("answer", Step::Answer)] {
                let death = death(&format!("{word}:3")).expect(word);
                assert_eq!((death.step, death.passes_left.into_inner()), (step, 3));
            }
            assert!(death("commit").is_none() && death("birth:1").is_none() && death("commit:soon").is_none());
            for (word, known) in [("no-fence", Bug::NoFence), ("shared-dirty-flag", Bug::SharedDirtyFlag)] {
                assert_eq!(bug(word), Some(known));
            }
            assert_eq!(bug("none"), None);
        }

        #[test]
        fn nothing_is_planted_unless_asked() {
            point(Step::Commit);
            assert!(!planted(Bug::NoFence));
        }
    }
}
