//! The one error type that leaves a handler.
//!
//! Domains have their own transport-free enums and convert them here by an exhaustive match. What a client sees
//! (`code`, `reason`, `message`, `fields`, `details`) and what an operator sees (`cause`, logged once at the edge)
//! are different fields, and the cause is never rendered to a client.

use std::error::Error as StdError;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use crate::{
    cache::rate::Permit,
    store::constraints::{Meaning, broken_by},
    text::Text,
};

/// The stable, coarse class of an error: one HTTP status each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are HTTP's own")]
pub enum Code {
    InvalidRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    RateLimited,
    InternalError,
    ServiceUnavailable,
}

impl Code {
    /// The HTTP status this class is sent with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// One thing wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where: `birth_year`, `device.id`; a path parameter or header by its name.
    pub field: String,
    /// Which rule: `required`, `type`, `unknown_field`, `one_of`, `length`, `range`, `format`, …
    pub rule: &'static str,
    /// What to do about it.
    pub message: Text,
}

/// The error of a request. Cheap to move: one pointer.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) code: Code,
    pub(crate) reason: Option<&'static str>,
    pub(crate) message: Text,
    pub(crate) fields: Vec<FieldError>,
    pub(crate) details: serde_json::Map<String, serde_json::Value>,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) allow: Option<String>,
    pub(crate) permit: Option<Permit>,
    pub(crate) cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl ApiError {
    /// An error of class `code` with a message for the client.
    pub fn new(code: Code, message: Text) -> Self {
        Self(Box::new(Inner {
            code,
            reason: None,
            message,
            fields: Vec::new(),
            details: serde_json::Map::new(),
            retry_after_s: None,
            allow: None,
            permit: None,
            cause: None,
        }))
    }

    /// Absence; also what a stranger is told of another player's object.
    pub fn not_found(message: Text) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// 404 for a character that is not there, or is another player's.
    #[must_use]
    pub fn no_such_character() -> Self {
        Self::not_found(Text::new("There is no such character.", "没有这个角色。"))
    }

    /// 409 for a player who has as many characters as may be.
    pub fn too_many_characters(limit: i64) -> Self {
        let text =
            Text::new("You have as many characters as you may; give one up first.", "角色数量已达上限，请先删除一个。");
        Self::new(Code::Conflict, text).reason("QUOTA_REACHED").detail("limit", limit)
    }

    /// 401 for a valid token whose account is no more.
    pub fn account_gone() -> Self {
        let text = Text::new("This account no longer exists.", "该账号已不存在。");
        Self::new(Code::Unauthorized, text).reason("TOKEN_INVALID")
    }

    /// 401 for a request that needs a player and came without a token.
    pub fn token_missing() -> Self {
        let text = Text::new("Log in and send Authorization: Bearer <access_token>.", "请登录后携带访问令牌。");
        Self::new(Code::Unauthorized, text).reason("TOKEN_MISSING")
    }

    /// 409 for a way to sign in that opens another account.
    pub fn identity_taken() -> Self {
        let text = Text::new("This sign-in already belongs to another account.", "该第三方账号已绑定到其他账号。");
        Self::new(Code::Conflict, text).reason("IDENTITY_TAKEN")
    }

    /// 422 with every wrong field at once.
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let text = Text::new("Some fields are not valid; see `fields`.", "有字段不符合要求，详见 fields。");
        let mut error = Self::new(Code::ValidationFailed, text);
        error.0.fields = fields;
        error
    }

    /// 422 for a single field.
    pub fn invalid_field(field: &str, rule: &'static str, message: Text) -> Self {
        Self::invalid_fields(vec![FieldError { field: field.to_owned(), rule, message }])
    }

    /// 500 with a constant text; `cause` goes to the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let text = Text::new("Something went wrong on our side.", "服务器出了点问题。");
        Self::new(Code::InternalError, text).caused_by(cause)
    }

    /// 503 with Retry-After; `cause` goes to the log.
    pub fn unavailable(retry_after_s: u64, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let text = Text::new("The service is briefly unavailable; please try again.", "服务暂时不可用，请稍后再试。");
        Self::new(Code::ServiceUnavailable, text).retry_after(retry_after_s).caused_by(cause)
    }

    /// Adds the stable, machine-readable reason.
    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// Adds one entry to `details`.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a field without changing the class (for 400s that concern one header or parameter).
    #[must_use]
    pub fn field(mut self, field: &str, rule: &'static str, message: Text) -> Self {
        self.0.fields.push(FieldError { field: field.to_owned(), rule, message });
        self
    }

    /// Sets Retry-After, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Sets the Allow header of a 405.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Tells the client which limit it ran into.
    #[must_use]
    pub(crate) fn limited_by(mut self, permit: Permit) -> Self {
        self.0.permit = Some(permit);
        self
    }

    /// Attaches what only the log may say.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// What the log is to say where no client waits for an answer.
    pub(crate) fn into_cause(self) -> Box<dyn StdError + Send + Sync> {
        let Inner { cause, message, .. } = *self.0;
        cause.unwrap_or_else(|| message.get(engine::Locale::En).into())
    }

    /// The class of this error.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The stable reason, where there is one.
    pub fn reason_code(&self) -> Option<&'static str> {
        self.0.reason
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// The error travels to the edge inside the response and is rendered there, where the request is known.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

/// What the database said, by what a client can do about it: wait (503), accept that something is gone, or nothing (500).
impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            return Self::unavailable(1, error);
        }
        match broken_by(&error) {
            Some(Meaning::AccountGone) => Self::account_gone(),
            Some(Meaning::CharacterGone) => Self::no_such_character(),
            Some(Meaning::IdentityTaken) => Self::identity_taken(),
            Some(Meaning::Expected | Meaning::Mistake) | None => Self::internal(error),
        }
    }
}

/// Whether the error says that Postgres is away or busy rather than that the statement is wrong.
pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // 08 connection, 40 deadlock or serialisation (rolled back; a retry passes), 53 out of resources, 57 operator intervention (shutdown, crash, statement timeout).
        sqlx::Error::Database(db) => {
            db.code().is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

/// The error and its sources, outermost first, on one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        source = inner.source();
    }
    line
}
