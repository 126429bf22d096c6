//! Mini-programs of WeChat, Alipay and Douyin.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::TestApp;

use super::{app, assert_refused, count, login, platforms::Platforms, provider::Mood, signed_in};

const UNAVAILABLE: &str = "OAUTH_PROVIDER_UNAVAILABLE";

fn with_code(kind: &str, code: &str) -> Value {
    json!({"login_type": format!("{kind}_code"), "credentials": {"code": code}, "platform": kind})
}

/// All three, each called as its kind.
async fn all() -> (TestApp, Platforms) {
    let platforms = Platforms::start().await;
    let app = app(&[platforms.wechat("wechat"), platforms.alipay("alipay"), platforms.douyin("douyin")]).await;
    (app, platforms)
}

#[tokio::test]
async fn a_code_signs_in_once_and_a_further_one_into_the_same_account() {
    for kind in ["wechat", "alipay", "douyin"] {
        let (app, platforms) = all().await;
        let first = signed_in(&login(&app, &with_code(kind, "good")).await);
        assert_eq!(first["is_new_user"], true, "{kind}");
        let replayed = login(&app, &with_code(kind, "good")).await;
        assert_refused(&replayed, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", &format!("{kind} replayed"));
        let made_up = login(&app, &with_code(kind, "made-up")).await;
        assert_refused(&made_up, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", &format!("{kind} made up"));
        platforms.change(|ways| drop(ways.codes.insert("fresh".to_owned(), "o-1".to_owned())));
        let second = signed_in(&login(&app, &with_code(kind, "fresh")).await);
        assert_eq!((&second["is_new_user"], &second["user"]), (&json!(false), &first["user"]), "{kind}");
        let named = "SELECT count(*) FROM identities WHERE subject = 'o-1' AND secret IS NULL";
        assert_eq!(count(&app, named).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn a_platform_in_trouble_is_a_503_for_its_own() {
    for kind in ["wechat", "alipay", "douyin"] {
        let (app, platforms) = all().await;
        for mood in [Mood::Status(500), Mood::NoJson, Mood::Huge, Mood::Redirect] {
            platforms.change(|ways| ways.mood = mood);
            let refused = login(&app, &with_code(kind, "good")).await;
            assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &format!("{kind} {mood:?}"));
        }
        let busy = match kind {
            "wechat" => json!({"errcode": -1, "errmsg": "system error"}),
            "douyin" => json!({"err_no": -1, "err_tips": "system error"}),
            _ => json!({"error_response": {"code": "20000", "sub_code": "isp.unknow-error"}}),
        };
        platforms.change(|ways| ways.answer = Some(busy));
        let refused = login(&app, &with_code(kind, "good")).await;
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &format!("{kind} busy"));
        platforms.change(|ways| (ways.mood, ways.answer) = (Mood::Well, None));
        signed_in(&login(&app, &with_code(kind, "good")).await);
    }
}

#[tokio::test]
async fn a_slow_platform_is_not_waited_for() {
    let (app, platforms) = all().await;
    platforms.change(|ways| ways.mood = Mood::Slow);
    let refused = login(&app, &with_code("wechat", "good")).await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, "slow");
}

#[tokio::test]
async fn a_wrong_secret_is_our_fault_and_not_the_players() {
    let platforms = Platforms::start().await;
    let wrong = |mut setting: Value| {
        setting["client_secret"] = json!("of another app");
        setting
    };
    let mut alipay = platforms.alipay("alipay");
    alipay["private_key"] = json!(super::keys::RSA_2);
    let app = app(&[wrong(platforms.wechat("wechat")), wrong(platforms.douyin("douyin")), alipay]).await;
    for kind in ["wechat", "alipay", "douyin"] {
        let refused = login(&app, &with_code(kind, "good")).await;
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, kind);
    }
}

#[tokio::test]
async fn an_answer_that_alipay_did_not_sign_is_refused() {
    let (app, platforms) = all().await;
    platforms.change(|ways| ways.is_signed = false);
    let refused = login(&app, &with_code("alipay", "good")).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", "another's signature");
    let forged = json!({"alipay_system_oauth_token_response": {"open_id": "o-1"}});
    platforms.change(|ways| ways.answer = Some(forged));
    let refused = login(&app, &with_code("alipay", "good")).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", "no signature");
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn the_player_is_who_the_settings_say() {
    let (wechat, douyin) = (Platforms::start().await, Platforms::start().await);
    let by_union = |mut setting: Value| {
        setting["subject"] = json!("unionid");
        setting
    };
    let app = app(&[by_union(wechat.wechat("wechat")), by_union(douyin.douyin("douyin"))]).await;
    for kind in ["wechat", "douyin"] {
        signed_in(&login(&app, &with_code(kind, "good")).await);
    }
    assert_eq!(count(&app, "SELECT count(*) FROM identities WHERE subject = 'u-1'").await, 2);
    wechat.change(|ways| ways.answer = Some(json!({"openid": "o-1", "session_key": "k"})));
    let refused = login(&app, &with_code("wechat", "good")).await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", "no unionid");
}

#[tokio::test]
async fn the_provider_is_named_where_there_are_several_and_only_one_of_the_kind_will_do() {
    let (one, other) = (Platforms::start().await, Platforms::start().await);
    let app = app(&[one.wechat("wx_one"), other.wechat("wx_other"), one.douyin("douyin")]).await;
    let named = |provider: Value| {
        let mut body = with_code("wechat", "good");
        body["credentials"]["provider"] = provider;
        body
    };
    for provider in [json!(null), json!("douyin"), json!("nobody")] {
        let refused = login(&app, &named(provider.clone())).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{provider}: {}", refused.text());
        let field = &refused.error()["fields"][0];
        assert_eq!(field["field"], "credentials.provider");
        assert!(field["message"].as_str().is_some_and(|text| text.contains("wx_one, wx_other")), "{field}");
    }
    let first = signed_in(&login(&app, &named(json!("wx_one"))).await);
    let second = signed_in(&login(&app, &named(json!("wx_other"))).await);
    assert_ne!(first["user"]["user_id"], second["user"]["user_id"], "one subject of two providers");
    let refused = login(&app, &with_code("alipay", "good")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert_eq!(refused.error()["fields"][0]["field"], "login_type");
}

#[tokio::test]
async fn credentials_are_those_of_the_login_type() {
    let (app, _platforms) = all().await;
    let plain = json!({"identifier": "lin_an", "password": "a long walk home"});
    let flow = json!({"provider": "acme", "code": "c", "state": "s", "flow_token": "f"});
    for (login_type, credentials, field) in [
        ("oauth", json!({"code": "c"}), "credentials.provider"),
        ("oauth", plain.clone(), "credentials.identifier"),
        ("oauth", json!({"provider": "Acme!", "code": "c", "state": "s", "flow_token": "f"}), "credentials.provider"),
        ("oauth", json!({"provider": "acme", "code": "c d", "state": "s", "flow_token": "f"}), "credentials.code"),
        ("oauth", json!({"provider": "acme", "code": "", "state": "s", "flow_token": "f"}), "credentials.code"),
        ("oauth", json!("c"), "credentials"),
        ("wechat_code", json!({}), "credentials.code"),
        ("wechat_code", json!({"code": "x".repeat(2049)}), "credentials.code"),
        ("wechat_code", flow.clone(), "credentials.state"),
        ("password", flow, "credentials.provider"),
    ] {
        let body = json!({"login_type": login_type, "credentials": credentials});
        let refused = login(&app, &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.text());
        let fields = refused.error()["fields"].clone();
        let named = fields.as_array().is_some_and(|fields| fields.iter().any(|at| at["field"] == field));
        assert!(named, "{body}: {fields}");
    }
    for mixed in [
        json!({"login_type": "wechat_code", "credentials": {"code": "good"}, "username": "lin_an"}),
        json!({"login_type": "oauth"}),
        json!({"login_type": "douyin_code", "password": "x"}),
    ] {
        assert_eq!(login(&app, &mixed).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{mixed}");
    }
}
