//! What the exporter to CloudWatch's API does when nobody takes its figures. That they arrive cannot be tested here: the
//! SDK speaks Smithy's RPC v2 (CBOR) to CloudWatch, which the API server of these tests (moto) does not serve.

use testkit::player::Player;
use uuid::Uuid;

use crate::server::{Server, settings};

/// A gateway that sends its metrics to where nobody is tells so at its end, and serves until then.
#[tokio::test]
async fn that_figures_are_lost_is_said_and_keeps_nobody_from_playing() {
    let mut settings = settings().await;
    settings.push(("METRICS_EXPORTER", "cloudwatch".to_owned()));
    settings.push(("METRICS_NAMESPACE", "RestartLife/Nowhere".to_owned()));
    settings.push(("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9".to_owned()));
    settings.push(("REDIS_NAMESPACE", format!("cloudwatch-{}", Uuid::new_v4().simple())));
    let server = Server::start(&settings);
    Player::register(&server.url).await.expect("a player");
    server.terminate();
    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("metrics for CloudWatch are lost"), "{log}");
}
