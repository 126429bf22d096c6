//! A browser's way to a provider and back. The state goes along with it and is public; the flow token stays with the
//! client that began, so that nobody can be signed in to somebody else's account by a link (login CSRF).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use platform::{
    ApiError, Code, Cx,
    config::providers::{Kind, OAuth2, Oidc, Provider},
    store::oauth_flows::{self, Flow, FlowKey},
    text::Text,
};
use sha2::{Digest, Sha256};

use super::{
    error::OauthError,
    http::{Http, with_query},
    metadata,
    proof::{OauthCredentials, has_flow},
};

/// How long a player may stay at the provider.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// A flow that has begun.
pub(crate) struct Begun {
    pub(crate) authorization_url: String,
    pub(crate) state: String,
    pub(crate) flow_token: String,
    /// Seconds.
    pub(crate) expires_in: i64,
}

/// Begins a flow with the provider called `id`.
///
/// # Errors
/// 404 when there is none, 422 when it may not send browsers to `redirect_uri`, 503 when its metadata or Postgres
/// cannot be had.
pub(crate) async fn begin(cx: &Cx, id: &str, redirect_uri: &str) -> Result<Begun, ApiError> {
    let provider = provider(cx, id)?;
    let web = match &provider.kind {
        Kind::Oidc(oidc) => &oidc.web,
        Kind::OAuth2(oauth2) => &oauth2.web,
        Kind::WechatMini(_) | Kind::AlipayMini(_) | Kind::DouyinMini(_) => return Err(unknown(cx)),
    };
    if !web.redirect_uris.iter().any(|allowed| allowed == redirect_uri) {
        let text = Text::new("This redirect_uri is not on the provider's list.", "该 redirect_uri 不在允许列表中。");
        return Err(ApiError::invalid_field("redirect_uri", "not_allowed", text));
    }
    let (state, flow_token) = (secret(cx), secret(cx));
    let flow = Flow { redirect_uri: redirect_uri.to_owned(), nonce: secret(cx), code_verifier: secret(cx) };
    let authorization_url = match &provider.kind {
        Kind::Oidc(oidc) => {
            oidc_url(cx, oidc, &flow, &state).await.map_err(|error| super::refused(cx, &provider.id, error))?
        }
        Kind::OAuth2(oauth2) => oauth2_url(oauth2, &flow, &state),
        Kind::WechatMini(_) | Kind::AlipayMini(_) | Kind::DouyinMini(_) => return Err(unknown(cx)),
    };
    oauth_flows::begin(cx.db(), key(&provider.id, &state, &flow_token), &flow, cx.now() + LIFE).await?;
    Ok(Begun { authorization_url, state, flow_token, expires_in: LIFE.num_seconds() })
}

/// Uses up the flow that the credentials belong to.
pub(super) async fn take(cx: &Cx, provider: &str, credentials: &OauthCredentials) -> Result<Flow, OauthError> {
    let key = key(provider, &credentials.state.0, &credentials.flow_token.0);
    oauth_flows::take(cx.db(), key, cx.now()).await?.ok_or(OauthError::StateInvalid)
}

fn provider<'a>(cx: &'a Cx, id: &str) -> Result<&'a Provider, ApiError> {
    let known = cx.config().oauth_providers.iter().find(|provider| provider.id == id);
    known.ok_or_else(|| unknown(cx))
}

fn unknown(cx: &Cx) -> ApiError {
    let known = cx.config().oauth_providers.iter().filter(|provider| has_flow(&provider.kind));
    let known: Vec<_> = known.map(|provider| provider.id.as_str()).collect();
    let text =
        Text::new("There is no such provider; see details.providers.", "没有这个登录方式，见 details.providers。");
    ApiError::new(Code::NotFound, text).reason("OAUTH_PROVIDER_UNKNOWN").detail("providers", known)
}

fn key<'a>(provider: &'a str, state: &str, flow_token: &str) -> FlowKey<'a> {
    FlowKey { state_hash: Sha256::digest(state).into(), flow_hash: Sha256::digest(flow_token).into(), provider }
}

/// 256 random bits, also long enough for a PKCE verifier (RFC 7636: 43 characters or more).
fn secret(cx: &Cx) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(cx.random::<32>())
}

fn challenge(flow: &Flow) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&flow.code_verifier))
}

async fn oidc_url(cx: &Cx, oidc: &Oidc, flow: &Flow, state: &str) -> Result<String, OauthError> {
    let metadata = metadata::of(cx, Http::new(cx)?, oidc).await?;
    let (scope, challenge) = (oidc.web.scopes.join(" "), challenge(flow));
    let ours = [
        ("response_type", "code"),
        ("client_id", &oidc.client.id),
        ("redirect_uri", &flow.redirect_uri),
        ("scope", &scope),
        ("state", state),
        ("nonce", &flow.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    Ok(with_query(metadata.authorization_endpoint.as_str(), &ours, &oidc.web.authorize_params))
}

fn oauth2_url(oauth2: &OAuth2, flow: &Flow, state: &str) -> String {
    let (scope, challenge) = (oauth2.web.scopes.join(&oauth2.scope_separator), challenge(flow));
    let mut ours = vec![
        ("response_type", "code"),
        (oauth2.client_id_param.as_str(), oauth2.client.id.as_str()),
        ("redirect_uri", &flow.redirect_uri),
        ("state", state),
    ];
    if !scope.is_empty() {
        ours.push(("scope", &scope));
    }
    if oauth2.pkce {
        ours.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
    }
    let url = with_query(oauth2.authorize_url.as_str(), &ours, &oauth2.web.authorize_params);
    match oauth2.authorize_fragment.as_str() {
        "" => url,
        fragment => format!("{url}#{fragment}"),
    }
}
