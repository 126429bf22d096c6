//! A provider that is away, slow, ill or hostile costs its own players a 503, and nobody else anything.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use http::StatusCode;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{
    REDIRECT_URI, acme, app, assert_refused, browse,
    keys::der,
    login, oauth,
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

/// A provider's name with a certificate that nobody vouches for: we end the handshake, and nothing of ours is sent.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let certificate = vec![rustls::pki_types::CertificateDer::from(der(include_str!("keys/tls.cert.pem")))];
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(der(include_str!("keys/tls.key.pem")));
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificate, key.into())
        .expect("a certificate");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("https://{}", listener.local_addr().expect("an address"));
    let handshake = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(drop)
    });
    let mut setting = OidcProvider::start().await.setting("acme");
    setting["issuer"] = issuer.into();
    let app = app(&[setting]).await;
    let refused = try_start(&app, "acme", REDIRECT_URI).await;
    assert_refused(&refused, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, "a certificate of its own");
    let ended = handshake.await.expect("no panic").expect_err("no handshake").to_string();
    assert!(ended.contains("UnknownCA"), "{ended}");
}
