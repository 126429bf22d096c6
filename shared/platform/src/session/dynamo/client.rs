//! The client for DynamoDB, and what its failures mean.

use std::error::Error as StdError;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::Credentials,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::{Builder, tls};

use crate::{config::DynamoSettings, error::ApiError};

/// How often a request is sent at most, the first time included.
const ATTEMPTS: u32 = 3;

/// How DynamoDB says that too much is asked of it.
const THROTTLED: [&str; 5] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
];

/// A client as the settings want it. Region and credentials are found as every AWS tool finds them: in the environment
/// (Lambda), from the container's or machine's role, in the profile of a developer. Nothing is asked of the network yet
/// but, where there is no other, the region.
pub(super) async fn build(settings: &DynamoSettings) -> Client {
    let https =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.timeout)
        .operation_attempt_timeout(settings.timeout)
        .operation_timeout(settings.timeout * ATTEMPTS)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
        if endpoint.starts_with("http://") {
            // Somebody's own server, not Amazon's: it is not shown real credentials, least of all in the clear.
            let nobody = Credentials::new("local", "local", None, None, "restart-life");
            loader = loader.region(Region::from_static("us-east-1")).credentials_provider(nobody);
        }
    }
    Client::new(&loader.load().await)
}

/// 503 where waiting may help: nothing was answered, DynamoDB failed, or it is asked too much. Everything else is a
/// mistake of ours or of the deployment, 500: a missing table, a missing right, a request it does not understand.
pub(super) fn failed<E>(error: SdkError<E>) -> ApiError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let may_pass = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(refusal) => {
            let throttled = refusal.err().code().is_some_and(|code| THROTTLED.contains(&code));
            throttled || refusal.raw().status().is_server_error()
        }
        _ => false,
    };
    if may_pass { ApiError::unavailable(1, error) } else { ApiError::internal(error) }
}
