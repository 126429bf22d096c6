//! Playing first and registering later: guests, and the ways to sign in that an account gathers.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use crate::story::{Story, app};

const SECRET: &str = "6f0f0b6f9a3c4d1e8b7a5c2d9e1f3a4b";

async fn guest(app: &TestApp, secret: &str) -> TestAnswer {
    let body = json!({"login_type": "guest", "credentials": {"device_secret": secret}, "platform": "unity"});
    app.post("/api/v1/auth/login", &body).send().await
}

async fn link(app: &TestApp, token: &str, body: &Value) -> TestAnswer {
    app.post("/api/v1/auth/link", body).token(token).send().await
}

fn token(answer: &TestAnswer) -> String {
    answer.data()["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn the_same_device_is_the_same_guest() {
    let app = app().await;
    let first = guest(&app, SECRET).await.data();
    assert_eq!((&first["is_new_user"], &first["user"]["is_guest"]), (&json!(true), &json!(true)));
    let again = guest(&app, SECRET).await.data();
    assert_eq!((&again["is_new_user"], &again["user"]["user_id"]), (&json!(false), &first["user"]["user_id"]));
    let other = guest(&app, &SECRET.replace('6', "7")).await.data();
    assert_ne!(other["user"]["user_id"], first["user"]["user_id"]);
    for weak in ["device-1", "0".repeat(64).as_str(), "6f0f0b6f9a3c4d1e8b7a5c2d9e1f3a4 ", "长".repeat(40).as_str()] {
        let refused = guest(&app, weak).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{weak}");
        assert_eq!(refused.error()["fields"][0]["field"], "credentials.device_secret");
    }
}

#[tokio::test]
async fn twenty_first_starts_at_once_make_one_guest() {
    let app = app().await;
    let answers = join_all((0..20).map(|_| guest(&app, SECRET))).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.data()["user"]["user_id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.data()["is_new_user"] == true).count(), 1);
}

#[tokio::test]
async fn a_guest_becomes_a_full_account_and_nothing_is_lost() {
    let app = app().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    let signed_in = guest(&app, SECRET).await;
    let (before, token) = (signed_in.data()["user"].clone(), token(&signed_in));
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1990});
    let character = app.post("/api/v1/characters", &body).token(&token).send().await.data()["character_id"].clone();
    let character = character.as_str().expect("an id").to_owned();
    let mut story = Story { app: &app, token: token.clone(), character, version: 1 };
    story.act("start", json!({}), None).await.data();
    story.version = 2;
    story.live_a_year().await;
    beside.get("/api/v1/auth/profile").token(&token).send().await.data();

    let wanted = json!({"username": "lin_an", "password": "a long walk home", "email": "lin@example.org"});
    let linked = link(&app, &token, &wanted).await;
    assert_eq!(linked.status, StatusCode::OK, "{}", linked.text());
    let now = linked.data();
    assert_eq!(
        (&now["user_id"], &now["is_guest"], &now["username"]),
        (&before["user_id"], &json!(false), &json!("lin_an"))
    );
    assert_eq!((&now["email"], &now["email_verified"]), (&json!("lin@example.org"), &json!(false)));
    let seen = beside.get("/api/v1/auth/profile").token(&token).send().await;
    assert_eq!(seen.data(), now, "every process sees it, by the session that was there");

    // By name and password one comes to the same life.
    let login =
        app.post("/api/v1/auth/login", &json!({"username": "lin_an", "password": "a long walk home"})).send().await;
    assert_eq!(login.data()["user"]["user_id"], before["user_id"]);
    story.token = login.data()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(story.read("state").await.data()["version"], story.version);

    // Repeating it changes nothing; another password is no link; the device's secret opens a new guest.
    let again = link(&app, &token, &wanted).await;
    assert_eq!((again.status, again.data()["version"].clone()), (StatusCode::OK, now["version"].clone()));
    let other = json!({"username": "lin_an", "password": "another walk home"});
    assert_eq!(link(&app, &token, &other).await.error()["reason"], "HAS_PASSWORD");
    assert_ne!(guest(&app, SECRET).await.data()["user"]["user_id"], before["user_id"]);
}

