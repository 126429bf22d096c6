//! Mini-programs of Alipay: `alipay.system.oauth.token`. There is no secret; our request is signed, and so is the answer.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use platform::{ApiError, Cx, config::providers::Alipay};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Claimed,
    error::OauthError,
    http::{Http, Reply, word},
    mini,
};

/// The gateway reads `timestamp` as China's time.
const CHINA: TimeDelta = TimeDelta::hours(8);

/// What Alipay says of whoever got `code`.
pub(super) async fn claimed(cx: &Cx, http: Http<'_>, app: &Alipay, code: &str) -> Result<Claimed, OauthError> {
    let timestamp = (cx.now() + CHINA).format("%Y-%m-%d %H:%M:%S").to_string();
    let common = [
        ("app_id", app.client_id.as_str()),
        ("charset", "utf-8"),
        ("format", "JSON"),
        ("method", "alipay.system.oauth.token"),
        ("sign_type", "RSA2"),
        ("timestamp", &timestamp),
        ("version", "1.0"),
    ];
    let own = [("code", code), ("grant_type", "authorization_code")];
    let signature = app.private_key.sign(to_sign(&common, &own).as_bytes());
    let signature = signature.ok_or_else(|| ApiError::internal("Alipay's private_key cannot sign"))?;
    let signature = BASE64_STANDARD.encode(signature);
    let query = [common.as_slice(), &[("sign", signature.as_str())]].concat();
    let answer = http.post_form(&app.gateway_url, &query, &own, &[], None).await?;
    mini::subject(&response(app, &answer)?, app.subject)
}

/// All parameters in the order of their names, as they are before they are encoded.
fn to_sign(common: &[(&str, &str)], own: &[(&str, &str)]) -> String {
    let mut all = [common, own].concat();
    all.sort_unstable();
    all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The answer as sent: the signature is over the very bytes of its one member.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, rename = "alipay_system_oauth_token_response")]
    token: Option<&'a RawValue>,
    #[serde(rename = "error_response")]
    error: Option<Value>,
    sign: Option<String>,
}

fn response(app: &Alipay, answer: &Reply) -> Result<Value, OauthError> {
    if !answer.status.is_success() {
        return Err(OauthError::Unavailable(format!("answered {}", answer.status)));
    }
    let unreadable = |_| OauthError::Unavailable("gave an answer that cannot be read".to_owned());
    let Answer { token, error, sign } = serde_json::from_slice(&answer.body).map_err(unreadable)?;
    let Some(token) = token else { return Err(refusal(&error.unwrap_or_default())) };
    let signature = sign.and_then(|sign| BASE64_STANDARD.decode(sign).ok()).unwrap_or_default();
    if !app.alipay_public_key.verifies(token.get().as_bytes(), &signature) {
        return Err(OauthError::AnswerInvalid("not signed by Alipay".to_owned()));
    }
    let token: Value = serde_json::from_str(token.get()).map_err(unreadable)?;
    // Some gateways put a refusal where the answer belongs.
    if token.get("sub_code").is_some() { Err(refusal(&token)) } else { Ok(token) }
}

/// Only a code that is wrong or used is the player's matter.
fn refusal(error: &Value) -> OauthError {
    let sub_code = error.get("sub_code").and_then(word);
    let problem = format!("refuses: {}", sub_code.as_deref().unwrap_or("no sub_code"));
    match sub_code.as_deref() {
        Some("isv.code-invalid") => OauthError::CodeRefused(problem),
        _ => OauthError::Unavailable(problem),
    }
}
