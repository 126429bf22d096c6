//! What a collector gets to see of a life in the container's process and of a request on Lambda; and that one that is away
//! or slow costs players nothing.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    net::TcpListener,
    time::{Duration, Instant},
};

use platform::store::STATEMENTS;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::{
    collector::{Collector, TakenSpan},
    player::{Player, Spec},
};

use crate::{
    lambda_process,
    server::{Server, settings},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const ADVANCE: &str = "POST /api/v1/game/advance/{character_id}";

async fn traced(endpoint: String, sampler: &str) -> Vec<(&'static str, String)> {
    let mut settings = settings().await;
    settings.push(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));
    settings.push(("OTEL_TRACES_SAMPLER", sampler.to_owned()));
    settings.push(("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=game%2D7".to_owned()));
    settings
}

/// A year of a new life, lived with these headers; gives the answer's status.
async fn live_a_year(url: &str, headers: &[(&str, &str)]) -> StatusCode {
    let player = Player::register(url).await.expect("a player");
    let character = player.create_character(&Spec::new("林安", "CN", 1962)).await.expect("a character");
    let state = player.start(&character.character_id, character.version).await.expect("a start");
    let mut request = Client::new()
        .post(format!("{url}/api/v1/game/advance/{}", character.character_id))
        .bearer_auth(player.token().await)
        .header("idempotency-key", "a-year")
        .json(&json!({"expected_version": state.version, "mode": "steady"}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer").status()
}

fn named<'s>(spans: &'s [TakenSpan], name: &str) -> &'s TakenSpan {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

/// A trace of an advance holds together, and says of each part what it was.
fn check_advance(spans: &[TakenSpan], output: &str) {
    let (root, handler) = (named(spans, ADVANCE), named(spans, "game-advance"));
    assert_eq!((root.kind.as_str(), handler.parent_id.as_str()), ("SPAN_KIND_SERVER", root.id.as_str()));
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/game/advance/{character_id}"),
        ("http.response.status_code", "200"),
        ("restart_life.route", "game-advance"),
    ] {
        assert_eq!(root.attributes.get(key).map(String::as_str), Some(value), "{root:#?}");
    }
    assert_eq!(named(spans, "engine.advance").parent_id, handler.id);
    let of = |system: &str| {
        let is_of = |span: &&TakenSpan| span.attributes.get("db.system.name").is_some_and(|name| name == system);
        spans.iter().filter(is_of).collect::<Vec<_>>()
    };
    let (sql, redis) = (of("postgresql"), of("redis"));
    let names: BTreeSet<_> = STATEMENTS.iter().map(|statement| statement.name).collect();
    assert!(!sql.is_empty() && sql.iter().all(|span| names.contains(span.name.as_str())), "{sql:#?}");
    assert!(sql.iter().all(|span| span.attributes["db.query.summary"] == span.name && span.kind == "SPAN_KIND_CLIENT"));
    assert!(sql.iter().all(|span| span.events == ["connected"]), "{sql:#?}");
    let scripts: BTreeSet<_> = redis.iter().map(|span| span.attributes["db.stored_procedure.name"].as_str()).collect();
    assert_eq!(scripts, BTreeSet::from(["gate", "settle"]), "{redis:#?}");
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), spans.len(), "two spans have one id");
    for span in spans {
        assert!(span.id == root.id || ids.contains(&span.parent_id), "{span:#?} hangs in the air");
        assert!(root.start_ns <= span.start_ns && span.start_ns <= span.end_ns && span.end_ns <= root.end_ns);
        assert!(!span.is_error, "{span:#?}");
    }
    for secret in ["SELECT", "INSERT", "EVALSHA ", "林安", "rl:"] {
        assert!(!output.contains(secret), "{secret} is in a trace");
    }
}

#[tokio::test]
async fn a_collector_sees_a_request_with_its_parts_and_the_callers_trace() {
    let collector = Collector::start().await.expect("a collector");
    let server = Server::start(&traced(collector.url(), "parentbased_always_on").await);
    let line = format!("00-{TRACE}-{PARENT}-01");
    let status = live_a_year(&server.url, &[("traceparent", &line), ("tracestate", "game=7")]).await;
    assert_eq!(status, StatusCode::OK);
    let spans = collector.trace(TRACE, ADVANCE).await;
    check_advance(&spans, &collector.output());
    let root = named(&spans, ADVANCE);
    assert_eq!((root.parent_id.as_str(), root.trace_state.as_str()), (PARENT, "game=7"));
    for (key, value) in
        [("service.name", "restart-life"), ("k8s.pod.name", "game-7"), ("deployment.environment.name", "test")]
    {
        assert_eq!(root.resource.get(key).map(String::as_str), Some(value), "{:#?}", root.resource);
    }

    // What the caller does not record, and what only a probe asks, is not recorded here.
    let unsampled = "ab".repeat(16);
    let http = Client::new();
    let get = |path: &str| http.get(format!("{}{path}", server.url));
    let line = format!("00-{unsampled}-{PARENT}-00");
    get("/api/v1/catalog/countries").header("traceparent", &line).send().await.expect("an answer");
    get("/health").send().await.expect("an answer");
    let refused = "cd".repeat(16);
    get("/api/v1/auth/profile").header("traceparent", format!("00-{refused}-{PARENT}-01")).send().await.expect("one");
    get("/nothing/here").send().await.expect("an answer");
    server.terminate();
    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.lines().any(|line| line.contains(TRACE) && line.contains(r#""route":"game-advance""#)), "{log}");
    assert!(log.contains(&unsampled), "the log tells of every request");

    // All is sent before it ends.
    let profile = collector.trace(&refused, "GET /api/v1/auth/profile").await;
    let root = named(&profile, "GET /api/v1/auth/profile");
    assert_eq!((root.attributes["http.response.status_code"].as_str(), root.is_error), ("401", false));
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == "GET" && !span.attributes.contains_key("http.route")), "{spans:#?}");
    assert!(spans.iter().all(|span| span.trace_id != unsampled && !span.name.contains("/health")), "{spans:#?}");
}

