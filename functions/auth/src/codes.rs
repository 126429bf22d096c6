//! Six digits by e-mail. What is stored of a code is its HMAC under a key that only the `auth` functions have: who reads the
//! database cannot try out a million codes.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use deserr::Deserr;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::{
    ApiError, Cx,
    http::{Broken, FieldErrors},
    ids::UserId,
    store::email_codes::{Purpose, Tried},
    text::Text,
};
use secrecy::ExposeSecret as _;
use sha2::Sha256;
use utoipa::ToSchema;

/// How long a code is good for.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(10);

/// What the key is derived for; another use would have another word.
const KEY_LABEL: &[u8] = b"restart-life/email-codes/v1";

/// There are so many codes.
const CODES: u32 = 1_000_000;

/// What a code is for, in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(error = FieldErrors)]
#[schema(rename_all = "snake_case")]
pub(crate) enum PurposeWord {
    #[deserr(rename = "verify_email")]
    VerifyEmail,
    #[deserr(rename = "reset_password")]
    ResetPassword,
}

/// A code as somebody tries it: six digits.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Code::parse -> Broken)]
#[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
pub(crate) struct Code(String);

impl Code {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Err(Broken::new("format", Text::new("Must be the six digits from the mail.", "必须是邮件中的六位数字。")))
    }

    /// One that nobody can foresee; each of the million is as likely.
    pub(crate) fn fresh(cx: &Cx) -> Self {
        Self::drawn(|| u32::from_be_bytes(cx.random()))
    }

    fn drawn(mut draw: impl FnMut() -> u32) -> Self {
        // The numbers above the last whole million would make small codes likelier.
        let whole = u32::MAX - u32::MAX % CODES;
        loop {
            let number = draw();
            if number < whole {
                return Self(format!("{:06}", number % CODES));
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whose codes, and the hashes under which they are stored.
pub(crate) struct Keyring {
    key: [u8; 32],
    purpose: Purpose,
    subject: [u8; 32],
}

impl Keyring {
    /// For the player's own address.
    pub(crate) fn of_user(cx: &Cx, user: UserId) -> Result<Self, ApiError> {
        Self::new(cx, Purpose::VerifyEmail, user.0.as_bytes())
    }

    /// For whoever has this address.
    pub(crate) fn of_address(cx: &Cx, email: &str) -> Result<Self, ApiError> {
        Self::new(cx, Purpose::ResetPassword, email.to_lowercase().as_bytes())
    }

    fn new(cx: &Cx, purpose: Purpose, whose: &[u8]) -> Result<Self, ApiError> {
        let signing = cx.config().auth_signing_key.as_ref();
        let signing = signing.ok_or_else(|| ApiError::internal("AUTH_SIGNING_KEY is not set on an auth function"))?;
        let seed = BASE64_URL_SAFE_NO_PAD.decode(signing.seed.expose_secret()).map_err(ApiError::internal)?;
        let key = mac(&seed, &[KEY_LABEL])?;
        let subject = mac(&key, &[b"subject", purpose.as_str().as_bytes(), whose])?;
        Ok(Self { key, purpose, subject })
    }

    /// The hash of a code of this subject: the same code of another one has another.
    pub(crate) fn hash(&self, code: &Code) -> Result<[u8; 32], ApiError> {
        mac(&self.key, &[b"code", self.purpose.as_str().as_bytes(), &self.subject, code.0.as_bytes()])
    }

    /// A code with this hash, as the store takes it.
    pub(crate) fn tried<'a>(&'a self, cx: &Cx, code_hash: &'a [u8; 32]) -> Tried<'a> {
        Tried { purpose: self.purpose, subject: &self.subject, code_hash, at: cx.now() }
    }
}

/// HMAC-SHA256 of parts, each behind its length: no two lists of parts are the same text.
fn mac(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], ApiError> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).map_err(|_| ApiError::internal("an HMAC key of a wrong length"))?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_make_some_codes_likelier_is_drawn_again() {
        let mut draws = [u32::MAX, 4_294_000_000, 4_293_999_999].into_iter();
        assert_eq!(Code::drawn(|| draws.next().expect("three draws suffice")).0, "999999");
        assert_eq!(Code::drawn(|| 42).0, "000042");
    }

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        for text in ["", "12345", "1234567", "12345a", "１２３４５６", " 12345", "-12345"] {
            assert!(Code::parse(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_cannot_flow_into_each_other() {
        let of = |parts: &[&[u8]]| mac(b"key", parts).expect("a hash");
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"ab"]), mac(b"another", &[b"ab"]).expect("a hash"));
    }
}
