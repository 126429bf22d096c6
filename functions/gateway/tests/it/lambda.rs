//! The same life, lived through Lambda: every route's own binary under the real runtime API, behind API Gateway's
//! events. The player is the one who plays against the server, and cannot tell the difference.

use std::collections::BTreeMap;

use gateway::table;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::{
    lambda::{self, Deployment, LambdaApi, Route},
    player::{Player, SeededChooser, Spec},
    sessions_table::SessionsTable,
};

use crate::server::settings;

async fn deploy(instances: usize) -> LambdaApi {
    deploy_with(instances, &[]).await
}

async fn deploy_with(instances: usize, more: &[(&str, &str)]) -> LambdaApi {
    let routes: Vec<Route> = serde_json::from_value(Value::from(table::rows())).expect("rows that the stand-in reads");
    let mut env: BTreeMap<_, _> = settings().await.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let bins = lambda::build_bins().await.expect("binaries");
    LambdaApi::start(Deployment { routes, bins, env, instances }).await.expect("the emulator")
}

/// With all three stores, as on AWS: sessions in DynamoDB, the truth in PostgreSQL, Redis before it.
#[tokio::test]
async fn a_whole_life_passes_through_the_functions() {
    let table = SessionsTable::fresh().await.expect("a table");
    let sessions = [
        ("SESSION_STORE", "dynamodb"),
        ("SESSIONS_TABLE", table.name.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", table.endpoint.as_str()),
        // The server is slow where the machine is busy, and this is not about that.
        ("DYNAMODB_TIMEOUT_MS", "10000"),
    ];
    let api = deploy_with(1, &sessions).await;
    let player = Player::register(&api.url()).await.expect("a player");
    let spec = Spec::new("林安", "CN", 1962);
    let life = player.live_to_the_end(&spec, &mut SeededChooser::new(7)).await.expect("a life");
    let state = player.state(&life.character.character_id).await.expect("a state");
    assert_eq!(state.version, life.state.version);
    let events = player.events(&life.character.character_id).await.expect("events");
    assert!(!events.is_empty());

    assert!(api.errors().is_empty(), "{:?}", api.errors());
    let log = api.logs("game-advance").expect("a log");
    assert!(log.lines().any(|line| line.contains(r#""route":"game-advance""#)), "{log}");
    let sessions = table.items().await.expect("the table's items");
    assert_eq!(sessions.len(), 1, "{sessions:?}");
}

#[tokio::test]
async fn every_binary_starts_and_answers() {
    let api = deploy(1).await;
    let (http, mut asked) = (Client::new(), 0);
    for row in table::rows() {
        // Probes that go well are not logged.
        let is_logged = row["rate"] != "unlimited";
        let route: Route = serde_json::from_value(row).expect("a row that the stand-in reads");
        if !route.shells.iter().any(|shell| shell == "lambda") || route.path == "$default" {
            continue;
        }
        let method = route.method.parse().expect("a method");
        let path: Vec<_> = route.path.split('/').map(|part| if part.starts_with('{') { "7" } else { part }).collect();
        let answer = http.request(method, format!("{}{}", api.url(), path.join("/"))).send().await.expect("an answer");
        assert!(!answer.status().is_server_error(), "{}: {}", route.id, answer.status());
        let log = api.logs(&route.id).expect("a log");
        assert!(!is_logged || log.contains(&format!(r#""route":"{}""#, route.id)), "{}: {log}", route.id);
        asked += 1;
    }
    assert!(asked >= 25, "only {asked} functions were asked");
    assert!(api.errors().is_empty(), "{:?}", api.errors());
}

#[tokio::test]
async fn twenty_containers_live_one_year_once() {
    let api = deploy(4).await;
    let player = Player::register(&api.url()).await.expect("a player");
    let character = player.create_character(&Spec::new("林安", "CN", 1962)).await.expect("a character");
    let state = player.start(&character.character_id, character.version).await.expect("a start");
    let body = json!({"expected_version": state.version, "mode": "steady"});
    let path = format!("/game/advance/{}", character.character_id);
    let mut answers = Vec::new();
    for _ in 0..5 {
        let once = || player.post_with_key(&path, &body, "once");
        let (a, b, c, d) = tokio::join!(once(), once(), once(), once());
        answers.extend([a, b, c, d].map(|answer| answer.expect("an answer").json().clone()));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    assert!(api.errors().is_empty(), "{:?}", api.errors());
}

#[tokio::test]
async fn every_function_answers_and_what_is_not_there_has_an_envelope() {
    let api = deploy(1).await;
    let http = Client::new();
    let rows = [
        ("/health", StatusCode::OK),
        ("/ready", StatusCode::OK),
        ("/docs", StatusCode::OK),
        ("/api/v1/openapi.json", StatusCode::OK),
        ("/api/v1/catalog/countries", StatusCode::OK),
        ("/api/v1/auth/profile", StatusCode::UNAUTHORIZED),
        ("/api/v1/game/advance/1", StatusCode::METHOD_NOT_ALLOWED),
        ("/metrics", StatusCode::NOT_FOUND),
        ("/api/v1/a%20b%2Fc", StatusCode::NOT_FOUND),
        ("/api/v1/%E4%BA%BA/%00%FF?q=%zz", StatusCode::NOT_FOUND),
    ];
    for (path, status) in rows {
        let answer = http.get(format!("{}{path}", api.url())).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        if !status.is_success() {
            let envelope: Value = answer.json().await.expect("an envelope");
            assert_eq!(envelope["success"], false, "{path}");
        }
    }
    assert!(api.errors().is_empty(), "{:?}", api.errors());
}

/// Whether a line is a document of CloudWatch's embedded metric format, by the rules of its specification: what the
/// metadata names is there, and is of the right kind.
fn assert_is_emf(document: &Value) {
    let metadata = document["_aws"].as_object().expect("metadata");
    assert!(metadata["Timestamp"].as_u64().is_some_and(|ms| ms > 1_600_000_000_000), "{document}");
    let directives = metadata["CloudWatchMetrics"].as_array().expect("directives");
    assert!(!directives.is_empty(), "{document}");
    for directive in directives {
        assert_eq!(directive["Namespace"], "RestartLife");
        for set in directive["Dimensions"].as_array().expect("sets of dimensions") {
            let set = set.as_array().expect("a set");
            assert!(set.len() <= 30, "{document}");
            let of = |name: &Value| document[name.as_str().expect("a name")].as_str().map(str::len);
            assert!(set.iter().all(|name| of(name).is_some_and(|length| (1..=1024).contains(&length))), "{document}");
        }
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()), "{document}");
        for metric in metrics {
            let value = &document[metric["Name"].as_str().expect("a name")];
            let numbers = value.as_array().is_some_and(|all| all.len() <= 100 && all.iter().all(Value::is_number));
            assert!(value.is_number() || numbers, "{metric} in {document}");
            let unit = &metric["Unit"];
            assert!(
                unit.is_null() || ["Seconds", "Count", "Bytes"].contains(&unit.as_str().expect("a unit")),
                "{metric}"
            );
        }
    }
}

#[tokio::test]
async fn a_function_has_written_its_metrics_before_its_answer_is_there() {
    let api = deploy_with(1, &[("METRICS_EXPORTER", "emf")]).await;
    let player = Player::register(&api.url()).await.expect("a player");
    let token = player.token().await;
    for times in 1..=3 {
        let answer = Client::new().get(format!("{}/api/v1/characters", api.url())).bearer_auth(&token).send().await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
        let log = api.logs("character-list").expect("a log");
        let documents: Vec<Value> = log
            .lines()
            .filter(|line| line.contains("\"_aws\""))
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        documents.iter().for_each(assert_is_emf);
        let sum = |name: &str| documents.iter().filter_map(|document| document[name].as_u64()).sum::<u64>();
        assert_eq!(sum("http_requests_total"), times, "each request once: {log}");
        assert_eq!(sum("cold_starts_total"), 1);
        let counted = documents.iter().find(|document| document["http_requests_total"].is_number()).expect("one");
        assert_eq!((&counted["route"], &counted["status"]), (&json!("character-list"), &json!("200")));
        let durations: usize = documents
            .iter()
            .filter_map(|document| document["http_request_duration_seconds"].as_array().map(Vec::len))
            .sum();
        assert_eq!(durations as u64, times);
        assert!(documents.iter().all(|document| document["http_requests_in_flight"].is_null()), "no gauges: {log}");
    }
}
