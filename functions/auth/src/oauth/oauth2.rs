//! OAuth 2.0 without ID tokens: the token answer says whose it is (Weibo, WeChat), or one more request does (QQ). Our own
//! request for the token, over TLS and with our secret, is what vouches for the answer.

use platform::{
    config::providers::{ClientAuth, OAuth2, Userinfo, Verb},
    store::oauth_flows::Flow,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    Claimed,
    error::OauthError,
    http::{Http, word},
};

/// What the provider says of whoever got `code`.
pub(super) async fn claimed(http: Http<'_>, oauth2: &OAuth2, flow: &Flow, code: &str) -> Result<Claimed, OauthError> {
    let token = token(http, oauth2, flow, code).await?;
    let answer = match &oauth2.userinfo {
        None => token,
        Some(userinfo) => whose(http, oauth2, userinfo, &token).await?,
    };
    let subject = answer.pointer(&oauth2.subject).and_then(text);
    let subject = subject.ok_or_else(|| OauthError::AnswerInvalid(format!("nothing at {}", oauth2.subject)))?;
    Ok(Claimed { subject, email: None })
}

async fn token(http: Http<'_>, oauth2: &OAuth2, flow: &Flow, code: &str) -> Result<Value, OauthError> {
    let client = &oauth2.client;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &flow.redirect_uri),
        (&oauth2.client_id_param, &client.id),
    ];
    if oauth2.pkce {
        pairs.push(("code_verifier", &flow.code_verifier));
    }
    let basic = (client.auth == ClientAuth::Basic).then_some(client);
    if let (None, Some(secret)) = (basic, &client.secret) {
        pairs.push((&oauth2.client_secret_param, secret.expose_secret()));
    }
    let (url, params) = (&oauth2.token_url, &oauth2.token_params);
    let answer = match oauth2.token_method {
        Verb::Get => http.get(url, &pairs, params, None).await?,
        Verb::Post => http.post_form(url, &[], &pairs, params, basic).await?,
    };
    accepted(answer.claims()?)
}

/// Asks whose the access token is, and whether it was given to us.
async fn whose(http: Http<'_>, oauth2: &OAuth2, userinfo: &Userinfo, token: &Value) -> Result<Value, OauthError> {
    let token = token.get("access_token").and_then(Value::as_str);
    let token = token.ok_or_else(|| OauthError::AnswerInvalid("no access_token".to_owned()))?;
    let answer = match userinfo.token_in_query {
        true => http.get(&userinfo.url, &[("access_token", token)], &userinfo.params, None).await?,
        false => http.get(&userinfo.url, &[], &userinfo.params, Some(token)).await?,
    };
    let answer = accepted(answer.claims()?)?;
    if let Some(pointer) = &userinfo.client_id
        && answer.pointer(pointer).and_then(text).as_ref() != Some(&oauth2.client.id)
    {
        return Err(OauthError::AnswerInvalid("a token that was given to another client".to_owned()));
    }
    Ok(answer)
}

/// WeChat says what is wrong in `errcode`, with status 200.
fn accepted(answer: Value) -> Result<Value, OauthError> {
    match answer.get("errcode").and_then(word) {
        Some(code) if code != "0" => Err(super::mini::wechat_error(&code)),
        _ => Ok(answer),
    }
}

/// An id, which some write as a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}
