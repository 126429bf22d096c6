//! Everything an operator sets: read from the environment once, here and nowhere else, and checked at start.
//!
//! All problems are reported together, each with the variable's name and what would be right.

mod floors;
mod mail;
mod outbox;
pub mod providers;
mod reader;
mod telemetry;
mod traces;
mod values;

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

pub use self::{
    mail::{MailTls, MailWay, Sender, SmtpServer},
    outbox::{OutboxSettings, WebhookKey},
    telemetry::Exporter,
    traces::TraceSettings,
    values::{AppEnv, DynamoSettings, PasswordCost, SigningKey, VerifyingKey},
};
use self::{
    providers::Provider,
    reader::{Reader, key, namespace, network, origin, table, url},
};
use crate::{
    cache::{self, policy::CachePolicy},
    telemetry::traces::Sampler,
};

/// One environment variable: its name, what it means, and its default.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Name in the environment.
    pub name: &'static str,
    /// Used when the variable is unset or empty; `None` means it must be set.
    pub default: Option<&'static str>,
    /// One sentence with unit and range.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($konst:ident = $name:literal, $default:expr, $meaning:literal;)*) => {
        $(const $konst: Variable = Variable { name: $name, default: $default, meaning: $meaning };)*

        /// Every variable the platform reads.
        pub const VARIABLES: &[Variable] = &[$($konst),*];
    };
}

