//! A small OpenID Connect provider: discovery, keys, an authorization endpoint that agrees to everything that is asked
//! rightly, and a token endpoint that checks client, code, redirect and PKCE. What it does wrong, a test told it to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::*};
use http::{HeaderMap, StatusCode, header};
use platform::ctx::World as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::app::TestWorld;
use tokio::net::TcpListener;

use super::keys::{RSA_1, SigningKey, huge};

/// Our id there.
pub(super) const CLIENT_ID: &str = "game";
/// Our secret there; its ":" and "%" must survive Basic authentication.
const CLIENT_SECRET: &str = "hun:ter2 %";

pub(super) type Form = BTreeMap<String, String>;

type Forge = Arc<dyn Fn(&SigningKey, Value) -> String + Send + Sync>;

/// How an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Status(u16),
    Error(&'static str),
    NoJson,
    Slow,
    Huge,
    Redirect,
}

/// One code that was given out.
struct Grant {
    params: Form,
}

/// What a test may change while the provider runs.
pub(super) struct Ways {
    pub(super) keys: Vec<SigningKey>,
    pub(super) subject: String,
    /// Changes the claims before they are signed.
    pub(super) claims: Arc<dyn Fn(&mut Value) + Send + Sync>,
    /// Makes the token of the claims.
    pub(super) forge: Forge,
    pub(super) token: Mood,
    pub(super) jwks: Mood,
    pub(super) discovery: Mood,
    /// Changes the metadata.
    pub(super) metadata: fn(&mut Value),
    /// Whether clients must use Basic authentication.
    pub(super) basic: bool,
    clock: Option<TestWorld>,
    grants: BTreeMap<String, Grant>,
}

#[derive(Default)]
pub(super) struct Asked {
    pub(super) discovery: AtomicU32,
    pub(super) jwks: AtomicU32,
    pub(super) token: AtomicU32,
    pub(super) elsewhere: AtomicU32,
}

struct Inner {
    issuer: String,
    ways: Mutex<Ways>,
    asked: Asked,
}

#[derive(Clone)]
pub(super) struct OidcProvider(Arc<Inner>);

impl OidcProvider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let ways = Ways {
            keys: vec![SigningKey::rsa("first", RSA_1)],
            subject: "subject-1".to_owned(),
            claims: Arc::new(|_| ()),
            forge: Arc::new(|key, claims| key.sign(&key.header(), &claims)),
            token: Mood::Well,
            jwks: Mood::Well,
            discovery: Mood::Well,
            metadata: |_| (),
            basic: false,
            clock: None,
            grants: BTreeMap::new(),
        };
        let provider = Self(Arc::new(Inner { issuer, ways: Mutex::new(ways), asked: Asked::default() }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/jwks", get(jwks))
            .route("/elsewhere", get(elsewhere).post(elsewhere))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Its entry in OAUTH_PROVIDERS.
    pub(super) fn setting(&self, id: &str) -> Value {
        json!({
            "id": id, "kind": "oidc", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "issuer": self.issuer(),
            "scopes": ["openid", "email"], "redirect_uris": [super::REDIRECT_URI]
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(super) fn set_clock(&self, clock: TestWorld) {
        self.change(|ways| ways.clock = Some(clock));
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Ways) -> T) -> T {
        change(&mut self.0.ways.lock().expect("nobody panicked"))
    }

    /// Changes every token's claims from now on.
    pub(super) fn claim(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.change(|ways| ways.claims = Arc::new(change));
    }

    /// Makes every token from now on.
    pub(super) fn forge(&self, forge: impl Fn(&SigningKey, Value) -> String + Send + Sync + 'static) {
        self.change(|ways| ways.forge = Arc::new(forge));
    }

    pub(super) fn asked(&self) -> &Asked {
        &self.0.asked
    }

    fn now(&self) -> i64 {
        self.change(|ways| ways.clock.as_ref().expect("a clock").now().timestamp())
    }
}

/// The answer of an endpoint in this mood; `None` when it is to do its work.
pub(super) async fn moody(mood: Mood) -> Option<Response> {
    match mood {
        Mood::Well => None,
        Mood::Status(status) => Some((StatusCode::from_u16(status).expect("a status"), "oops hunter2").into_response()),
        Mood::Error(error) => {
            let body = json!({"error": error, "error_description": "hunter2"});
            Some((StatusCode::BAD_REQUEST, Json(body)).into_response())
        }
        Mood::NoJson => Some("<html>hunter2</html>".into_response()),
        Mood::Slow => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            None
        }
        Mood::Huge => Some(huge(1 << 20).into_response()),
        Mood::Redirect => Some(Redirect::temporary("/elsewhere").into_response()),
    }
}

pub(super) fn form(body: &Bytes) -> Form {
    serde_urlencoded::from_bytes(body).expect("a form")
}

async fn elsewhere(State(provider): State<OidcProvider>) {
    provider.asked().elsewhere.fetch_add(1, Ordering::Relaxed);
}

async fn discovery(State(provider): State<OidcProvider>) -> Response {
    provider.asked().discovery.fetch_add(1, Ordering::Relaxed);
    let (mood, change) = provider.change(|ways| (ways.discovery, ways.metadata));
    if let Some(answer) = moody(mood).await {
        return answer;
    }
    let issuer = provider.issuer();
    let mut metadata = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"]
    });
    change(&mut metadata);
    Json(metadata).into_response()
}

