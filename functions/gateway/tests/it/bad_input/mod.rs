//! Whatever is sent, the answer is the right 4xx envelope: never a 500, never a stack trace.
//!
//! The cases are made from the route table; a route without a sample request fails the test.

mod samples;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use gateway::DOMAINS;
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::{
    Route,
    auth::token::{ACCESS_TOKEN_S, AUDIENCE, Claims},
    http::extract::BODY_LIMIT,
    ids::SessionId,
    route::{Auth, Exposure},
};
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use self::samples::{Sample, samples};
use crate::{
    saves::saved,
    story::{Story, app},
};

/// The stage: an application, a player with a running life, and somebody else's.
struct Stage<'a> {
    app: &'a TestApp,
    mine: Story<'a>,
    theirs: Story<'a>,
    /// A save of each.
    saves: [String; 2],
}

impl<'a> Stage<'a> {
    async fn set(app: &'a TestApp) -> Self {
        let mine = Story::begun(app, "myself", "CN", 1962).await;
        let theirs = Story::begun(app, "stranger", "CN", 1962).await;
        let saves = [saved(&mine, "mine").await, saved(&theirs, "theirs").await];
        Self { app, mine, theirs, saves }
    }

    fn path(&self, route: &Route) -> String {
        self.filled(route.path)
    }

    /// A path with what is still missing in it.
    fn filled(&self, path: &str) -> String {
        path.replace("{character_id}", &self.mine.character)
            .replace("{session_id}", &session_of(&self.mine.token).to_string())
            .replace("{event_seq}", "1")
            .replace("{save_id}", &self.saves[0])
            .replace("{provider}", "nobody")
    }

    /// A parameter of a path, and what another player has that goes there.
    fn another_players(&self, route: &Route) -> (&'static str, String) {
        let known = [
            ("character_id", self.theirs.character.clone()),
            ("session_id", session_of(&self.theirs.token).to_string()),
            ("save_id", self.saves[1].clone()),
        ];
        let found = known.into_iter().find(|(name, _)| route.path.contains(&format!("{{{name}}}")));
        found.unwrap_or_else(|| panic!("{} has a parameter that this test does not know", route.id))
    }

    async fn call(&self, route: &Route, path: &str, body: Option<&Value>) -> TestAnswer {
        let request = self.app.request(method(route), path);
        let request = if route.auth == Auth::Player { request.token(&self.mine.token) } else { request };
        match body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        }
    }
}

/// The session in an access token.
fn session_of(token: &str) -> SessionId {
    let claims = token.split('.').nth(1).expect("claims");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Claims = serde_json::from_slice(&claims).expect("claims");
    claims.sid
}

fn method(route: &Route) -> Method {
    route.method.as_str().parse().expect("a method")
}

/// Each route that clients reach, with its sample.
fn cases() -> Vec<(&'static Route, Sample)> {
    let mut samples = samples();
    let routes = DOMAINS.iter().flat_map(|domain| domain.routes).filter(|route| !route.is_fallback());
    let cases = routes
        .map(|route| {
            let place = samples.iter().position(|sample| sample.id == route.id);
            let place = place.unwrap_or_else(|| panic!("{} has no sample request in this test", route.id));
            (route, samples.swap_remove(place))
        })
        .collect();
    assert!(samples.is_empty(), "a sample without a route");
    cases
}

/// The envelope of a refusal, whole and of the right class.
fn assert_refused(answer: &TestAnswer, expected: StatusCode, what: &str) -> Value {
    assert_eq!(answer.status, expected, "{what}: {}", answer.text());
    let error = answer.error();
    let code = error["code"].as_str().expect("a code");
    assert_eq!(code.parse::<Class>().map(Class::status), Ok(expected), "{what}: {code}");
    for field in ["message", "request_id", "trace_id", "timestamp", "path", "method"] {
        assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field} in {error}");
    }
    assert_eq!(error["request_id"], answer.header("x-request-id"), "{what}");
    for leak in ["panicked", "sqlx", "serde", ".rs:", "stack"] {
        assert!(!answer.text().contains(leak), "{what}: says {leak}: {}", answer.text());
    }
    error
}

