//! Sign-in by others, against real servers that speak as they do.

mod account;
mod claims;
mod flow;
mod keys;
mod metadata;
mod mini;
mod oauth2;
mod platforms;
mod provider;
mod settings;
mod trouble;

use std::collections::BTreeMap;

use http::StatusCode;
use reqwest::{Url, redirect::Policy};
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use self::provider::OidcProvider;

/// Where browsers come back to.
const REDIRECT_URI: &str = "https://play.example.org/signed-in";

/// The application with `providers`.
async fn app(providers: &[Value]) -> TestApp {
    let setting = Value::from(providers).to_string();
    TestApp::with_settings(gateway::routes(None), &[("OAUTH_PROVIDERS", &setting)]).await
}

/// The application with one OpenID Connect provider, called `acme`, whose clock goes with the application's.
async fn acme() -> (TestApp, OidcProvider) {
    let provider = OidcProvider::start().await;
    let app = app(&[provider.setting("acme")]).await;
    provider.set_clock(app.world().clone());
    (app, provider)
}

/// A flow as the client that began it sees it.
#[derive(Clone)]
struct Began {
    url: String,
    state: String,
    flow_token: String,
}

async fn try_start(app: &TestApp, provider: &str, redirect_uri: &str) -> TestAnswer {
    let query = serde_urlencoded::to_string([("redirect_uri", redirect_uri)]).expect("a query");
    app.get(&format!("/api/v1/auth/oauth/{provider}/start?{query}")).send().await
}

async fn start(app: &TestApp, provider: &str) -> Began {
    let answer = try_start(app, provider, REDIRECT_URI).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let data = answer.data();
    assert_eq!(data["expires_in"], 600);
    let text = |field: &str| data[field].as_str().expect("a text").to_owned();
    Began { url: text("authorization_url"), state: text("state"), flow_token: text("flow_token") }
}

/// Opens `url` as a browser would; gives the parameters with which it was sent back to us.
async fn browse(url: &str) -> BTreeMap<String, String> {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().expect("a browser");
    let answer = browser.get(url).send().await.expect("an answer");
    let location = answer.headers().get("location").map(|location| location.to_str().expect("text").to_owned());
    let (status, location) = (answer.status(), location.unwrap_or_default());
    assert!(location.starts_with(REDIRECT_URI), "{status} {location}");
    Url::parse(&location).expect("a URL").query_pairs().into_owned().collect()
}

/// A login body of type `oauth`.
fn oauth(provider: &str, code: &str, began: &Began) -> Value {
    json!({"login_type": "oauth", "platform": "web", "credentials": {
        "provider": provider, "code": code, "state": began.state, "flow_token": began.flow_token
    }})
}

async fn login(app: &TestApp, body: &Value) -> TestAnswer {
    app.post("/api/v1/auth/login", body).send().await
}

/// From the first step to the last.
async fn sign_in(app: &TestApp, provider: &str) -> TestAnswer {
    let began = start(app, provider).await;
    let back = browse(&began.url).await;
    assert_eq!(back["state"], began.state);
    login(app, &oauth(provider, &back["code"], &began)).await
}

/// `data` of a login that succeeded.
fn signed_in(answer: &TestAnswer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.data()
}

/// That a login was refused with this status and reason, and without a word of the provider's.
fn assert_refused(answer: &TestAnswer, status: StatusCode, reason: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.error()["reason"], reason, "{what}: {}", answer.text());
    for leak in ["hunter2", "secret", "127.0.0.1", "errcode", "err_no", "invalid_grant", "InvalidSignature"] {
        assert!(!answer.text().contains(leak), "{what}: says {leak}: {}", answer.text());
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        assert_eq!(answer.header("retry-after"), "5", "{what}");
    }
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(app.ctx().db()).await.expect("a count")
}
