//! Servers that speak as WeChat, Douyin, Alipay, QQ and Weibo document it: the same paths, parameters, answers and errors,
//! and codes that are good once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;
use ring::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    REDIRECT_URI,
    keys::{RSA_1, RSA_1_PKCS8, RSA_2, RSA_2_PUBLIC, bare, der},
    provider::{Form, Mood, form, moody},
};

/// Our secret at each of them.
const SECRET: &str = "hunter2";

/// What a test may change.
pub(super) struct Ways {
    /// Codes that are good, and whose.
    pub(super) codes: BTreeMap<String, String>,
    pub(super) mood: Mood,
    /// Instead of the right answer, where set.
    pub(super) answer: Option<Value>,
    /// Whether Alipay's signature is its own.
    pub(super) is_signed: bool,
    used: BTreeSet<String>,
}

#[derive(Clone)]
pub(super) struct Platforms {
    url: String,
    ways: Arc<Mutex<Ways>>,
}

impl Platforms {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let ways = Ways {
            codes: BTreeMap::from([("good".to_owned(), "o-1".to_owned())]),
            mood: Mood::Well,
            answer: None,
            is_signed: true,
            used: BTreeSet::new(),
        };
        let platforms = Self { url, ways: Arc::new(Mutex::new(ways)) };
        let router = Router::new()
            .route("/sns/jscode2session", get(wechat))
            .route("/api/apps/v2/jscode2session", post(douyin))
            .route("/gateway.do", post(alipay))
            .route("/oauth2.0/authorize", get(authorize))
            .route("/oauth2.0/token", get(qq_token))
            .route("/oauth2.0/me", get(qq_me))
            .route("/oauth2/authorize", get(authorize))
            .route("/oauth2/access_token", post(weibo_token))
            .with_state(platforms.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        platforms
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Ways) -> T) -> T {
        change(&mut self.ways.lock().expect("nobody panicked"))
    }

    fn mini(&self, id: &str, kind: &str) -> Value {
        json!({"id": id, "kind": kind, "client_id": "app-1", "client_secret": SECRET, "base_url": self.url})
    }

    pub(super) fn wechat(&self, id: &str) -> Value {
        self.mini(id, "wechat_mini")
    }

    pub(super) fn douyin(&self, id: &str) -> Value {
        self.mini(id, "douyin_mini")
    }

    pub(super) fn alipay(&self, id: &str) -> Value {
        json!({
            "id": id, "kind": "alipay_mini", "client_id": "app-1", "private_key": bare(RSA_1_PKCS8),
            "alipay_public_key": bare(RSA_2_PUBLIC), "gateway_url": format!("{}/gateway.do", self.url)
        })
    }

    /// As docs/security/auth.md shows it.
    pub(super) fn qq(&self, id: &str) -> Value {
        let url = &self.url;
        json!({
            "id": id, "kind": "oauth2", "client_id": "101", "client_secret": SECRET, "redirect_uris": [REDIRECT_URI],
            "authorize_url": format!("{url}/oauth2.0/authorize"), "scopes": ["get_user_info", "list_album"],
            "scope_separator": ",", "token_url": format!("{url}/oauth2.0/token"), "token_method": "get",
            "token_params": {"fmt": "json"}, "pkce": false, "userinfo_url": format!("{url}/oauth2.0/me"),
            "userinfo_token": "query", "userinfo_params": {"fmt": "json"}, "userinfo_client_id": "/client_id",
            "subject": "/openid"
        })
    }

    /// As docs/security/auth.md shows it.
    pub(super) fn weibo(&self, id: &str) -> Value {
        let url = &self.url;
        json!({
            "id": id, "kind": "oauth2", "client_id": "101", "client_secret": SECRET, "redirect_uris": [REDIRECT_URI],
            "authorize_url": format!("{url}/oauth2/authorize"), "token_url": format!("{url}/oauth2/access_token"),
            "pkce": false, "subject": "/uid"
        })
    }

    /// Whose code this is, once.
    fn redeem(&self, code: &str) -> Option<String> {
        self.change(|ways| {
            let owner = ways.codes.get(code).cloned();
            owner.filter(|_| ways.used.insert(code.to_owned()))
        })
    }

    /// What a test wants said instead of the right thing.
    async fn other(&self) -> Option<Response> {
        let (mood, answer) = self.change(|ways| (ways.mood, ways.answer.clone()));
        match answer {
            Some(answer) => Some(Json(answer).into_response()),
            None => moody(mood).await,
        }
    }
}

/// WeChat says JSON and calls it text.
async fn wechat(State(platforms): State<Platforms>, Query(query): Query<Form>) -> Response {
    if let Some(answer) = platforms.other().await {
        return answer;
    }
    let error = |code: i32, message: &str| json!({"errcode": code, "errmsg": message}).to_string().into_response();
    if query["appid"] != "app-1" || query["grant_type"] != "authorization_code" {
        return error(40013, "invalid appid");
    }
    if query["secret"] != SECRET {
        return error(40125, "invalid appsecret");
    }
    match platforms.redeem(&query["js_code"]) {
        Some(openid) => json!({"session_key": "a key", "openid": openid, "unionid": "u-1"}).to_string().into_response(),
        None => error(40029, "invalid code, hints: [ req_id: 1 ]"),
    }
}