variables! {
    APP_ENV = "APP_ENV", Some("local"), "Deployment: local, test, staging or production.";
    HOST = "HOST", Some("0.0.0.0"), "Address the server listens on.";
    PORT = "PORT", Some("8080"), "Port the server listens on; 0 picks a free one.";
    METRICS_PORT = "METRICS_PORT", Some("9464"), "Port of /metrics in a container; 0 picks a free one.";
    DATABASE_URL = "DATABASE_URL", None, "postgres:// URL of the database that holds the truth.";
    DATABASE_MAX_CONNECTIONS = "DATABASE_MAX_CONNECTIONS", Some("16"), "Connections of one process, 1..=1000; on Lambda 1 is right.";
    DATABASE_ACQUIRE_TIMEOUT_MS = "DATABASE_ACQUIRE_TIMEOUT_MS", Some("3000"), "Longest wait for a connection, ms, 10..=60000; then the answer is 503.";
    DATABASE_STATEMENT_TIMEOUT_MS = "DATABASE_STATEMENT_TIMEOUT_MS", Some("5000"), "Longest a statement may run, ms, 10..=60000. The server enforces it: `gateway migrate` sets it for its role in this database.";
    REDIS_URL = "REDIS_URL", Some(""), "redis:// or rediss:// (TLS) URL of a server; of a cluster redis+cluster:// or rediss+cluster:// with its configuration endpoint, or several nodes separated by commas; empty runs without Redis.";
    REDIS_NAMESPACE = "REDIS_NAMESPACE", Some(""), "Begins this deployment's keys in Redis, so that several can share one; empty means APP_ENV. 1 to 64 of a-z, 0-9, - and _.";
    CACHE_STRICT = "CACHE_STRICT", Some("false"), "true refuses writes (503) while Redis cannot be reached, so that no read is ever stale; false goes on without it.";
    CACHE_STRICT_REPLICAS = "CACHE_STRICT_REPLICAS", Some("0"), "With CACHE_STRICT, replicas of Redis that must have a fence before its write begins, 0..=5: 1 where a failover is automatic.";
    CACHE_CONTENT = "CACHE_CONTENT", Some("ttl=3600s,max_bytes=16MiB,eviction=lfu,compress=lz4"), "Content of other releases: time in Redis (1s..86400s), bytes in the process, eviction (lru, lfu, fifo), compression (lz4, none). What is left out is as in the default.";
    CACHE_USER_DATA = "CACHE_USER_DATA", Some("ttl=60s,max_bytes=16MiB,eviction=lfu,compress=lz4"), "Profiles and lists of characters; as CACHE_CONTENT.";
    CACHE_CHARACTER_DATA = "CACHE_CHARACTER_DATA", Some("ttl=60s,max_bytes=16MiB,eviction=lfu,compress=lz4"), "Relationships; as CACHE_CONTENT.";
    CACHE_GAME_STATE = "CACHE_GAME_STATE", Some("ttl=60s,max_bytes=64MiB,eviction=lfu,compress=lz4"), "Lives and answers about them; as CACHE_CONTENT.";
    CACHE_ACHIEVEMENTS = "CACHE_ACHIEVEMENTS", Some("ttl=60s,max_bytes=8MiB,eviction=lfu,compress=lz4"), "Unlocks and progress; as CACHE_CONTENT.";
    CACHE_LEADERBOARD = "CACHE_LEADERBOARD", Some("ttl=5s,max_bytes=8MiB,eviction=lfu,compress=lz4"), "Rankings and aggregates shared by many; as CACHE_CONTENT.";
    SESSION_STORE = "SESSION_STORE", Some("postgres"), "Where signed-in devices are kept: postgres or dynamodb.";
    SESSIONS_TABLE = "SESSIONS_TABLE", Some("restart-life-sessions"), "With SESSION_STORE=dynamodb, the table: 3 to 255 of a-z, A-Z, 0-9, _, . and -.";
    AWS_ENDPOINT_URL_DYNAMODB = "AWS_ENDPOINT_URL_DYNAMODB", Some(""), "Another server that speaks DynamoDB's API, an http:// or https:// URL; empty means Amazon's in AWS_REGION. One without TLS is a stand-in on this machine: it is sent made-up credentials.";
    DYNAMODB_TIMEOUT_MS = "DYNAMODB_TIMEOUT_MS", Some("1000"), "Longest one attempt at DynamoDB may take, ms, 50..=10000; there are up to 3, then the answer is 503.";
    AUTH_SIGNING_KEY = "AUTH_SIGNING_KEY", Some(""), "kid:base64url(Ed25519 seed, 32 bytes). Set on functions that mint tokens, nowhere else.";
    AUTH_VERIFYING_KEYS = "AUTH_VERIFYING_KEYS", None, "kid:base64url(Ed25519 public key, 32 bytes), several separated by commas during a rotation.";
    LOG_LEVEL = "LOG_LEVEL", Some("info"), "tracing filter, such as info or info,sqlx=debug.";
    LOG_LEVEL_FILE = "LOG_LEVEL_FILE", Some(""), "A file whose content replaces LOG_LEVEL while it is there and not empty; looked at every 5 s, so that a level can be raised without a restart. Not on Lambda.";
    METRICS_EXPORTER = "METRICS_EXPORTER", Some("prometheus"), "Where metrics go: prometheus (a page on METRICS_PORT), emf (CloudWatch's embedded metric format on stdout; on Lambda before each answer), cloudwatch (its API; the gateway only), none.";
    METRICS_NAMESPACE = "METRICS_NAMESPACE", Some("RestartLife"), "Namespace in CloudWatch, 1 to 255 of a-z, A-Z, 0-9, ., -, _, /, # and :.";
    AWS_ENDPOINT_URL_CLOUDWATCH = "AWS_ENDPOINT_URL_CLOUDWATCH", Some(""), "Another server that speaks CloudWatch's API, an http:// or https:// URL; empty means Amazon's in AWS_REGION. One without TLS is a stand-in on this machine: it is sent made-up credentials.";
    PUSHGATEWAY_URL = "PUSHGATEWAY_URL", Some(""), "http:// URL of a Prometheus Pushgateway, to which `gateway job` says how it ended; empty tells nobody.";
    OTEL_EXPORTER_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", Some(""), "URL of an OpenTelemetry collector that takes OTLP over HTTP, such as http://collector:4318; empty traces nothing.";
    OTEL_EXPORTER_OTLP_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS", Some(""), "Headers for it, such as authorization=Bearer%20key: values percent-encoded, several separated by commas.";
    OTEL_EXPORTER_OTLP_TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT", Some("1000"), "Longest that one request to it may take, ms, 10..=10000; a Lambda answer waits for it for 200 at most.";
    OTEL_TRACES_SAMPLER = "OTEL_TRACES_SAMPLER", Some("parentbased_traceidratio"), "Which requests are traced: always_on, always_off or traceidratio; with parentbased_ before it, those whose caller says so in traceparent, and that for the others.";
    OTEL_TRACES_SAMPLER_ARG = "OTEL_TRACES_SAMPLER_ARG", Some("0.01"), "Of traceidratio, the share of requests, 0..=1.";
    OTEL_SERVICE_NAME = "OTEL_SERVICE_NAME", Some("restart-life"), "service.name of traces, 1 to 255 printable characters.";
    OTEL_RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES", Some(""), "Further attributes of all traces, such as k8s.pod.name=game-7: values percent-encoded, several separated by commas.";
    RATE_LIMIT_PERCENT = "RATE_LIMIT_PERCENT", Some("100"), "Scales every rate limit, 0..=100000; 0 switches limits off.";
    ARGON2_MEMORY_KIB = "ARGON2_MEMORY_KIB", Some("19456"), "Argon2id memory in KiB, 8..=1048576 (OWASP: 19456).";
    ARGON2_ITERATIONS = "ARGON2_ITERATIONS", Some("2"), "Argon2id passes, 1..=100 (OWASP: 2 at 19456 KiB).";
    ARGON2_AT_ONCE = "ARGON2_AT_ONCE", Some(""), "Passwords hashed at once in one process, 1..=64; empty means the number of cores. Each takes ARGON2_MEMORY_KIB.";
    MAIL_URL = "MAIL_URL", Some(""), "How mail leaves: smtp://user:password@host:587?tls=required (STARTTLS; the default), smtps://user:password@host:465, ?tls=none in local and test only; log: (local and test only) writes it to the log. Percent-encode user and password. Amazon SES: its SMTP endpoint and SMTP credentials. Empty means log: in local and test, none elsewhere.";
    MAIL_FROM = "MAIL_FROM", Some(""), "Whom mail is from, such as Restart Life <no-reply@example.org>; needed with an SMTP server.";
    SHUTDOWN_DELAY_SECONDS = "SHUTDOWN_DELAY_SECONDS", Some("5"), "How long a server goes on taking requests after SIGTERM, seconds, 0..=120: /ready says 503 at once, and whoever balances load needs a moment to hear it.";
    SHUTDOWN_GRACE_SECONDS = "SHUTDOWN_GRACE_SECONDS", Some("25"), "Longest time after that for what was begun, seconds, 0..=600.";
    CORS_ALLOWED_ORIGINS = "CORS_ALLOWED_ORIGINS", Some(""), "Origins browsers may call from, separated by commas; * for any.";
    IDEMPOTENCY_KEEP_DAYS = "IDEMPOTENCY_KEEP_DAYS", Some("1"), "How long the answer to an Idempotency-Key is kept, days, 1..=90; the job purge-idempotency-keys deletes older ones.";
    OAUTH_PROVIDERS = "OAUTH_PROVIDERS", Some("[]"), "JSON array of who else may say who a player is; docs/security/auth.md. Set on functions that sign in, nowhere else.";
    OUTBOX_WEBHOOK_URL = "OUTBOX_WEBHOOK_URL", Some(""), "https:// or http:// URL that is told of what happens in the game, by the job deliver-outbox; docs/operations/outbox.md. Empty tells nobody, and writes nothing down to be told.";
    OUTBOX_WEBHOOK_KEY = "OUTBOX_WEBHOOK_KEY", Some(""), "What those messages are signed with: whsec_ and the base64 of 24 to 64 random bytes. Set on jobs that send them, nowhere else.";
    OUTBOX_QUEUE_URL = "OUTBOX_QUEUE_URL", Some(""), "URL of a queue of Amazon SQS: deliver-outbox puts the messages there, and the job send-webhook sends them. Empty sends them at once.";
    AWS_ENDPOINT_URL_SQS = "AWS_ENDPOINT_URL_SQS", Some(""), "Another server that speaks the API of SQS, an http:// or https:// URL; empty means Amazon's in AWS_REGION. One without TLS is a stand-in on this machine: it is sent made-up credentials.";
    OUTBOX_KEEP_DAYS = "OUTBOX_KEEP_DAYS", Some("7"), "How long what was delivered is kept, days, 1..=90; the job purge-outbox deletes older ones, and what could not be delivered after 30 days.";
    TRUSTED_PROXIES = "TRUSTED_PROXIES", Some(""), "Networks whose X-Forwarded-For is believed, CIDR, separated by commas.";
    BEHIND_CLOUDFRONT = "BEHIND_CLOUDFRONT", Some("false"), "true takes a client's address from CloudFront-Viewer-Address. Only where nobody reaches this process but through CloudFront: who could, would say what they like.";
}

