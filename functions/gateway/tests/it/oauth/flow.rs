//! The way there and back: state, flow token, redirect, code and PKCE.

use http::StatusCode;
use serde_json::json;
use sqlx::Row as _;

use super::{
    Began, REDIRECT_URI, acme, app, assert_refused, browse, count, keys::SigningKey, login, oauth,
    platforms::Platforms, provider::OidcProvider, sign_in, signed_in, start, try_start,
};
use crate::jobs::gateway;

const STATE_INVALID: &str = "OAUTH_STATE_INVALID";

#[tokio::test]
async fn whoever_comes_back_from_a_provider_is_signed_in_whatever_it_signs_with() {
    let (app, provider) = acme().await;
    for (subject, key) in [("rsa", None), ("ec", Some(SigningKey::ec("e"))), ("ed", Some(SigningKey::ed("d")))] {
        provider.change(|ways| {
            ways.subject = subject.to_owned();
            ways.keys.splice(0..0, key);
        });
        app.world().wait(61);
        let first = signed_in(&sign_in(&app, "acme").await);
        assert_eq!(first["is_new_user"], true, "{subject}");
        let name = first["user"]["username"].as_str().expect("a name");
        assert!(name.len() == 13 && name.starts_with("player_"), "{name}");
        assert_eq!((&first["user"]["is_guest"], &first["user"]["email"]), (&json!(false), &json!(null)));
        let token = first["access_token"].as_str().expect("a token");
        let profile = app.get("/api/v1/auth/profile").token(token).send().await;
        assert_eq!(profile.data()["user_id"], first["user"]["user_id"]);
        let again = signed_in(&sign_in(&app, "acme").await);
        assert_eq!((&again["is_new_user"], &again["user"]), (&json!(false), &first["user"]), "{subject}");
        assert_ne!(again["session_id"], first["session_id"]);
    }
    assert_eq!(count(&app, "SELECT count(*) FROM identities WHERE provider = 'acme'").await, 3);
}

#[tokio::test]
async fn a_client_may_authenticate_by_header() {
    let provider = OidcProvider::start().await;
    provider.change(|ways| ways.basic = true);
    let mut setting = provider.setting("acme");
    setting["client_auth"] = json!("basic");
    let app = app(&[setting]).await;
    provider.set_clock(app.world().clone());
    signed_in(&sign_in(&app, "acme").await);
}

#[tokio::test]
async fn a_state_is_good_once_in_time_and_for_the_client_that_began() {
    let (app, _provider) = acme().await;
    let (mine, theirs) = (start(&app, "acme").await, start(&app, "acme").await);
    assert!(mine.state != theirs.state && mine.flow_token != theirs.flow_token);
    let code = browse(&mine.url).await["code"].clone();
    let mixed = Began { flow_token: theirs.flow_token.clone(), ..mine.clone() };
    let swapped = Began { state: mine.flow_token.clone(), flow_token: mine.state.clone(), ..mine.clone() };
    let made_up = Began { state: "made-up".to_owned(), ..mine.clone() };
    for (what, began) in [("another's flow token", mixed), ("swapped", swapped), ("a made-up state", made_up)] {
        let refused = login(&app, &oauth("acme", &code, &began)).await;
        assert_refused(&refused, StatusCode::UNAUTHORIZED, STATE_INVALID, what);
    }
    // None of that has spoilt the sign-in of whoever began it.
    signed_in(&login(&app, &oauth("acme", &code, &mine)).await);
    let replayed = login(&app, &oauth("acme", &code, &mine)).await;
    assert_refused(&replayed, StatusCode::UNAUTHORIZED, STATE_INVALID, "replayed");

    let code = browse(&theirs.url).await["code"].clone();
    app.world().wait(600);
    let late = login(&app, &oauth("acme", &code, &theirs)).await;
    assert_refused(&late, StatusCode::UNAUTHORIZED, STATE_INVALID, "late");
}

#[tokio::test]
async fn of_twenty_who_present_one_state_at_once_one_is_signed_in() {
    let (app, provider) = acme().await;
    let began = start(&app, "acme").await;
    let body = oauth("acme", &browse(&began.url).await["code"], &began);
    let answers = futures_util::future::join_all((0..20).map(|_| login(&app, &body))).await;
    let signed_in = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(signed_in, 1);
    assert_eq!(provider.asked().token.load(std::sync::atomic::Ordering::Relaxed), 1, "the others never asked");
}