/// The codes of api.md and their statuses, written down a second time on purpose.
struct Class(StatusCode);

impl Class {
    fn status(self) -> StatusCode {
        self.0
    }
}

impl std::str::FromStr for Class {
    type Err = String;
    fn from_str(code: &str) -> Result<Self, String> {
        let status = match code {
            "INVALID_REQUEST" => 400,
            "UNAUTHORIZED" => 401,
            "NOT_FOUND" => 404,
            "METHOD_NOT_ALLOWED" => 405,
            "CONFLICT" => 409,
            "PRECONDITION_FAILED" => 412,
            "PAYLOAD_TOO_LARGE" => 413,
            "UNSUPPORTED_MEDIA_TYPE" => 415,
            "VALIDATION_FAILED" => 422,
            _ => return Err(format!("{code} is not a code of a bad request")),
        };
        StatusCode::from_u16(status).map(Self).map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn bodies() {
    let app = app().await;
    let stage = Stage::set(&app).await;
    for (route, sample) in cases() {
        let Some(body) = &sample.body else { continue };
        let path = stage.path(route);
        let raw = |content_type: &'static str, text: String| {
            let request = app.request(method(route), &path).token(&stage.mine.token);
            request.raw(content_type, text).send()
        };
        let what = |case: &str| format!("{} with {case}", route.id);
        for broken in ["", "{", "nonsense", "{\"a\":1,}", "\u{feff}{}", &"[".repeat(10_000)] {
            assert_refused(&raw("application/json", broken.to_owned()).await, StatusCode::BAD_REQUEST, &what(broken));
        }
        for other in ["[]", "null", "1", "\"text\""] {
            let answer = raw("application/json", other.to_owned()).await;
            assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, &what(other));
        }
        let form = raw("application/x-www-form-urlencoded", body.to_string()).await;
        assert_refused(&form, StatusCode::UNSUPPORTED_MEDIA_TYPE, &what("a form"));
        for size in [BODY_LIMIT + 1, 1 << 20] {
            let large = raw("application/json", " ".repeat(size)).await;
            assert_refused(&large, StatusCode::PAYLOAD_TOO_LARGE, &what("a large body"));
        }
        let mut more = body.clone();
        more["no_such_field"] = json!(1);
        let error = assert_refused(
            &stage.call(route, &path, Some(&more)).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            &what("an unknown field"),
        );
        assert_eq!(
            (&error["fields"][0]["field"], &error["fields"][0]["rule"]),
            (&json!("no_such_field"), &json!("unknown_field"))
        );
    }
}

#[tokio::test]
async fn fields() {
    let app = app().await;
    let stage = Stage::set(&app).await;
    for (route, sample) in cases() {
        let path = stage.path(route);
        for (field, values) in &sample.wrong {
            for value in values {
                let mut body = sample.body.clone().unwrap_or_default();
                body[*field] = value.clone();
                let what =
                    format!("{} with {field} = {}", route.id, value.to_string().chars().take(40).collect::<String>());
                let answer = stage.call(route, &path, Some(&body)).await;
                let error = assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, &what);
                let named = error["fields"].as_array().expect("fields");
                assert!(
                    named.iter().any(|at| at["field"].as_str().is_some_and(|name| name.starts_with(field))),
                    "{what}: {error}"
                );
            }
        }
        // All at once, each is named.
        let mut body = sample.body.clone().unwrap_or_default();
        for (field, values) in &sample.wrong {
            body[*field] = values[0].clone();
        }
        if sample.wrong.len() > 1 {
            let answer = stage.call(route, &path, Some(&body)).await;
            let error = assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, route.id);
            let named = error["fields"].as_array().map_or(0, Vec::len);
            assert!(
                named >= sample.wrong.len(),
                "{}: {named} of {} fields named: {error}",
                route.id,
                sample.wrong.len()
            );
        }
        for query in &sample.queries {
            let answer = stage.call(route, &format!("{path}?{query}"), None).await;
            assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, &format!("{} with {query}", route.id));
        }
    }
}

