//! The fields of account requests, each with its rule; a value of these types has kept it.

use deserr::Deserr;
use platform::{
    ApiError,
    http::{Broken, FieldErrors},
    text::Text,
};
use secrecy::ExposeSecret as _;
use utoipa::ToSchema;

use crate::password_rules;

/// 3 to 32 letters, digits or underscores. Names that differ only in case are the same name.
#[derive(Debug, Clone, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(try_from(String) = Username::parse -> Broken)]
#[schema(value_type = String, min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9_]+$")]
pub(crate) struct Username(pub(crate) String);

impl Username {
    fn parse(text: String) -> Result<Self, Broken> {
        let well_formed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if (3..=32).contains(&text.len()) && well_formed {
            return Ok(Self(text));
        }
        Err(Broken::new(
            "format",
            Text::new("Must be 3 to 32 letters, digits or underscores.", "必须是 3 到 32 个字母、数字或下划线。"),
        ))
    }
}

/// 8 to 128 characters of any kind, none of the passwords that are tried first, in the Unicode form NFKC.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Password::parse -> Broken)]
#[schema(value_type = String, min_length = 8, max_length = 128, format = Password)]
pub(crate) struct Password(pub(crate) secrecy::SecretString);

impl Password {
    #[expect(clippy::needless_pass_by_value, reason = "the signature that `try_from` asks for")]
    fn parse(text: String) -> Result<Self, Broken> {
        let password = password_rules::normalised(&text);
        password_rules::check(&password)?;
        Ok(Self(password.into()))
    }

    /// Refuses what its owner's name and address give away.
    ///
    /// # Errors
    /// 422 that names `field`.
    pub(crate) fn unlike(&self, field: &str, username: &str, email: Option<&str>) -> Result<(), ApiError> {
        password_rules::check_for(self.0.expose_secret(), username, email)
            .map_err(|broken| ApiError::invalid_field(field, broken.rule, broken.message))
    }
}

/// A password as tried: any text of at most 1,024 bytes, for rules may have been others when it was chosen. In NFKC, as the
/// chosen one.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Attempt::parse -> Broken)]
#[schema(value_type = String, max_length = 1024, format = Password)]
pub(crate) struct Attempt(pub(crate) secrecy::SecretString);

impl Attempt {
    #[expect(clippy::needless_pass_by_value, reason = "the signature that `try_from` asks for")]
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() <= 1024 {
            return Ok(Self(password_rules::normalised(&text).into()));
        }
        Err(Broken::new("length", Text::new("Must be at most 1024 bytes.", "不得超过 1024 字节。")))
    }
}

/// An e-mail address, at most 254 bytes: something, an @, and a domain with a dot. Whether it exists, a code will tell.
#[derive(Debug, Clone, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(try_from(String) = Email::parse -> Broken)]
#[schema(value_type = String, max_length = 254, format = "email")]
pub(crate) struct Email(pub(crate) String);

impl Email {
    fn parse(text: String) -> Result<Self, Broken> {
        let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        let shaped = text.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= 64
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        if plain && shaped && text.len() <= 254 {
            return Ok(Self(text));
        }
        Err(Broken::new("format", Text::new("Must be an e-mail address.", "必须是电子邮件地址。")))
    }
}

/// 1 to 254 characters that may name an account; whether one does is for the database to say.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Identifier::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 254)]
pub(crate) struct Identifier(pub(crate) String);

impl Identifier {
    fn parse(text: String) -> Result<Self, Broken> {
        short_text(text, 254).map(Self)
    }
}

/// 1 to 64 characters, none of them a control character.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Label::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 64)]
pub(crate) struct Label(pub(crate) String);

impl Label {
    fn parse(text: String) -> Result<Self, Broken> {
        short_text(text, 64).map(Self)
    }
}

fn short_text(text: String, max: usize) -> Result<String, Broken> {
    if (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    Err(Broken::new(
        "length",
        Text::filled(
            format!("Must be 1 to {max} characters without control characters."),
            format!("必须是 1 到 {max} 个字符，且不含控制字符。"),
        ),
    ))
}

/// The client a session belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Platform {
    Web,
    Ios,
    Android,
    Unity,
    Wechat,
    Alipay,
    Douyin,
    Desktop,
    Other,
}

impl Platform {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Unity => "unity",
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Douyin => "douyin",
            Self::Desktop => "desktop",
            Self::Other => "other",
        }
    }
}

/// The device a session belongs to, as the client names it.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct Device {
    /// The client's own stable id of the device.
    pub(crate) id: Label,
    /// For people: `Pixel 9`.
    #[deserr(default)]
    pub(crate) name: Option<Label>,
}
