//! A player: a real HTTP client that registers, creates characters and lives whole lives.
//!
//! It speaks to whatever serves the API: the gateway, the Lambda functions behind their stand-in for API Gateway, or a
//! container. Every change it asks for carries the version it expects and an Idempotency-Key, and is repeated under the
//! same key when the answer gets lost; so it may be used while the server is being killed.

mod api;
mod life;
mod wire;

use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use uuid::Uuid;

pub use self::api::{Answer, Refusal};
use self::api::{Api, Call};
pub use self::life::{Chooser, Life, SeededChooser, Step};
pub use self::wire::{
    Advanced, Character, Choice, Death, Decided, Decision, Event, Mode, Odds, Outcome, Spec, State, Year,
};

/// How long a request is repeated before there is no hope of an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registered player with a session.
#[derive(Debug)]
pub struct Player {
    api: Api,
    username: String,
    password: String,
    token: RwLock<String>,
}

impl Player {
    /// Registers a new player with a random name at an API, such as `http://127.0.0.1:8080`.
    pub async fn register(base: &str) -> Result<Self> {
        Self::register_speaking(base, "zh-CN").await
    }

    /// Registers a new player who reads `zh-CN` or `en`.
    pub async fn register_speaking(base: &str, locale: &str) -> Result<Self> {
        let api = Api::new(base, locale, PATIENCE)?;
        let username = format!("p_{}", fresh().simple());
        let username = username[..30].to_owned();
        let password = fresh().to_string();
        let body = json!({ "username": username, "password": password });
        let call = Call { method: &Method::POST, path: "/auth/register", token: None, key: None, body: Some(&body) };
        let session: wire::Session = api.call(call).await?.data()?;
        Ok(Self { api, username, password, token: RwLock::new(session.access_token) })
    }

    /// What it registered with, besides its name.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The name it registered with.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The access token, for clients that send their own requests. It expires.
    pub async fn token(&self) -> String {
        self.token.read().await.clone()
    }

    /// Creates a character.
    pub async fn create_character(&self, spec: &Spec) -> Result<Character> {
        self.post("/characters", &json!(spec)).await?.data()
    }

    /// Starts a life.
    pub async fn start(&self, character_id: &str, expected_version: i64) -> Result<State> {
        let body = json!({ "expected_version": expected_version });
        self.post(&format!("/game/start/{character_id}"), &body).await?.data()
    }

    /// Lives one to ten years, up to the next decision.
    pub async fn advance(&self, character_id: &str, expected_version: i64, mode: Mode, years: u32) -> Result<Advanced> {
        let body = json!({ "expected_version": expected_version, "mode": mode, "years": years });
        self.post(&format!("/game/advance/{character_id}"), &body).await?.data()
    }

    /// Answers a decision.
    pub async fn decide(
        &self,
        character_id: &str,
        expected_version: i64,
        decision: &Decision,
        option_id: &str,
    ) -> Result<Decided> {
        let body = json!({
            "expected_version": expected_version,
            "decision_id": decision.decision_id,
            "option_id": option_id,
        });
        self.post(&format!("/game/decision/{character_id}"), &body).await?.data()
    }

    /// Where a life stands.
    pub async fn state(&self, character_id: &str) -> Result<State> {
        self.get(&format!("/game/state/{character_id}")).await?.data()
    }

    /// Everything that has happened in a life, oldest first.
    pub async fn events(&self, character_id: &str) -> Result<Vec<Event>> {
        let mut all = Vec::new();
        let mut page = String::new();
        loop {
            let path = format!("/game/events/{character_id}?limit=100&order=age_asc{page}");
            let answer = self.get(&path).await?;
            all.extend(answer.data::<Vec<Event>>()?);
            match answer.json()["meta"]["next_cursor"].as_str() {
                Some(cursor) => page = format!("&cursor={cursor}"),
                None => return Ok(all),
            }
        }
    }

    /// Is born, lives and dies, all by its own choices.
    pub async fn live_to_the_end(&self, spec: &Spec, chooser: &mut dyn Chooser) -> Result<Life<'_>> {
        let mut life = Life::begin(self, spec).await?;
        while life.step(chooser).await?.is_some() {}
        Ok(life)
    }

    /// Asks for anything under `/api/v1`.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, None, None).await
    }

    /// Asks for a change under `/api/v1`, with a key of its own.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_with_key(path, body, &fresh().to_string()).await
    }

    /// Asks for a change under `/api/v1` with a given Idempotency-Key.
    pub async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> Result<Answer> {
        self.call(Method::POST, path, Some(key), Some(body)).await
    }

    /// Signs in again once if the token has expired.
    async fn call(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        for _ in 0..2 {
            let token = self.token.read().await.clone();
            let call = Call { method: &method, path, token: Some(&token), key, body };
            let answer = self.api.call(call).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            *self.token.write().await = self.login().await?;
        }
        bail!("{method} {path}: refused with a fresh token")
    }

    async fn login(&self) -> Result<String> {
        let body = json!({ "username": self.username, "password": self.password });
        let call = Call { method: &Method::POST, path: "/auth/login", token: None, key: None, body: Some(&body) };
        let session: wire::Session = self.api.call(call).await?.data()?;
        Ok(session.access_token)
    }
}

/// An id that nobody else has.
fn fresh() -> Uuid {
    Uuid::now_v7()
}
