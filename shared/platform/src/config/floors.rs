//! What production does not start with: settings that are right on a laptop, and with real players nobody's intention.

use super::{AppEnv, Config, PasswordCost};

/// The least that OWASP's Password Storage Cheat Sheet names for Argon2id at one lane: 7 MiB and 5 passes, or more memory and as
/// many fewer passes.
const LEAST: PasswordCost = PasswordCost { memory_kib: 7_168, iterations: 5 };

/// Everything in a production's settings that is below what players may expect; nothing elsewhere.
pub(super) fn problems(config: &Config) -> Vec<String> {
    if config.app_env != AppEnv::Production {
        return Vec::new();
    }
    let PasswordCost { memory_kib, iterations } = config.password_cost;
    let work = |memory_kib: u32, iterations: u32| u64::from(memory_kib) * u64::from(iterations);
    let is_cheap =
        memory_kib < LEAST.memory_kib || work(memory_kib, iterations) < work(LEAST.memory_kib, LEAST.iterations);
    let is_open = config.outbox.webhook_url.as_deref().is_some_and(|url| !url.starts_with("https://"));
    let rules = [
        (config.rate_limit_percent == 0, "RATE_LIMIT_PERCENT must not be 0 in production: nothing would be limited"),
        (
            is_cheap,
            "ARGON2_MEMORY_KIB and ARGON2_ITERATIONS must be at least 7168 and 5 in production, or 19456 and 2: stolen hashes \
             would be guessed",
        ),
        (is_open, "OUTBOX_WEBHOOK_URL must start with https:// in production: who listens would read of players"),
    ];
    rules.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, problem)| problem.to_owned()).collect()
}
