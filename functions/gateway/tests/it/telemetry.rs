//! What a running gateway tells its operators: the log as docs/operations/logging.md describes it, how many players are
//! about, which clients they use, how a job ended.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::{
    app::VERIFYING_KEY,
    database,
    player::{Player, Spec},
    services,
};

use crate::server::{Server, settings};

fn with(mut settings: Vec<(&'static str, String)>, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    for (name, value) in more {
        settings.retain(|(known, _)| known != name);
        settings.push((name, (*value).to_owned()));
    }
    settings
}

/// A metric's value on a page, by its name with labels.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

async fn page(server: &Server) -> String {
    reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics").text().await.expect("a page")
}

/// Sends one request and gives its status.
async fn ask(server: &Server, path: &str, token: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = reqwest::Client::new().get(format!("{}{path}", server.url)).bearer_auth(token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn an_access_line_says_who_asked_what_with_which_client_and_what_it_cost() {
    let server = Server::start(&settings().await);
    let player = Player::register(&server.url).await.expect("a player");
    let character = player.create_character(&Spec::new("林安", "CN", 1962)).await.expect("a character");
    let (id, token) = (character.character_id, player.token().await);
    let client = [("x-client-version", "1.4.2"), ("x-request-id", "told")];
    assert_eq!(ask(&server, &format!("/api/v1/characters/{id}"), &token, &client).await, 200);
    assert_eq!(ask(&server, "/api/v1/characters", "forged", &[("x-request-id", "forged")]).await, 401);
    let create = || {
        let request = reqwest::Client::new().post(format!("{}/api/v1/characters", server.url)).bearer_auth(&token);
        request.header("idempotency-key", "twice").json(&json!(Spec::new("林安", "CN", 1962))).send()
    };
    let (first, again) = (create().await.expect("an answer"), create().await.expect("an answer"));
    assert_eq!((first.status().as_u16(), again.status().as_u16()), (201, 201));
    server.terminate();
    let (_, log) = server.wait();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |request: &str| lines.iter().filter(|line| line["request_id"] == request).collect::<Vec<_>>();

    let told = of("told");
    assert_eq!(told.len(), 1, "one access line a request: {told:?}");
    let told = told[0];
    assert_eq!(
        (&told["message"], &told["route"], &told["status"]),
        (&json!("request"), &json!("character-get"), &json!(200))
    );
    assert_eq!((&told["character_id"], &told["cold_start"]), (&json!(id), &json!(false)));
    let fields = &told["fields"];
    assert_eq!(fields["client_version"], "1.4.2");
    assert_eq!(fields["client_platform"], "other", "the platform of the session, not a word of the request");
    assert_eq!((&fields["redis"], &fields["sql"]), (&json!(1), &json!(0)), "a warm read: {told}");
    assert!(told["user_id"].is_string() && told["duration_ms"].is_number() && told["trace_id"].is_string(), "{told}");

    let forged = &of("forged")[0]["fields"];
    assert_eq!((&forged["reason"], &forged["client_platform"]), (&json!("TOKEN_INVALID"), &json!("anonymous")));
    let replayed = lines.iter().filter(|line| line["fields"]["replayed"] == true).count();
    assert_eq!(replayed, 1, "the second of two requests under one key");
    let audit = lines.iter().find(|line| line["message"] == "account event").expect("an audit line");
    assert_eq!((&audit["target"], &audit["fields"]["event"]), (&json!("audit"), &json!("register")));
    assert!(audit["request_id"].is_string() && audit["fields"]["client"] == "127.0.0.0/24", "{audit}");
    let cold: Vec<_> = lines.iter().filter(|line| line["cold_start"] == true).collect();
    assert_eq!(cold.len(), 1, "one request had to wait for the process: {cold:?}");
    assert!(!log.contains(&token) && !log.contains("林安"), "tokens and bodies are in no log");
}

#[tokio::test]
async fn active_users_are_the_same_number_whichever_process_is_asked() {
    for redis in [database::redis_url().await.expect("Redis"), database::redis_cluster_url().await.expect("a cluster")]
    {
        // A namespace of its own: other tests' players are about, too.
        let namespace = format!("active-{}", uuid::Uuid::new_v4().simple());
        let more = [("REDIS_URL", redis.as_str()), ("REDIS_NAMESPACE", namespace.as_str())];
        let settings = with(settings().await, &more);
        let (one, other) = (Server::start(&settings), Server::start(&settings));
        assert_eq!(value(&page(&one).await, "active_users "), Some(0.0));
        for number in 0..7 {
            let player = Player::register(&one.url).await.expect("a player");
            // Some are seen by both processes, and several times.
            for server in [&one, &other, &one].into_iter().take(1 + number % 3) {
                assert_eq!(ask(server, "/api/v1/characters", &player.token().await, &[]).await, 200);
            }
        }
        for server in [&one, &other] {
            let page = page(server).await;
            assert_eq!(value(&page, "active_users "), Some(7.0), "{redis}");
            assert_eq!((value(&page, "redis_up "), value(&page, "postgres_up ")), (Some(1.0), Some(1.0)));
        }
    }
}

#[tokio::test]
async fn what_clients_say_makes_few_labels() {
    let server = Server::start(&settings().await);
    let token = Player::register(&server.url).await.expect("a player").token().await;
    for number in 0..60 {
        let version = format!("7.{number}");
        ask(&server, "/api/v1/characters", &token, &[("x-client-version", &version)]).await;
        ask(&server, &format!("/no/such/path/{number}"), &token, &[]).await;
    }
    let page = page(&server).await;
    let clients: BTreeSet<_> = page.lines().filter(|line| line.starts_with("client_requests_total{")).collect();
    assert!((30..=40).contains(&clients.len()), "{clients:#?}");
    assert!(page.contains(r#"client_requests_total{platform="other",version="other"}"#), "{clients:#?}");
    let lost: Vec<_> =
        page.lines().filter(|line| line.starts_with("http_requests_total") && line.contains("404")).collect();
    assert_eq!(lost.len(), 1, "sixty paths, one series: {lost:?}");
}

#[tokio::test]
async fn a_module_is_made_to_talk_and_be_quiet_again_while_it_runs() {
    let folder = std::env::temp_dir().join(format!("restart-life-levels-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("levels");
    let server = Server::start(&with(settings().await, &[("LOG_LEVEL_FILE", file.to_str().expect("a path"))]));
    let token = Player::register(&server.url).await.expect("a player").token().await;
    let changed = |level: &'static str, name: &'static str| {
        std::fs::write(&file, level).expect("written");
        let (server, token) = (&server, token.as_str());
        async move {
            // It looks every 5 s.
            tokio::time::sleep(Duration::from_millis(6_500)).await;
            ask(server, "/api/v1/characters", token, &[("x-request-id", name)]).await;
        }
    };
    changed("error", "hushed").await;
    changed("loud=very", "still-hushed").await;
    changed("", "as-configured").await;
    server.terminate();
    let (_, log) = server.wait();
    assert!(!log.contains("hushed"), "{log}");
    assert!(log.contains("as-configured") && log.contains("the log level was changed"), "{log}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// A Pushgateway of the test's own; killed when dropped.
struct Pushgateway {
    child: Child,
    url: String,
}

impl Pushgateway {
    async fn start() -> Self {
        let program =
            tokio::task::spawn_blocking(services::pushgateway).await.expect("no panic").expect("a Pushgateway");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("it").port();
        let mut command = Command::new(program);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let gateway = Self { child: command.spawn().expect("it starts"), url: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(20);
        while reqwest::get(format!("{}/-/ready", gateway.url)).await.is_err() {
            assert!(Instant::now() < deadline, "it does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        gateway
    }

    async fn page(&self) -> String {
        reqwest::get(format!("{}/metrics", self.url)).await.expect("an answer").text().await.expect("a page")
    }
}

impl Drop for Pushgateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn run_job(id: &str, database_url: &str, pushgateway: &str) -> (bool, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["job", id])
        .env_clear()
        .envs([
            ("DATABASE_URL", database_url),
            ("AUTH_VERIFYING_KEYS", VERIFYING_KEY),
            ("PUSHGATEWAY_URL", pushgateway),
        ])
        .output()
        .await
        .expect("it runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn a_job_leaves_at_the_pushgateway_how_it_ended() {
    let (pushgateway, database) = (Pushgateway::start().await, database::fresh().await.expect("a database"));
    assert!(run_job("purge-sessions", &database, &pushgateway.url).await.0);
    let success = r#"job_last_success_timestamp_seconds{instance="",job="purge-sessions"} "#;
    let first = value(&pushgateway.page().await, success).expect("when it succeeded");
    assert!(first > 1.7e9, "{first}");

    // A failure is counted, and leaves the time of the last success as it was.
    assert!(!run_job("purge-sessions", "postgres://nobody@127.0.0.1:1/none", &pushgateway.url).await.0);
    let page = pushgateway.page().await;
    assert_eq!(value(&page, success), Some(first));
    let failed = r#"job_runs_total{instance="",job="purge-sessions",outcome="failed"} "#;
    assert_eq!(value(&page, failed), Some(1.0), "{page}");

    // Nobody there to tell: the work counts.
    let (succeeded, log) = run_job("purge-sessions", &database, "http://127.0.0.1:1").await;
    assert!(succeeded && log.contains("the Pushgateway was not told"), "{log}");
}
