//! What a provider publishes: kept, renewed, and believed only where the settings allow it.

use std::sync::atomic::Ordering::Relaxed;

use http::StatusCode;
use serde_json::json;

use super::{
    REDIRECT_URI, acme, app, assert_refused,
    keys::{RSA_2, SigningKey},
    provider::{Mood, OidcProvider},
    sign_in, signed_in, try_start,
};

#[tokio::test]
async fn a_key_that_was_rotated_in_is_found_though_not_asked_for_more_than_once_a_minute() {
    let (app, provider) = acme().await;
    signed_in(&sign_in(&app, "acme").await);
    provider.change(|ways| ways.keys = vec![SigningKey::rsa("second", RSA_2)]);
    for _ in 0..3 {
        let refused = sign_in(&app, "acme").await;
        assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", "an unknown kid");
    }
    assert_eq!(provider.asked().jwks.load(Relaxed), 1, "asked a minute ago");
    app.world().wait(61);
    signed_in(&sign_in(&app, "acme").await);
    assert_eq!(provider.asked().jwks.load(Relaxed), 2);
    // The old key is gone with the old set.
    provider.forge(|_, claims| {
        let old = SigningKey::rsa("first", super::keys::RSA_1);
        old.sign(&old.header(), &claims)
    });
    app.world().wait(61);
    let refused = sign_in(&app, "acme").await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", "the old key");
    assert_eq!(provider.asked().jwks.load(Relaxed), 3);
}

#[tokio::test]
async fn metadata_and_keys_are_kept_for_an_hour_by_the_wall_clock() {
    let (app, provider) = acme().await;
    let asked = || (provider.asked().discovery.load(Relaxed), provider.asked().jwks.load(Relaxed));
    for _ in 0..3 {
        signed_in(&sign_in(&app, "acme").await);
    }
    assert_eq!(asked(), (1, 1));
    app.world().wait(3599);
    signed_in(&sign_in(&app, "acme").await);
    assert_eq!(asked(), (1, 1));
    app.world().wait(1);
    signed_in(&sign_in(&app, "acme").await);
    assert_eq!(asked(), (2, 2));
    // A clock that was put back says nothing about how old the keys are.
    app.world().wait(-7200);
    signed_in(&sign_in(&app, "acme").await);
    assert_eq!(asked(), (3, 3));
}

#[tokio::test]
async fn keys_that_cannot_be_renewed_are_not_used_for_longer() {
    let (app, provider) = acme().await;
    signed_in(&sign_in(&app, "acme").await);
    provider.change(|ways| ways.jwks = Mood::Status(500));
    signed_in(&sign_in(&app, "acme").await);
    app.world().wait(3600);
    let refused = sign_in(&app, "acme").await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, "OAUTH_PROVIDER_UNAVAILABLE", "no keys");
    provider.change(|ways| ways.jwks = Mood::Well);
    signed_in(&sign_in(&app, "acme").await);
}

#[tokio::test]
async fn a_provider_cannot_send_us_elsewhere() {
    let elsewhere = [
        ("token_endpoint", "http://169.254.169.254/latest/meta-data"),
        ("token_endpoint", "https://evil.example.org/token"),
        ("jwks_uri", "http://localhost:1/jwks"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("issuer", "https://evil.example.org"),
    ];
    // One function a case: a provider's ways are plain functions.
    let changes: [fn(&mut serde_json::Value); 6] = [
        |metadata| metadata["token_endpoint"] = json!("http://169.254.169.254/latest/meta-data"),
        |metadata| metadata["token_endpoint"] = json!("https://evil.example.org/token"),
        |metadata| metadata["jwks_uri"] = json!("http://localhost:1/jwks"),
        |metadata| metadata["jwks_uri"] = json!("file:///etc/passwd"),
        |metadata| metadata["authorization_endpoint"] = json!("javascript:alert(1)"),
        |metadata| metadata["issuer"] = json!("https://evil.example.org"),
    ];
    let (app, provider) = acme().await;
    for ((field, url), change) in elsewhere.into_iter().zip(changes) {
        provider.change(|ways| ways.metadata = change);
        let refused = try_start(&app, "acme", REDIRECT_URI).await;
        let what = format!("{field} at {url}");
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, "OAUTH_PROVIDER_UNAVAILABLE", &what);
    }
}

#[tokio::test]
async fn a_provider_may_have_its_keys_on_a_host_that_the_settings_name() {
    let (provider, keys) = (OidcProvider::start().await, OidcProvider::start().await);
    static ELSEWHERE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ELSEWHERE.set(format!("{}/jwks", keys.issuer())).expect("once");
    provider.change(|ways| ways.metadata = |metadata| metadata["jwks_uri"] = json!(ELSEWHERE.get()));
    let mut setting = provider.setting("acme");
    let without = app(&[setting.clone()]).await;
    let refused = try_start(&without, "acme", REDIRECT_URI).await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, "OAUTH_PROVIDER_UNAVAILABLE", "another host");
    setting["hosts"] = json!([keys.issuer().trim_start_matches("http://")]);
    let app = app(&[setting]).await;
    provider.set_clock(app.world().clone());
    signed_in(&sign_in(&app, "acme").await);
    assert_eq!((provider.asked().jwks.load(Relaxed), keys.asked().jwks.load(Relaxed)), (0, 1));
}
