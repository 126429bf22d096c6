//! Who may ask for a code, how often, and what becomes of it while no mail can be sent.

use std::net::IpAddr;

use super::*;

#[tokio::test]
async fn who_may_ask() {
    let stage = Stage::set(&[]).await;
    let nobody = stage.send("verify_email", ADDRESS, None).await;
    assert_eq!((nobody.status, &nobody.error()["reason"]), (StatusCode::UNAUTHORIZED, &json!("TOKEN_MISSING")));
    let forged = stage.send("reset_password", ADDRESS, Some("forged")).await;
    assert_eq!((forged.status, &forged.error()["reason"]), (StatusCode::UNAUTHORIZED, &json!("TOKEN_INVALID")));
    let token = stage.app.register("lin_an").await;
    assert_eq!(stage.send("reset_password", ADDRESS, Some(&token)).await.status, StatusCode::OK);
    assert_eq!(stage.mail.mails().len(), 1);
}

#[tokio::test]
async fn while_the_mail_server_is_away_nothing_is_lost_and_nothing_is_counted() {
    // Without Redis limits are counted by the clock that stands still here.
    let settings = [("RATE_LIMIT_PERCENT", "100"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let Stage { app, mail, .. } = Stage::set(&settings).await;
    let ask = |route: &str, body: Value| app.post(&format!("/api/v1/auth/{route}"), &body);
    let registered = ask("register", json!({"username": "lin_an", "password": PASSWORD})).send().await;
    let token = registered.data()["access_token"].as_str().expect("a token").to_owned();
    let email = json!({"purpose": "verify_email", "email": ADDRESS});
    let send = || ask("send-verification-code", email.clone()).token(&token).send();
    assert_eq!(send().await.status, StatusCode::OK);
    let code = mail.newest().code();
    app.world().wait(60);
    drop(mail);
    for _ in 0..6 {
        let away = send().await;
        assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    }
    let body = json!({"purpose": "verify_email", "email": ADDRESS, "code": code});
    let verified = ask("verify-code", body).token(&token).send().await;
    assert_eq!(verified.status, StatusCode::OK, "the code before is still good: {}", verified.text());
}

#[tokio::test]
async fn where_tls_is_demanded_nothing_is_said_without_it() {
    let mail = MailServer::start().await.expect("a mail server");
    let url = mail.url().replace("tls=none", "tls=required");
    let settings = [("MAIL_URL", url.as_str()), ("MAIL_FROM", "no-reply@example.org")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let body = json!({"purpose": "reset_password", "email": ADDRESS});
    let refused = app.post("/api/v1/auth/send-verification-code", &body).send().await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.text());
    assert!(mail.mails().is_empty());
}

#[tokio::test]
async fn an_address_gets_a_mail_a_minute_and_five_an_hour_with_and_without_redis() {
    for redis in [None, Some(("REDIS_URL", "redis://127.0.0.1:1"))] {
        let settings: Vec<_> = redis.into_iter().chain([("RATE_LIMIT_PERCENT", "100")]).collect();
        let stage = Stage::set(&settings).await;
        let url = stage.mail.url();
        let ours = [("MAIL_URL", url.as_str()), ("MAIL_FROM", "no-reply@example.org")];
        let beside = stage.app.beside(gateway::routes(None), &[settings.as_slice(), &ours].concat()).await;
        let send = async |app: &TestApp, email: &str| {
            let body = json!({"purpose": "reset_password", "email": email});
            app.post("/api/v1/auth/send-verification-code", &body).from_ip(stranger()).send().await
        };
        assert_eq!(send(&stage.app, ADDRESS).await.status, StatusCode::OK);
        for app in [&beside, &stage.app] {
            let refused = send(app, "LIN@example.org").await;
            assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.text());
            assert!((55..=60).contains(&refused.header("retry-after").parse::<u32>().expect("seconds")));
        }
        assert_eq!(send(&beside, "another@example.org").await.status, StatusCode::OK);
        assert_eq!(stage.mail.mails().len(), 2);
        if redis.is_none() {
            continue; // Its clock cannot be told to go on.
        }
        let mut taken = 1;
        for _ in 0..9 {
            stage.app.world().wait(60);
            taken += i32::from(send(&stage.app, ADDRESS).await.status == StatusCode::OK);
        }
        assert_eq!(taken, 5, "within ten minutes");
    }
}

/// A client address that no other test counts under.
fn stranger() -> IpAddr {
    std::net::Ipv6Addr::from(uuid::Uuid::new_v4().as_u128()).into()
}

#[tokio::test]
async fn others_who_ask_or_guess_neither_replace_nor_use_up_the_owners_code() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let code = stage.code("reset_password", ADDRESS, None).await;
    let mine = stage.flow(ADDRESS);
    // A stranger asks for a code to the same address, and guesses at theirs and at any.
    stage.code("reset_password", ADDRESS, None).await;
    for flow in [stage.flow(ADDRESS), "made_up".to_owned()] {
        for guess in 0..6 {
            let body = json!({"purpose": "reset_password", "email": ADDRESS, "code": format!("{guess:08}"), "flow_token": flow});
            assert_wrong(&stage.post("verify-code", None, body).await);
        }
        let body = json!({"email": ADDRESS, "code": code, "flow_token": flow, "new_password": "a longer walk home"});
        assert_wrong(&stage.post("reset-password", None, body).await);
    }
    let body = json!({"email": ADDRESS, "code": code, "flow_token": mine, "new_password": "a longer walk home"});
    assert_eq!(stage.post("reset-password", None, body).await.status, StatusCode::OK);
}
