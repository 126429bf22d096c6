//! Refresh tokens: to clients opaque, to us the session they belong to and two secrets.
//!
//! `family` is the same in all tokens of a session, so that an old token can be told from a made-up one; `secret` is good
//! for one use. The successor's secret is HMAC-SHA256 of a salt under the present one: who repeats an honest request is
//! given the same successor, and who knows only what is stored (hashes and the salt) can make none.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::{
    ApiError, Cx,
    ids::{SessionId, UserId},
    session::Turn,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How long a refresh token is good for.
pub(crate) const LIFE: TimeDelta = TimeDelta::days(30);

/// What tokens begin with, so that scanners for leaked secrets know them.
const PREFIX: &str = "rlr_";

/// User, session, family and secret.
const BYTES: usize = 16 + 16 + 16 + 32;

/// Begins what is authenticated, so that no other use of HMAC gives the same bytes.
const PURPOSE: &[u8] = b"restart-life refresh token, successor";

/// A refresh token. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    family: [u8; 16],
    secret: [u8; 32],
}

impl RefreshToken {
    /// The first token of a session.
    pub(crate) fn first(cx: &Cx, user: UserId, session: SessionId) -> Self {
        Self { user, session, family: cx.random(), secret: cx.random() }
    }

    /// As sent to the client.
    pub(crate) fn to_text(&self) -> String {
        let bytes = [self.user.0.as_bytes(), self.session.0.as_bytes(), &self.family[..], &self.secret].concat();
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a client sent; `None` when no token ever looked like it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let bytes: [u8; BYTES] = bytes.try_into().ok()?;
        let (user, rest) = bytes.split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (family, secret) = rest.split_first_chunk()?;
        Some(Self {
            user: UserId(Uuid::from_bytes(*user)),
            session: SessionId(Uuid::from_bytes(*session)),
            family: *family,
            secret: secret.try_into().ok()?,
        })
    }

    /// By what the store tells tokens of this session from others.
    pub(crate) fn family_hash(&self) -> [u8; 32] {
        Sha256::digest(self.family).into()
    }

    /// By what the store knows this very token.
    pub(crate) fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// The token that replaces this one under `salt`.
    ///
    /// # Errors
    /// None that can happen: HMAC takes keys of any length.
    pub(crate) fn successor(&self, salt: &[u8; 16]) -> Result<Self, ApiError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).map_err(ApiError::internal)?;
        mac.update(PURPOSE);
        mac.update(salt);
        Ok(Self { secret: mac.finalize().into_bytes().into(), ..self.clone() })
    }

    /// This token about to be replaced, and what replaces it if the store agrees.
    ///
    /// # Errors
    /// As [`RefreshToken::successor`].
    pub(crate) fn turn(&self, cx: &Cx) -> Result<(Turn, Self), ApiError> {
        let salt = cx.random();
        let next = self.successor(&salt)?;
        let turn = Turn {
            family_hash: self.family_hash(),
            presented_hash: self.secret_hash(),
            salt,
            next_hash: next.secret_hash(),
            now: cx.now(),
            expires_at: cx.now() + LIFE,
        };
        Ok((turn, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> RefreshToken {
        let (user, session) = (UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        RefreshToken { user, session, family: [3; 16], secret: [4; 32] }
    }

    #[test]
    fn a_token_reads_as_it_was_written_and_nothing_else_does() {
        let text = token().to_text();
        assert!(RefreshToken::parse(&text).as_ref() == Some(&token()));
        for not in ["", "rlr_", &text[4..], &text[..text.len() - 1], &format!("{text}A"), &text.replace('A', "*")] {
            assert!(RefreshToken::parse(not).is_none(), "{not}");
        }
    }

    #[test]
    fn a_successor_depends_on_token_and_salt_and_stays_in_the_family() {
        let successor = |token: &RefreshToken, salt| token.successor(&[salt; 16]).unwrap_or_else(|_| unreachable!());
        let next = successor(&token(), 1);
        assert!(next == successor(&token(), 1) && next != successor(&token(), 2) && next != token());
        assert_eq!(next.family_hash(), token().family_hash());
        assert_ne!(successor(&next, 1).secret_hash(), next.secret_hash());
    }
}