#[tokio::test]
async fn tokens() {
    let app = app().await;
    let stage = Stage::set(&app).await;
    let bad_tokens = bad_tokens(&app, &stage).await;
    for (route, sample) in cases() {
        let path = stage.path(route);
        let call = |token: Option<&str>| {
            let mut request = app.request(method(route), &path);
            if let Some(token) = token {
                request = request.token(token);
            }
            if let Some(body) = &sample.body {
                request = request.json(body);
            }
            request.send()
        };
        if route.auth == Auth::Public {
            continue;
        }
        if route.auth == Auth::Player {
            let missing = assert_refused(&call(None).await, StatusCode::UNAUTHORIZED, route.id);
            assert_eq!(missing["reason"], "TOKEN_MISSING", "{}", route.id);
        }
        for (case, token, reason) in &bad_tokens {
            let error = assert_refused(
                &call(Some(token)).await,
                StatusCode::UNAUTHORIZED,
                &format!("{} with {case}", route.id),
            );
            assert_eq!(error["reason"], *reason, "{} with {case}", route.id);
        }
    }
}

/// What is wrong, the token, and the reason it is refused for.
async fn bad_tokens(app: &TestApp, stage: &Stage<'_>) -> Vec<(&'static str, String, &'static str)> {
    let profile = app.get("/api/v1/auth/profile").token(&stage.mine.token).send().await.data();
    let now = app.ctx().now().timestamp();
    let session = session_of(&stage.mine.token);
    let sign = |seed: u8, kid: &str, aud: &str, exp: i64| {
        let claims = json!({
            "sub": profile["user_id"], "sid": session, "platform": "web", "scope": "play",
            "aud": aud, "iat": now, "exp": exp
        });
        let pkcs8 =
            [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &[seed; 32]].concat();
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &EncodingKey::from_ed_der(&pkcs8)).expect("a token")
    };
    let later = now + ACCESS_TOKEN_S;
    let hmac = encode(
        &Header { kid: Some("test".to_owned()), ..Header::new(Algorithm::HS256) },
        &json!({"sub": profile["user_id"], "sid": session, "platform": "web", "scope": "play",
            "aud": AUDIENCE, "iat": now, "exp": later}),
        &EncodingKey::from_secret(b"test"),
    );
    let sound = sign(1, "test", AUDIENCE, later);
    let works = app.get("/api/v1/auth/profile").token(&sound).send().await;
    assert_eq!(works.status, StatusCode::OK, "the recipe makes good tokens: {}", works.text());
    let tampered = format!("{}x{}", &sound[..60], &sound[61..]);
    vec![
        ("nonsense", "nonsense".to_owned(), "TOKEN_INVALID"),
        ("an expired token", sign(1, "test", AUDIENCE, now), "TOKEN_EXPIRED"),
        ("a forged token", sign(2, "test", AUDIENCE, later), "TOKEN_INVALID"),
        ("an unknown key", sign(1, "other", AUDIENCE, later), "TOKEN_INVALID"),
        ("another audience", sign(1, "test", "elsewhere", later), "TOKEN_INVALID"),
        ("another algorithm", hmac.expect("a token"), "TOKEN_INVALID"),
        ("a tampered token", tampered, "TOKEN_INVALID"),
        ("a token of a session that was ended", signed_out(app).await, "SESSION_ENDED"),
    ]
}

