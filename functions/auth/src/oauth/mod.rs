//! Sign-in by others: what a provider says about who somebody is, checked, and the account that belongs to it.
//!
//! [`identify`] turns a proof into an [`Identity`]; `auth-login` opens that identity's account, `auth-link` gives the
//! identity to an account that is there already. Everything a provider answers is untrusted until it is checked, and
//! none of its words reach the client.

mod account;
mod alipay;
mod error;
mod flow;
mod http;
mod id_token;
mod metadata;
mod mini;
mod oauth2;
mod oidc;
mod proof;

use std::time::Duration;

use platform::{
    ApiError, Cx,
    config::providers::{Kind, Provider},
};
use tokio::time::timeout;

pub(crate) use self::{
    account::account,
    flow::{Begun, begin},
    proof::{CodeCredentials, CodeKind, OauthCredentials, Proof},
};
use self::{error::OauthError, http::Http};
use crate::audit::{self, Event, Kind as Operation};

/// Longest that a provider is listened to in one sign-in, all requests together. Less than the routes' own limit, so
/// that a slow provider is named as such.
const PATIENCE: Duration = Duration::from_secs(8);

/// Who somebody is, by a provider's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The provider's id in OAUTH_PROVIDERS.
    pub(crate) provider: String,
    /// What it calls the player: stable, unique within the provider, 1 to 255 characters.
    pub(crate) subject: String,
    /// An address that the provider has verified, where it is trusted with that.
    pub(crate) email: Option<String>,
}

/// Checks a proof with its provider. A proof works once.
///
/// # Errors
/// 401 with a reason of the OAUTH family when it proves nothing, 422 when it names no provider that could check it,
/// 503 OAUTH_PROVIDER_UNAVAILABLE when the provider does not answer as it should, 503 without Postgres.
pub(crate) async fn identify(cx: &Cx, proof: &Proof) -> Result<Identity, ApiError> {
    let provider = proof.provider(cx)?;
    let checked = timeout(PATIENCE, check(cx, provider, proof));
    let late = || Err(OauthError::Unavailable("did not answer in time".into()));
    match checked.await.unwrap_or_else(|_| late()) {
        Ok(Claimed { subject, email }) if (1..=255).contains(&subject.chars().count()) => {
            Ok(Identity { provider: provider.id.clone(), subject, email })
        }
        Ok(_) => {
            Err(refused(cx, &provider.id, OauthError::AnswerInvalid("a subject of no or too many characters".into())))
        }
        Err(error) => Err(refused(cx, &provider.id, error)),
    }
}

/// What a provider claims.
struct Claimed {
    subject: String,
    email: Option<String>,
}

async fn check(cx: &Cx, provider: &Provider, proof: &Proof) -> Result<Claimed, OauthError> {
    let http = Http::new(cx)?;
    match (&provider.kind, proof) {
        (Kind::Oidc(oidc), Proof::Oauth(credentials)) => {
            let flow = flow::take(cx, &provider.id, credentials).await?;
            oidc::claimed(cx, http, oidc, &flow, &credentials.code.0).await
        }
        (Kind::OAuth2(oauth2), Proof::Oauth(credentials)) => {
            let flow = flow::take(cx, &provider.id, credentials).await?;
            oauth2::claimed(http, oauth2, &flow, &credentials.code.0).await
        }
        (Kind::WechatMini(app), Proof::Code(_, credentials)) => mini::wechat(http, app, &credentials.code.0).await,
        (Kind::DouyinMini(app), Proof::Code(_, credentials)) => mini::douyin(http, app, &credentials.code.0).await,
        (Kind::AlipayMini(app), Proof::Code(_, credentials)) => {
            alipay::claimed(cx, http, app, &credentials.code.0).await
        }
        _ => Err(OauthError::Internal(ApiError::internal("a proof was given to a provider of another kind"))),
    }
}

/// Writes the refusal down, its cause included, and makes of it what the client is told.
fn refused(cx: &Cx, provider: &str, error: OauthError) -> ApiError {
    audit::record(cx, Event::failed(Operation::OauthProof, error.label()));
    tracing::info!(provider, reason = error.label(), cause = error.cause(), "a proof of others was refused");
    error.into()
}
