//! Mini-programs of WeChat and Douyin: the code that the platform gave to the mini-program becomes the player's id. The
//! code is good once and for minutes, and only together with our app's secret. The session key that comes along is
//! not kept.

use platform::config::providers::{Endpoint, MiniProgram};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    Claimed,
    error::OauthError,
    http::{Http, word},
};

/// WeChat's `GET /sns/jscode2session`.
pub(super) async fn wechat(http: Http<'_>, app: &MiniProgram, code: &str) -> Result<Claimed, OauthError> {
    let query = [
        ("appid", app.client_id.as_str()),
        ("secret", app.client_secret.expose_secret()),
        ("js_code", code),
        ("grant_type", "authorization_code"),
    ];
    let answer = http.get(&under(&app.base_url, "/sns/jscode2session")?, &query, &[], None).await?.claims()?;
    match answer.get("errcode").and_then(word) {
        Some(error) if error != "0" => Err(wechat_error(&error)),
        _ => subject(&answer, app.subject),
    }
}

/// What WeChat's `errcode` means: busy, too many requests, and a wrong appid or secret are not the player's doing.
pub(super) fn wechat_error(code: &str) -> OauthError {
    let problem = format!("answered errcode {code}");
    match code {
        "-1" | "40013" | "40125" | "41002" | "41004" | "45009" | "45011" => OauthError::Unavailable(problem),
        _ => OauthError::CodeRefused(problem),
    }
}

/// Douyin's `POST /api/apps/v2/jscode2session`.
pub(super) async fn douyin(http: Http<'_>, app: &MiniProgram, code: &str) -> Result<Claimed, OauthError> {
    let body = json!({
        "appid": app.client_id, "secret": app.client_secret.expose_secret(), "code": code, "anonymous_code": ""
    });
    let answer = http.post_json(&under(&app.base_url, "/api/apps/v2/jscode2session")?, &body).await?.claims()?;
    match answer.get("err_no").and_then(word).as_deref() {
        Some("0") => subject(answer.get("data").unwrap_or(&Value::Null), app.subject),
        Some(error @ ("-1" | "40014" | "40015" | "40017")) => {
            Err(OauthError::Unavailable(format!("answered err_no {error}")))
        }
        Some(error) => Err(OauthError::CodeRefused(format!("answered err_no {error}"))),
        None => Err(OauthError::Unavailable("answered without err_no".to_owned())),
    }
}

fn under(base: &Endpoint, path: &str) -> Result<Endpoint, OauthError> {
    let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Endpoint::parse(&url).map_err(|problem| OauthError::Unavailable(problem.to_owned()))
}

pub(super) fn subject(answer: &Value, field: &str) -> Result<Claimed, OauthError> {
    let subject = answer.get(field).and_then(Value::as_str);
    let subject = subject.ok_or_else(|| OauthError::AnswerInvalid(format!("no {field}")))?;
    Ok(Claimed { subject: subject.to_owned(), email: None })
}