/// A token of the same player, good but for its session.
async fn signed_out(app: &TestApp) -> String {
    let body = json!({"username": "myself", "password": "correct horse battery"});
    let signed_in = app.post("/api/v1/auth/login", &body).send().await.data();
    let token = signed_in["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(app.get("/api/v1/auth/profile").token(&token).send().await.status, StatusCode::OK);
    app.post("/api/v1/auth/logout", &json!({})).token(&token).send().await.data();
    token
}

#[tokio::test]
async fn paths() {
    let app = app().await;
    let stage = Stage::set(&app).await;
    for (route, sample) in cases() {
        // A provider's id is no player's.
        if !route.path.contains('{') || route.path.contains("{provider}") {
            continue;
        }
        let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
        let (parameter, theirs) = stage.another_players(route);
        for (id, expected) in [
            (theirs.as_str(), StatusCode::NOT_FOUND),
            (nobody, StatusCode::NOT_FOUND),
            ("not-a-uuid", StatusCode::BAD_REQUEST),
            ("%00", StatusCode::BAD_REQUEST),
            ("%ff", StatusCode::BAD_REQUEST),
            ("..%2f..%2fetc", StatusCode::BAD_REQUEST),
        ] {
            let path = stage.filled(&route.path.replace(&format!("{{{parameter}}}"), id));
            let answer = stage.call(route, &path, sample.body.as_ref()).await;
            let error = assert_refused(&answer, expected, &format!("{} with {id}", route.id));
            if expected == StatusCode::BAD_REQUEST {
                assert_eq!(error["fields"][0]["field"], parameter, "{error}");
            }
        }
    }
    let state = stage.mine.read("state").await.data();
    assert_eq!(state["version"], 2, "nothing of all this moved the life");
    assert_eq!(stage.theirs.read("state").await.status, StatusCode::OK, "nor ended the stranger's session");
}

#[tokio::test]
async fn methods_and_headers() {
    let app = app().await;
    let stage = Stage::set(&app).await;
    for (route, _) in cases() {
        if route.exposure == Exposure::Private {
            continue;
        }
        let answer = app.request(Method::PATCH, &stage.path(route)).send().await;
        assert_refused(&answer, StatusCode::METHOD_NOT_ALLOWED, route.id);
        assert!(answer.header("allow").contains(route.method.as_str()), "{}: {}", route.id, answer.header("allow"));
    }
    assert_refused(&app.get("/api/v1/nothing").send().await, StatusCode::NOT_FOUND, "nowhere");

    let body = json!({"expected_version": 2, "mode": "steady"});
    let advance =
        || app.post(&format!("/api/v1/game/advance/{}", stage.mine.character), &body).token(&stage.mine.token);
    for key in ["", "\u{e9}", "x".repeat(256).as_str()] {
        let answer = advance().header("idempotency-key", key).send().await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, "a bad Idempotency-Key");
    }
    assert_refused(&advance().header("if-match", "soon").send().await, StatusCode::BAD_REQUEST, "a bad If-Match");
    let differing = advance().header("if-match", "\"3.en.00000000\"").send().await;
    assert_refused(&differing, StatusCode::UNPROCESSABLE_ENTITY, "If-Match against the body");
    let stale = advance().json(&json!({"expected_version": 1, "mode": "steady"})).send().await;
    assert_refused(&stale, StatusCode::PRECONDITION_FAILED, "an old version");
}

#[tokio::test]
async fn unchanged_reads_are_304_and_languages_have_their_own_tags() {
    let app = app().await;
    let story = Story::begun(&app, "reader", "CN", 1962).await;
    let path = format!("/api/v1/game/state/{}", story.character);
    let read = |language: &'static str, tag: String| {
        app.get(&path).token(&story.token).header("accept-language", language).header("if-none-match", &tag).send()
    };
    let chinese = read("zh-CN", String::new()).await;
    let tag = chinese.header("etag").to_owned();
    let english = read("en", tag.clone()).await;
    assert_eq!((english.status, english.header("content-language")), (StatusCode::OK, "en"));
    let unchanged = read("zh-CN", tag.clone()).await;
    assert_eq!(
        (unchanged.status, unchanged.body.len(), unchanged.header("etag")),
        (StatusCode::NOT_MODIFIED, 0, tag.as_str())
    );
}