async fn douyin(State(platforms): State<Platforms>, Json(body): Json<Value>) -> Response {
    if let Some(answer) = platforms.other().await {
        return answer;
    }
    let error = |code: i32, tips: &str| Json(json!({"err_no": code, "err_tips": tips, "data": {}})).into_response();
    if (&body["appid"], &body["secret"]) != (&json!("app-1"), &json!(SECRET)) {
        return error(40017, "bad secret");
    }
    match platforms.redeem(body["code"].as_str().unwrap_or_default()) {
        Some(openid) => {
            let data = json!({"session_key": "a key", "openid": openid, "anonymous_openid": "", "unionid": "u-1"});
            Json(json!({"err_no": 0, "err_tips": "success", "data": data})).into_response()
        }
        None => error(40018, "bad code"),
    }
}

/// Alipay verifies the request's signature over all parameters, of the query and of the body.
async fn alipay(State(platforms): State<Platforms>, Query(query): Query<Form>, body: Bytes) -> Response {
    if let Some(answer) = platforms.other().await {
        return answer;
    }
    let error = |code: &str, sub_code: &str| {
        let error = json!({"code": code, "msg": "Invalid Arguments", "sub_code": sub_code, "sub_msg": "hunter2"});
        Json(json!({"error_response": error, "sign": "AAAA"})).into_response()
    };
    let mut all: Form = query.into_iter().chain(form(&body)).collect();
    let signature = all.remove("sign").and_then(|sign| BASE64_STANDARD.decode(sign).ok()).unwrap_or_default();
    let signed: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = KeyPair::from_der(&der(RSA_1)).expect("a key");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
    if key.verify(signed.join("&").as_bytes(), &signature).is_err() {
        return error("40002", "isv.invalid-signature");
    }
    let expected = [
        ("app_id", "app-1"),
        ("method", "alipay.system.oauth.token"),
        ("sign_type", "RSA2"),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("grant_type", "authorization_code"),
        // The application's clock, in China.
        ("timestamp", "2026-06-01 20:00:00"),
    ];
    if let Some((name, _)) = expected.iter().find(|(name, value)| all.get(*name).is_none_or(|given| given != value)) {
        return (StatusCode::BAD_REQUEST, format!("{name} in {all:?}")).into_response();
    }
    let Some(owner) = platforms.redeem(&all["code"]) else { return error("40002", "isv.code-invalid") };
    // Written by hand: the signature is over these very bytes, spaces included.
    let response = format!(r#"{{"access_token": "a", "expires_in":"300",  "open_id":"{owner}","user_id":"2088"}}"#);
    let is_signed = platforms.change(|ways| ways.is_signed);
    let signer = KeyPair::from_der(&der(if is_signed { RSA_2 } else { RSA_1 })).expect("a key");
    let mut sign = vec![0; signer.public().modulus_len()];
    signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), response.as_bytes(), &mut sign).expect("signed");
    format!(r#"{{"alipay_system_oauth_token_response":{response},"sign":"{}"}}"#, BASE64_STANDARD.encode(sign))
        .into_response()
}

/// QQ and Weibo ask the player, who agrees.
async fn authorize(Query(query): Query<Form>) -> Response {
    let is_well_asked = query["response_type"] == "code"
        && query["client_id"] == "101"
        && query["redirect_uri"] == REDIRECT_URI
        && query.get("scope").is_none_or(|scope| scope == "get_user_info,list_album")
        && !query.contains_key("code_challenge");
    if !is_well_asked {
        return (StatusCode::BAD_REQUEST, format!("{query:?}")).into_response();
    }
    let back = serde_urlencoded::to_string([("code", "good"), ("state", &query["state"])]).expect("a query");
    Redirect::to(&format!("{REDIRECT_URI}?{back}")).into_response()
}

fn is_ours(params: &Form) -> bool {
    params["grant_type"] == "authorization_code"
        && params["client_id"] == "101"
        && params["client_secret"] == SECRET
        && params["redirect_uri"] == REDIRECT_URI
}

/// QQ answers JSON only where it is told to, numbers as errors, and status 200 always.
async fn qq_token(State(platforms): State<Platforms>, Query(query): Query<Form>) -> Response {
    if query.get("fmt").is_none_or(|fmt| fmt != "json") {
        return "access_token=YOUR_ACCESS_TOKEN&expires_in=7776000".into_response();
    }
    if !is_ours(&query) || platforms.redeem(&query["code"]).is_none() {
        return Json(json!({"error": 100020, "error_description": "code is reused error hunter2"})).into_response();
    }
    Json(json!({"access_token": "for o-1", "expires_in": 7776000, "refresh_token": "r"})).into_response()
}

async fn qq_me(State(platforms): State<Platforms>, Query(query): Query<Form>) -> Response {
    if query.get("fmt").is_none_or(|fmt| fmt != "json") {
        return r#"callback( {"client_id":"101","openid":"o-1"} );"#.into_response();
    }
    if let Some(answer) = platforms.other().await {
        return answer;
    }
    match query.get("access_token").and_then(|token| token.strip_prefix("for ")) {
        Some(owner) => Json(json!({"client_id": "101", "openid": owner})).into_response(),
        None => Json(json!({"error": 100016, "error_description": "access token check failed"})).into_response(),
    }
}

async fn weibo_token(State(platforms): State<Platforms>, body: Bytes) -> Response {
    if let Some(answer) = platforms.other().await {
        return answer;
    }
    let form = form(&body);
    if !is_ours(&form) || platforms.redeem(&form["code"]).is_none() {
        let error = json!({"error": "invalid_grant", "error_code": 21325, "error_description": "hunter2"});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    Json(json!({"access_token": "a", "remind_in": "157679999", "expires_in": 157679999, "uid": "1404376560"}))
        .into_response()
}