#[tokio::test]
async fn a_flow_belongs_to_its_provider() {
    let (one, other) = (OidcProvider::start().await, OidcProvider::start().await);
    let app = app(&[one.setting("one"), other.setting("other")]).await;
    one.set_clock(app.world().clone());
    other.set_clock(app.world().clone());
    let began = start(&app, "one").await;
    let code = browse(&began.url).await["code"].clone();
    let refused = login(&app, &oauth("other", &code, &began)).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, STATE_INVALID, "another provider");
    assert_eq!(other.asked().token.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_code_is_good_once_and_with_the_verifier_of_its_flow() {
    let (app, _provider) = acme().await;
    let (first, second) = (start(&app, "acme").await, start(&app, "acme").await);
    let code = browse(&first.url).await["code"].clone();
    // A code that was stolen on its way: the thief's flow has another verifier.
    let stolen = login(&app, &oauth("acme", &code, &second)).await;
    assert_refused(&stolen, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "another flow's verifier");
    let used = login(&app, &oauth("acme", &code, &first)).await;
    assert_refused(&used, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "a used code");

    let began = start(&app, "acme").await;
    let (before, challenge) = began.url.split_once("code_challenge=").expect("a challenge");
    let altered = format!("{before}code_challenge={}{}", "A".repeat(43), &challenge[43..]);
    let code = browse(&altered).await["code"].clone();
    let refused = login(&app, &oauth("acme", &code, &began)).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "an altered challenge");
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn browsers_are_sent_back_only_to_addresses_on_the_list() {
    let (app, _provider) = acme().await;
    for elsewhere in [
        "https://play.example.org",
        "https://play.example.org/signed-in/",
        "https://play.example.org/signed-in?x=1",
        "https://PLAY.example.org/signed-in",
        "https://evil.example.org/signed-in",
        "",
    ] {
        let refused = try_start(&app, "acme", elsewhere).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{elsewhere}: {}", refused.text());
        assert_eq!(refused.error()["fields"][0]["field"], "redirect_uri");
    }
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_flows").await, 0);
}

#[tokio::test]
async fn who_asks_for_a_provider_that_is_not_there_is_told_which_are() {
    let provider = OidcProvider::start().await;
    let platforms = Platforms::start().await;
    let app = app(&[provider.setting("acme"), platforms.wechat("wechat"), platforms.qq("qq")]).await;
    for unknown in ["nobody", "wechat", "password", "ACME", "%00"] {
        let answer = try_start(&app, unknown, REDIRECT_URI).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}: {}", answer.text());
        let error = answer.error();
        assert_eq!(
            (&error["reason"], &error["details"]["providers"]),
            (&json!("OAUTH_PROVIDER_UNKNOWN"), &json!(["acme", "qq"]))
        );
    }
    for unknown in ["nobody", "wechat"] {
        let began = Began { url: String::new(), state: "s".to_owned(), flow_token: "f".to_owned() };
        let answer = login(&app, &oauth(unknown, "code", &began)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{unknown}: {}", answer.text());
        assert_eq!(answer.error()["fields"][0]["field"], "credentials.provider");
    }
}

#[tokio::test]
async fn what_is_stored_of_a_flow_does_not_let_its_reader_finish_it() {
    let (app, _provider) = acme().await;
    let began = start(&app, "acme").await;
    let row = sqlx::query("SELECT oauth_flows::text FROM oauth_flows").fetch_one(app.ctx().db()).await.expect("a row");
    let text: String = row.get(0);
    assert!(text.contains("acme") && !text.contains(&began.state) && !text.contains(&began.flow_token), "{text}");
}

#[tokio::test]
async fn flows_that_never_came_back_are_forgotten() {
    let url = testkit::database::fresh().await.expect("a database");
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.expect("a connection");
    sqlx::raw_sql(
        "INSERT INTO oauth_flows (state_hash, flow_hash, provider, redirect_uri, nonce, code_verifier, expires_at)
         SELECT sha256(n::text::bytea), sha256('f'), 'acme', '', '', '',
                now() + CASE WHEN n <= 6000 THEN interval '-1 second' ELSE interval '1 minute' END
         FROM generate_series(1, 6003) n",
    )
    .execute(&mut db)
    .await
    .expect("flows");
    let ran = gateway(&url, &["job", "purge-oauth-flows"]).await;
    assert_eq!(ran.said("unfinished sign-ins are forgotten")["deleted"], 6000, "{}", ran.stderr);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM oauth_flows").fetch_one(&mut db).await.expect("a count");
    assert_eq!(left, 3);
}
