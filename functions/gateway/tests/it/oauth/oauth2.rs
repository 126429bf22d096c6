//! OAuth 2.0 without ID tokens, in the ways of QQ and Weibo.

use http::StatusCode;
use serde_json::json;

use super::{
    REDIRECT_URI, app, assert_refused, browse, count, login, oauth, platforms::Platforms, provider::Mood, sign_in,
    signed_in, start,
};

#[tokio::test]
async fn qq_says_whose_a_token_is_when_asked() {
    let platforms = Platforms::start().await;
    let app = app(&[platforms.qq("qq")]).await;
    let first = signed_in(&sign_in(&app, "qq").await);
    assert_eq!(first["is_new_user"], true);
    assert_eq!(count(&app, "SELECT count(*) FROM identities WHERE (provider, subject) = ('qq', 'o-1')").await, 1);
    let again = sign_in(&app, "qq").await;
    assert_refused(&again, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "the code was used");
    platforms.change(|ways| drop(ways.codes.insert("fresh".to_owned(), "o-1".to_owned())));
    let began = start(&app, "qq").await;
    let second = signed_in(&login(&app, &oauth("qq", "fresh", &began)).await);
    assert_eq!((&second["is_new_user"], &second["user"]), (&json!(false), &first["user"]));
}

#[tokio::test]
async fn a_token_of_another_app_of_qq_is_refused() {
    let platforms = Platforms::start().await;
    let app = app(&[platforms.qq("qq")]).await;
    for answer in [
        json!({"client_id": "102", "openid": "o-1"}),
        json!({"openid": "o-1"}),
        json!({"client_id": "101"}),
        json!({"client_id": "101", "openid": ["o-1"]}),
        json!({"client_id": "101", "openid": ""}),
    ] {
        let fresh = format!("code for {answer}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        platforms.change(|ways| {
            ways.codes.insert(fresh.clone(), "o-1".to_owned());
            ways.answer = Some(answer.clone());
        });
        let began = start(&app, "qq").await;
        let refused = login(&app, &oauth("qq", &fresh, &began)).await;
        assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", &answer.to_string());
    }
    platforms.change(|ways| {
        ways.codes.insert("last".to_owned(), "o-1".to_owned());
        ways.answer = Some(json!({"error": 100016, "error_description": "access token check failed"}));
    });
    let began = start(&app, "qq").await;
    let refused = login(&app, &oauth("qq", "last", &began)).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "QQ's own refusal");
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn weibo_says_whose_a_token_is_with_the_token() {
    let platforms = Platforms::start().await;
    let app = app(&[platforms.weibo("weibo")]).await;
    let began = start(&app, "weibo").await;
    let back = browse(&began.url).await;
    signed_in(&login(&app, &oauth("weibo", &back["code"], &began)).await);
    let subject = "SELECT count(*) FROM identities WHERE (provider, subject) = ('weibo', '1404376560')";
    assert_eq!(count(&app, subject).await, 1);
    let again = sign_in(&app, "weibo").await;
    assert_refused(&again, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", "the code was used");
    for mood in [Mood::Status(502), Mood::NoJson, Mood::Huge, Mood::Redirect] {
        platforms.change(|ways| ways.mood = mood);
        let refused = sign_in(&app, "weibo").await;
        let reason = "OAUTH_PROVIDER_UNAVAILABLE";
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, reason, &format!("{mood:?}"));
    }
}

#[tokio::test]
async fn without_pkce_a_flow_still_belongs_to_the_client_that_began_it() {
    let platforms = Platforms::start().await;
    let app = app(&[platforms.weibo("weibo")]).await;
    let (victim, attacker) = (start(&app, "weibo").await, start(&app, "weibo").await);
    let code = browse(&attacker.url).await["code"].clone();
    let mut forced = victim.clone();
    forced.state.clone_from(&attacker.state);
    let refused = login(&app, &oauth("weibo", &code, &forced)).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_STATE_INVALID", "the attacker's state and code");
}

#[tokio::test]
async fn the_url_of_a_flow_has_what_the_provider_wants_to_see() {
    let platforms = Platforms::start().await;
    let mut wechat = platforms.qq("wechat_web");
    for (field, value) in [
        ("client_id_param", json!("appid")),
        ("authorize_fragment", json!("wechat_redirect")),
        ("authorize_params", json!({"lang": "cn & en"})),
        ("pkce", json!(true)),
    ] {
        wechat[field] = value;
    }
    let app = app(&[wechat]).await;
    let began = start(&app, "wechat_web").await;
    let url = reqwest::Url::parse(&began.url).expect("a URL");
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(url.fragment(), Some("wechat_redirect"));
    let expected = [("appid", "101"), ("lang", "cn & en"), ("redirect_uri", REDIRECT_URI), ("state", &began.state)];
    for (name, value) in expected {
        assert_eq!(query[name], value);
    }
    assert!(!query.contains_key("client_id") && query["code_challenge"].len() == 43, "{query:?}");
}
