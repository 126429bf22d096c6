//! What a handler may take: the player, the request's context, and its path, query and body, each checked with
//! errors that name the field.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, FromRequestParts, MatchedPath, OptionalFromRequestParts, Path as AxumPath, RawPathParams, Request,
    },
};
use deserr::Deserr;
use http::{HeaderMap, header, request::Parts};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{fields::FieldErrors, info::RequestInfo};
use crate::{
    auth::Player,
    cache::gate::Gate,
    ctx::{Ctx, Cx},
    error::{ApiError, Code},
    text::Text,
};

/// Largest request body, bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A refused body is still read up to here, so that the client sees the answer instead of a broken pipe.
const DRAIN_LIMIT: usize = 8 * 1024 * 1024;

impl FromRequestParts<Ctx> for Cx {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        let known = parts.extensions.get::<RequestInfo>().cloned().zip(parts.extensions.get::<Gate>().cloned());
        let (info, gate) = known.ok_or_else(|| ApiError::internal("a handler runs outside its route"))?;
        Ok(Self::new(ctx.clone(), info, gate))
    }
}

impl FromRequestParts<Ctx> for Player {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, ApiError> {
        let player = parts.extensions.get::<Self>().cloned();
        player.ok_or_else(|| ApiError::internal("a handler takes a player on a route that asks for none"))
    }
}

/// On a route with [`crate::route::Auth::Optional`]: the player, if a token was sent.
impl OptionalFromRequestParts<Ctx> for Player {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Path parameters. A value that does not parse is 400 and names the parameter.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ctx> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        match <AxumPath<T> as FromRequestParts<Ctx>>::from_request_parts(parts, ctx).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(_) => match RawPathParams::from_request_parts(parts, ctx).await {
                Ok(params) => Err(bad_path(&params)),
                // Not even UTF-8.
                Err(_) => Err(bad_bytes(parts)),
            },
        }
    }
}

const BAD_PATH: Text = Text::new("A part of the path is not valid.", "路径中有一段无效。");

/// Names every parameter: which of them is not text, nobody says.
fn bad_bytes(parts: &Parts) -> ApiError {
    let template = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let names = template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let hint = Text::new("Must be valid UTF-8, percent-encoded.", "必须是有效的 UTF-8（百分号编码）。");
    names.fold(ApiError::new(Code::InvalidRequest, BAD_PATH), |error, name| error.field(name, "format", hint.clone()))
}

/// Names the parameters that are not what their names say: `…_id` a UUID, all others a number.
fn bad_path(params: &RawPathParams) -> ApiError {
    let mut error = ApiError::new(Code::InvalidRequest, BAD_PATH);
    for (name, value) in params {
        let (is_sound, hint) = if name.ends_with("_id") {
            let hint = Text::new("Must be an id as the API gave it (UUID).", "必须是接口给出的 ID（UUID）。");
            (Uuid::try_parse(value).is_ok(), hint)
        } else {
            (value.parse::<u32>().is_ok(), Text::new("Must be a number as the API gave it.", "必须是接口给出的数字。"))
        };
        if !is_sound {
            error = error.field(name, "format", hint);
        }
    }
    error
}

/// Query parameters; all wrong ones are named at once. Fields parse from strings.
pub struct Query<T>(pub T);

impl<T: Deserr<FieldErrors>> FromRequestParts<Ctx> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(query).map_err(|_| {
            let text = Text::new("The query string is not valid.", "查询字符串无效。");
            ApiError::new(Code::InvalidRequest, text)
        })?;
        let mut object = serde_json::Map::new();
        for (name, value) in pairs {
            if object.insert(name.clone(), Value::String(value)).is_some() {
                let text = Text::new("Must be given once.", "只能出现一次。");
                let name: String = name.chars().take(64).collect();
                return Err(ApiError::invalid_field(&name, "repeated", text));
            }
        }
        read(Value::Object(object)).map(Self)
    }
}

/// A JSON body of at most [`BODY_LIMIT`] bytes; all wrong fields are named at once, unknown ones too.
pub struct Json<T>(pub T);

impl<T: Deserr<FieldErrors>> FromRequest<Ctx> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Ctx) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body).await?;
        require_json(&parts.headers)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| broken_json(&error, bytes.is_empty()))?;
        read(value).map(Self)
    }
}

fn read<T: Deserr<FieldErrors>>(value: Value) -> Result<T, ApiError> {
    deserr::deserialize::<T, _, FieldErrors>(value).map_err(|FieldErrors(fields)| ApiError::invalid_fields(fields))
}

/// Reads a body within [`BODY_LIMIT`].
pub(crate) async fn read_body(headers: &HeaderMap, mut body: Body) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > DRAIN_LIMIT) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let text = Text::new("The request ended before its body was complete.", "请求体不完整。");
            ApiError::new(Code::InvalidRequest, text)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= BODY_LIMIT {
            bytes.extend_from_slice(&data);
        } else if seen > DRAIN_LIMIT {
            break;
        }
    }
    if seen > BODY_LIMIT { Err(too_large()) } else { Ok(bytes.into()) }
}

fn too_large() -> ApiError {
    let text = Text::new("The body is larger than 64 KiB.", "请求体超过 64 KiB。");
    ApiError::new(Code::PayloadTooLarge, text).detail("max_bytes", BODY_LIMIT)
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let text = Text::new("Send Content-Type: application/json.", "请使用 Content-Type: application/json。");
    Err(ApiError::new(Code::UnsupportedMediaType, text))
}

fn broken_json(error: &serde_json::Error, empty: bool) -> ApiError {
    let text = if empty {
        Text::new("The body is empty; send a JSON object.", "请求体为空，请发送一个 JSON 对象。")
    } else {
        let (line, column) = (error.line(), error.column());
        Text::filled(
            format!("The body is not valid JSON: see line {line}, column {column}."),
            format!("请求体不是有效的 JSON：第 {line} 行第 {column} 列。"),
        )
    };
    ApiError::new(Code::InvalidRequest, text).reason("BROKEN_JSON")
}