/// The validated settings of this process.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is one variable, described in `VARIABLES`")]
pub struct Config {
    pub app_env: AppEnv,
    pub host: IpAddr,
    pub port: u16,
    pub metrics_port: u16,
    pub database_url: SecretString,
    pub database_max_connections: u32,
    pub database_acquire_timeout: Duration,
    pub database_statement_timeout: Duration,
    pub redis_url: Option<SecretString>,
    pub redis_namespace: String,
    pub cache_strict: bool,
    pub cache_strict_replicas: u8,
    /// By [`Class::index`].
    pub cache: [CachePolicy; 6],
    /// `None` where Postgres keeps the sessions.
    pub dynamodb_sessions: Option<DynamoSettings>,
    pub auth_signing_key: Option<SigningKey>,
    pub auth_verifying_keys: Vec<VerifyingKey>,
    pub log_level: String,
    pub log_level_file: Option<PathBuf>,
    pub metrics_exporter: Exporter,
    pub metrics_namespace: String,
    pub cloudwatch_endpoint: Option<String>,
    pub pushgateway_url: Option<String>,
    /// `None` where nothing is traced.
    pub traces: Option<TraceSettings>,
    pub rate_limit_percent: u32,
    pub password_cost: PasswordCost,
    pub passwords_at_once: usize,
    pub mail: MailWay,
    pub shutdown_delay: Duration,
    pub shutdown_grace: Duration,
    pub cors_allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub behind_cloudfront: bool,
    pub idempotency_keep: Duration,
    pub oauth_providers: Arc<[Provider]>,
    pub outbox: OutboxSettings,
}

