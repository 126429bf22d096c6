//! A provider that is away, slow, ill or hostile costs its own players a 503, and nobody else anything.

use std::{sync::atomic::Ordering::Relaxed, time::Instant};

use http::StatusCode;

use super::{
    REDIRECT_URI, acme, app, assert_refused, browse, login, oauth,
    provider::{Mood, OidcProvider},
    sign_in, signed_in, start, try_start,
};

const UNAVAILABLE: &str = "OAUTH_PROVIDER_UNAVAILABLE";

#[tokio::test]
async fn what_no_player_can_help_is_a_503() {
    let (app, provider) = acme().await;
    let moods = [
        Mood::Status(500),
        Mood::Status(429),
        Mood::Status(302),
        Mood::Error("invalid_client"),
        Mood::Error("unauthorized_client"),
        Mood::NoJson,
        Mood::Huge,
        Mood::Redirect,
    ];
    for mood in moods {
        provider.change(|ways| ways.token = mood);
        let refused = sign_in(&app, "acme").await;
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &format!("{mood:?}"));
    }
    for mood in [Mood::Error("invalid_grant"), Mood::Error("access_denied"), Mood::Status(403)] {
        provider.change(|ways| ways.token = mood);
        let refused = sign_in(&app, "acme").await;
        assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_CODE_REFUSED", &format!("{mood:?}"));
    }
    assert_eq!(provider.asked().elsewhere.load(Relaxed), 0, "no redirect was followed");
    provider.change(|ways| ways.token = Mood::Well);
    signed_in(&sign_in(&app, "acme").await);
}

#[tokio::test]
async fn metadata_and_keys_may_be_troubled_too() {
    for mood in [Mood::Status(500), Mood::Status(404), Mood::NoJson, Mood::Huge, Mood::Redirect] {
        let (app, provider) = acme().await;
        provider.change(|ways| ways.discovery = mood);
        let refused = try_start(&app, "acme", REDIRECT_URI).await;
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &format!("discovery {mood:?}"));
        provider.change(|ways| (ways.discovery, ways.jwks) = (Mood::Well, mood));
        let refused = sign_in(&app, "acme").await;
        assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &format!("keys {mood:?}"));
        assert_eq!(provider.asked().elsewhere.load(Relaxed), 0, "no redirect was followed");
    }
}

#[tokio::test]
async fn a_slow_provider_is_not_waited_for() {
    let (app, provider) = acme().await;
    provider.change(|ways| ways.token = Mood::Slow);
    let began = start(&app, "acme").await;
    let body = oauth("acme", &browse(&began.url).await["code"], &began);
    let started = Instant::now();
    let refused = login(&app, &body).await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, "slow");
    assert!(started.elapsed().as_secs() < 9, "took {:?}", started.elapsed());
    // The state was used up before the provider was asked.
    let again = login(&app, &body).await;
    assert_refused(&again, StatusCode::UNAUTHORIZED, "OAUTH_STATE_INVALID", "the same again");
}

#[tokio::test]
async fn a_provider_that_is_away_takes_nobody_else_with_it() {
    let provider = OidcProvider::start().await;
    let mut away = provider.setting("away");
    away["issuer"] = "http://127.0.0.1:1".into();
    let app = app(&[provider.setting("acme"), away]).await;
    provider.set_clock(app.world().clone());
    let refused = try_start(&app, "away", REDIRECT_URI).await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, "away");
    signed_in(&sign_in(&app, "acme").await);
    app.register("by_password").await;
}
