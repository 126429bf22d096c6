//! OpenID Connect: a code becomes an ID token, and the token is checked.

use platform::{
    Cx,
    config::providers::{ClientAuth, Oidc},
    store::oauth_flows::Flow,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    Claimed,
    error::OauthError,
    http::Http,
    id_token::{self, Expected},
    metadata,
};

/// What the provider says of whoever got `code`.
pub(super) async fn claimed(
    cx: &Cx,
    http: Http<'_>,
    oidc: &Oidc,
    flow: &Flow,
    code: &str,
) -> Result<Claimed, OauthError> {
    let metadata = metadata::of(cx, http, oidc).await?;
    let client = &oidc.client;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &flow.redirect_uri),
        ("code_verifier", &flow.code_verifier),
        ("client_id", &client.id),
    ];
    let basic = (client.auth == ClientAuth::Basic).then_some(client);
    if let (None, Some(secret)) = (basic, &client.secret) {
        form.push(("client_secret", secret.expose_secret()));
    }
    let answer = http.post_form(&metadata.token_endpoint, &[], &form, &[], basic).await?.claims()?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let token = text("id_token").ok_or_else(|| OauthError::AnswerInvalid("no id_token".to_owned()))?;

    let header = id_token::header(token)?;
    let keys = metadata::keys(cx, http, oidc, &metadata, header.kid.as_deref()).await?;
    let expected = Expected {
        issuer: oidc.issuer.as_str(),
        client_id: &client.id,
        nonce: &flow.nonce,
        access_token: text("access_token"),
        now: cx.now(),
    };
    let claims = id_token::verify(token, &header, &keys, &expected)?;
    let email = claims.verified_email().filter(|_| oidc.trust_email).map(str::to_owned);
    Ok(Claimed { email, subject: claims.sub })
}
