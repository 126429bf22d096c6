//! Making tokens. The signing key is read from the settings of the `auth` functions; no other function has it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::{
    ApiError, Cx,
    auth::token::{ACCESS_TOKEN_S, AUDIENCE, Claims},
    session::Session,
};
use secrecy::ExposeSecret;

/// Start of a PKCS#8 document that holds an Ed25519 seed and nothing else (RFC 8410, section 7).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A signed access token, good for [`ACCESS_TOKEN_S`].
pub(crate) fn access_token(cx: &Cx, session: &Session) -> Result<String, ApiError> {
    let key = cx.config().auth_signing_key.as_ref();
    let key = key.ok_or_else(|| ApiError::internal("AUTH_SIGNING_KEY is not set on a function that mints tokens"))?;
    let seed = BASE64_URL_SAFE_NO_PAD.decode(key.seed.expose_secret()).map_err(ApiError::internal)?;
    let now = cx.now().timestamp();
    let claims = Claims {
        sub: session.user_id,
        sid: session.session_id,
        platform: session.platform.clone(),
        scope: "play".to_owned(),
        aud: AUDIENCE.to_owned(),
        iat: now,
        exp: now + ACCESS_TOKEN_S,
    };
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let document = [PKCS8_ED25519.as_slice(), &seed].concat();
    encode(&header, &claims, &EncodingKey::from_ed_der(&document)).map_err(ApiError::internal)
}
