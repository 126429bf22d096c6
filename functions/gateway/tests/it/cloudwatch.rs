//! What the exporter to CloudWatch's API sends, read back from a server that keeps it as CloudWatch does (moto).

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Metric, MetricDataQuery, MetricStat},
};
use testkit::{
    player::Player,
    services::{self, Profile},
};
use uuid::Uuid;

use crate::server::{Server, settings};

/// Longest name or value of a dimension, characters.
const LONGEST: usize = 255;

/// The settings of a gateway whose metrics go to `endpoint`.
async fn sending_to(endpoint: &str, namespace: &str) -> Vec<(&'static str, String)> {
    let mut settings = settings().await;
    settings.push(("METRICS_EXPORTER", "cloudwatch".to_owned()));
    settings.push(("METRICS_NAMESPACE", namespace.to_owned()));
    settings.push(("AWS_ENDPOINT_URL_CLOUDWATCH", endpoint.to_owned()));
    // Players of its own: other tests' are about, too.
    settings.push(("REDIS_NAMESPACE", format!("cloudwatch-{}", Uuid::new_v4().simple())));
    settings
}

/// Asks for the profile so often, with this release of a client.
async fn asks(server: &Server, player: &Player, release: &str, times: usize) {
    let (http, token) = (reqwest::Client::new(), player.token().await);
    for _ in 0..times {
        let request = http.get(format!("{}/api/v1/auth/profile", server.url)).bearer_auth(&token);
        let answer = request.header("x-client-version", release).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
}

/// Every metric of a namespace.
async fn listed(client: &Client, namespace: &str) -> Vec<Metric> {
    let mut pages = client.list_metrics().namespace(namespace).into_paginator().send();
    let mut metrics = Vec::new();
    while let Some(page) = pages.next().await {
        metrics.extend(page.expect("a page").metrics.unwrap_or_default());
    }
    metrics
}

/// A statistic of a metric with exactly these dimensions over the last hour.
async fn statistic(client: &Client, metric: &Metric, statistic: &str) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "the exporter tells the real time")]
    let now = std::time::SystemTime::now();
    let hour = Duration::from_secs(3_600);
    let stat = MetricStat::builder().metric(metric.clone()).period(7_200).stat(statistic).build();
    let query = MetricDataQuery::builder().id("value").metric_stat(stat).build();
    let asked = client.get_metric_data().metric_data_queries(query);
    let asked = asked.start_time(DateTime::from(now - hour)).end_time(DateTime::from(now + hour));
    let answer = asked.send().await.expect("an answer");
    let values: Vec<f64> = answer
        .metric_data_results()
        .iter()
        .flat_map(aws_sdk_cloudwatch::types::MetricDataResult::values)
        .copied()
        .collect();
    assert_eq!(values.len(), 1, "{metric:?}: {values:?}");
    values[0]
}

fn dimensions(metric: &Metric) -> BTreeMap<&str, &str> {
    let mut pairs = BTreeMap::new();
    for dimension in metric.dimensions() {
        pairs.insert(dimension.name().expect("a name"), dimension.value().expect("a value"));
    }
    pairs
}

#[tokio::test]
async fn what_is_counted_can_be_read_back_from_cloudwatch() {
    let endpoint = tokio::task::spawn_blocking(|| services::dynamodb(Profile::Test)).await.expect("no panic");
    let endpoint = endpoint.expect("moto, which serves every API");
    let id = Uuid::new_v4().simple().to_string();
    let (namespace, release) = (format!("RestartLife/{id}"), format!("9.{}", &id[..8]));
    let server = Server::start(&sending_to(&endpoint, &namespace).await);
    let (one, other) = (Player::register(&server.url).await, Player::register(&server.url).await);
    asks(&server, &one.expect("a player"), &release, 3).await;
    asks(&server, &other.expect("a player"), &release, 2).await;
    server.terminate();
    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("are lost"), "{log}");

    let client = Client::new(&platform::aws::settings(Some(&endpoint), Duration::from_secs(20)).await);
    let metrics = listed(&client, &namespace).await;
    for metric in &metrics {
        let dimensions = dimensions(metric);
        assert_eq!(dimensions.get("environment"), Some(&"test"), "{metric:?}");
        assert!(dimensions.len() <= 30 && dimensions.values().all(|value| (1..=LONGEST).contains(&value.len())));
        assert!(dimensions.values().all(|value| !value.contains('/')), "a path is no dimension: {metric:?}");
    }
    let find = |name: &str, wanted: &[(&str, &str)]| {
        let is_it = |metric: &&Metric| {
            let found = dimensions(metric);
            metric.metric_name() == Some(name) && wanted.iter().all(|(name, value)| found.get(name) == Some(value))
        };
        metrics.iter().find(is_it).unwrap_or_else(|| panic!("no {name}{wanted:?}: {metrics:?}"))
    };
    // The release is this test's alone, whatever else the server has been told.
    let requests = find("client_requests_total", &[("version", &release)]);
    assert_eq!(statistic(&client, requests, "Sum").await, 5.0);
    let profile = [("route", "auth-profile-get"), ("method", "GET")];
    assert!(statistic(&client, find("http_requests_total", &profile), "Sum").await >= 5.0);
    let durations = find("http_request_duration_seconds", &profile);
    assert!(statistic(&client, durations, "SampleCount").await >= 5.0);
    assert!((0.0..60.0).contains(&statistic(&client, durations, "Maximum").await));
    // Nobody scrapes here: gauges are there because the process looks by itself, a last time at its end.
    assert_eq!(statistic(&client, find("active_users", &[]), "Maximum").await, 2.0);
    for name in ["postgres_up", "redis_up"] {
        assert_eq!(statistic(&client, find(name, &[]), "Maximum").await, 1.0, "{name}");
    }
    assert!(statistic(&client, find("process_resident_memory_bytes", &[]), "Maximum").await > 1e6);
}

#[tokio::test]
async fn that_figures_are_lost_is_said_and_keeps_nobody_from_playing() {
    let server = Server::start(&sending_to("http://127.0.0.1:9", "RestartLife/Nowhere").await);
    let player = Player::register(&server.url).await.expect("a player");
    asks(&server, &player, "1.0", 1).await;
    server.terminate();
    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("metrics for CloudWatch are lost"), "{log}");
}
