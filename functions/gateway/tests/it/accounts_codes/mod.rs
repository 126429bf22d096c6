//! Codes by e-mail, over a real SMTP server: what they open, for whom, how often and for how long.

mod asking;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
};

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    app::{TestAnswer, TestApp},
    mail::MailServer,
};

const ADDRESS: &str = "lin@example.org";
const PASSWORD: &str = "correct horse battery";

/// An application whose mail is taken by a server of its own.
struct Stage {
    app: TestApp,
    mail: MailServer,
    /// The newest flow of each address.
    flows: Mutex<HashMap<String, String>>,
}

impl Stage {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let mail = MailServer::start().await.expect("a mail server");
        let url = mail.url();
        let ours = [("MAIL_URL", url.as_str()), ("MAIL_FROM", "重启人生 <no-reply@example.org>")];
        let app = TestApp::with_settings(gateway::routes(None), &[settings, &ours].concat()).await;
        Self { app, mail, flows: Mutex::default() }
    }

    async fn post(&self, route: &str, token: Option<&str>, body: Value) -> TestAnswer {
        let request = self.app.post(&format!("/api/v1/auth/{route}"), &body);
        match token {
            Some(token) => request.token(token).send().await,
            None => request.send().await,
        }
    }

    async fn send(&self, purpose: &str, email: &str, token: Option<&str>) -> TestAnswer {
        let sent = self.post("send-verification-code", token, json!({"purpose": purpose, "email": email})).await;
        if sent.status == StatusCode::OK
            && let Some(flow) = sent.data()["flow_token"].as_str()
        {
            self.flows.lock().expect("whole").insert(email.to_ascii_lowercase(), flow.to_owned());
        }
        sent
    }

    fn flow(&self, email: &str) -> String {
        self.flows.lock().expect("whole").get(&email.to_ascii_lowercase()).cloned().unwrap_or("none".to_owned())
    }

    /// The code in the mail that this makes the server take.
    async fn code(&self, purpose: &str, email: &str, token: Option<&str>) -> String {
        let sent = self.send(purpose, email, token).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
        let flow_token = sent.data()["flow_token"].clone();
        assert_eq!(sent.data(), json!({"expires_in": 600, "resend_after": 60, "flow_token": flow_token}));
        assert_eq!(flow_token.is_null(), purpose == "verify_email");
        self.mail.newest().code()
    }

    async fn verify(&self, token: &str, email: &str, code: &str) -> TestAnswer {
        let body = json!({"purpose": "verify_email", "email": email, "code": code});
        self.post("verify-code", Some(token), body).await
    }

    async fn try_reset(&self, email: &str, code: &str) -> StatusCode {
        let body = json!({"purpose": "reset_password", "email": email, "code": code, "flow_token": self.flow(email)});
        self.post("verify-code", None, body).await.status
    }

    async fn reset(&self, email: &str, code: &str, password: &str) -> TestAnswer {
        self.post(
            "reset-password",
            None,
            json!({"email": email, "code": code, "flow_token": self.flow(email), "new_password": password}),
        )
        .await
    }

    async fn login(&self, name: &str, password: &str) -> StatusCode {
        self.post("login", None, json!({"username": name, "password": password})).await.status
    }

    async fn profile(&self, token: &str) -> Value {
        self.app.get("/api/v1/auth/profile").token(token).send().await.data()
    }

    /// A player to whom [`ADDRESS`] belongs.
    async fn verified(&self, name: &str) -> String {
        let token = self.app.register(name).await;
        let code = self.code("verify_email", ADDRESS, Some(&token)).await;
        assert_eq!(self.verify(&token, ADDRESS, &code).await.status, StatusCode::OK);
        token
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.app.ctx().db()).await.expect("a number")
    }
}

/// Another code than this one.
fn other_than(code: &str) -> String {
    format!("{:08}", (code.parse::<u32>().expect("digits") + 1) % 100_000_000)
}

