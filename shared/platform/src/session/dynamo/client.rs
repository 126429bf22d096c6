//! The client for DynamoDB, and what its failures mean.

use std::error::Error as StdError;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::{aws, config::DynamoSettings, error::ApiError};

/// How DynamoDB says that too much is asked of it.
const THROTTLED: [&str; 5] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
];

/// A client as the settings want it.
pub(super) async fn build(settings: &DynamoSettings) -> Client {
    Client::new(&aws::settings(settings.endpoint.as_deref(), settings.timeout).await)
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
