//! The API's own header names.

use http::HeaderName;

/// Echoed or made; in every log line and error.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's release, such as 1.4.2: for statistics, and to know which releases are still about.
pub const X_CLIENT_VERSION: HeaderName = HeaderName::from_static("x-client-version");
/// A client's promise that two requests are one.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// `true` on an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// `v1`.
pub const API_VERSION: HeaderName = HeaderName::from_static("api-version");
/// Requests allowed at once in the present window.
pub const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// Requests left now.
pub const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// Unix seconds at which the full limit is available again.
pub const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// The version that the client has seen: an answer is at least as new.
pub const X_MIN_VERSION: HeaderName = HeaderName::from_static("x-min-version");
