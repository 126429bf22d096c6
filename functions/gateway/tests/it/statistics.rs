//! Statistics: what is counted while a life is lived is what counting it afterwards gives.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestApp, Trips};

use crate::{
    another_way::{all, begun, get, lived},
    story::{Story, app},
};

async fn stats(story: &Story<'_>, what: &str) -> Value {
    let answer = get(story, &format!("/api/v1/stats/{}/{what}", story.character)).await;
    assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text());
    answer.data()
}

fn series<'v>(stats: &'v Value, attribute: &str) -> &'v Value {
    let mut all = stats["attributes"].as_array().expect("a list").iter();
    all.find(|series| series["attribute"] == attribute).expect("it is followed")
}

fn numbers(series: &Value) -> Vec<i64> {
    series.as_array().expect("a list").iter().map(|number| number.as_i64().expect("a number")).collect()
}

/// An event that waits for an answer has begun and is not told yet.
async fn waiting(story: &Story<'_>) -> i64 {
    let state = story.read("state").await.data();
    state["pending_decisions"].as_array().map_or(0, |waiting| i64::from(!waiting.is_empty()))
}

#[tokio::test]
async fn the_numbers_of_a_life_are_followed_year_by_year() {
    let app = app().await;
    let mut story = Story::begun(&app, "followed", "SE", 1985).await;
    let mut lived_through = vec![story.read("state").await.data()];
    for _ in 0..15 {
        assert!(story.live_a_year().await);
        lived_through.push(story.read("state").await.data());
    }
    let found = stats(&story, "attributes").await;
    assert_eq!(numbers(&found["ages"]), (0..=15).collect::<Vec<_>>());
    assert_eq!(numbers(&found["years"]), (1985..=2000).collect::<Vec<_>>());
    let paths = [
        ("intelligence", "/attributes/intelligence"),
        ("creativity", "/attributes/creativity"),
        ("happiness", "/happiness"),
        ("physical", "/health/physical"),
        ("net_worth", "/economy/net_worth"),
    ];
    for (attribute, path) in paths {
        let seen: Vec<_> = lived_through.iter().map(|state| state.pointer(path).and_then(Value::as_i64)).collect();
        let seen: Vec<_> = seen.into_iter().map(|number| number.expect("a number")).collect();
        let told = series(&found, attribute);
        assert_eq!(numbers(&told["series"]), seen, "{attribute}");
        let peak = seen.iter().max().expect("a peak");
        assert_eq!((&told["peak"], &told["current"]), (&json!(peak), &json!(seen[15])), "{attribute}");
        assert_eq!(told["peak_age"], json!(seen.iter().position(|number| number == peak)));
        assert_eq!(told["average"], json!(seen.iter().sum::<i64>() / 16));
    }
    let path = format!("/api/v1/stats/{}/attributes", story.character);
    assert_eq!(get(&story, &path).await.trips(), Trips { redis: 1, sql: 0 }, "it is kept with the version");
}

#[tokio::test]
async fn counted_while_lived_is_counted_afterwards() {
    let app = app().await;
    let mut story = Story::begun(&app, "counted", "CN", 1920).await;
    // Several years in a request, defaults taken: an event may still belong to the age before.
    while story.version < 30 {
        let answer = story.act("advance", json!({"mode": "steady", "years": 7, "on_pending": "default"}), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        story.version += 1;
        if answer.data()["state"]["status"] == "dead" {
            break;
        }
    }
    let events: i64 =
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(app.ctx().db()).await.expect("a count");
    let by_age: Vec<(i16, i64)> = sqlx::query_as("SELECT age, count(*) FROM events GROUP BY 1 ORDER BY 1")
        .fetch_all(app.ctx().db())
        .await
        .expect("counts");
    let kept: Vec<(i16, i64)> = sqlx::query_as("SELECT age, events::int8 FROM life_years WHERE events > 0 ORDER BY 1")
        .fetch_all(app.ctx().db())
        .await
        .expect("counts");
    assert_eq!(kept, by_age);

    let found = stats(&story, "events").await;
    let sum = |key: &str| {
        let counts = found[key].as_array().expect("a list").iter();
        counts.map(|count| count["count"].as_i64().expect("a count")).sum::<i64>()
    };
    assert_eq!(found["total"], events);
    for key in ["by_type", "by_stage", "by_age", "by_impact"] {
        assert_eq!(sum(key), events, "{key}: {found}");
    }
    let overview = stats(&story, "overview").await;
    assert_eq!(overview["decisions"], found["decisions"]);
    assert_eq!(overview["events"].as_i64(), Some(events + waiting(&story).await));
    let stages = overview["life_stages"].as_array().expect("a list");
    let in_stages: i64 = stages.iter().map(|stage| stage["events"].as_i64().expect("a count")).sum();
    assert_eq!(in_stages, events);
    let summary = story.read("summary").await.data();
    assert_eq!((&overview["score"], &overview["people"]), (&summary["score"], &summary["people"]));

    let turns = stats(&story, "timeline").await["turns"].as_array().expect("a list").clone();
    assert_eq!((&turns[0]["kind"], &turns[0]["year"]), (&json!("birth"), &json!(1920)));
    let ages: Vec<_> = turns.iter().map(|turn| turn["age"].as_i64()).collect();
    assert!(ages.is_sorted(), "{ages:?}");
    let of = |kind: &str| turns.iter().filter(|turn| turn["kind"] == kind).count();
    assert_eq!(of("stage"), stages.len() - 1);
    assert!(turns.iter().all(|turn| turn["title"].as_str().is_some_and(|title| !title.is_empty())), "{turns:?}");

    let people = stats(&story, "relationships").await;
    let by_type = people["by_type"].as_array().expect("a list");
    let all: i64 = by_type.iter().map(|kind| kind["total"].as_i64().expect("a count")).sum();
    assert_eq!((people["total"].as_i64(), &people["total"]), (Some(all), &summary["people"]));
}

/// Ends as many lives as given, one player each; their stories.
async fn ended<'a>(app: &'a TestApp, count: usize, country: &str) -> Vec<Story<'a>> {
    let mut stories = Vec::new();
    for number in 0..count {
        let mut story = Story::begun(app, &format!("of_{country}_{number}"), country, 1905).await;
        while story.live_a_year().await {}
        stories.push(story);
    }
    stories
}

