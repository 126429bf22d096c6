//! Going another way: branches, lives begun anew, and two lives side by side.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use crate::story::{Story, app};

/// A life that has come to `age`.
pub(crate) async fn lived<'a>(app: &'a TestApp, username: &str, age: u16) -> Story<'a> {
    let mut story = Story::begun(app, username, "SE", 1985).await;
    for _ in 0..age {
        assert!(story.live_a_year().await, "it was to live on");
    }
    story
}

async fn branch(story: &Story<'_>, from_age: i64, key: Option<&str>) -> TestAnswer {
    let path = format!("/api/v1/game/branch/{}", story.character);
    let request = story.app.post(&path, &json!({"from_age": from_age})).token(&story.token);
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    request.send().await
}

/// The life that such an answer is about.
pub(crate) fn begun<'a>(story: &Story<'a>, answer: &TestAnswer) -> Story<'a> {
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let character = answer.data()["character_id"].as_str().expect("an id").to_owned();
    Story { app: story.app, token: story.token.clone(), character, version: 1 }
}

pub(crate) async fn get(story: &Story<'_>, path: &str) -> TestAnswer {
    story.app.get(path).token(&story.token).send().await
}

async fn compared(left: &Story<'_>, right: &Story<'_>) -> Value {
    let answer = get(left, &format!("/api/v1/game/compare?left={}&right={}", left.character, right.character)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.data()
}

pub(crate) async fn all(story: &Story<'_>, what: &str) -> Vec<Value> {
    let path = format!("/api/v1/game/{what}/{}?limit=100&order=age_asc", story.character);
    get(story, &path).await.data().as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_branch_shares_the_past_and_goes_on_like_it() {
    let app = app().await;
    let old = lived(&app, "brancher", 20).await;
    let before = (old.read("state").await.body, all(&old, "events").await);
    let answer = branch(&old, 9, None).await;
    let mut new = begun(&old, &answer);
    let data = answer.data();
    assert_eq!(
        (&data["lineage_id"], &data["parent_character_id"], &data["branched_at_age"], &data["ranked"]),
        (&json!(old.character), &json!(old.character), &json!(9), &json!(false))
    );
    assert_eq!((&data["state"]["age"], &data["state"]["version"]), (&json!(9), &json!(1)));
    assert_eq!(new.read("state").await.data(), data["state"], "what was answered is what is there");
    let character = get(&new, &format!("/api/v1/characters/{}", new.character)).await.data();
    assert_eq!((&character["branched_at_age"], &character["ranked"]), (&json!(9), &json!(false)));
    let listed = get(&new, "/api/v1/characters").await.json();
    let ranked = |id: &str| {
        let mut rows = listed["data"].as_array().expect("a list").iter();
        rows.find(|row| row["character_id"] == id).map(|row| row["ranked"].clone())
    };
    assert_eq!((ranked(&old.character), ranked(&new.character)), (Some(json!(true)), Some(json!(false))));

    // The same years, lived the same way, bring the same to the byte.
    loop {
        let state = new.read("state").await.data();
        if state["age"] == 20 && state["pending_decisions"] == json!([]) {
            break;
        }
        assert!(finish_and_live(&mut new).await, "it was to live on");
    }
    assert_eq!(all(&new, "events").await, all(&old, "events").await);
    assert_eq!(all(&new, "decisions").await, all(&old, "decisions").await);
    let comparison = compared(&old, &new).await;
    assert_eq!((&comparison["parted"], &comparison["people"]), (&Value::Null, &json!([])), "{comparison}");
    assert_eq!((&comparison["numbers"], &comparison["only_left"]), (&json!([]), &json!([])));
    let replayed = get(&new, &format!("/api/v1/game/replay/{}", new.character)).await.data();
    assert_eq!(replayed["verified"], "recomputed", "{replayed}");

    assert_eq!((old.read("state").await.body, all(&old, "events").await), before, "the old life stays as it is");
}

/// Answers what waits by the default, which ends the year, or lives the next one.
async fn finish_and_live(story: &mut Story<'_>) -> bool {
    let state = story.read("state").await.data();
    let Some(decision) = state["pending_decisions"].get(0) else { return story.live_a_year().await };
    let answer = json!({"decision_id": decision["decision_id"], "option_id": decision["default_option_id"]});
    let decided = story.act("decision", answer, None).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text());
    story.version += 1;
    decided.data()["state"]["status"] == "alive"
}

#[tokio::test]
async fn another_choice_parts_two_lives_where_it_was_made() {
    let app = app().await;
    let old = lived(&app, "chooser", 30).await;
    // A decision that could have been answered otherwise.
    let decisions = all(&old, "decisions").await;
    let mut parted = None;
    for decision in &decisions {
        let age = decision["event"]["age"].as_i64().expect("an age");
        let new = begun(&old, &branch(&old, age, None).await);
        let state = new.read("state").await.data();
        let Some(pending) = state["pending_decisions"].get(0).filter(|it| it["decision_id"] == decision["decision_id"])
        else {
            continue;
        };
        let chosen = &decision["event"]["decision"]["option_id"];
        let options = pending["options"].as_array().expect("options");
        if let Some(other) = options.iter().find(|it| it["available"] == true && it["option_id"] != *chosen) {
            let answer = json!({"decision_id": pending["decision_id"], "option_id": other["option_id"]});
            assert_eq!(new.act("decision", answer, None).await.status, StatusCode::OK);
            parted = Some((new, age, chosen.clone(), other["option_id"].clone()));
            break;
        }
    }
    let (new, age, chosen, other) = parted.expect("a decision with two open answers in thirty years");
    let comparison = compared(&old, &new).await;
    assert_eq!(comparison["parted"]["age"], age, "{comparison}");
    assert_eq!(comparison["parted"]["left"]["kind"], "decide");
    assert_eq!(
        (&comparison["parted"]["left"]["option_id"], &comparison["parted"]["right"]["option_id"]),
        (&chosen, &other)
    );
    assert_eq!((&comparison["left"]["age"], &comparison["right"]["age"]), (&json!(30), &json!(age)));
    for number in comparison["numbers"].as_array().expect("a list") {
        let of = |side: &str| number[side].as_i64().expect("a number");
        assert_eq!(of("difference"), of("right") - of("left"));
    }
}

#[tokio::test]
async fn a_branch_is_refused_where_there_is_nothing_to_share() {
    let app = app().await;
    let draft = Story::draft(&app, "drafted", "SE", 1985).await;
    let refused = branch(&draft, 0, None).await;
    assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::CONFLICT, &json!("NOT_STARTED")));

    let story = lived(&app, "young", 3).await;
    let early = branch(&story, 4, None).await;
    assert_eq!((early.status, &early.error()["reason"]), (StatusCode::CONFLICT, &json!("NOT_YET_LIVED")));
    assert_eq!(early.error()["details"]["current_age"], 3);
    for from_age in [-1, 121, i64::MAX] {
        let wrong = branch(&story, from_age, None).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{from_age}");
        assert_eq!(wrong.error()["fields"][0]["field"], "from_age");
    }
    let path = format!("/api/v1/game/branch/{}", story.character);
    let stranger = app.register("stranger").await;
    assert_eq!(app.post(&path, &json!({"from_age": 1})).token(&stranger).send().await.status, StatusCode::NOT_FOUND);
    let listed = app.get("/api/v1/characters").token(&stranger).send().await.json();
    assert_eq!(listed["meta"]["count"], 0, "nothing came of it");
}

