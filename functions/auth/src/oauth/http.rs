//! The one way out of the auth functions: HTTPS (or HTTP to this machine), no redirects, no proxies, no cookies, a
//! bounded answer within a bounded time. It calls only [`Endpoint`]s, which come from the settings or were compared
//! with them.
//!
//! Connections are not kept: sign-ins are rare, and after a Lambda freeze a kept connection is a dead one.

use std::{sync::LazyLock, time::Duration};

use axum::body::Bytes;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use platform::{
    Cx,
    config::providers::{self, ClientAuth, Endpoint},
    telemetry::traces::Open,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::timeout;

use super::error::OauthError;

/// Longest that one request may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(4);

/// Largest answer that is read, bytes. The largest honest ones are key sets, of some ten thousand.
const MOST: usize = 128 * 1024;

type Wire = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

static WIRE: LazyLock<Result<Wire, rustls::Error>> = LazyLock::new(wire);

fn wire() -> Result<Wire, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
}

/// A provider's answer, read whole.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Asks providers, for one request.
#[derive(Clone, Copy)]
pub(super) struct Http<'r> {
    wire: &'static Wire,
    cx: &'r Cx,
}

impl<'r> Http<'r> {
    /// The process's client, made at first use.
    pub(super) fn new(cx: &'r Cx) -> Result<Self, OauthError> {
        let wire = WIRE.as_ref().map_err(|error| platform::ApiError::internal(error.to_string()))?;
        Ok(Self { wire, cx })
    }

    /// GET of `endpoint` with further query parameters, perhaps with an access token.
    pub(super) async fn get(
        self,
        endpoint: &Endpoint,
        query: &[(&str, &str)],
        more: &[(String, String)],
        bearer: Option<&str>,
    ) -> Result<Reply, OauthError> {
        let mut request = Request::builder().method(Method::GET).uri(with_query(endpoint.as_str(), query, more));
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, sensitive(&format!("Bearer {token}"))?);
        }
        self.send(endpoint, request, String::new()).await
    }

    /// POST of a form.
    pub(super) async fn post_form(
        self,
        endpoint: &Endpoint,
        query: &[(&str, &str)],
        form: &[(&str, &str)],
        more: &[(String, String)],
        basic: Option<&providers::Client>,
    ) -> Result<Reply, OauthError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(with_query(endpoint.as_str(), query, &[]))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(client) = basic {
            request = request.header(header::AUTHORIZATION, basic_auth(client)?);
        }
        self.send(endpoint, request, encoded(form, more)).await
    }

    /// POST of JSON.
    pub(super) async fn post_json(self, endpoint: &Endpoint, body: &Value) -> Result<Reply, OauthError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/json");
        self.send(endpoint, request, body.to_string()).await
    }

    async fn send(
        self,
        endpoint: &Endpoint,
        request: http::request::Builder,
        body: String,
    ) -> Result<Reply, OauthError> {
        let method =
            request.method_ref().map_or("_OTHER", |method| if *method == Method::GET { "GET" } else { "POST" });
        let mut span = self.cx.calling(method, &endpoint.authority());
        let request =
            span.iter().flat_map(Open::context).fold(request, |request, (name, value)| request.header(name, value));
        let request = request
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "restart-life")
            .body(Full::from(body))
            .map_err(platform::ApiError::internal)?;
        let whole = async {
            let response = self.wire.request(request).await.map_err(|error| chain(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => format!("answered more than {MOST} bytes"),
                None => chain(error.as_ref()),
            })?;
            Ok(Reply { status, body: body.to_bytes() })
        };
        let answer = timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err("did not answer in time".to_owned()));
        if let Some(span) = &mut span {
            span.ended(answer.as_ref().ok().map(|reply| reply.status));
        }
        // The host and no more: paths and queries may hold secrets.
        answer.map_err(|problem| OauthError::Unavailable(format!("{} {problem}", endpoint.authority())))
    }
}

impl Reply {
    /// The answer to a request that names a code or a token, as JSON: what a provider means by a refusal is told from
    /// what it cannot mean.
    pub(super) fn claims(&self) -> Result<Value, OauthError> {
        let status = self.status;
        if !status.is_success() && (!status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS) {
            return Err(OauthError::Unavailable(format!("answered {status}")));
        }
        let value = serde_json::from_slice::<Value>(&self.body).ok().filter(Value::is_object);
        let refusal = value.as_ref().and_then(|value| word(value.get("error")?));
        match (refusal, value) {
            (Some(error), _) if is_our_fault(&error) => Err(OauthError::Unavailable(format!("refuses us: {error}"))),
            (Some(error), _) => Err(OauthError::CodeRefused(error)),
            (None, _) if !status.is_success() => Err(OauthError::CodeRefused(format!("answered {status}"))),
            (None, Some(value)) => Ok(value),
            (None, None) => Err(OauthError::Unavailable("did not answer with a JSON object".to_owned())),
        }
    }

    /// The answer to a request that cannot be refused, such as for metadata.
    pub(super) fn document<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T, OauthError> {
        if self.status != StatusCode::OK {
            return Err(OauthError::Unavailable(format!("answered {} for its {what}", self.status)));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| OauthError::Unavailable(format!("gave a {what} that cannot be read: {error}")))
    }
}

/// Errors (RFC 6749, section 5.2) that no player can help.
fn is_our_fault(error: &str) -> bool {
    ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"].contains(&error)
}

/// A word or number of a provider's answer, for the log.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(64).collect()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `url` with parameters behind those it has.
pub(super) fn with_query(url: &str, query: &[(&str, &str)], more: &[(String, String)]) -> String {
    match encoded(query, more) {
        none if none.is_empty() => url.to_owned(),
        query => format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' }),
    }
}

fn encoded(pairs: &[(&str, &str)], more: &[(String, String)]) -> String {
    let more = more.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let pairs: Vec<_> = pairs.iter().copied().chain(more).collect();
    // Pairs of texts always have a form.
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

/// RFC 6749, section 2.3.1: both halves are form-encoded first.
fn basic_auth(client: &providers::Client) -> Result<HeaderValue, OauthError> {
    debug_assert_eq!(client.auth, ClientAuth::Basic, "a secret is sent one way");
    let half = |text: &str| encoded(&[("", text)], &[]).trim_start_matches('=').to_owned();
    let secret = client.secret.as_ref().map(|secret| half(secret.expose_secret())).unwrap_or_default();
    sensitive(&format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{secret}", half(&client.id)))))
}

fn sensitive(text: &str) -> Result<HeaderValue, OauthError> {
    let problem = |_| OauthError::Unavailable("gave a token that no header can hold".to_owned());
    let mut value = HeaderValue::from_str(text).map_err(problem)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An error and its sources on one line; none of hyper's shows what was sent.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}
