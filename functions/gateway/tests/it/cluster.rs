//! The whole application on a Redis Cluster: every route works, and no call spans two slots.

use http::{Method, StatusCode};
use serde_json::json;
use testkit::{
    app::TestApp,
    database,
    services::{self, Profile},
};

use crate::story::Story;

/// The whole application on a cluster.
pub(crate) async fn app() -> TestApp {
    let url = database::redis_cluster_url().await.expect("a cluster");
    // Limits on, so that each request asks Redis; wide enough that none is refused.
    TestApp::with_settings(gateway::routes(None), &[("REDIS_URL", &url), ("RATE_LIMIT_PERCENT", "10000")]).await
}

/// How often the cluster's masters have answered a command with this error since they started.
async fn errors(code: &'static str) -> u64 {
    let ask = move || {
        let cluster = services::redis_cluster(Profile::Test)?;
        let mut count = 0;
        for master in &cluster.masters {
            let stats = master.ask("INFO errorstats")?;
            let lines = stats.lines().filter_map(|line| line.strip_prefix(&format!("errorstat_{code}:count=")));
            count += lines.filter_map(|number| number.trim().parse::<u64>().ok()).sum::<u64>();
        }
        anyhow::Ok(count)
    };
    tokio::task::spawn_blocking(ask).await.expect("no panic").expect("an answer")
}

#[tokio::test]
async fn a_life_is_lived_and_every_route_answers_without_crossing_slots() {
    let app = app().await;
    for player in ["cluster_a", "cluster_b", "cluster_c"] {
        let mut story = Story::begun(&app, player, "CN", 1962).await;
        for _ in 0..5 {
            story.live_a_year().await;
        }
        for what in ["state", "events"] {
            let answer = story.read(what).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        }
        // Also with what each of them refuses: a refusal takes its own way through the cache.
        for route in gateway::routes(None) {
            if route.is_fallback() {
                continue;
            }
            let method: Method = route.method.as_str().parse().expect("a method");
            let path = route.path.replace("{character_id}", &story.character);
            for token in [Some(story.token.as_str()), None] {
                let mut request = app.request(method.clone(), &path).json(&json!({"expected_version": 1}));
                if let Some(token) = token {
                    request = request.token(token);
                }
                let answer = request.send().await;
                assert!(answer.status.as_u16() < 500, "{}: {}", route.id, answer.text());
            }
        }
    }
    assert!(app.ctx().redis().expect("Redis").is_reachable(app.ctx().now()).await);
    assert_eq!(errors("CROSSSLOT").await, 0);
    assert_eq!(app.get("/ready").send().await.data()["degraded"], json!([]));
}

#[tokio::test]
async fn limits_are_counted_once_for_all_processes() {
    let url = database::redis_cluster_url().await.expect("a cluster");
    let settings = [("REDIS_URL", url.as_str()), ("RATE_LIMIT_PERCENT", "100")];
    let here = TestApp::with_settings(gateway::routes(None), &settings).await;
    let beside = here.beside(gateway::routes(None), &settings).await;
    let apps = [here, beside];
    let ip = std::net::Ipv6Addr::from(uuid::Uuid::new_v4().as_u128()).into();
    let body = json!({"username": "nobody", "password": "wrong password"});
    let mut refused = 0;
    for turn in 0..14 {
        let answer = apps[turn % 2].post("/api/v1/auth/login", &body).from_ip(ip).send().await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "ten pass at once, and each process alone has seen only seven");
}
