//! The way to whoever is told: a POST, signed as Standard Webhooks has it, so that receivers need no code of ours. No
//! redirects, a bounded wait, and of the answer only its status.
//!
//! A connection for each message: a kept one is a dead one after a Lambda freeze, and there are a thousand a minute at most.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use ring::hmac;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    config::{OutboxSettings, WebhookKey},
    ctx::Ctx,
    error::chain,
    outbox::Message,
    wire,
};

/// Longest that one delivery may take. A receiver writes the message down and answers; what it makes of it, it does later.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever is told, and what we sign with.
#[derive(Clone)]
pub(crate) struct Webhook {
    url: Arc<str>,
    key: WebhookKey,
}

impl Webhook {
    /// The one that is set; `None` where nobody is told.
    ///
    /// # Errors
    /// Without a key: an unsigned message could be anybody's.
    pub(crate) fn of(settings: &OutboxSettings) -> Result<Option<Self>, String> {
        let Some(url) = &settings.webhook_url else { return Ok(None) };
        let key = settings.webhook_key.clone().ok_or("OUTBOX_WEBHOOK_URL is set, and OUTBOX_WEBHOOK_KEY is not")?;
        Ok(Some(Self { url: url.as_str().into(), key }))
    }

    /// Delivers one message: any 2xx is an acknowledgement.
    ///
    /// # Errors
    /// In words fit for a log, which never hold the URL: it may have a secret in it.
    pub(crate) async fn send(&self, ctx: &Ctx, id: Uuid, body: String) -> Result<(), String> {
        let sent_s = ctx.now().timestamp();
        let request = Request::post(&*self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id.to_string())
            .header("webhook-timestamp", sent_s)
            .header("webhook-signature", signature(&self.key, &id.to_string(), sent_s, &body))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let answer = timeout(PATIENCE, wire::send(request)).await.map_err(|_| "no answer in time".to_owned())?;
        let status = answer.map_err(|problem| chain(problem.as_ref()))?.status();
        if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
    }

    /// As [`Webhook::send`], of a message as a queue gives it back.
    ///
    /// # Errors
    /// As [`Webhook::send`], and for what is no message of ours.
    pub(crate) async fn send_text(&self, ctx: &Ctx, body: &str) -> Result<(), String> {
        let message: Message = serde_json::from_str(body).map_err(|error| format!("no message: {error}"))?;
        self.send(ctx, message.id, body.to_owned()).await
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over id, time and body, with dots between.
fn signature(key: &WebhookKey, id: &str, sent_s: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let tag = hmac::sign(&key, format!("{id}.{sent_s}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Standard Webhooks and Svix publish for libraries to be tested with.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
