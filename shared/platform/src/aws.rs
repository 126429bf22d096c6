//! What every client of an AWS service is built from: one HTTP client with rustls and ring, timeouts, retries, and who we
//! are. Clients are built where they are first needed; loading this costs a Lambda function more than all else it does
//! before its first request.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_smithy_http_client::{Builder, tls};

/// How often a request is sent at most, the first time included.
const ATTEMPTS: u32 = 3;

/// Settings of a client whose attempts may take `timeout` each. Region and credentials are found as every AWS tool finds
/// them: in the environment (Lambda), from the container's or machine's role, in the profile of a developer. Nothing is
/// asked of the network yet but, where there is no other, the region.
pub async fn settings(endpoint: Option<&str>, timeout: Duration) -> SdkConfig {
    let https =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(timeout)
        .operation_attempt_timeout(timeout)
        .operation_timeout(timeout * ATTEMPTS)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
        if endpoint.starts_with("http://") {
            // Somebody's own server, not Amazon's: it is not shown real credentials, least of all in the clear.
            let nobody = Credentials::new("local", "local", None, None, "restart-life");
            loader = loader.region(Region::from_static("us-east-1")).credentials_provider(nobody);
        }
    }
    loader.load().await
}