/// A life cannot go another way from its own end.
#[tokio::test]
async fn a_branch_from_the_age_of_death_is_refused() {
    let app = app().await;
    let mut story = Story::begun(&app, "mortal", "CN", 1850).await;
    while story.live_a_year().await {}
    let age = story.read("state").await.data()["age"].as_i64().expect("an age");
    let last = branch(&story, age, None).await;
    // Death may also have waited for an answer given at that age; then there is still a way.
    match last.status {
        StatusCode::CREATED => assert_eq!(last.data()["state"]["status"], "alive"),
        status => {
            assert_eq!((status, &last.error()["reason"]), (StatusCode::CONFLICT, &json!("LIFE_ENDED")));
        }
    }
    let mut again = begun(&story, &branch(&story, age - 1, None).await);
    while finish_and_live(&mut again).await {}
    assert_eq!(again.read("state").await.data()["death"]["age"], age, "the dice fall as they fell");
}

#[tokio::test]
async fn a_repeated_branch_is_one_branch() {
    let app = app().await;
    let story = lived(&app, "repeater", 2).await;
    let first = branch(&story, 1, Some("a branch")).await;
    let again = branch(&story, 1, Some("a branch")).await;
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &again.body));
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, "true"));
    let other = branch(&story, 2, Some("a branch")).await;
    assert_eq!(other.error()["reason"], "KEY_REUSED");
    let listed = get(&story, "/api/v1/characters").await.json();
    assert_eq!(listed["meta"]["count"], 2);
}

