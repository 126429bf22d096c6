//! The standing plan through the routes, and what a life came to.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::TestAnswer;

use crate::story::{Story, app};

async fn plan(story: &Story<'_>, mut body: Value, key: Option<&str>) -> TestAnswer {
    if body.get("expected_version").is_none() {
        body["expected_version"] = story.version.into();
    }
    let path = format!("/api/v1/game/plan/{}", story.character);
    let request = story.app.request(Method::PUT, &path).json(&body).token(&story.token);
    match key {
        Some(key) => request.header("idempotency-key", key).send().await,
        None => request.send().await,
    }
}

/// Each wrong field with its rule.
fn wrong(answer: &TestAnswer) -> Vec<(Value, Value)> {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    let fields = answer.error()["fields"].as_array().expect("fields").clone();
    fields.iter().map(|field| (field["field"].clone(), field["rule"].clone())).collect()
}

fn energy(study: u8, work: u8, rest: u8) -> Value {
    json!({"study": study, "work": work, "exercise": 0, "art": 0, "social": 0, "family": 0, "rest": rest})
}

#[tokio::test]
async fn a_plan_stands_until_it_is_changed() {
    let app = app().await;
    let mut story = Story::begun(&app, "planner", "CN", 1990).await;
    for _ in 0..9 {
        assert!(story.live_a_year().await);
    }
    let before = story.read("state").await.data();
    assert_eq!((&before["own_plan"], &before["can"]), (&json!(false), &json!(["advance", "plan"])));

    let planned = plan(&story, json!({"plan": energy(9, 0, 1)}), Some("a plan")).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.text());
    assert_eq!(planned.data()["version"], story.version + 1);
    let again = plan(&story, json!({"plan": energy(9, 0, 1)}), Some("a plan")).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed"), &again.body),
        (StatusCode::OK, "true", &planned.body)
    );
    story.version += 1;
    let state = planned.data()["state"].clone();
    assert_eq!(
        (&state["plan"], &state["own_plan"], &state["energy_left"]),
        (&energy(9, 0, 1), &json!(true), &json!(0))
    );
    assert_eq!(state["habits"], before["habits"], "what is left out stays");
    let changes = planned.data()["changes"].as_array().expect("changes").clone();
    assert!(changes.iter().any(|change| change["path"] == "plan.study" && change["to"] == 9), "{changes:?}");

    for _ in 0..6 {
        assert!(story.live_a_year().await);
    }
    let grown = story.read("state").await.data();
    assert_eq!(grown["plan"], energy(9, 0, 1), "a new stage of life does not change one's own plan");
    assert_eq!(plan(&story, json!({"usual": true}), None).await.data()["state"]["own_plan"], false);
    story.version += 1;
    let replayed = story.read("replay").await.data();
    assert_eq!(replayed["verified"], "recomputed", "a plan is an input like any other: {replayed}");
}

#[tokio::test]
async fn every_rule_that_a_plan_breaks_is_named() {
    let app = app().await;
    let mut story = Story::begun(&app, "schemer", "CN", 1990).await;
    for _ in 0..5 {
        assert!(story.live_a_year().await);
    }
    let habits = json!({"sleep": "none", "diet": "much", "exercise": "little", "drink": "much", "smoke": "little"});
    let broken = plan(&story, json!({"plan": energy(5, 1, 5), "habits": habits}), None).await;
    let rule = |field: &str, rule: &str| (json!(field), json!(rule));
    assert_eq!(
        wrong(&broken),
        [
            rule("plan", "too_much"),
            rule("plan.work", "too_young"),
            rule("habits.sleep", "cannot_be_none"),
            rule("habits.drink", "too_young"),
            rule("habits.smoke", "too_young"),
        ]
    );
    let unreadable = plan(&story, json!({"plan": {"study": 11, "work": -1, "rest": "all"}, "budget": 3}), None).await;
    let fields: Vec<_> = wrong(&unreadable).into_iter().map(|(field, _)| field).collect();
    for field in ["plan.study", "plan.work", "plan.rest", "plan.art", "budget"] {
        assert!(fields.contains(&json!(field)), "{field}: {fields:?}");
    }
    let nothing = plan(&story, json!({"usual": false}), None).await;
    assert_eq!(wrong(&nothing), [rule("plan", "required")]);
    let stale = plan(&story, json!({"plan": energy(1, 0, 1), "expected_version": 2}), None).await;
    assert_eq!((stale.status, &stale.error()["reason"]), (StatusCode::PRECONDITION_FAILED, &json!("VERSION_MISMATCH")));
    assert_eq!(story.read("state").await.data()["version"], story.version, "nothing was changed");

    let path = format!("/api/v1/game/plan/{}", story.character);
    let stranger = app.register("meddler").await;
    let body = json!({"expected_version": story.version, "plan": energy(1, 0, 1)});
    assert_eq!(app.request(Method::PUT, &path).json(&body).token(&stranger).send().await.status, StatusCode::NOT_FOUND);
    let draft = Story::draft(&app, "unborn", "CN", 1990).await;
    let early = plan(&draft, json!({"plan": energy(1, 0, 1)}), None).await;
    assert_eq!((early.status, &early.error()["reason"]), (StatusCode::CONFLICT, &json!("NOT_STARTED")));
}

#[tokio::test]
async fn a_life_is_summed_up_as_it_stands_and_at_its_end() {
    let app = app().await;
    let mut story = Story::begun(&app, "summed", "CN", 1900).await;
    for _ in 0..3 {
        assert!(story.live_a_year().await);
    }
    let young = story.read("summary").await;
    assert_eq!((&young.data()["death"], &young.data()["age"]), (&Value::Null, &json!(3)));
    assert!(young.header("etag").starts_with(&format!("\"{}.", story.version)));
    while story.live_a_year().await {}
    let (state, summary) = (story.read("state").await.data(), story.read("summary").await.data());
    assert_eq!((&summary["death"], &summary["age"]), (&state["death"], &state["age"]));
    let categories = summary["categories"].as_array().expect("categories");
    let names: Vec<_> = categories.iter().map(|graded| graded["category"].clone()).collect();
    assert_eq!(json!(names), json!(["career", "family", "social", "personal", "wealth", "health"]));
    for graded in categories {
        let points: i64 =
            graded["reasons"].as_array().expect("reasons").iter().filter_map(|it| it["points"].as_i64()).sum();
        assert_eq!(graded["score"], points.clamp(0, 100), "{graded}");
    }
    let refused = plan(&story, json!({"usual": true}), None).await;
    assert_eq!(refused.error()["reason"], "LIFE_ENDED");
}
