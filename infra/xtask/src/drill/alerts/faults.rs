//! What is broken, and what must follow.

use std::time::Duration;

/// One thing that is broken.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) what: What,
    /// The alert, a label it must have, and who must hear of it.
    pub(super) alert: &'static str,
    pub(super) label: Option<(&'static str, &'static str)>,
    pub(super) told: &'static str,
    /// The alert's time in earnest, minutes: its window where it needs a full one, its `for`, a look of Prometheus and the
    /// Alertmanager's `group_wait`.
    pub(super) within_min: u32,
    /// Other alerts that may fire with it: they say the same of the same fault. What `follows` a fault is none of them: it must
    /// be held back.
    pub(super) also: &'static [&'static str],
    /// A panel that shows it: dashboard and title.
    pub(super) panel: (&'static str, &'static str, Shows),
    /// A question to the log, and words of its answer that name the cause.
    pub(super) question: (&'static str, &'static [&'static str]),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum What {
    PostgresAway,
    RedisAway,
    PostgresSlow,
    RouteBroken,
    LoginFlood,
    PartitionMissing,
}

/// What one of the panel's series must show.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shows {
    AtLeast(f64),
    AtMost(f64),
}

/// Longest time in earnest until an alert is over and its end is told, once what it asks for is no more: its window, until
/// which it is kept firing (`keep_firing_for`), and the Alertmanager's `group_interval`.
pub(super) const OVER_WITHIN: Duration = Duration::from_secs(15 * 60);

/// How much longer than that a busy machine may take, in the drill's own time. What comes in time ends the wait.
pub(super) const MACHINE: Duration = Duration::from_secs(45);

/// What fires for reasons of the drill's world, not of a fault, and what for long after one: its windows are of days.
pub(super) const LINGERS: [(&str, &str); 2] = [
    ("BackupUnknown", "nobody makes backups of the drill's database"),
    ("ErrorBudgetBurn", "the budget is of 30 days"),
];

/// What a machine that is busy with something else deserves: true, not the fault's, and counted.
pub(super) const WEATHER: [&str; 5] =
    ["DatabaseSlow", "SlowResponse", "HighCpu", "HighMemory", "DatabasePoolExhausted"];

pub(super) const FAULTS: [Fault; 6] = [
    Fault {
        name: "redis_stopped",
        what: What::RedisAway,
        alert: "RedisDown",
        label: None,
        told: "chat",
        within_min: 2,
        also: &[],
        panel: ("cache", "Redis reachable", Shows::AtMost(0.0)),
        question: ("warnings", &["redis does not answer"]),
    },
    Fault {
        name: "slow_queries",
        what: What::PostgresSlow,
        alert: "DatabaseSlow",
        label: None,
        told: "chat",
        within_min: 11,
        also: &["CacheHitRatioLow"],
        panel: ("database", "P95 by statement", Shows::AtLeast(0.05)),
        question: ("slow-statements", &["\"query\":\"life-append\""]),
    },
    Fault {
        name: "login_flood",
        what: What::LoginFlood,
        alert: "LoginAttack",
        label: None,
        told: "chat",
        within_min: 8,
        also: &["RateLimitFlood"],
        panel: ("accounts", "Logins refused", Shows::AtLeast(0.5)),
        question: ("login-attacks", &["\"client\":\"127.0.0.0/24\""]),
    },
    Fault {
        name: "partition_missing",
        what: What::PartitionMissing,
        alert: "EventPartitionMissing",
        label: Some(("severity", "critical")),
        told: "pager",
        within_min: 6,
        also: &["EventsInDefaultPartition"],
        panel: ("database", "Years with a partition of events", Shows::AtMost(0.0)),
        question: ("warnings", &["this year has no partition of events"]),
    },
    Fault {
        name: "route_5xx",
        what: What::RouteBroken,
        alert: "RouteFailing",
        label: Some(("route", "character-create")),
        told: "chat",
        within_min: 11,
        also: &["HighErrorRate"],
        panel: ("routes", "5xx by route", Shows::AtLeast(0.1)),
        question: ("errors", &["\"character-create\"", "broken by the drill"]),
    },
    Fault {
        name: "postgres_stopped",
        what: What::PostgresAway,
        alert: "PostgresDown",
        label: None,
        told: "pager",
        within_min: 2,
        also: &[],
        panel: ("database", "Postgres reachable", Shows::AtMost(0.0)),
        question: ("errors", &["\"fingerprint\"", "\"game-advance\""]),
    },
];