#[tokio::test]
async fn a_life_begun_anew_belongs_to_the_lineage_and_shares_nothing() {
    let app = app().await;
    let old = lived(&app, "restarter", 2).await;
    let path = format!("/api/v1/game/restart/{}", old.character);
    let restart = async |body: Value| app.post(&path, &body).token(&old.token).send().await;

    let answer = restart(json!({"birth_country": "JP", "birth_year": 1925})).await;
    let new = begun(&old, &answer);
    let data = answer.data();
    assert_eq!(
        (&data["lineage_id"], &data["parent_character_id"], &data["branched_at_age"], &data["ranked"]),
        (&json!(old.character), &json!(old.character), &Value::Null, &json!(true))
    );
    let character = get(&new, &format!("/api/v1/characters/{}", new.character)).await.data();
    assert_eq!(
        (&character["birth_country"], &character["birth_year"], &character["character_name"], &character["status"]),
        (&json!("JP"), &json!(1925), &json!("林安"), &json!("draft"))
    );
    let parted = compared(&old, &new).await["parted"].clone();
    assert_eq!((&parted["age"], &parted["entry"], &parted["left"]["kind"]), (&json!(0), &json!(0), &json!("birth")));
    assert!(!parted.to_string().contains("seed"), "the dice stay hidden: {parted}");
    // The grandchild is of the same lineage.
    let path = format!("/api/v1/game/restart/{}", new.character);
    let third = app.post(&path, &json!({})).token(&old.token).send().await;
    assert_eq!(third.data()["lineage_id"], json!(old.character));
    assert_eq!(third.data()["parent_character_id"], json!(new.character));

    let nowhere = restart(json!({"birth_country": "ZZ"})).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(nowhere.error()["fields"][0]["field"], "birth_country");
    assert_eq!(old.read("state").await.data()["age"], 2);
}

#[tokio::test]
async fn only_ones_own_lives_are_compared() {
    let app = app().await;
    let mine = Story::begun(&app, "mine", "SE", 1985).await;
    let theirs = Story::begun(&app, "theirs", "SE", 1985).await;
    let path = format!("/api/v1/game/compare?left={}&right={}", mine.character, theirs.character);
    assert_eq!(get(&mine, &path).await.status, StatusCode::NOT_FOUND);
    let wrong = get(&mine, "/api/v1/game/compare?left=me").await;
    let fields: Vec<_> =
        wrong.error()["fields"].as_array().expect("fields").iter().map(|field| field["field"].clone()).collect();
    assert_eq!((wrong.status, fields), (StatusCode::UNPROCESSABLE_ENTITY, vec![json!("left"), json!("right")]));
}
