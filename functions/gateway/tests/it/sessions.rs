//! Signed-in devices: refreshing, signing out, and that what was ended is ended everywhere at once.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use platform::session::MOST;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use crate::{
    behind::forget_sessions,
    story::{app, on_both_stores},
};

on_both_stores! {
    a_refresh_token_is_good_once_and_a_lost_answer_costs_nothing,
    a_stolen_token_used_after_its_owner_ends_the_session_and_no_other,
    twenty_at_once_get_the_same_successor,
    a_made_up_token_ends_nobodys_session,
    a_session_ends_thirty_days_after_its_last_refresh,
    signing_out_is_at_once_for_every_process_and_token,
    signing_out_everywhere_ends_every_session_of_this_player_only,
    sessions_are_listed_and_ended_by_their_owner_only,
    what_was_ended_stays_ended_when_redis_forgets_or_is_away,
    whoever_signs_in_on_one_device_too_many_ends_the_oldest_session,
    under_cache_strict_sessions_that_redis_was_not_told_of_are_ended_by_the_repetition,
}

/// A signed-in device.
struct Device {
    access: String,
    refresh: String,
    id: String,
}

impl Device {
    fn of(data: &Value) -> Self {
        let text = |name: &str| data[name].as_str().expect("a text").to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), id: text("session_id") }
    }
}

/// Registers, which with the same name and password again only signs another device in.
async fn sign_in(app: &TestApp, username: &str) -> Device {
    let body = json!({"username": username, "password": "correct horse battery", "platform": "web"});
    let answer = app.post("/api/v1/auth/register", &body).send().await;
    assert!(answer.status.is_success(), "{}", answer.text());
    Device::of(&answer.data())
}

async fn refresh(app: &TestApp, token: &str) -> TestAnswer {
    app.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).send().await
}

async fn refreshed(app: &TestApp, token: &str) -> Device {
    let answer = refresh(app, token).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    Device::of(&answer.data())
}

async fn profile(app: &TestApp, access: &str) -> TestAnswer {
    app.get("/api/v1/auth/profile").token(access).send().await
}

fn refused(answer: &TestAnswer, reason: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text());
    assert_eq!(answer.error()["reason"], reason);
}

async fn a_refresh_token_is_good_once_and_a_lost_answer_costs_nothing(app: TestApp) {
    let first = sign_in(&app, "turner").await;
    let second = refreshed(&app, &first.refresh).await;
    assert_eq!(second.id, first.id);
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(profile(&app, &second.access).await.status, StatusCode::OK);
    // The answer was lost: the same request within the grace gives the same successor.
    app.world().wait(10);
    assert_eq!(refreshed(&app, &first.refresh).await.refresh, second.refresh);
    let third = refreshed(&app, &second.refresh).await;
    // The successor was used, so its predecessor is an old token now, however soon it comes.
    refused(&refresh(&app, &first.refresh).await, "REFRESH_REUSED");
    refused(&refresh(&app, &third.refresh).await, "REFRESH_INVALID");
    refused(&profile(&app, &third.access).await, "SESSION_ENDED");
}

async fn a_stolen_token_used_after_its_owner_ends_the_session_and_no_other(app: TestApp) {
    let (device, other) = (sign_in(&app, "victim").await, sign_in(&app, "victim").await);
    let owner = refreshed(&app, &device.refresh).await;
    app.world().wait(11);
    refused(&refresh(&app, &device.refresh).await, "REFRESH_REUSED");
    refused(&refresh(&app, &owner.refresh).await, "REFRESH_INVALID");
    refused(&profile(&app, &owner.access).await, "SESSION_ENDED");
    assert_eq!(profile(&app, &other.access).await.status, StatusCode::OK);
    refreshed(&app, &other.refresh).await;
}

async fn twenty_at_once_get_the_same_successor(app: TestApp) {
    let beside = app.beside(gateway::routes(None), &[]).await;
    let device = sign_in(&app, "crowd").await;
    let both = [&app, &beside];
    let answers = join_all((0..20).map(|n| refreshed(both[n % 2], &device.refresh))).await;
    assert!(answers.iter().all(|answer| answer.refresh == answers[0].refresh));
    refreshed(&app, &answers[7].refresh).await;
}

async fn a_made_up_token_ends_nobodys_session(app: TestApp) {
    let (mine, theirs) = (sign_in(&app, "mine").await, sign_in(&app, "theirs").await);
    // The right user and session, as an access token shows them, with secrets of another session.
    let swapped = format!("{}{}", &mine.refresh[..46], &theirs.refresh[46..]);
    for token in ["", "rlr_", "rlr_AAAA", &mine.refresh[1..], &format!("{}A", mine.refresh), &swapped] {
        refused(&refresh(&app, token).await, "REFRESH_INVALID");
    }
    let long = refresh(&app, &"x".repeat(257)).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    refreshed(&app, &mine.refresh).await;
}

async fn a_session_ends_thirty_days_after_its_last_refresh(app: TestApp) {
    let device = sign_in(&app, "sleeper").await;
    app.world().wait(30 * 86_400 - 1);
    let later = refreshed(&app, &device.refresh).await;
    app.world().wait(30 * 86_400);
    refused(&refresh(&app, &later.refresh).await, "REFRESH_INVALID");
    platform::jobs::Job::find("purge-sessions").expect("the job").run(app.ctx()).await.expect("it ran");
    let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sessions").fetch_one(app.ctx().db()).await;
    assert_eq!(left.expect("a count"), 0);
}

