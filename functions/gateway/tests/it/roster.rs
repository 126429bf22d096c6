//! The list of characters after writes: every write raises its version, and publishes it whole where its process knew
//! the version before. What the caches then say must be what Postgres says, whoever wrote.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp, Trips};

use crate::story::{Story, app};

const WARM_READ: Trips = Trips { redis: 1, sql: 0 };
const WARM_WRITE: Trips = Trips { redis: 2, sql: 1 };
const LIST: &str = "/api/v1/characters?limit=100";

async fn list(app: &TestApp, token: &str) -> TestAnswer {
    let answer = app.get(LIST).token(token).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}

/// A process that cannot reach Redis: what it reads is what Postgres says, and what it writes it tells nobody.
async fn cut_off(app: &TestApp) -> TestApp {
    app.beside(gateway::routes(None), &[("REDIS_URL", "redis://127.0.0.1:1")]).await
}

async fn create(app: &TestApp, token: &str) -> Value {
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    let dealt = app.post("/api/v1/characters", &body).token(token).send().await;
    assert_eq!((dealt.status, dealt.trips()), (StatusCode::CREATED, WARM_WRITE), "{}", dealt.text());
    dealt.data()
}

/// Begins a draft, or lives a year and takes the default of every decision.
async fn move_on(app: &TestApp, token: &str, listed: &Value) -> TestAnswer {
    let id = listed["character_id"].as_str().expect("an id");
    let (verb, mut body) = match listed["status"].as_str() {
        Some("draft") => ("start", json!({})),
        _ => ("advance", json!({"mode": "steady", "on_pending": "default"})),
    };
    body["expected_version"] = listed["version"].clone();
    app.post(&format!("/api/v1/game/{verb}/{id}"), &body).token(token).send().await
}

#[tokio::test]
async fn whoever_wrote_the_list_costs_no_sql_and_is_what_postgres_says() {
    let app = app().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    // Ids begin with the clock: what this process deals later is listed below what the other dealt before.
    beside.world().wait(-30);
    let truth = cut_off(&app).await;
    for player in 0..6_u64 {
        let mut dice = Dice(player);
        let processes = [&app, &beside];
        let token = app.register(&format!("lister{player}")).await;
        list(&app, &token).await;
        for step in 0..30 {
            let writer = processes[dice.below(2)];
            let known = list(&truth, &token).await.data();
            let lives: Vec<_> =
                known.as_array().expect("a list").iter().filter(|life| life["status"] != "dead").collect();
            if lives.is_empty() || dice.below(5) == 0 {
                create(writer, &token).await;
            } else {
                let moved = move_on(writer, &token, lives[dice.below(lives.len())]).await;
                assert_eq!((moved.status, moved.trips()), (StatusCode::OK, WARM_WRITE), "{}", moved.text());
            }
            let seen = list(processes[dice.below(2)], &token).await;
            let told = list(&truth, &token).await;
            assert_eq!((told.trips().redis, told.trips().sql), (0, 2), "session and list come from Postgres");
            assert_eq!((seen.data(), seen.header("etag")), (told.data(), told.header("etag")), "{player}, {step}");
            assert_eq!(seen.trips(), WARM_READ, "player {player}, step {step}");
        }
    }
}

#[tokio::test]
async fn nothing_is_made_of_a_list_that_lacks_a_write_in_between() {
    let app = app().await;
    let story = Story::begun(&app, "between", "CN", 1990).await;
    let unaware = cut_off(&app).await;
    create(&app, &story.token).await;
    let before = list(&app, &story.token).await.data();
    // One life goes on where nobody is told; the version of the list goes on with it.
    let hidden = move_on(&unaware, &story.token, &before[1]).await;
    assert_eq!(hidden.status, StatusCode::OK, "{}", hidden.text());
    assert_eq!(list(&app, &story.token).await.trips(), WARM_READ, "the list before is still believed");
    let moved = move_on(&app, &story.token, &before[0]).await;
    assert_eq!((moved.status, moved.trips()), (StatusCode::OK, WARM_WRITE), "{}", moved.text());
    let after = list(&app, &story.token).await;
    assert_eq!(after.data(), list(&unaware, &story.token).await.data());
    assert_eq!(after.trips().sql, 1, "only the version was told");
    assert_eq!(after.data()[1]["version"], before[1]["version"].as_i64().expect("a version") + 1);
}

/// xorshift64*: which process, which life, which write.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        let mut state = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0 = state;
        let sides = u64::try_from(sides).expect("few");
        usize::try_from((state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides).expect("less than the sides")
    }
}