fn assert_wrong(answer: &TestAnswer) {
    let error = answer.error();
    assert_eq!((answer.status, &error["reason"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("WRONG_CODE")));
    assert_eq!(error["fields"][0]["field"], "code");
}

#[tokio::test]
async fn a_verified_address_is_on_the_profile_at_once_and_signs_in() {
    let stage = Stage::set(&[]).await;
    let token = stage.app.register("lin_an").await;
    assert_eq!(stage.profile(&token).await["email_verified"], false, "and now a cache holds it");
    let code = stage.code("verify_email", ADDRESS, Some(&token)).await;
    assert_eq!(stage.profile(&token).await["email"], Value::Null, "an address is nobody's before it is verified");
    assert_wrong(&stage.verify(&token, ADDRESS, &other_than(&code)).await);
    assert_wrong(&stage.verify(&token, "another@example.org", &code).await);

    let verified = stage.verify(&token, "LIN@example.org", &code).await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text());
    let profile = stage.profile(&token).await;
    assert_eq!(verified.data()["user"], profile);
    assert_eq!(
        (&profile["email"], &profile["email_verified"], &profile["version"]),
        (&json!(ADDRESS), &json!(true), &json!(2))
    );
    assert_eq!(stage.login(ADDRESS, PASSWORD).await, StatusCode::OK);
    assert_wrong(&stage.verify(&token, ADDRESS, &code).await);
}

#[tokio::test]
async fn what_a_mail_says() {
    let stage = Stage::set(&[]).await;
    let token = stage.app.register("lin_an").await;
    let body = json!({"purpose": "verify_email", "email": ADDRESS});
    for (language, words) in
        [("en", ["Restart Life", "10 minutes", "ever ask"]), ("zh-CN", ["重启人生", "10 分钟", "索要"])]
    {
        let request = stage.app.post("/api/v1/auth/send-verification-code", &body).token(&token);
        assert_eq!(request.header("accept-language", language).send().await.status, StatusCode::OK);
        let mail = stage.mail.newest();
        assert_eq!(mail.to, [ADDRESS]);
        assert!(mail.headers["subject"].as_str().expect("a subject").contains(words[0]), "{}", mail.headers);
        assert_eq!(mail.headers["from"], "重启人生 <no-reply@example.org>");
        assert_eq!(mail.headers["auto-submitted"], "auto-generated");
        assert_eq!(mail.code().len(), 8, "{}", mail.text);
        for text in [&mail.text, &mail.html] {
            assert!(words.iter().chain([&mail.code().as_str()]).all(|word| text.contains(word)), "{text}");
        }
    }
}

#[tokio::test]
async fn a_reset_opens_the_account_for_the_new_password_only() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    assert_eq!(stage.login("lin_an", PASSWORD).await, StatusCode::OK);
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 2);
    let code = stage.code("reset_password", ADDRESS, None).await;
    assert_eq!(stage.try_reset(ADDRESS, &code).await, StatusCode::OK);
    assert_wrong(&stage.reset(ADDRESS, &other_than(&code), "a longer walk home").await);
    let weak = stage.reset(ADDRESS, &code, "lin_an2026").await;
    assert_eq!(weak.error()["fields"][0]["rule"], "personal");

    let reset = stage.reset("Lin@Example.org", &code, "a longer walk home").await;
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.text());
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 0);
    assert_eq!(stage.login("lin_an", PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.login("lin_an", "a longer walk home").await, StatusCode::OK);
    assert_wrong(&stage.reset(ADDRESS, &code, "yet another walk").await);
    assert_eq!(stage.try_reset(ADDRESS, &code).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stage.login("lin_an", "a longer walk home").await, StatusCode::OK, "a replay changes nothing");
}

