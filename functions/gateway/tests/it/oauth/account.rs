//! The account behind an identity: one, whatever happens at once, and never found by an address.

use futures_util::future::join_all;
use http::StatusCode;
use platform::ApiError;
use serde_json::{Value, json};
use testkit::app::TestApp;

use super::{
    acme, app, assert_refused, browse, count, login, oauth, provider::OidcProvider, sign_in, signed_in, start,
};

#[tokio::test]
async fn twenty_first_sign_ins_at_once_make_one_account() {
    let (app, _provider) = acme().await;
    let beside = app.beside(gateway::routes(None), &[("OAUTH_PROVIDERS", &setting(&app))]).await;
    let mut bodies = Vec::new();
    for _ in 0..20 {
        let began = start(&app, "acme").await;
        bodies.push(oauth("acme", &browse(&began.url).await["code"], &began));
    }
    let apps = [&app, &beside];
    let answers = join_all(bodies.iter().enumerate().map(|(n, body)| login(apps[n % 2], body))).await;
    let accounts: Vec<Value> = answers.iter().map(signed_in).collect();
    assert!(accounts.iter().all(|account| account["user"] == accounts[0]["user"]));
    assert_eq!(accounts.iter().filter(|account| account["is_new_user"] == true).count(), 1);
    let counts = "SELECT (SELECT count(*) FROM users) * 10000 + (SELECT count(*) FROM identities) * 100
                  + (SELECT count(*) FROM sessions)";
    assert_eq!(count(&app, counts).await, 10_120, "one user, one identity, twenty sessions");
}

/// The providers of `app`, for another process of the same deployment.
fn setting(app: &TestApp) -> String {
    let providers = &app.ctx().config().oauth_providers;
    let platform::config::providers::Kind::Oidc(oidc) = &providers[0].kind else { panic!("another kind") };
    json!([{
        "id": "acme", "kind": "oidc", "client_id": oidc.client.id, "issuer": oidc.issuer.as_str(),
        "client_secret": secrecy::ExposeSecret::expose_secret(oidc.client.secret.as_ref().expect("a secret")),
        "redirect_uris": oidc.web.redirect_uris
    }])
    .to_string()
}

#[tokio::test]
async fn one_subject_of_two_providers_is_two_people() {
    let (one, other) = (OidcProvider::start().await, OidcProvider::start().await);
    let app = app(&[one.setting("one"), other.setting("other")]).await;
    one.set_clock(app.world().clone());
    other.set_clock(app.world().clone());
    let first = signed_in(&sign_in(&app, "one").await);
    let second = signed_in(&sign_in(&app, "other").await);
    assert_ne!(first["user"]["user_id"], second["user"]["user_id"]);
}

type Change = fn(&mut Value);

/// An application that trusts its provider with addresses.
async fn trusting() -> (TestApp, OidcProvider) {
    let provider = OidcProvider::start().await;
    let mut setting = provider.setting("acme");
    setting["trust_email"] = json!(true);
    let app = app(&[setting]).await;
    provider.set_clock(app.world().clone());
    (app, provider)
}

#[tokio::test]
async fn an_address_is_verified_only_by_a_provider_that_is_trusted_and_says_so() {
    let (app, provider) = trusting().await;
    let cases: [(&str, Change, Value); 4] = [
        ("not verified", |claims| claims["email_verified"] = json!(false), json!([null, false])),
        (
            "not said",
            |claims| drop(claims.as_object_mut().map(|map| map.remove("email_verified"))),
            json!([null, false]),
        ),
        ("Apple's way to say no", |claims| claims["email_verified"] = json!("false"), json!([null, false])),
        ("Apple's way to say yes", |claims| claims["email_verified"] = json!("true"), json!(["Lin@Example.org", true])),
    ];
    for (subject, change, expected) in cases {
        provider.change(|ways| ways.subject = subject.to_owned());
        provider.claim(change);
        let user = &signed_in(&sign_in(&app, "acme").await)["user"];
        assert_eq!(json!([user["email"], user["email_verified"]]), expected, "{subject}");
    }
    let (app, _provider) = acme().await;
    let user = &signed_in(&sign_in(&app, "acme").await)["user"];
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(null), &json!(false)), "not trusted");
}

#[tokio::test]
async fn an_address_never_leads_into_another_account() {
    let (app, provider) = trusting().await;
    let owner = signed_in(&sign_in(&app, "acme").await);
    assert_eq!(owner["user"]["email"], "Lin@Example.org");
    provider.change(|ways| ways.subject = "somebody else".to_owned());
    provider.claim(|claims| claims["email"] = json!("lin@example.ORG"));
    let other = signed_in(&sign_in(&app, "acme").await);
    assert_eq!((&other["is_new_user"], &other["user"]["email"]), (&json!(true), &json!(null)));
    assert_ne!(other["user"]["user_id"], owner["user"]["user_id"]);
}

#[tokio::test]
async fn an_address_that_somebody_else_is_just_verifying_is_left_to_them() {
    let (app, _provider) = trusting().await;
    let url = secrecy::ExposeSecret::expose_secret(&app.ctx().config().database_url);
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.expect("a connection");
    sqlx::raw_sql(
        "BEGIN;
         INSERT INTO users (user_id, username, email, email_verified, locale, created_at, updated_at)
         VALUES (gen_random_uuid(), 'somebody', 'lin@example.org', true, 'en', now(), now())",
    )
    .execute(&mut other)
    .await
    .expect("not committed");
    let verified = async {
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            if sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut other).await.expect("a count") > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("committed");
    };
    let (answer, ()) = tokio::join!(sign_in(&app, "acme"), verified);
    let user = &signed_in(&answer)["user"];
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(null), &json!(false)));
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 2);
}

#[tokio::test]
async fn a_closed_account_stays_closed() {
    let (app, _provider) = acme().await;
    signed_in(&sign_in(&app, "acme").await);
    sqlx::query("UPDATE users SET is_active = false").execute(app.ctx().db()).await.expect("closed");
    let refused = sign_in(&app, "acme").await;
    assert_refused(&refused, StatusCode::UNAUTHORIZED, "ACCOUNT_CLOSED", "closed");
    assert_eq!(count(&app, "SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn an_identity_belongs_to_one_account_and_the_database_says_so() {
    let (app, _provider) = acme().await;
    signed_in(&sign_in(&app, "acme").await);
    app.register("somebody").await;
    let taken = sqlx::query(
        "INSERT INTO identities (user_id, provider, subject, created_at)
         SELECT user_id, 'acme', 'subject-1', now() FROM users WHERE username = 'somebody'",
    )
    .execute(app.ctx().db())
    .await
    .expect_err("taken");
    assert_eq!(ApiError::from(taken).reason_code(), Some("IDENTITY_TAKEN"));
    for provider in ["Acme", "a", "1acme", "ac-me", ""] {
        let refused = sqlx::query(
            "INSERT INTO identities (user_id, provider, subject, created_at)
             SELECT user_id, $1, 's', now() FROM users LIMIT 1",
        );
        refused.bind(provider).execute(app.ctx().db()).await.expect_err("no name for a provider");
    }
}
