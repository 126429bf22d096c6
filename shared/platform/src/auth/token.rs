//! Access tokens: EdDSA (Ed25519) JWTs, checked locally against the configured public keys.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Player;
use crate::{
    cache::l1::{Eviction, L1},
    config::VerifyingKey,
    error::{ApiError, Code},
    ids::{SessionId, UserId},
    telemetry::clients,
    text::Text,
};

/// Audience of every access token of this API.
pub const AUDIENCE: &str = "restart-life";

/// How long an access token is good for, seconds.
pub const ACCESS_TOKEN_S: i64 = 900;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose account.
    pub sub: UserId,
    /// On which signed-in device.
    pub sid: SessionId,
    /// Client platform: `web`, `unity`, …
    pub platform: String,
    /// What it permits, separated by spaces: `play`.
    pub scope: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
}

/// Bytes for tokens that were found to be valid: about 30,000 of them.
const REMEMBERED_BYTES: u64 = 6 << 20;

/// Checks access tokens. A signature is checked once: it costs more than all else that a warm read does.
pub struct TokenVerifier {
    keys: Vec<(String, DecodingKey)>,
    validation: Validation,
    /// By the SHA-256 of the whole token.
    valid: L1<[u8; 32], Valid>,
}

/// What is remembered of a valid token. Whether it has expired is asked every time.
#[derive(Clone, Copy)]
struct Valid {
    user: UserId,
    session: SessionId,
    platform: &'static str,
    exp: i64,
}

impl TokenVerifier {
    /// A verifier for any of `keys`; two are valid during a rotation.
    ///
    /// # Errors
    /// When a key is not one.
    pub fn new(keys: &[VerifyingKey]) -> Result<Self, jsonwebtoken::errors::Error> {
        let keys = keys
            .iter()
            .map(|key| Ok((key.kid.clone(), DecodingKey::from_ed_components(&key.x)?)))
            .collect::<Result<_, jsonwebtoken::errors::Error>>()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        // Expiry is judged by our own clock, which tests can hold still.
        validation.validate_exp = false;
        Ok(Self { keys, validation, valid: L1::new(REMEMBERED_BYTES, Eviction::Lru, |_, _| 0) })
    }

    /// The player a token stands for at `now`.
    ///
    /// # Errors
    /// 401 `TOKEN_INVALID` for a forged or foreign token, `TOKEN_EXPIRED` for an old one.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Player, ApiError> {
        let valid = self.valid(token).ok_or_else(|| {
            let text = Text::new("The access token is not valid; log in again.", "访问令牌无效，请重新登录。");
            ApiError::new(Code::Unauthorized, text).reason("TOKEN_INVALID")
        })?;
        if valid.exp <= now.timestamp() {
            let text = Text::new("The access token has expired; log in again.", "访问令牌已过期，请重新登录。");
            return Err(ApiError::new(Code::Unauthorized, text).reason("TOKEN_EXPIRED"));
        }
        Ok(Player { id: valid.user, session_id: valid.session, platform: valid.platform })
    }

    fn valid(&self, token: &str) -> Option<Valid> {
        let digest = Sha256::digest(token).into();
        self.valid.get(&digest).or_else(|| {
            let Claims { sub: user, sid: session, platform, exp, .. } = self.claims(token)?;
            let valid = Valid { user, session, platform: clients::platform(&platform), exp };
            self.valid.insert(digest, valid);
            Some(valid)
        })
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let kid = decode_header(token).ok()?.kid?;
        let (_, key) = self.keys.iter().find(|(known, _)| *known == kid)?;
        decode::<Claims>(token, key, &self.validation).ok().map(|data| data.claims)
    }
}