#[tokio::test]
async fn a_reset_that_died_half_way_left_no_door_open_and_is_finished_by_its_repetition() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let code = stage.code("reset_password", ADDRESS, None).await;
    // It dies between closing the old password and setting the new one.
    let statement = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'died'; END $$";
    sqlx::query(statement).execute(stage.app.ctx().db()).await.expect("a function");
    let statement = "CREATE TRIGGER die BEFORE UPDATE OF used_at ON email_codes EXECUTE FUNCTION die()";
    sqlx::query(statement).execute(stage.app.ctx().db()).await.expect("a trigger");
    let died = stage.reset(ADDRESS, &code, "a longer walk home").await;
    assert_eq!(died.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", died.text());
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 0);
    assert_eq!(stage.login("lin_an", PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.login("lin_an", "a longer walk home").await, StatusCode::UNAUTHORIZED);

    sqlx::query("DROP TRIGGER die ON email_codes").execute(stage.app.ctx().db()).await.expect("no trigger");
    assert_eq!(stage.reset(ADDRESS, &code, "a longer walk home").await.status, StatusCode::OK);
    assert_eq!(stage.login("lin_an", "a longer walk home").await, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_address_is_answered_like_a_known_one() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let mut seen = Vec::new();
    for email in [ADDRESS, "nobody@example.org"] {
        let sent = stage.send("reset_password", email, None).await;
        let mail = stage.mail.newest();
        assert_eq!(mail.to, [email]);
        let wrong = stage
            .reset(
                email,
                &other_than(&format!("0{}", mail.code()).chars().take(8).collect::<String>()),
                "a longer walk home",
            )
            .await;
        assert_wrong(&wrong);
        let (expires, resend) = (sent.data()["expires_in"].clone(), sent.data()["resend_after"].clone());
        seen.push((sent.status, expires, resend, sent.trips(), wrong.error()["message"].clone(), wrong.trips()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(stage.mail.newest().code(), "", "who has no account gets no code");
    assert_eq!(stage.count("SELECT count(*) FROM email_codes WHERE purpose = 'reset_password'").await, 2);

    // An address that another account has verified: the mail says so, the answer does not.
    let other = stage.app.register("other").await;
    let sent = stage.send("verify_email", ADDRESS, Some(&other)).await;
    assert_eq!((sent.status, stage.mail.newest().code().as_str()), (StatusCode::OK, ""));
    assert_wrong(&stage.verify(&other, ADDRESS, "12345678").await);
    // What the mail server will not take is not told either.
    assert_eq!(stage.send("reset_password", "refused@example.org", None).await.status, StatusCode::OK);
    assert!(stage.mail.mails().iter().all(|mail| mail.to != ["refused@example.org"]));
}

#[tokio::test]
async fn however_many_try_at_once_five_are_heard() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let code = stage.code("reset_password", ADDRESS, None).await;
    let number: u32 = code.parse().expect("digits");
    let wrong: Vec<_> = (1..=20).map(|step| format!("{:08}", (number + step) % 100_000_000)).collect();
    let tries = join_all(wrong.iter().map(|code| stage.try_reset(ADDRESS, code))).await;
    assert!(tries.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY));
    let misses = "SELECT misses::int8 FROM email_codes WHERE purpose = 'reset_password'";
    assert_eq!(stage.count(misses).await, 5);
    assert_wrong(&stage.reset(ADDRESS, &code, "a longer walk home").await);

    // A new one has five tries of its own; four misses leave it good.
    let newer = stage.code("reset_password", ADDRESS, None).await;
    for _ in 0..4 {
        assert_eq!(stage.try_reset(ADDRESS, &other_than(&newer)).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_wrong(&stage.reset(ADDRESS, &other_than(&other_than(&newer)), "a longer walk home").await);
    assert_wrong(&stage.reset(ADDRESS, &newer, "a longer walk home").await);
    let newest = stage.code("reset_password", ADDRESS, None).await;
    assert_wrong(&stage.reset(ADDRESS, &newer, "a longer walk home").await);
    assert_eq!(stage.reset(ADDRESS, &newest, "a longer walk home").await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_many_who_use_one_code_at_once_one_does() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let code = stage.code("reset_password", ADDRESS, None).await;
    let passwords: Vec<_> = (0..10).map(|number| format!("a longer walk home {number}")).collect();
    let resets = join_all(passwords.iter().map(|password| stage.reset(ADDRESS, &code, password))).await;
    let done: Vec<_> = (0..10).filter(|number| resets[*number].status == StatusCode::OK).collect();
    assert_eq!(done.len(), 1, "{:?}", resets.iter().map(|reset| reset.status).collect::<Vec<_>>());
    assert_eq!(stage.login("lin_an", &passwords[done[0]]).await, StatusCode::OK);

    let token = stage.app.register("another").await;
    let code = stage.code("verify_email", "second@example.org", Some(&token)).await;
    let verified = join_all((0..10).map(|_| stage.verify(&token, "second@example.org", &code))).await;
    assert_eq!(verified.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(stage.profile(&token).await["version"], 2);
}

#[tokio::test]
async fn a_code_runs_out_and_its_row_is_forgotten() {
    let stage = Stage::set(&[]).await;
    stage.verified("lin_an").await;
    let code = stage.code("reset_password", ADDRESS, None).await;
    stage.app.world().wait(599);
    assert_eq!(stage.try_reset(ADDRESS, &code).await, StatusCode::OK);
    stage.app.world().wait(1);
    assert_eq!(stage.try_reset(ADDRESS, &code).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_wrong(&stage.reset(ADDRESS, &code, "a longer walk home").await);
    stage.app.world().wait(1);
    let purge = platform::jobs::Job::find("purge-auth").expect("the job");
    purge.run(stage.app.ctx()).await.expect("it runs");
    assert_eq!(stage.count("SELECT count(*) FROM email_codes").await, 0);
}

#[tokio::test]
async fn one_address_claimed_by_two_at_once_becomes_ones() {
    let stage = Stage::set(&[]).await;
    let mut claims = Vec::new();
    for name in ["first", "second", "third"] {
        let token = stage.app.register(name).await;
        let code = stage.code("verify_email", ADDRESS, Some(&token)).await;
        claims.push((token, code));
    }
    assert_wrong(&stage.verify(&claims[0].0, ADDRESS, &claims[1].1).await);
    let answers = join_all(claims.iter().map(|(token, code)| stage.verify(token, ADDRESS, code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    let (mut owners, mut emails) = (0, BTreeSet::new());
    for ((token, _), answer) in claims.iter().zip(&answers) {
        let profile = stage.profile(token).await;
        if answer.status == StatusCode::OK {
            owners += i64::from(profile["email_verified"] == true);
            emails.insert(profile["email"].to_string());
        } else {
            assert_wrong(answer);
            assert_eq!((&profile["email"], &profile["version"]), (&Value::Null, &json!(1)));
        }
    }
    assert_eq!((owners, emails.len()), (1, 1));
}

#[tokio::test]
async fn a_stolen_session_cannot_replace_a_verified_address() {
    let stage = Stage::set(&[]).await;
    let stolen = stage.verified("lin_an").await;
    let code = stage.code("verify_email", "thief@example.org", Some(&stolen)).await;
    let verify = async |password: Option<&str>| {
        let body = json!({"purpose": "verify_email", "email": "thief@example.org", "code": code, "password": password});
        stage.post("verify-code", Some(&stolen), body).await
    };
    for password in [None, Some("a guess of theirs")] {
        let refused = verify(password).await;
        assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::FORBIDDEN, &json!("WRONG_PASSWORD")));
    }
    assert_eq!(stage.profile(&stolen).await["email"], ADDRESS);
    assert_eq!(verify(Some("correct horse battery")).await.status, StatusCode::OK, "its owner can");
    assert_eq!(stage.profile(&stolen).await["email"], "thief@example.org");
}

#[tokio::test]
async fn a_reset_makes_a_guest_a_full_account_that_the_devices_secret_opens_no_more() {
    let stage = Stage::set(&[]).await;
    let guest = json!({"login_type": "guest", "credentials": {"device_secret": "6f0f0b6f9a3c4d1e8b7a5c2d9e1f3a4b"}});
    let signed_in = stage.post("login", None, guest.clone()).await.data();
    let token = signed_in["access_token"].as_str().expect("a token").to_owned();
    let code = stage.code("verify_email", ADDRESS, Some(&token)).await;
    assert_eq!(stage.verify(&token, ADDRESS, &code).await.status, StatusCode::OK);
    stage.app.world().wait(60);
    let code = stage.code("reset_password", ADDRESS, None).await;
    assert_eq!(stage.reset(ADDRESS, &code, "a longer walk home").await.status, StatusCode::OK);
    let by_secret = stage.post("login", None, guest).await.data();
    assert_ne!(by_secret["user"]["user_id"], signed_in["user"]["user_id"]);
    let body = json!({"username": ADDRESS, "password": "a longer walk home"});
    let user = stage.post("login", None, body).await.data()["user"].clone();
    assert_eq!((&user["user_id"], &user["is_guest"]), (&signed_in["user"]["user_id"], &json!(false)));
}
