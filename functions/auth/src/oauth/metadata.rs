//! What an OpenID Connect provider publishes: its endpoints and its keys. Both are kept for an hour by the wall clock,
//! per process. A key that is not there makes the keys be asked for again, once a minute at most: providers rotate
//! keys, and forgers make up key ids.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use platform::{
    Cx,
    config::providers::{Endpoint, Oidc},
};
use serde::Deserialize;
use tokio::sync::Mutex as AsyncMutex;

use super::{error::OauthError, http::Http};

/// How long metadata and keys are used without asking again.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// How soon keys may be asked for again because one is missing.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// A provider's endpoints, each on a host that the settings allow.
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Endpoint,
    pub(super) token_endpoint: Endpoint,
    jwks_uri: Endpoint,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// One provider's, each behind a lock that is held while it is asked for: those who wait need not ask.
#[derive(Default)]
struct Published {
    metadata: AsyncMutex<Option<Kept<Metadata>>>,
    keys: AsyncMutex<Option<Kept<JwkSet>>>,
}

struct Kept<T> {
    value: Arc<T>,
    since: DateTime<Utc>,
    /// When it was last asked for, with or without success.
    asked: DateTime<Utc>,
}

impl<T> Kept<T> {
    fn new(value: Arc<T>, now: DateTime<Utc>) -> Self {
        Self { value, since: now, asked: now }
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..LIFE).contains(&(now - self.since))
    }
}

static PUBLISHED: LazyLock<Mutex<BTreeMap<String, Arc<Published>>>> = LazyLock::new(Mutex::default);

fn published(oidc: &Oidc) -> Arc<Published> {
    let mut all = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(all.entry(oidc.discovery_url.as_str().to_owned()).or_default())
}

/// The provider's endpoints.
pub(super) async fn of(cx: &Cx, http: Http<'_>, oidc: &Oidc) -> Result<Arc<Metadata>, OauthError> {
    let published = published(oidc);
    let mut kept = published.metadata.lock().await;
    if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh(cx.now())) {
        return Ok(Arc::clone(&kept.value));
    }
    let document: Document = http.get(&oidc.discovery_url, &[], &[], None).await?.document("metadata")?;
    let metadata = Arc::new(checked(oidc, &document)?);
    *kept = Some(Kept::new(Arc::clone(&metadata), cx.now()));
    Ok(metadata)
}

fn checked(oidc: &Oidc, document: &Document) -> Result<Metadata, OauthError> {
    if document.issuer != oidc.issuer.as_str() {
        return Err(OauthError::Unavailable("its metadata is another issuer's".to_owned()));
    }
    let own = [oidc.issuer.authority(), oidc.discovery_url.authority()];
    let endpoint = |name: &str, url: &str| {
        let endpoint = Endpoint::parse(url).map_err(|problem| format!("its {name} {problem}"));
        let allowed = endpoint.and_then(|endpoint| {
            let host = endpoint.authority();
            let is_allowed = own.contains(&host) || oidc.hosts.contains(&host);
            if is_allowed { Ok(endpoint) } else { Err(format!("its {name} is on a host that `hosts` does not name")) }
        });
        allowed.map_err(OauthError::Unavailable)
    };
    Ok(Metadata {
        authorization_endpoint: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
        token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
        jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
    })
}

/// The provider's keys, `kid` among them if it has it.
pub(super) async fn keys(
    cx: &Cx,
    http: Http<'_>,
    oidc: &Oidc,
    metadata: &Metadata,
    kid: Option<&str>,
) -> Result<Arc<JwkSet>, OauthError> {
    let published = published(oidc);
    let mut kept = published.keys.lock().await;
    let now = cx.now();
    if let Some(kept) = kept.as_mut().filter(|kept| kept.is_fresh(now)) {
        let is_there = kid.is_none_or(|kid| kept.value.find(kid).is_some());
        if is_there || (TimeDelta::zero()..PAUSE).contains(&(now - kept.asked)) {
            return Ok(Arc::clone(&kept.value));
        }
        kept.asked = now;
    }
    let keys: Arc<JwkSet> = Arc::new(http.get(&metadata.jwks_uri, &[], &[], None).await?.document("key set")?);
    *kept = Some(Kept::new(Arc::clone(&keys), cx.now()));
    Ok(keys)
}
