//! Every variable is checked, and what is said of a wrong one names it and repeats nothing.

use super::*;

const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn config(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let base = [("DATABASE_URL", "postgres://db/game"), ("AUTH_VERIFYING_KEYS", KEY)];
    let find = |pairs: &[(&str, &str)], name: &str| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    Config::from_lookup(|name| find(set, name).or_else(|| find(&base, name)))
}

#[test]
fn defaults_suffice_once_the_database_and_the_keys_are_named() {
    let config = config(&[]).expect("valid");
    assert_eq!((config.port, config.metrics_port), (8080, 9464));
    assert!(config.redis_url.is_none());
}

#[test]
fn every_problem_names_its_variable_and_none_repeats_the_value() {
    let rows: &[(&str, &str)] = &[
        ("APP_ENV", "prod"),
        ("HOST", "localhost"),
        ("PORT", "65536"),
        ("METRICS_PORT", "-1"),
        ("DATABASE_URL", "mysql://hunter2@db"),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("DATABASE_ACQUIRE_TIMEOUT_MS", "9"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "60001"),
        ("REDIS_URL", "hunter2"),
        ("REDIS_NAMESPACE", "hunter2:"),
        ("CACHE_STRICT", "yes"),
        ("CACHE_STRICT_REPLICAS", "6"),
        ("CACHE_CONTENT", "ttl=0s"),
        ("CACHE_USER_DATA", "max_bytes=hunter2"),
        ("CACHE_CHARACTER_DATA", "eviction=arc"),
        ("CACHE_GAME_STATE", "compress=gzip"),
        ("CACHE_ACHIEVEMENTS", "hunter2"),
        ("CACHE_LEADERBOARD", "ttl"),
        ("SESSION_STORE", "hunter2"),
        ("SESSIONS_TABLE", "hunter2:sessions"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "ftp://hunter2"),
        ("DYNAMODB_TIMEOUT_MS", "49"),
        ("AUTH_SIGNING_KEY", "k1:hunter2"),
        ("AUTH_VERIFYING_KEYS", "hunter2"),
        ("LOG_LEVEL", "loud=very"),
        ("LOG_LEVEL_FILE", "hunter2\0"),
        ("METRICS_EXPORTER", "hunter2"),
        ("METRICS_NAMESPACE", "AWS/hunter2"),
        ("AWS_ENDPOINT_URL_CLOUDWATCH", "ftp://hunter2"),
        ("PUSHGATEWAY_URL", "https://hunter2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2:4317"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "9"),
        ("OTEL_TRACES_SAMPLER", "hunter2"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.1"),
        ("OTEL_SERVICE_NAME", "hunter 2"),
        ("OTEL_RESOURCE_ATTRIBUTES", "hunter2"),
        ("RATE_LIMIT_PERCENT", "many"),
        ("ARGON2_MEMORY_KIB", "7"),
        ("ARGON2_ITERATIONS", "0"),
        ("ARGON2_AT_ONCE", "65"),
        ("MAIL_URL", "imap://hunter2@mail"),
        ("MAIL_FROM", "hunter2"),
        ("SHUTDOWN_DELAY_SECONDS", "121"),
        ("SHUTDOWN_GRACE_SECONDS", "601"),
        ("CORS_ALLOWED_ORIGINS", "play.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("BEHIND_CLOUDFRONT", "hunter2"),
        ("OUTBOX_WEBHOOK_URL", "ftp://hunter2"),
        ("OUTBOX_WEBHOOK_KEY", "whsec_hunter2"),
        ("OUTBOX_QUEUE_URL", "hunter2"),
        ("AWS_ENDPOINT_URL_SQS", "ftp://hunter2"),
        ("OUTBOX_KEEP_DAYS", "91"),
        ("IDEMPOTENCY_KEEP_DAYS", "0"),
        ("OAUTH_PROVIDERS", "[\"hunter2\"]"),
    ];
    for row in rows {
        let text = config(&[*row]).expect_err(row.0).to_string();
        assert!(text.contains(row.0), "{text} does not name {}", row.0);
        assert!(!text.contains("hunter2"), "{text} repeats the value");
    }
    let all = config(rows).expect_err("all wrong").to_string();
    assert!(rows.iter().all(|row| all.contains(row.0)), "{all} does not name every variable");
    assert_eq!(rows.len(), VARIABLES.len(), "a variable has no row in this test");
}

#[test]
fn any_origin_stands_alone() {
    let text = config(&[("CORS_ALLOWED_ORIGINS", "*,https://play.example.org")]).expect_err("both").to_string();
    assert!(text.contains("CORS_ALLOWED_ORIGINS"), "{text}");
}

#[test]
fn production_does_not_start_with_what_is_right_on_a_laptop() {
    let laptop = [
        ("RATE_LIMIT_PERCENT", "0"),
        ("ARGON2_MEMORY_KIB", "8192"),
        ("OUTBOX_WEBHOOK_URL", "http://game.example.org/told"),
    ];
    for (name, value) in laptop {
        config(&[(name, value)]).expect("a laptop may");
        let text = config(&[("APP_ENV", "production"), (name, value)]).expect_err(name).to_string();
        assert!(text.contains(name), "{text} does not name {name}");
    }
    for (memory, passes) in [("7168", "5"), ("19456", "2"), ("47104", "1")] {
        let cost = [("APP_ENV", "production"), ("ARGON2_MEMORY_KIB", memory), ("ARGON2_ITERATIONS", passes)];
        config(&cost).unwrap_or_else(|error| panic!("{memory} and {passes}: {error}"));
    }
    config(&[("APP_ENV", "production")]).expect("the defaults are good enough");
}

#[test]
fn a_missing_variable_is_named() {
    let text = Config::from_lookup(|_| None).expect_err("nothing is set").to_string();
    assert!(text.contains("DATABASE_URL is not set") && text.contains("AUTH_VERIFYING_KEYS is not set"), "{text}");
}
