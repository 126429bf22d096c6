//! HTTP to Lambda and back: API Gateway's payload format 2.0.
//!
//! Format: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide. What the guide
//! leaves open was taken from recorded events: `rawPath` is decoded, form bodies count as binary.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::routes::{Match, decode};

/// A request as API Gateway received it.
#[derive(Debug)]
pub(super) struct Received<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) peer: IpAddr,
    /// API Gateway's own id of the request.
    pub(super) id: Uuid,
    pub(super) at: SystemTime,
}

/// The event its function is invoked with.
pub(super) fn event(received: &Received<'_>, matched: &Match<'_>) -> Value {
    let Received { parts, body, peer, id, at } = received;
    let at: DateTime<Utc> = (*at).into();
    let path = decode(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let host = text(&parts.headers, &HOST).unwrap_or_default();
    let key = matched.route.key();

    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(received, &host),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.to_string(),
                "userAgent": text(&parts.headers, &USER_AGENT).unwrap_or_default(),
            },
            "requestId": id.simple().to_string(),
            "routeKey": key,
            "stage": "$default",
            "time": at.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": at.timestamp_millis(),
        },
        "isBase64Encoded": false,
    });
    // These are left out, not empty, when there is nothing to say.
    if let Some(cookies) = text(&parts.headers, &COOKIE) {
        event["cookies"] = cookies.split(';').map(str::trim).collect();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query);
    }
    if !matched.parameters.is_empty() {
        event["pathParameters"] = json!(matched.parameters);
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(plain) if is_text(&parts.headers) => event["body"] = plain.into(),
            _ => {
                event["body"] = STANDARD.encode(body).into();
                event["isBase64Encoded"] = true.into();
            }
        }
    }
    event
}

/// Names in lower case, repeated ones joined, cookies elsewhere, plus what API Gateway adds.
fn headers(received: &Received<'_>, host: &str) -> BTreeMap<String, String> {
    let Received { parts, peer, id, at, .. } = received;
    let given = &parts.headers;
    let mut headers: BTreeMap<_, _> = given
        .keys()
        .filter(|name| *name != COOKIE)
        .filter_map(|name| Some((name.to_string(), text(given, name)?)))
        .collect();
    let forwarded = headers.get("x-forwarded-for").map_or(peer.to_string(), |before| format!("{before}, {peer}"));
    headers.insert("x-forwarded-for".to_owned(), forwarded);
    headers.insert("x-forwarded-port".to_owned(), host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let trace = format!("Root=1-{seconds:08x}-{}", &id.simple().to_string()[..24]);
    headers.entry("x-amzn-trace-id".to_owned()).or_insert(trace);
    headers
}

/// All values of a header, joined by commas.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// The decoded query; repeated names joined by commas.
fn query_parameters(query: &str) -> Value {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")));
        let joined = match parameters.get(&name) {
            Some(Value::String(before)) => format!("{before},{value}"),
            _ => value,
        };
        parameters.insert(name, joined.into());
    }
    parameters.into()
}

/// Whether a body of this type is passed on as text.
fn is_text(headers: &HeaderMap) -> bool {
    let given = text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.starts_with("text/")
        || matches!(media.as_str(), "application/json" | "application/xml" | "application/javascript")
}

/// An invocation that failed instead of answering.
#[derive(Clone, Debug)]
pub struct FunctionError {
    /// The route's id.
    pub route: String,
    /// What Lambda calls it, such as `Runtime.ExitError`.
    pub kind: String,
    /// What there is to know about it.
    pub message: String,
}

impl std::fmt::Display for FunctionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.route, self.kind, self.message)
    }
}

impl std::error::Error for FunctionError {}

impl FunctionError {
    pub(super) fn new(route: &str, kind: &str, message: impl Into<String>) -> Self {
        Self { route: route.to_owned(), kind: kind.to_owned(), message: message.into() }
    }
}

/// What a function may answer; anything else is one of its failures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// How the emulator begins the one report that is not JSON.
const TIMED_OUT: &[u8] = b"Task timed out after ";

/// How the emulator reports a failure of the function.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    error_type: String,
    error_message: String,
}

/// The failure an invocation's result stands for, if it is one.
pub(super) fn failure(route: &str, result: &[u8]) -> Result<(), FunctionError> {
    if let Ok(Failure { error_type, error_message }) = serde_json::from_slice(result) {
        return Err(FunctionError::new(route, &error_type, error_message));
    }
    if result.starts_with(TIMED_OUT) {
        return Err(FunctionError::new(route, "TimedOut", String::from_utf8_lossy(result)));
    }
    Ok(())
}

/// The HTTP response an invocation's result stands for.
pub(super) fn response(route: &str, result: &[u8]) -> Result<Response<Body>, FunctionError> {
    failure(route, result)?;
    let malformed = |why: String| FunctionError::new(route, "MalformedAnswer", why);
    let answer: Answer = serde_json::from_slice(result)
        .map_err(|error| malformed(format!("{error}: {}", String::from_utf8_lossy(result))))?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded {
        STANDARD.decode(&body).map_err(|error| malformed(error.to_string()))?
    } else {
        body.into_bytes()
    };
    let mut response = Response::builder().status(answer.status_code);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    for cookie in &answer.cookies {
        response = response.header(SET_COOKIE, cookie);
    }
    response.body(body.into()).map_err(|error| malformed(error.to_string()))
}

/// What API Gateway itself answers when there is no answer to pass on.
pub(super) fn own(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(json!({ "message": message }).to_string().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
