//! ID tokens that do not hold: each is refused for what is wrong with it alone.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{
    acme, assert_refused, count,
    keys::{RSA_2, SigningKey},
    provider::{CLIENT_ID, OidcProvider},
    sign_in, signed_in,
};

type Change = fn(&mut Value);

/// The refusal of a token for what it says or how it is signed.
async fn assert_invalid(app: &testkit::app::TestApp, what: &str) {
    let refused = sign_in(app, "acme").await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "OAUTH_ANSWER_INVALID", what);
}

fn shift(claims: &mut Value, name: &str, seconds: i64) {
    claims[name] = json!(claims["iat"].as_i64().expect("a time") + seconds);
}

#[tokio::test]
async fn every_claim_is_checked() {
    let (app, provider) = acme().await;
    let wrong: &[(&str, Change)] = &[
        ("another nonce", |claims| claims["nonce"] = json!("x".repeat(43))),
        ("no nonce", |claims| drop(claims.as_object_mut().map(|map| map.remove("nonce")))),
        ("another issuer", |claims| claims["iss"] = json!("https://evil.example.org")),
        ("almost the issuer", |claims| {
            claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap_or_default()));
        }),
        ("another audience", |claims| claims["aud"] = json!("another")),
        ("no audience", |claims| claims["aud"] = json!([])),
        ("several audiences without azp", |claims| claims["aud"] = json!([CLIENT_ID, "another"])),
        ("another azp", |claims| claims["azp"] = json!("another")),
        ("expired", |claims| shift(claims, "exp", -60)),
        ("no expiry", |claims| drop(claims.as_object_mut().map(|map| map.remove("exp")))),
        ("issued in the future", |claims| shift(claims, "iat", 61)),
        ("not valid before the future", |claims| shift(claims, "nbf", 61)),
        ("another access token's hash", |claims| claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("no subject", |claims| drop(claims.as_object_mut().map(|map| map.remove("sub")))),
        ("an empty subject", |claims| claims["sub"] = json!("")),
        ("a long subject", |claims| claims["sub"] = json!("x".repeat(256))),
    ];
    for (what, change) in wrong {
        provider.claim(change);
        assert_invalid(&app, what).await;
    }
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
    let right: &[(&str, Change)] = &[
        ("a clock that is a little behind", |claims| shift(claims, "exp", -59)),
        ("a clock that is a little ahead", |claims| shift(claims, "iat", 60)),
        ("several audiences, given to us", |claims| {
            (claims["aud"], claims["azp"]) = (json!([CLIENT_ID, "another"]), json!(CLIENT_ID));
        }),
        ("no hash of the access token", |claims| drop(claims.as_object_mut().map(|map| map.remove("at_hash")))),
    ];
    for (what, change) in right {
        provider.claim(change);
        assert_eq!(sign_in(&app, "acme").await.status, StatusCode::OK, "{what}");
    }
}

#[tokio::test]
async fn only_a_key_of_the_providers_signs() {
    let (app, provider) = acme().await;
    signed_in(&sign_in(&app, "acme").await);
    provider.forge(|key, claims| SigningKey::rsa(key.kid, RSA_2).sign(&key.header(), &claims));
    assert_invalid(&app, "another's key under the provider's kid").await;
    provider.forge(|key, claims| {
        let token = key.sign(&key.header(), &claims);
        let (rest, signature) = token.rsplit_once('.').expect("a signature");
        let (head, _) = rest.split_once('.').expect("a header");
        let claims = json!({"sub": "somebody else", "iss": claims["iss"], "aud": claims["aud"], "iat": claims["iat"],
            "exp": claims["exp"], "nonce": claims["nonce"]});
        format!("{head}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    });
    assert_invalid(&app, "other claims under the signature").await;
    provider.forge(|_, claims| {
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(json!({"alg": "none", "kid": "first"})), part(claims))
    });
    assert_invalid(&app, "alg none").await;
    provider.forge(|key, claims| {
        let token = key.sign(&key.header(), &claims);
        token[..=token.rfind('.').expect("a signature")].to_owned()
    });
    assert_invalid(&app, "no signature").await;
    provider.forge(|key, claims| {
        let header = Header { crit: Some(vec!["b64".to_owned()]), ..key.header() };
        key.sign(&header, &claims)
    });
    assert_invalid(&app, "an extension that must be understood").await;
    provider.forge(|key, claims| {
        let ec = SigningKey::ec(key.kid);
        ec.sign(&ec.header(), &claims)
    });
    assert_invalid(&app, "another kind of key than the kid's").await;
    provider.forge(|_, _| "no.token".to_owned());
    assert_invalid(&app, "no token").await;
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 1, "the one of the beginning");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let (app, provider) = acme().await;
    for (what, secret) in public_forms(&provider) {
        let secret = Arc::new(secret);
        provider.forge(move |key, claims| {
            let header = Header { kid: Some(key.kid.to_owned()), ..Header::new(Algorithm::HS256) };
            encode(&header, &claims, &EncodingKey::from_secret(&secret)).expect("a token")
        });
        assert_invalid(&app, what).await;
    }
}

/// The forms in which the provider's public key might be taken for an HMAC's secret.
fn public_forms(provider: &OidcProvider) -> Vec<(&'static str, Vec<u8>)> {
    let jwk = provider.change(|ways| ways.keys[0].jwk());
    let modulus = jwk["n"].as_str().expect("a modulus");
    vec![
        ("HS256 with the JWK", jwk.to_string().into_bytes()),
        ("HS256 with the modulus as text", modulus.as_bytes().to_vec()),
        ("HS256 with the modulus", BASE64_URL_SAFE_NO_PAD.decode(modulus).expect("base64")),
        ("HS256 with nothing", Vec::new()),
    ]
}