/// AWS's emulator hands no trace on (there is no `Lambda-Runtime-Trace-Id` at its runtime API), so this is testkit's API.
#[tokio::test]
async fn on_lambda_the_trace_is_x_rays_and_leaves_before_the_answer() {
    let (collector, folder) = (Collector::start().await.expect("a collector"), tempfile::tempdir().expect("a folder"));
    let log = folder.path().join("log");
    // The process itself would trace nothing: X-Ray decides.
    let settings = traced(collector.url(), "parentbased_always_off").await;
    let file = File::create(&log).expect("a file");
    let (api, _child) = lambda_process::start_with_log("auth-register", &settings, file).await;
    let asked = async |username: &str, trace: &str, sampled: &str| {
        let mut event = lambda_process::register(username);
        event["headers"]["x-request-id"] = username.into();
        // A caller that has a trace of its own beside it, which is not the one that X-Ray shows.
        event["headers"]["traceparent"] = format!("00-{}-{PARENT}-00", "ab".repeat(16)).into();
        let line = format!("Root=1-{}-{};Parent={PARENT}{sampled};Lineage=1:a87bd80c:0", &trace[..8], &trace[8..]);
        event["headers"]["x-amzn-trace-id"] = line.into();
        assert_eq!(lambda_process::status(&api.invoke(event).await.expect("an answer")), 201, "{username}");
    };
    let unsampled = ["ef".repeat(16), "cd".repeat(16)];
    asked("unsampled", &unsampled[0], ";Sampled=0").await;
    asked("undecided", &unsampled[1], "").await;
    asked("sampled", TRACE, ";Sampled=1").await;
    // Not waited for: the answer is here, so the spans are sent. Only the collector's own output may take a moment.
    let spans = collector.trace(TRACE, "POST /api/v1/auth/register").await;
    let (root, handler) = (named(&spans, "POST /api/v1/auth/register"), named(&spans, "auth-register"));
    assert_eq!((root.kind.as_str(), root.parent_id.as_str()), ("SPAN_KIND_SERVER", PARENT));
    assert_eq!(
        (handler.parent_id.as_str(), root.attributes["http.response.status_code"].as_str()),
        (root.id.as_str(), "201")
    );
    assert!(spans.iter().any(|span| span.attributes.get("db.system.name").is_some_and(|name| name == "postgresql")));
    assert!(collector.spans().iter().all(|span| span.trace_id == TRACE), "{:#?}", collector.spans());

    let log = fs::read_to_string(&log).expect("a log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (request, trace) in [("unsampled", unsampled[0].as_str()), ("undecided", &unsampled[1]), ("sampled", TRACE)] {
        let access = lines.iter().find(|line| line["message"] == "request" && line["request_id"] == request);
        let access = access.unwrap_or_else(|| panic!("no access line of {request}: {log}"));
        assert_eq!((&access["trace_id"], &access["route"]), (&json!(trace), &json!("auth-register")), "{access}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_or_silent_costs_players_nothing() {
    // Takes connections, for the kernel does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_url = format!("http://{}", silent.local_addr().expect("an address"));
    for endpoint in ["http://127.0.0.1:9".to_owned(), silent_url] {
        let server = Server::start(&traced(endpoint.clone(), "always_on").await);
        assert_eq!(live_a_year(&server.url, &[]).await, StatusCode::OK, "{endpoint}");
        let http = Client::new();
        for _ in 0..20 {
            let started = Instant::now();
            let answer = http.get(format!("{}/api/v1/catalog/countries", server.url)).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK, "{endpoint}");
            assert!(started.elapsed() < Duration::from_millis(900), "{endpoint}: the answer waited for the collector");
        }
        let lost = async || {
            let page = http.get(format!("{}/metrics", server.metrics_url)).send().await.expect("metrics");
            let page = page.text().await.expect("a page");
            page.lines().any(|line| line.starts_with(r#"trace_spans_dropped_total{reason="collector_away"}"#))
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !lost().await {
            assert!(Instant::now() < deadline, "{endpoint}: nobody is told that spans are lost");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server.terminate();
        let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("traces cannot be sent"), "{log}");
    }
}
