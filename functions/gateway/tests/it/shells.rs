//! The same life in every shell: as one process, and as one Lambda function a route under the Lambda runtime API.

use std::time::Duration;

use gateway::table;
use serde_json::{Value, json};
use testkit::{
    lambda::{Deployment, LambdaApi, build_bins},
    player::{Player, SeededChooser, Spec},
};

use crate::server::{Server, settings};

/// A life in its place and time, to the end, by HTTP at `url`.
async fn live_a_life(url: &str) {
    let player = Player::register(url).await.expect("registered");
    let spec = Spec::new("Lin An", "CN", 1962);
    let life = player.live_to_the_end(&spec, &mut SeededChooser::new(7)).await.expect("a whole life");
    assert!(life.state.is_over());
    let events = player.events(&life.character.character_id).await.expect("its events");
    assert!(events.len() > 1);
}

#[tokio::test]
async fn a_life_in_the_container() {
    let server = Server::start(&settings().await);
    live_a_life(&server.url).await;

    let metrics = reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics");
    let page = metrics.text().await.expect("a page");
    let advanced = r#"http_requests_total{method="POST",route="game-advance",status="200"}"#;
    assert!(page.lines().any(|line| line.starts_with(advanced)), "{page}");
    assert!(page.contains(r#"http_request_duration_seconds_bucket{method="GET",route="game-events""#), "{page}");
    let open = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer");
    assert_eq!(open.status(), 404, "metrics are not on the public port");
}

#[tokio::test]
async fn a_life_on_lambda() {
    let bins = build_bins().await.expect("the functions build");
    let routes = serde_json::from_value(Value::Array(table::rows())).expect("the routes");
    let env = settings().await.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let api = LambdaApi::start(Deployment { routes, bins, env, instances: 2 }).await.expect("an API");
    live_a_life(&api.url()).await;

    let probe = reqwest::get(format!("{}/ready", api.url())).await.expect("an answer");
    assert_eq!(probe.status(), 200);
    let nowhere = reqwest::get(format!("{}/api/v1/nothing", api.url())).await.expect("an answer");
    assert_eq!(nowhere.status(), 404);
    let envelope: Value = nowhere.json().await.expect("an envelope");
    assert_eq!(envelope["error"]["code"], "NOT_FOUND");
    assert_eq!(api.errors().len(), 0, "{:?}", api.errors());
    let log = api.logs("game-advance").expect("its log");
    let colds = log.lines().filter(|line| line.contains(r#""cold_start":true"#)).count();
    assert!((1..=2).contains(&colds), "one cold start an instance: {log}");
}

#[tokio::test]
async fn sigterm_finishes_what_was_begun() {
    let server = Server::start(&settings().await);
    let url = server.url.clone();
    // Hashing a password takes long enough to be asked to stop in the middle.
    let slow = tokio::spawn(async move {
        let body = json!({"username": "in_flight", "password": "correct horse battery"});
        reqwest::Client::new().post(format!("{url}/api/v1/auth/register")).json(&body).send().await
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    server.terminate();
    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("draining") && log.contains("stopped"), "{log}");
    match slow.await.expect("no panic") {
        Ok(answer) => assert_eq!(answer.status(), 201),
        // It had not been accepted yet when the listener closed; then nothing of it was done.
        Err(error) => assert!(error.is_connect() && !log.contains("auth-register"), "{error}: {log}"),
    }
}

#[test]
fn a_wrong_environment_is_named() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_gateway"))
        .arg("serve")
        .env_clear()
        .env("PORT", "eighty")
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for variable in ["PORT", "DATABASE_URL", "AUTH_VERIFYING_KEYS"] {
        assert!(text.contains(variable), "{text} does not name {variable}");
    }
}
