//! Whom the outbox tells, and how: `OUTBOX_…`.

use std::{fmt, time::Duration};

use ::http::Uri;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice};

/// Whom the outbox tells.
#[derive(Debug, Clone)]
pub struct OutboxSettings {
    /// Who is told; nobody, and nothing is written down, without one.
    pub webhook_url: Option<String>,
    /// What the messages are signed with; only jobs that send them have it.
    pub webhook_key: Option<WebhookKey>,
    /// The queue between the outbox and its sender, where there is one.
    pub queue_url: Option<String>,
    /// A server of queues other than Amazon's.
    pub sqs_endpoint: Option<String>,
    /// How long what was delivered is kept.
    pub keep: Duration,
}

/// A key of HMAC-SHA256. Debug shows nothing of it.
#[derive(Clone)]
pub struct WebhookKey(SecretSlice<u8>);

impl WebhookKey {
    /// Reads `whsec_` and base64, as the libraries of Standard Webhooks write it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bytes = text.strip_prefix("whsec_").and_then(|key| BASE64_STANDARD.decode(key).ok());
        match bytes {
            Some(bytes) if (24..=64).contains(&bytes.len()) => Ok(Self(bytes.into())),
            _ => Err("must be whsec_ and the base64 of 24 to 64 bytes".to_owned()),
        }
    }

    /// The key itself, to sign with.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// A URL to which a message can be posted.
pub(super) fn webhook_url(text: &str) -> Result<String, String> {
    let uri = text.parse::<Uri>().ok();
    let is_whole = |uri: &Uri| matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some();
    match uri {
        Some(uri) if is_whole(&uri) => Ok(text.to_owned()),
        _ => Err("must be a URL starting with https:// or http://, with a host".to_owned()),
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey")
    }
}