#[tokio::test]
async fn a_life_stands_among_those_of_its_country_and_time() {
    let app = app().await;
    let stories = ended(&app, 4, "SE").await;
    ended(&app, 1, "IN").await;
    let mut scores = Vec::new();
    for story in &stories {
        let summary = story.read("summary").await.data();
        scores.push((summary["score"].as_i64().expect("a score"), summary["age"].as_i64().expect("an age")));
    }
    for (story, (score, age)) in stories.iter().zip(&scores) {
        let standing = stats(story, "overview").await["standing"].clone();
        let below = |is: &dyn Fn(&(i64, i64)) -> bool| scores.iter().filter(|one| is(one)).count() * 100 / 4;
        assert_eq!(
            (&standing["birth_country"], &standing["born_from"], &standing["born_to"], &standing["lives"]),
            (&json!("SE"), &json!(1900), &json!(1949), &json!(4))
        );
        assert_eq!(standing["score_percentile"], json!(below(&|one| one.0 < *score)), "{standing}");
        assert_eq!(standing["age_percentile"], json!(below(&|one| one.1 < *age)), "{standing}");
        assert!(standing["as_of"].is_string());
    }
    // A past that was chosen again does not count, and neither does a repeated request.
    let branch = app
        .post(&format!("/api/v1/game/branch/{}", stories[0].character), &json!({"from_age": scores[0].1 - 1}))
        .token(&stories[0].token)
        .send()
        .await;
    let mut again = begun(&stories[0], &branch);
    loop {
        let answer = again.act("advance", json!({"mode": "steady", "on_pending": "default"}), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        again.version += 1;
        if answer.data()["state"]["status"] == "dead" {
            break;
        }
    }
    assert_eq!(stats(&stories[0], "overview").await["standing"]["lives"], 4);
    let nobody = Story::draft(&app, "first_of_all", "JP", 1990).await;
    let standing = stats(&nobody, "overview").await["standing"].clone();
    assert_eq!((&standing["lives"], &standing["score_percentile"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_branch_has_the_numbers_of_the_past_it_shares() {
    let app = app().await;
    let old = lived(&app, "branched", 9).await;
    let answer = app
        .post(&format!("/api/v1/game/branch/{}", old.character), &json!({"from_age": 6}))
        .token(&old.token)
        .send()
        .await;
    let new = begun(&old, &answer);
    let (whole, shared) = (stats(&old, "attributes").await, stats(&new, "attributes").await);
    assert_eq!(numbers(&shared["ages"]), (0..=6).collect::<Vec<_>>());
    for attribute in ["intelligence", "happiness", "net_worth"] {
        let (whole, shared) = (&series(&whole, attribute)["series"], &series(&shared, attribute)["series"]);
        assert_eq!(numbers(shared)[..6], numbers(whole)[..6], "{attribute}");
    }
    let overview = stats(&new, "overview").await;
    let events = i64::try_from(all(&new, "events").await.len()).expect("a count");
    assert_eq!(overview["events"].as_i64(), Some(events + waiting(&new).await));
}

/// A pause counts as five minutes at most.
#[tokio::test]
async fn time_of_play_is_counted_without_the_pauses() {
    let app = app().await;
    let mut story = Story::begun(&app, "player", "SE", 1985).await;
    for (pause, minutes) in [("2 minutes", 2), ("3 days", 7), ("4 minutes", 11)] {
        let sql = sqlx::AssertSqlSafe(format!("UPDATE lives SET updated_at = updated_at - interval '{pause}'"));
        sqlx::query(sql).execute(app.ctx().db()).await.expect("waited");
        let answer = story.act("advance", json!({"mode": "steady", "on_pending": "default"}), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        story.version += 1;
        assert_eq!(stats(&story, "overview").await["total_play_time"], minutes);
    }
}

#[tokio::test]
async fn a_strangers_life_has_no_statistics() {
    let app = app().await;
    let story = Story::begun(&app, "private", "SE", 1985).await;
    let stranger = app.register("nosy").await;
    for what in ["overview", "attributes", "events", "relationships", "timeline"] {
        let path = format!("/api/v1/stats/{}/{what}", story.character);
        assert_eq!(app.get(&path).token(&stranger).send().await.status, StatusCode::NOT_FOUND, "{what}");
    }
}