#[tokio::test]
async fn a_guests_token_alone_does_not_take_the_account() {
    let app = app().await;
    let stolen = token(&guest(&app, SECRET).await);
    sqlx::query("UPDATE sessions SET created_at = created_at - interval '16 minutes'")
        .execute(app.ctx().db())
        .await
        .expect("an older session");
    let wanted = json!({"username": "thief", "password": "a long walk home"});
    let refused = link(&app, &stolen, &wanted).await;
    assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::FORBIDDEN, &json!("REAUTHENTICATE")));
    // Whoever has the device signs in by its secret, and links.
    let own = token(&guest(&app, SECRET).await);
    assert_eq!(link(&app, &own, &wanted).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_guest_cannot_take_a_name_nor_learn_of_an_address() {
    let app = app().await;
    let body = json!({"username": "owner", "password": "a long walk home", "email": "owner@example.org"});
    app.post("/api/v1/auth/register", &body).send().await.data();
    sqlx::query("UPDATE users SET email_verified = true WHERE username = 'owner'")
        .execute(app.ctx().db())
        .await
        .expect("verified");
    let token = token(&guest(&app, SECRET).await);
    let taken = link(&app, &token, &json!({"username": "Owner", "password": "a long walk home"})).await;
    assert_eq!((taken.status, &taken.error()["reason"]), (StatusCode::CONFLICT, &json!("USERNAME_TAKEN")));
    let still = app.get("/api/v1/auth/profile").token(&token).send().await.data();
    assert_eq!(still["is_guest"], true, "a refused link changes nothing");

    // The address is somebody's: that is not said, and it is a claim only.
    let claimed = json!({"username": "guest_of_old", "password": "a long walk home", "email": "OWNER@example.org"});
    let linked = link(&app, &token, &claimed).await;
    assert_eq!(linked.status, StatusCode::OK, "{}", linked.text());
    assert_eq!(linked.data()["email_verified"], false);
    let by_address = json!({"username": "owner@example.org", "password": "a long walk home"});
    let login = app.post("/api/v1/auth/login", &by_address).send().await.data();
    assert_eq!(login["user"]["username"], "owner", "an address opens the account that verified it");
}

#[tokio::test]
async fn of_twenty_links_at_once_one_is_made() {
    let app = app().await;
    let token = token(&guest(&app, SECRET).await);
    let bodies: Vec<_> = (0..20)
        .map(|n| json!({"username": format!("wanted_{n}"), "password": format!("a long walk home {n}")}))
        .collect();
    let answers = join_all(bodies.iter().map(|body| link(&app, &token, body))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!(made.len(), 1);
    // Who comes when the account has a password must show it first; who was there before is told that it has one now.
    let is_late = |reason: &Value| reason == "HAS_PASSWORD" || reason == "WRONG_PASSWORD";
    assert!(refused.iter().all(|answer| is_late(&answer.error()["reason"])), "{}", refused[0].text());
    let now = app.get("/api/v1/auth/profile").token(&token).send().await.data();
    assert_eq!(now["username"], made[0].data()["username"]);
}

#[tokio::test]
async fn a_stolen_session_can_neither_add_a_way_in_nor_try_passwords_at_will() {
    let app = TestApp::with_settings(gateway::routes(None), &[("RATE_LIMIT_PERCENT", "100")]).await;
    let stolen = app.register("careful").await;
    let with_code = json!({"wechat_code": {"code": "from_the_thiefs_own_phone"}});
    let refused = link(&app, &stolen, &with_code).await;
    assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::FORBIDDEN, &json!("WRONG_PASSWORD")));
    let mut told = Vec::new();
    for guess in 0..8 {
        told.push(link(&app, &stolen, &json!({"password": format!("a guess of theirs {guess}")})).await.status);
    }
    assert_eq!(told[..5], [StatusCode::CONFLICT; 5]);
    assert_eq!(told[5..], [StatusCode::TOO_MANY_REQUESTS; 3]);
    // The owner, on another session, is not kept from anything.
    let body = json!({"username": "careful", "password": "correct horse battery"});
    let owner = token(&app.post("/api/v1/auth/login", &body).send().await);
    let changed = json!({"current_password": "correct horse battery", "new_password": "a long walk home"});
    let answer = app.post("/api/v1/auth/change-password", &changed).token(&owner).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}
