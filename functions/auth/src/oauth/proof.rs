//! What a client presents, and which provider is to check it.

use deserr::Deserr;
use platform::{
    ApiError, Cx,
    config::providers::{Kind, Provider},
    http::{Broken, FieldErrors},
    text::Text,
};
use utoipa::ToSchema;

/// What the provider gave to the browser, and what `auth-oauth-start` gave to the client.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct OauthCredentials {
    /// Of the path of `auth-oauth-start`.
    pub(crate) provider: ProviderId,
    /// From the redirect.
    pub(crate) code: Opaque,
    /// From the redirect.
    pub(crate) state: Opaque,
    /// From the answer of `auth-oauth-start`; it never leaves the client that began.
    pub(crate) flow_token: Opaque,
}

/// What the mini-program's platform gave to the mini-program.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct CodeCredentials {
    /// From `wx.login`, `my.getAuthCode` or `tt.login`.
    pub(crate) code: Opaque,
    /// Needed only where several mini-programs of one platform are served.
    #[deserr(default)]
    pub(crate) provider: Option<ProviderId>,
}

/// 1 to 2,048 printable ASCII characters that mean something to others only.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Opaque::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 2048)]
pub(crate) struct Opaque(pub(crate) String);

impl Opaque {
    fn parse(text: String) -> Result<Self, Broken> {
        if (1..=2048).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        let message =
            Text::new("Must be 1 to 2048 printable ASCII characters.", "必须是 1 到 2048 个可打印 ASCII 字符。");
        Err(Broken::new("format", message))
    }
}

/// The id of a provider; whether there is one of this name is for the settings to say.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = ProviderId::parse -> Broken)]
#[schema(value_type = String, min_length = 2, max_length = 32, pattern = "^[a-z][a-z0-9_]{1,31}$")]
pub(crate) struct ProviderId(pub(crate) String);

impl ProviderId {
    fn parse(text: String) -> Result<Self, Broken> {
        let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if (2..=32).contains(&text.len()) && plain {
            return Ok(Self(text));
        }
        let message = Text::new("Must be 2 to 32 of a-z, 0-9 and _.", "必须是 2 到 32 个 a-z、0-9 或 _。");
        Err(Broken::new("format", message))
    }
}

/// Whose mini-program a code is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind {
    Wechat,
    Alipay,
    Douyin,
}

impl CodeKind {
    fn is(self, kind: &Kind) -> bool {
        match kind {
            Kind::WechatMini(_) => self == Self::Wechat,
            Kind::AlipayMini(_) => self == Self::Alipay,
            Kind::DouyinMini(_) => self == Self::Douyin,
            Kind::Oidc(_) | Kind::OAuth2(_) => false,
        }
    }
}

/// A proof of who somebody is, for a provider to check.
pub(crate) enum Proof {
    /// A browser came back from a provider.
    Oauth(OauthCredentials),
    /// A mini-program asked its platform.
    Code(CodeKind, CodeCredentials),
}

impl Proof {
    fn is_for(&self, kind: &Kind) -> bool {
        match self {
            Self::Oauth(_) => has_flow(kind),
            Self::Code(code_kind, _) => code_kind.is(kind),
        }
    }

    /// The provider this proof is for.
    pub(super) fn provider<'a>(&self, cx: &'a Cx) -> Result<&'a Provider, ApiError> {
        let wanted = match self {
            Self::Oauth(credentials) => Some(&credentials.provider),
            Self::Code(_, credentials) => credentials.provider.as_ref(),
        };
        let all = cx.config().oauth_providers.iter();
        let offered: Vec<&Provider> = all.filter(|provider| self.is_for(&provider.kind)).collect();
        let found = match (wanted, offered.as_slice()) {
            (Some(ProviderId(id)), offered) => offered.iter().find(|provider| provider.id == *id).copied(),
            (None, [only]) => Some(*only),
            (None, _) => None,
        };
        found.ok_or_else(|| {
            let ids: Vec<_> = offered.iter().map(|provider| provider.id.as_str()).collect();
            match ids.join(", ") {
                none if none.is_empty() => {
                    let text = Text::new("This way to sign in is not offered here.", "此处不提供该登录方式。");
                    ApiError::invalid_field("login_type", "not_offered", text)
                }
                ids => {
                    let text = Text::filled(format!("Must be one of: {ids}."), format!("必须是以下之一：{ids}。"));
                    ApiError::invalid_field("credentials.provider", "one_of", text)
                }
            }
        })
    }
}

/// Whether sign-in with this kind begins with `auth-oauth-start`.
pub(super) fn has_flow(kind: &Kind) -> bool {
    matches!(kind, Kind::Oidc(_) | Kind::OAuth2(_))
}
