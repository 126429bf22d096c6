//! A Lambda function that answers with what it was given: the sample that `testkit::lambda` is proven with.
#![expect(clippy::disallowed_methods, reason = "it shows the environment it was given")]
#![expect(clippy::print_stdout, reason = "a function's log is its standard output")]

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Error, Request, RequestExt as _, RequestPayloadExt as _, Response, service_fn};
use serde_json::{Value, json};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_http::run(service_fn(echo)))
}

/// The header `x-do` makes it misbehave: `fail`, `exit` or `sleep`.
async fn echo(request: Request) -> Result<Response<Body>, Error> {
    println!("echo of {}", request.uri());
    let headers = request.headers();
    match headers.get("x-do").map(HeaderValue::as_bytes) {
        Some(b"fail") => return Err("asked to fail".into()),
        Some(b"exit") => std::process::exit(3),
        Some(b"sleep") => tokio::time::sleep(std::time::Duration::from_secs(60)).await,
        _ => {}
    }
    let heard = json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "query": request.query_string_parameters().all("q"),
        "id": request.path_parameters().first("id"),
        "cookie": headers.get("cookie").map(|value| value.to_str()).transpose()?,
        "greeting": std::env::var("GREETING").ok(),
        "home": std::env::var("HOME").ok(),
        "json": request.payload::<Value>().ok().flatten(),
    });
    let response = Response::builder().header("set-cookie", "a=1").header("set-cookie", "b=2").header("x-many", "one");
    Ok(match headers.get("accept").map(HeaderValue::as_bytes) {
        Some(media @ b"application/octet-stream") => {
            response.header("content-type", media).body(Body::Binary(vec![0, 159, 146, 150]))?
        }
        _ => response.header("content-type", "application/json").status(201).body(heard.to_string().into())?,
    })
}