async fn jwks(State(provider): State<OidcProvider>) -> Response {
    provider.asked().jwks.fetch_add(1, Ordering::Relaxed);
    let (mood, keys) = provider.change(|ways| (ways.jwks, ways.keys.clone()));
    if let Some(answer) = moody(mood).await {
        return answer;
    }
    // One of a kind that nobody knows, as real providers have them.
    let mut keys: Vec<_> = keys.iter().map(SigningKey::jwk).collect();
    keys.push(json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "of tomorrow", "pub": "AAAA"}));
    Json(json!({"keys": keys})).into_response()
}

async fn authorize(State(provider): State<OidcProvider>, Query(params): Query<Form>) -> Response {
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", super::REDIRECT_URI),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ];
    let is_well_asked = expected.iter().all(|(name, value)| params.get(*name).is_some_and(|given| given == value))
        && ["state", "nonce", "code_challenge"].iter().all(|name| params.get(*name).is_some_and(|v| v.len() == 43));
    if !is_well_asked {
        return (StatusCode::BAD_REQUEST, format!("{params:?}")).into_response();
    }
    let code = provider.change(|ways| {
        let code = format!("code-{}", ways.grants.len());
        ways.grants.insert(code.clone(), Grant { params: params.clone() });
        code
    });
    let query = serde_urlencoded::to_string([("code", &code), ("state", &params["state"])]).expect("a query");
    Redirect::to(&format!("{}?{query}", super::REDIRECT_URI)).into_response()
}

async fn token(State(provider): State<OidcProvider>, headers: HeaderMap, body: Bytes) -> Response {
    provider.asked().token.fetch_add(1, Ordering::Relaxed);
    let (mood, basic) = provider.change(|ways| (ways.token, ways.basic));
    if let Some(answer) = moody(mood).await {
        return answer;
    }
    let form = form(&body);
    let refuse = |error: &'static str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let is_client = if basic {
        let pair = serde_urlencoded::to_string([(CLIENT_ID, CLIENT_SECRET)]).expect("a pair").replacen('=', ":", 1);
        let expected = format!("Basic {}", BASE64_STANDARD.encode(pair));
        headers.get(header::AUTHORIZATION).is_some_and(|given| *given == expected)
            && !form.contains_key("client_secret")
    } else {
        form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET)
    };
    if !is_client || form.get("client_id").is_none_or(|id| id != CLIENT_ID) {
        return refuse("invalid_client");
    }
    // Removed whatever comes of it: a code is shown once.
    let Some(grant) = provider.change(|ways| ways.grants.remove(&form["code"])) else { return refuse("invalid_grant") };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let is_same = form["redirect_uri"] == grant.params["redirect_uri"] && challenge == grant.params["code_challenge"];
    if form["grant_type"] != "authorization_code" || !is_same {
        return refuse("invalid_grant");
    }
    let (now, access_token) = (provider.now(), "an access token");
    let (mut claims, change, forge, key) = provider.change(|ways| {
        let at_hash = BASE64_URL_SAFE_NO_PAD.encode(half_hash(&ways.keys[0], access_token));
        let claims = json!({
            "iss": provider.issuer(), "aud": CLIENT_ID, "sub": ways.subject, "iat": now, "exp": now + 300,
            "nonce": grant.params["nonce"], "at_hash": at_hash, "email": "Lin@Example.org", "email_verified": true
        });
        (claims, Arc::clone(&ways.claims), Arc::clone(&ways.forge), ways.keys[0].clone())
    });
    change(&mut claims);
    let id_token = forge(&key, claims);
    Json(json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}))
        .into_response()
}

fn half_hash(key: &SigningKey, access_token: &str) -> Vec<u8> {
    match key.algorithm {
        jsonwebtoken::Algorithm::EdDSA => sha2::Sha512::digest(access_token)[..32].to_vec(),
        _ => Sha256::digest(access_token)[..16].to_vec(),
    }
}
