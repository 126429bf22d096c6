//! A route as an AWS Lambda function: the same service as everywhere, fed by the Lambda runtime API.

use std::{net::IpAddr, process::ExitCode};

use lambda_http::{
    Error, Request, RequestExt,
    request::RequestContext,
    tower::{ServiceBuilder, ServiceExt},
};

use super::init;
use crate::{
    ctx::Phase,
    http::{ClientIp, router},
    route::Route,
    telemetry,
};

/// Runs `route` until the environment is shut down. Not generic and not async, so that a bin is one call: an async
/// main in each would be compiled anew for each.
pub fn lambda(route: &'static Route) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error.into()),
    };
    match runtime.block_on(run(route)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

async fn run(route: &'static Route) -> Result<(), Error> {
    let ctx = init()?;
    ctx.enter(Phase::Serving);
    let service = ServiceBuilder::new().map_request(with_client_ip).service(router(ctx, [route]));
    let service = service.then(async |answer| (telemetry::flush(ctx).await, answer).1);
    lambda_http::run(service.map_err(Error::from)).await
}

/// Takes the caller's address from the request context: headers are the caller's own words.
fn with_client_ip(mut request: Request) -> Request {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref().and_then(parse),
        Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.as_deref().and_then(parse),
        _ => None,
    };
    if let Some(ip) = address {
        request.extensions_mut().insert(ClientIp(ip));
    }
    request
}

fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// Says why the function cannot start, as a log line of its own: the log may not be up yet.
#[expect(clippy::print_stderr, reason = "the last words of a process that cannot start")]
fn refuse(error: &Error) -> ExitCode {
    eprintln!("{}", serde_json::json!({"level": "ERROR", "message": "cannot start", "error": error.to_string()}));
    ExitCode::FAILURE
}
