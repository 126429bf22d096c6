//! Eight digits by e-mail. What is stored of a code is its HMAC under a key that only the `auth` functions have: who reads the
//! database cannot try out all codes.

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
const CODES: u32 = 100_000_000;

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

/// A code as somebody tries it: eight digits.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Code::parse -> Broken)]
#[schema(value_type = String, min_length = 8, max_length = 8, pattern = "^[0-9]{8}$")]
pub(crate) struct Code(String);

impl Code {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Err(Broken::new("format", Text::new("Must be the eight digits from the mail.", "必须是邮件中的八位数字。")))
    }

    /// One that nobody can foresee; each is as likely.
    pub(crate) fn fresh(cx: &Cx) -> Self {
        Self::drawn(|| u32::from_be_bytes(cx.random()))
    }

    fn drawn(mut draw: impl FnMut() -> u32) -> Self {
        // The numbers above the last whole hundred million would make small codes likelier.
        let whole = u32::MAX - u32::MAX % CODES;
        loop {
            let number = draw();
            if number < whole {
                return Self(format!("{:08}", number % CODES));
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client that asked for a code keeps, and sends with the code.
#[derive(Clone, Deserr, serde::Serialize, ToSchema)]
#[serde(transparent)]
#[deserr(try_from(String) = FlowToken::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 64)]
pub(crate) struct FlowToken(String);

impl FlowToken {
    fn parse(text: String) -> Result<Self, Broken> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        let text = Text::new(
            "Must be the flow_token of the answer that sent the code.",
            "必须是发送验证码时返回的 flow_token。",
        );
        Err(Broken::new("format", text))
    }

    /// One that nobody can guess.
    pub(crate) fn fresh(cx: &Cx) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(cx.random::<16>()))
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

    /// For whoever has this address, and asked from where this flow began: others who ask for a code to the same address, or
    /// try codes for it, meet codes of their own.
    pub(crate) fn of_flow(cx: &Cx, email: &str, flow: &FlowToken) -> Result<Self, ApiError> {
        let whose = format!("{}\0{}", flow.0, email.to_ascii_lowercase());
        Self::new(cx, Purpose::ResetPassword, whose.as_bytes())
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
        let mut draws = [u32::MAX, 4_200_000_000, 4_199_999_999].into_iter();
        assert_eq!(Code::drawn(|| draws.next().expect("three draws suffice")).0, "99999999");
        assert_eq!(Code::drawn(|| 42).0, "00000042");
    }

    #[test]
    fn only_eight_ascii_digits_are_a_code() {
        for text in ["", "1234567", "123456789", "1234567a", "１２３４５６７８", " 1234567", "-1234567"] {
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
