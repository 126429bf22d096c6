//! A route as an AWS Lambda function: the same service as everywhere, fed by the Lambda runtime API.

use std::process::ExitCode;

use axum::{Router, body};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use lambda_http::{Error, Request, service_fn, tower::ServiceExt};

use super::{origin, start};
use crate::{ctx::Ctx, http::router, route::Route, telemetry};

/// Runs `route` until the environment is shut down. Not generic and not async, so that a bin is one call: an async
/// main in each would be compiled anew for each.
pub fn lambda(route: &'static Route) -> ExitCode {
    start::run(|ctx| {
        let router = router(ctx, [route]);
        lambda_http::runtime_concurrent(service_fn(move |request| answer(ctx, router.clone(), request)))
    })
}

/// The whole answer to one event. When this returns, the answer is sent and the environment may be frozen for hours or be
/// gone: whatever must be done for a request is done before, and nothing is left to a task.
async fn answer(ctx: &Ctx, router: Router, request: Request) -> Result<Response<Full<Bytes>>, Error> {
    let Ok(response) = router.oneshot(origin::placed(request)).await;
    let (parts, body) = response.into_parts();
    let body = body::to_bytes(body, usize::MAX).await?;
    telemetry::flush(ctx).await;
    Ok(Response::from_parts(parts, Full::new(body)))
}