async fn signing_out_is_at_once_for_every_process_and_token(app: TestApp) {
    let beside = app.beside(gateway::routes(None), &[]).await;
    let (here, there) = (sign_in(&app, "leaver").await, sign_in(&beside, "leaver").await);
    for device in [&here, &there] {
        assert_eq!(profile(&beside, &device.access).await.status, StatusCode::OK);
    }
    let out = app.post("/api/v1/auth/logout", &json!({})).token(&here.access).send().await;
    assert_eq!(out.data()["sessions_ended"], 1, "{}", out.text());
    refused(&profile(&beside, &here.access).await, "SESSION_ENDED");
    refused(&refresh(&beside, &here.refresh).await, "REFRESH_INVALID");
    assert_eq!(profile(&beside, &there.access).await.status, StatusCode::OK);
}

async fn signing_out_everywhere_ends_every_session_of_this_player_only(app: TestApp) {
    let devices = [sign_in(&app, "many").await, sign_in(&app, "many").await, sign_in(&app, "many").await];
    let stranger = sign_in(&app, "stranger").await;
    let out = app.post("/api/v1/auth/logout?all=true", &json!({})).token(&devices[1].access).send().await;
    assert_eq!(out.data()["sessions_ended"], 3, "{}", out.text());
    for device in &devices {
        refused(&profile(&app, &device.access).await, "SESSION_ENDED");
    }
    assert_eq!(profile(&app, &stranger.access).await.status, StatusCode::OK);
    let bad = app.post("/api/v1/auth/logout?all=1", &json!({})).token(&stranger.access).send().await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn sessions_are_listed_and_ended_by_their_owner_only(app: TestApp) {
    let (old, new) = (sign_in(&app, "lister").await, sign_in(&app, "lister").await);
    let stranger = sign_in(&app, "prying").await;
    let listed = app.get("/api/v1/auth/sessions").token(&old.access).send().await;
    assert_eq!(listed.header("cache-control"), "no-store");
    let listed: Vec<_> = listed.data().as_array().expect("a list").clone();
    let seen: Vec<_> = listed.iter().map(|row| (row["session_id"].as_str(), row["current"].as_bool())).collect();
    assert_eq!(seen, [(Some(new.id.as_str()), Some(false)), (Some(old.id.as_str()), Some(true))]);

    let end = async |who: &Device, id: &str| {
        app.request(Method::DELETE, &format!("/api/v1/auth/sessions/{id}")).token(&who.access).send().await.status
    };
    assert_eq!(end(&stranger, &new.id).await, StatusCode::NOT_FOUND);
    assert_eq!(profile(&app, &new.access).await.status, StatusCode::OK, "a stranger ends nothing");
    assert_eq!(end(&old, &new.id).await, StatusCode::OK);
    refused(&profile(&app, &new.access).await, "SESSION_ENDED");
    assert_eq!(end(&old, &new.id).await, StatusCode::NOT_FOUND);
}

async fn what_was_ended_stays_ended_when_redis_forgets_or_is_away(app: TestApp) {
    let without = app.beside(gateway::routes(None), &[("REDIS_URL", "")]).await;
    let (gone, stays) = (sign_in(&app, "forgotten").await, sign_in(&app, "forgotten").await);
    app.request(Method::DELETE, &format!("/api/v1/auth/sessions/{}", gone.id)).token(&stays.access).send().await.data();
    refused(&profile(&without, &gone.access).await, "SESSION_ENDED");
    assert_eq!(profile(&app, &stays.access).await.status, StatusCode::OK);
    forget_sessions(&app).await;
    for _ in 0..2 {
        refused(&profile(&app, &gone.access).await, "SESSION_ENDED");
        assert_eq!(profile(&app, &stays.access).await.status, StatusCode::OK);
    }
    let answer = profile(&without, &stays.access).await;
    let sql = if app.ctx().config().dynamodb_sessions.is_some() { 1 } else { 2 };
    assert_eq!((answer.status, answer.trips().sql), (StatusCode::OK, sql), "the profile's row, and the session's");
}

async fn whoever_signs_in_on_one_device_too_many_ends_the_oldest_session(app: TestApp) {
    let mut devices = Vec::new();
    for _ in 0..=MOST {
        devices.push(sign_in(&app, "collector").await);
        // Ids begin with the clock.
        app.world().wait(1);
    }
    refused(&profile(&app, &devices[0].access).await, "SESSION_ENDED");
    assert_eq!(profile(&app, &devices[1].access).await.status, StatusCode::OK);
    let listed = app.get("/api/v1/auth/sessions").token(&devices[1].access).send().await.data();
    assert_eq!(listed.as_array().map(Vec::len), Some(MOST));
}

async fn under_cache_strict_sessions_that_redis_was_not_told_of_are_ended_by_the_repetition(app: TestApp) {
    let strict = [("CACHE_STRICT", "true"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let cut_off = app.beside(gateway::routes(None), &strict).await;
    let (stolen, mine) = (sign_in(&app, "strict").await, sign_in(&app, "strict").await);
    let out = cut_off.post("/api/v1/auth/logout?all=true", &json!({})).token(&mine.access).send().await;
    assert_eq!(out.status, StatusCode::SERVICE_UNAVAILABLE, "{}", out.text());
    let out = app.post("/api/v1/auth/logout?all=true", &json!({})).token(&mine.access).send().await;
    assert_eq!(out.data()["sessions_ended"], 2, "{}", out.text());
    refused(&profile(&app, &stolen.access).await, "SESSION_ENDED");
}

#[tokio::test]
async fn the_public_keys_are_published_for_other_services() {
    let app = app().await;
    let answer = app.get("/.well-known/jwks.json").send().await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    let [key] = answer.json()["keys"].as_array().expect("keys").clone().try_into().expect("one key");
    let (kid, x) = testkit::app::VERIFYING_KEY.split_once(':').expect("a key");
    assert_eq!((key["kid"].as_str(), key["x"].as_str(), key["d"].as_str()), (Some(kid), Some(x), None));
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into()));
}
