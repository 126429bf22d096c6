//! Requests as a patient client sends them: repeated, under the same Idempotency-Key, until there is an answer.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use reqwest::{Client, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The first pause before a request is repeated; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause, unless the server asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The API behind a base URL.
#[derive(Clone, Debug)]
pub(super) struct Api {
    http: Client,
    base: String,
    locale: String,
    patience: Duration,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) body: Option<&'a Value>,
}

impl Api {
    pub(super) fn new(base: &str, locale: &str, patience: Duration) -> Result<Self> {
        // A request that takes longer than this has lost its server; proxies have no business on the way to a test.
        let http = Client::builder().timeout(Duration::from_secs(35)).no_proxy().build()?;
        let base = format!("{}/api/v1", base.trim_end_matches('/'));
        Ok(Self { http, base, locale: locale.to_owned(), patience })
    }

    /// Sends a request until it is answered. No connection, a connection that breaks, 503 and 429 are no answers.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Answer> {
        let deadline = Instant::now() + self.patience;
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outcome = self.once(call).await;
            let asked = match &outcome {
                Ok(answer) if !answer.is_try_again() => None,
                Ok(answer) => Some(answer.retry_after.unwrap_or_default().max(pause)),
                Err(error) if error.is_builder() => None,
                Err(_) => Some(pause),
            };
            match asked.filter(|asked| Instant::now() + *asked < deadline) {
                Some(asked) => tokio::time::sleep(asked).await,
                None => {
                    let answer = outcome.with_context(|| format!("{} {}: no answer", call.method, call.path))?;
                    return Ok(Answer { attempts, ..answer });
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, call: Call<'_>) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.base, call.path));
        request = request.header(header::ACCEPT_LANGUAGE, &self.locale);
        if let Some(token) = call.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let retry_after = text("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let replayed = text("idempotency-replayed").as_deref() == Some("true");
        let etag = text("etag");
        let body = response.text().await?;
        Ok(Answer { status, body, etag, replayed, retry_after, attempts: 1 })
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body as it came.
    pub body: String,
    /// The ETag, quotes included.
    pub etag: Option<String>,
    /// Whether it is the stored answer to an earlier request with the same key.
    pub replayed: bool,
    /// How often the request was sent.
    pub attempts: u32,
    retry_after: Option<Duration>,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The `data` of a success; a [`Refusal`] for everything else.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        let mut body = self.json();
        if !self.status.is_success() {
            return Err(Refusal::of(self.status, body).into());
        }
        serde_json::from_value(body["data"].take())
            .with_context(|| format!("an answer of another shape: {}", self.body))
    }

    fn is_try_again(&self) -> bool {
        matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
    }
}

/// An answer that is not the one that was asked for.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// The coarse class, such as `CONFLICT`.
    pub code: String,
    /// The exact reason, such as `DECISION_PENDING`; empty if there is none.
    pub reason: String,
    /// The whole error, with message, fields and details.
    pub error: Value,
}

impl Refusal {
    fn of(status: StatusCode, mut body: Value) -> Self {
        let error = body["error"].take();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Self { status, code: text("code"), reason: text("reason"), error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}: {}", self.status, self.error)
    }
}

impl std::error::Error for Refusal {}
