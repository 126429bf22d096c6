//! What the stories share: a player with a character, driven through the in-process application.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

/// The whole application.
pub(crate) async fn app() -> TestApp {
    TestApp::new(gateway::routes(None)).await
}

/// Each story, told an application that keeps its sessions in Postgres and one that keeps them in DynamoDB.
macro_rules! on_both_stores {
    ($($story:ident),* $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            async fn $story() {
                super::$story(crate::story::app().await).await;
            })*
        }
        mod on_dynamodb {
            $(#[tokio::test]
            async fn $story() {
                super::$story(testkit::app::TestApp::on_dynamodb(gateway::routes(None)).await.0).await;
            })*
        }
    };
}
pub(crate) use on_both_stores;

/// A player with one character.
pub(crate) struct Story<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) token: String,
    pub(crate) character: String,
    pub(crate) version: i64,
}

impl<'a> Story<'a> {
    /// Registers a player and deals a life in `country` and `year`; it is a draft.
    pub(crate) async fn draft(app: &'a TestApp, username: &str, country: &str, year: i64) -> Self {
        let token = app.register(username).await;
        let body = json!({"character_name": "林安", "birth_country": country, "birth_year": year});
        let dealt = app.post("/api/v1/characters", &body).token(&token).send().await;
        assert_eq!(dealt.status, StatusCode::CREATED, "{}", dealt.text());
        let character = dealt.data()["character_id"].as_str().expect("an id").to_owned();
        Self { app, token, character, version: 1 }
    }

    /// As [`Story::draft`], and begun.
    pub(crate) async fn begun(app: &'a TestApp, username: &str, country: &str, year: i64) -> Self {
        let mut story = Self::draft(app, username, country, year).await;
        let state = story.act("start", json!({}), None).await;
        assert_eq!(state.status, StatusCode::OK, "{}", state.text());
        story.version = 2;
        story
    }

    /// `POST /api/v1/game/{verb}/…` at the present version.
    pub(crate) async fn act(&self, verb: &str, mut body: Value, key: Option<&str>) -> TestAnswer {
        body["expected_version"] = self.version.into();
        let path = format!("/api/v1/game/{verb}/{}", self.character);
        let mut request = self.app.post(&path, &body).token(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.send().await
    }

    /// `GET /api/v1/game/{what}/…`.
    pub(crate) async fn read(&self, what: &str) -> TestAnswer {
        self.app.get(&format!("/api/v1/game/{what}/{}", self.character)).token(&self.token).send().await
    }

    /// Lives one year, deciding (by the default option) whatever comes up. False when the life is over.
    pub(crate) async fn live_a_year(&mut self) -> bool {
        let mut data = self.moved("advance", json!({"mode": "steady"})).await;
        while let Some(decision) = data["state"]["pending_decisions"].get(0).cloned() {
            let answer = json!({
                "decision_id": decision["decision_id"], "option_id": decision["default_option_id"]
            });
            data = self.moved("decision", answer).await;
        }
        data["state"]["status"] == "alive"
    }

    async fn moved(&mut self, verb: &str, body: Value) -> Value {
        let answer = self.act(verb, body, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{verb}: {}", answer.text());
        let data = answer.data();
        self.version += 1;
        assert_eq!(data["version"], self.version);
        data
    }
}
