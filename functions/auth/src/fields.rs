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

/// An e-mail address in ASCII, at most 254 bytes: something, an @, and a domain with a dot. Whether it exists, a code will tell.
#[derive(Debug, Clone, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(try_from(String) = Email::parse -> Broken)]
#[schema(value_type = String, max_length = 254, format = "email")]
pub(crate) struct Email(pub(crate) String);

impl Email {
    fn parse(text: String) -> Result<Self, Broken> {
        // ASCII only: what Rust, Postgres and mail servers fold differently must not be one address to some of them.
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
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

/// 1 to 254 printable ASCII characters that may name an account; whether they do is for the database to say.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Identifier::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 254)]
pub(crate) struct Identifier(pub(crate) String);

impl Identifier {
    fn parse(text: String) -> Result<Self, Broken> {
        if (1..=254).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        let text = Text::new(
            "Must be a name or an e-mail address: 1 to 254 ASCII characters without spaces.",
            "必须是用户名或邮箱：1 到 254 个不含空格的 ASCII 字符。",
        );
        Err(Broken::new("format", text))
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

/// 1 to 40 characters for others to see, not only spaces.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = DisplayName::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 40)]
pub(crate) struct DisplayName(pub(crate) String);

impl DisplayName {
    #[expect(clippy::needless_pass_by_value, reason = "the signature that `try_from` asks for")]
    fn parse(text: String) -> Result<Self, Broken> {
        short_text(text.trim().to_owned(), 40).map(Self)
    }
}

/// Up to 500 characters about oneself; lines are allowed.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Bio::parse -> Broken)]
#[schema(value_type = String, max_length = 500)]
pub(crate) struct Bio(pub(crate) String);

impl Bio {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.chars().count() <= 500 && !text.chars().any(|c| c.is_control() && c != '\n') {
            return Ok(Self(text));
        }
        let text = Text::new(
            "Must be at most 500 characters, without control characters but line breaks.",
            "不得超过 500 个字符，除换行外不含控制字符。",
        );
        Err(Broken::new("length", text))
    }
}

/// An https URL of at most 512 characters. It is shown, never fetched.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = AvatarUrl::parse -> Broken)]
#[schema(value_type = String, max_length = 512, pattern = "^https:")]
pub(crate) struct AvatarUrl(pub(crate) String);

impl AvatarUrl {
    fn parse(text: String) -> Result<Self, Broken> {
        let uri = text.parse::<http::Uri>().ok();
        let is_https =
            uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some_and(|h| !h.is_empty()));
        if is_https && text.len() <= 512 {
            return Ok(Self(text));
        }
        let text =
            Text::new("Must be an https URL of at most 512 characters.", "必须是不超过 512 个字符的 https 网址。");
        Err(Broken::new("format", text))
    }
}

/// ISO 3166-1 alpha-2: two capital letters.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Country::parse -> Broken)]
#[schema(value_type = String, pattern = "^[A-Z]{2}$")]
pub(crate) struct Country(pub(crate) String);

impl Country {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(text));
        }
        let text = Text::new("Must be two capital letters (ISO 3166-1).", "必须是两个大写字母（ISO 3166-1）。");
        Err(Broken::new("format", text))
    }
}

/// The name of a time zone as in the IANA database: `Asia/Shanghai`. Clients know the zones; here only the form is checked.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = TimeZone::parse -> Broken)]
#[schema(value_type = String, max_length = 64, pattern = "^[A-Za-z0-9_+/-]+$")]
pub(crate) struct TimeZone(pub(crate) String);

impl TimeZone {
    fn parse(text: String) -> Result<Self, Broken> {
        let well_formed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte));
        if (1..=64).contains(&text.len()) && well_formed {
            return Ok(Self(text));
        }
        let text = Text::new("Must be a time zone such as Asia/Shanghai.", "必须是时区名，例如 Asia/Shanghai。");
        Err(Broken::new("format", text))
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
