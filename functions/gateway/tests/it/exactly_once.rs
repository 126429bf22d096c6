//! A request is done once, however often and however simultaneously it is sent.

use http::StatusCode;
use serde_json::json;
use testkit::app::TestAnswer;

use crate::story::{Story, app};

async fn at_once(requests: impl IntoIterator<Item = impl Future<Output = TestAnswer>>) -> Vec<TestAnswer> {
    // All in one task: they interleave at every await, and reach Postgres together.
    let mut running: Vec<_> = requests.into_iter().map(Box::pin).collect();
    let mut answers = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|request| match request.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

#[tokio::test]
async fn twenty_equal_requests_advance_one_year_and_get_equal_answers() {
    let app = app().await;
    let story = Story::begun(&app, "once", "CN", 1990).await;
    let answers = at_once((0..20).map(|_| story.act("advance", json!({"mode": "steady"}), Some("one key")))).await;
    let first = &answers[0];
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.body, answer.header("etag"), answer.header("content-language")),
            (first.status, &first.body, first.header("etag"), first.header("content-language"))
        );
    }
    let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
    assert_eq!(fresh, 1, "all but one are replays");
    let state = story.read("state").await.data();
    assert_eq!((&state["version"], &state["age"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn of_twenty_requests_at_one_version_exactly_one_wins() {
    let app = app().await;
    let story = Story::begun(&app, "race", "CN", 1990).await;
    let keys: Vec<_> = (0..20).map(|number| format!("key {number}")).collect();
    let answers = at_once(keys.iter().map(|key| story.act("advance", json!({"mode": "steady"}), Some(key)))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{}", answer.text());
        let details = answer.error()["details"].clone();
        assert_eq!(details, json!({"current_version": 3, "current_age": 1}));
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_long_after_the_life_has_moved_on() {
    let app = app().await;
    let mut story = Story::begun(&app, "later", "CN", 1990).await;
    let first = story.act("advance", json!({"mode": "steady"}), Some("first")).await;
    let then = story.version;
    story.version += 1;
    for _ in 0..5 {
        story.live_a_year().await;
    }
    story.version = then;
    let again = story.act("advance", json!({"mode": "steady"}), Some("first")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");

    let other = story.act("advance", json!({"mode": "aggressive"}), Some("first")).await;
    assert_eq!((other.status, &other.error()["reason"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("KEY_REUSED")));
}

#[tokio::test]
async fn a_character_is_dealt_once_per_key() {
    let app = app().await;
    let token = app.register("dealer").await;
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    let deal = || app.post("/api/v1/characters", &body).token(&token).header("idempotency-key", "deal").send();
    let answers = at_once((0..10).map(|_| deal())).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED && answer.body == answers[0].body));
    let list = app.get("/api/v1/characters").token(&token).send().await.json();
    assert_eq!(list["meta"]["count"], 1);
}

#[tokio::test]
async fn starting_twice_is_starting_once() {
    let app = app().await;
    let mut story = Story::draft(&app, "starter", "SE", 1900).await;
    let first = story.act("start", json!({}), None).await;
    story.version = 1;
    let again = story.act("start", json!({}), None).await;
    assert_eq!((again.status, again.data()), (first.status, first.data()));
    assert_eq!(again.data()["version"], 2);
}

#[tokio::test]
async fn of_many_starts_at_once_all_see_the_life_begun() {
    let app = app().await;
    let story = Story::draft(&app, "starters", "SE", 1900).await;
    let keys: Vec<_> = (0..10).map(|number| format!("key {number}")).collect();
    let answers = at_once(keys.iter().map(|key| story.act("start", json!({}), Some(key)))).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.data()), (StatusCode::OK, answers[0].data()), "{}", answer.text());
    }
    assert_eq!(answers[0].data()["version"], 2);
}

#[tokio::test]
async fn events_are_found_whatever_the_clocks_of_the_containers_say() {
    let app = app().await;
    let mut story = Story::begun(&app, "skew", "CN", 1990).await;
    app.world().wait(600);
    story.live_a_year().await;
    // The next container's clock is ten minutes behind.
    app.world().wait(-600);
    story.live_a_year().await;
    let state = story.read("state").await.data();
    let newest =
        state["current_events"].as_array().and_then(|events| events.last()).expect("an event")["event_seq"].clone();
    let page = story.read("events").await.data();
    assert_eq!(page[0]["event_seq"], newest);
    assert_eq!(page.as_array().map(Vec::len).map(|count| json!(count)), Some(newest), "every event is listed");
}

#[tokio::test]
async fn a_repeated_registration_signs_in_and_a_stranger_is_told_the_name_is_taken() {
    let app = app().await;
    let body = json!({"username": "Lin_An", "password": "correct horse battery"});
    let register = |body| app.post("/api/v1/auth/register", body);
    assert_eq!(register(&body).send().await.status, StatusCode::CREATED);
    let again = register(&body).send().await;
    assert_eq!((again.status, &again.data()["is_new_user"]), (StatusCode::OK, &json!(false)));
    let stranger = json!({"username": "lin_an", "password": "another password"});
    let refused = register(&stranger).send().await;
    assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::CONFLICT, &json!("USERNAME_TAKEN")));
}
