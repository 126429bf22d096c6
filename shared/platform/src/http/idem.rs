//! The client's promise that two requests are one: parsed and hashed before the handler, kept and replayed by `store`.

use axum::extract::FromRequestParts;
use deserr::Deserr;
use http::{HeaderMap, header, request::Parts};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{FieldErrors, headers::IDEMPOTENCY_KEY, info::header};
use crate::{
    ctx::Ctx,
    error::{ApiError, Code},
    ids::UserId,
    text::Text,
};

/// Longest `Idempotency-Key`, bytes.
const KEY_LIMIT: usize = 255;

/// Who sent what under which key. Scope: user, route and key; the hash covers path, If-Match and body.
#[derive(Debug, Clone)]
pub struct Idem {
    pub(crate) user: UserId,
    pub(crate) route: &'static str,
    pub(crate) key: Option<String>,
    pub(crate) request_hash: [u8; 32],
}

impl Idem {
    pub(crate) fn of(user: UserId, route: &'static str, parts: &Parts, body: &[u8]) -> Result<Self, ApiError> {
        let key = parse_key(&parts.headers)?;
        let if_match = parts.headers.get(header::IF_MATCH).map_or(&[][..], http::HeaderValue::as_bytes);
        let mut hash = Sha256::new();
        for part in [parts.uri.path().as_bytes(), if_match, body] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Ok(Self { user, route, key, request_hash: hash.finalize().into() })
    }
}

fn parse_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    if !headers.contains_key(&IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let key = header(headers, &IDEMPOTENCY_KEY).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_LIMIT || !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let text = Text::new("The Idempotency-Key is not valid.", "Idempotency-Key 无效。");
        let hint = Text::new("Must be 1 to 255 printable ASCII characters.", "必须是 1 到 255 个可打印 ASCII 字符。");
        return Err(ApiError::new(Code::InvalidRequest, text).field("Idempotency-Key", "format", hint));
    }
    Ok(Some(key.to_owned()))
}

impl FromRequestParts<Ctx> for Idem {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, ApiError> {
        let idem = parts.extensions.get::<Self>().cloned();
        idem.ok_or_else(|| ApiError::internal("a handler takes Idem on a route that is not idempotent"))
    }
}

/// Which state the player has before them: the body of what needs no other word.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub struct AtVersion {
    /// The version acted on: where it has moved on, the answer is 412. Or send If-Match, where the route takes it.
    #[deserr(default)]
    pub expected_version: Option<i64>,
}

/// The version an `If-Match` header names, if there is one.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(Option<i64>);

impl IfMatch {
    /// The version the client believes current: from the body, or else from `If-Match`.
    ///
    /// # Errors
    /// 422 when neither names one, or when they differ.
    pub fn or_body(self, body: Option<i64>) -> Result<i64, ApiError> {
        match (self.0, body) {
            (Some(header), Some(body)) if header != body => {
                let text = Text::new("Differs from the If-Match header.", "与 If-Match 请求头不一致。");
                Err(ApiError::invalid_field("expected_version", "conflict", text))
            }
            (Some(version), _) | (None, Some(version)) => Ok(version),
            (None, None) => {
                let text = Text::new(
                    "Required: the `version` of the state you act on (or send If-Match).",
                    "必填：所依据状态的 version（或发送 If-Match）。",
                );
                Err(ApiError::invalid_field("expected_version", "required", text))
            }
        }
    }
}

impl FromRequestParts<Ctx> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(None));
        }
        let tag = header(&parts.headers, &header::IF_MATCH).unwrap_or_default();
        let version = tag.trim_matches('"').split('.').next().and_then(|version| version.parse().ok());
        version.map(|version| Self(Some(version))).ok_or_else(|| {
            let text = Text::new("The If-Match header is not valid.", "If-Match 请求头无效。");
            let hint = Text::new("Must be an ETag as the API gave it.", "必须是接口给出的 ETag。");
            ApiError::new(Code::InvalidRequest, text).field("If-Match", "format", hint)
        })
    }
}