/// Everything that is wrong with the environment, one line a variable.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not valid: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Config {
    /// Reads and checks the process's environment.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong, and what is expected of it. Values are not repeated, for
    /// they may be secret.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads and checks settings from any source of name → value.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup, problems: Vec::new() };
        let config = reader.read();
        reader.problems.extend(config.iter().flat_map(floors::problems));
        match config {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(ConfigError(reader.problems)),
        }
    }
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn read(&mut self) -> Option<Config> {
        let app_env = self.parse(APP_ENV, |text| text.parse::<AppEnv>().map_err(str::to_owned));
        let host = self.parse(HOST, |text| text.parse().map_err(|_| "must be an IP address".to_owned()));
        let port = self.number(PORT, 0, 65535);
        let metrics_port = self.number(METRICS_PORT, 0, 65535);
        let database_url = self.parse(DATABASE_URL, |text| url(text, &["postgres://", "postgresql://"]));
        let database_max_connections = self.number(DATABASE_MAX_CONNECTIONS, 1, 1000);
        let redis_schemes: Vec<_> =
            cache::SINGLE_SCHEMES.into_iter().chain(cache::CLUSTER_SCHEMES.map(|pair| pair.0)).collect();
        let redis_url = self.optional(REDIS_URL, |text| url(text, &redis_schemes));
        let acquire_timeout_ms: Option<u32> = self.number(DATABASE_ACQUIRE_TIMEOUT_MS, 10, 60_000);
        let statement_timeout_ms: Option<u32> = self.number(DATABASE_STATEMENT_TIMEOUT_MS, 10, 60_000);
        let redis_namespace = self.optional(REDIS_NAMESPACE, namespace);
        let cache_strict = self.truth(CACHE_STRICT);
        if cache_strict == Some(true) && redis_url.as_ref().is_some_and(Option::is_none) {
            self.problems.push(format!("{} needs {}", CACHE_STRICT.name, REDIS_URL.name));
        }
        let cache_strict_replicas = self.number(CACHE_STRICT_REPLICAS, 0, 5);
        let [content, user_data, character_data, game_state, achievements, leaderboard] = [
            CACHE_CONTENT,
            CACHE_USER_DATA,
            CACHE_CHARACTER_DATA,
            CACHE_GAME_STATE,
            CACHE_ACHIEVEMENTS,
            CACHE_LEADERBOARD,
        ]
        .map(|variable| {
            self.parse(variable, |text| CachePolicy::parse_over(variable.default.unwrap_or_default(), text))
        });
        let dynamodb_sessions = self.dynamodb_sessions();
        let auth_signing_key =
            self.optional(AUTH_SIGNING_KEY, |text| key(text).map(|(kid, seed)| SigningKey { kid, seed: seed.into() }));
        let auth_verifying_keys =
            self.list(AUTH_VERIFYING_KEYS, |item| key(item).map(|(kid, x)| VerifyingKey { kid, x }));
        let log_level = self.parse(LOG_LEVEL, |text| {
            text.parse::<tracing_subscriber::filter::Targets>().map(|_| text.to_owned()).map_err(|_| {
                "must be a level (error, warn, info, debug, trace) or a list like info,sqlx=debug".to_owned()
            })
        });
        let log_level_file = self.optional(LOG_LEVEL_FILE, telemetry::file);
        let metrics_exporter = self.parse(METRICS_EXPORTER, Exporter::parse);
        let metrics_namespace = self.parse(METRICS_NAMESPACE, telemetry::namespace);
        let cloudwatch_endpoint = self.endpoint(AWS_ENDPOINT_URL_CLOUDWATCH, &["http://", "https://"]);
        let pushgateway_url = self.endpoint(PUSHGATEWAY_URL, &["http://"]);
        let traces = self.traces();
        let rate_limit_percent = self.number(RATE_LIMIT_PERCENT, 0, 100_000);
        let memory_kib = self.number(ARGON2_MEMORY_KIB, 8, 1_048_576);
        let iterations = self.number(ARGON2_ITERATIONS, 1, 100);
        let passwords_at_once = self.passwords_at_once();
        let mail = self.mail(app_env);
        let shutdown_delay_s: Option<u32> = self.number(SHUTDOWN_DELAY_SECONDS, 0, 120);
        let shutdown_grace_s: Option<u32> = self.number(SHUTDOWN_GRACE_SECONDS, 0, 600);
        let cors_allowed_origins = self.list(CORS_ALLOWED_ORIGINS, origin);
        if cors_allowed_origins.as_ref().is_some_and(|list| list.len() > 1 && list.iter().any(|one| one == "*")) {
            self.problems.push(format!("{} must be * alone or a list without it", CORS_ALLOWED_ORIGINS.name));
        }
        let trusted_proxies = self.list(TRUSTED_PROXIES, network);
        let behind_cloudfront = self.truth(BEHIND_CLOUDFRONT);
        let idempotency_keep_days: Option<u32> = self.number(IDEMPOTENCY_KEEP_DAYS, 1, 90);
        let oauth_providers = self.parse(OAUTH_PROVIDERS, providers::parse);
        let outbox = self.outbox();
        let app_env = app_env?;
        Some(Config {
            app_env,
            host: host?,
            port: port?,
            metrics_port: metrics_port?,
            database_url: database_url?,
            database_max_connections: database_max_connections?,
            database_acquire_timeout: Duration::from_millis(acquire_timeout_ms?.into()),
            database_statement_timeout: Duration::from_millis(statement_timeout_ms?.into()),
            redis_url: redis_url?,
            redis_namespace: redis_namespace?.unwrap_or_else(|| app_env.as_str().to_owned()),
            cache_strict: cache_strict?,
            cache_strict_replicas: cache_strict_replicas?,
            cache: [content?, user_data?, character_data?, game_state?, achievements?, leaderboard?],
            dynamodb_sessions: dynamodb_sessions?,
            auth_signing_key: auth_signing_key?,
            auth_verifying_keys: auth_verifying_keys?,
            log_level: log_level?,
            log_level_file: log_level_file?,
            metrics_exporter: metrics_exporter?,
            metrics_namespace: metrics_namespace?,
            cloudwatch_endpoint: cloudwatch_endpoint?,
            pushgateway_url: pushgateway_url?,
            traces: traces?,
            rate_limit_percent: rate_limit_percent?,
            password_cost: PasswordCost { memory_kib: memory_kib?, iterations: iterations? },
            passwords_at_once: passwords_at_once?,
            mail: mail?,
            shutdown_delay: Duration::from_secs(shutdown_delay_s?.into()),
            shutdown_grace: Duration::from_secs(shutdown_grace_s?.into()),
            cors_allowed_origins: cors_allowed_origins?,
            trusted_proxies: trusted_proxies?,
            behind_cloudfront: behind_cloudfront?,
            idempotency_keep: Duration::from_secs(u64::from(idempotency_keep_days?) * 24 * 3600),
            oauth_providers: oauth_providers?.into(),
            outbox: outbox?,
        })
    }

    fn passwords_at_once(&mut self) -> Option<usize> {
        let given = self.optional(ARGON2_AT_ONCE, |text| {
            let number = text.parse().ok().filter(|number| (1..=64).contains(number));
            number.ok_or_else(|| "must be a whole number from 1 to 64, or empty".to_owned())
        })?;
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(64));
        Some(given.unwrap_or_else(cores))
    }

    fn mail(&mut self, app_env: Option<AppEnv>) -> Option<MailWay> {
        let from = self.optional(MAIL_FROM, Sender::parse);
        // Where APP_ENV itself is wrong, that is the problem.
        let app_env = app_env.unwrap_or(AppEnv::Local);
        let way = self.parse(MAIL_URL, |text| MailWay::parse(text, from.clone().flatten(), app_env));
        from.and(way)
    }

    fn dynamodb_sessions(&mut self) -> Option<Option<DynamoSettings>> {
        let chosen = self.parse(SESSION_STORE, |text| match text {
            "postgres" => Ok(false),
            "dynamodb" => Ok(true),
            _ => Err("must be postgres or dynamodb".to_owned()),
        });
        let table = self.parse(SESSIONS_TABLE, table);
        let endpoint = self.endpoint(AWS_ENDPOINT_URL_DYNAMODB, &["http://", "https://"]);
        let timeout_ms: Option<u32> = self.number(DYNAMODB_TIMEOUT_MS, 50, 10_000);
        let timeout = Duration::from_millis(timeout_ms?.into());
        let settings = DynamoSettings { table: table?, endpoint: endpoint?, timeout };
        chosen.map(|chosen| chosen.then_some(settings))
    }

    fn outbox(&mut self) -> Option<OutboxSettings> {
        let webhook_url = self.optional(OUTBOX_WEBHOOK_URL, outbox::webhook_url);
        let webhook_key = self.optional(OUTBOX_WEBHOOK_KEY, WebhookKey::parse);
        let queue_url = self.endpoint(OUTBOX_QUEUE_URL, &["https://", "http://"]);
        let sqs_endpoint = self.endpoint(AWS_ENDPOINT_URL_SQS, &["http://", "https://"]);
        let keep_days: Option<u32> = self.number(OUTBOX_KEEP_DAYS, 1, 90);
        Some(OutboxSettings {
            webhook_url: webhook_url?,
            webhook_key: webhook_key?,
            queue_url: queue_url?,
            sqs_endpoint: sqs_endpoint?,
            keep: Duration::from_secs(u64::from(keep_days?) * 24 * 3600),
        })
    }

    fn traces(&mut self) -> Option<Option<TraceSettings>> {
        let endpoint = self.optional(OTEL_EXPORTER_OTLP_ENDPOINT, traces::endpoint);
        let headers = self.list(OTEL_EXPORTER_OTLP_HEADERS, |item| traces::pair(item).and_then(traces::header));
        let timeout_ms: Option<u32> = self.number(OTEL_EXPORTER_OTLP_TIMEOUT, 10, 10_000);
        let sampler = self.parse(OTEL_TRACES_SAMPLER, traces::sampler);
        let ratio = self.parse(OTEL_TRACES_SAMPLER_ARG, traces::ratio);
        let service_name = self.parse(OTEL_SERVICE_NAME, traces::service_name);
        let resource = self.list(OTEL_RESOURCE_ATTRIBUTES, traces::pair);
        let sampler = Sampler::named(&sampler?, ratio?)?;
        let (headers, service_name, resource) = (headers?, service_name?, resource?);
        let timeout = Duration::from_millis(timeout_ms?.into());
        let settings = |endpoint| TraceSettings { endpoint, headers, timeout, sampler, service_name, resource };
        endpoint.map(|endpoint| endpoint.map(settings))
    }
}

#[cfg(test)]
mod tests;
