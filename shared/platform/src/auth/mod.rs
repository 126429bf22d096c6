//! Who is calling. Every function can check a token; only the `auth` functions can make one (they hold the signing key,
//! and the code that signs lives in their crate).

pub mod token;

use crate::ids::{SessionId, UserId};

/// The player behind a request: in a handler's signature, it is the permission to act for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Whose account.
    pub id: UserId,
    /// On which signed-in device.
    pub session_id: SessionId,
    /// With which client, one of `telemetry::clients::PLATFORMS`.
    pub platform: &'static str,
}
