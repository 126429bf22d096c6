//! What can go wrong between us, a provider and a client. The cause is for the log; a client is told the reason.

use platform::{ApiError, Code, text::Text};

/// How a sign-in by others is refused.
#[derive(Debug)]
pub(super) enum OauthError {
    /// No flow of this client has this state, or not any more.
    StateInvalid,
    /// The provider does not take the code: unknown, used, expired, another client's.
    CodeRefused(String),
    /// The provider's answer does not hold: signature, issuer, audience, nonce, time.
    AnswerInvalid(String),
    /// The provider is away, slow, misbehaves, or we are set up wrongly with it.
    Unavailable(String),
    /// The account behind the identity is closed.
    AccountClosed,
    /// Ours, not the provider's.
    Internal(ApiError),
}

impl OauthError {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::StateInvalid => "OAUTH_STATE_INVALID",
            Self::CodeRefused(_) => "OAUTH_CODE_REFUSED",
            Self::AnswerInvalid(_) => "OAUTH_ANSWER_INVALID",
            Self::Unavailable(_) => "OAUTH_PROVIDER_UNAVAILABLE",
            Self::AccountClosed => "ACCOUNT_CLOSED",
            Self::Internal(error) => error.reason_code().unwrap_or("INTERNAL"),
        }
    }

    /// For the audit log and its metric.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::StateInvalid => "oauth_state_invalid",
            Self::CodeRefused(_) => "oauth_code_refused",
            Self::AnswerInvalid(_) => "oauth_answer_invalid",
            Self::Unavailable(_) => "oauth_provider_unavailable",
            Self::AccountClosed => "account_closed",
            Self::Internal(_) => "unavailable",
        }
    }

    /// For the log.
    pub(super) fn cause(&self) -> Option<&str> {
        match self {
            Self::CodeRefused(cause) | Self::AnswerInvalid(cause) | Self::Unavailable(cause) => Some(cause),
            Self::StateInvalid | Self::AccountClosed | Self::Internal(_) => None,
        }
    }
}

impl From<ApiError> for OauthError {
    fn from(error: ApiError) -> Self {
        Self::Internal(error)
    }
}

impl From<OauthError> for ApiError {
    fn from(error: OauthError) -> Self {
        let reason = error.reason();
        let (code, text) = match error {
            OauthError::Internal(error) => return error,
            OauthError::StateInvalid => (
                Code::Unauthorized,
                Text::new(
                    "This sign-in was not begun here, has expired or was used; begin again.",
                    "该登录请求不是由此设备发起、已过期或已使用，请重新开始。",
                ),
            ),
            OauthError::CodeRefused(_) => (
                Code::Unauthorized,
                Text::new("The code is not valid or was used; begin again.", "授权码无效或已使用，请重新开始。"),
            ),
            OauthError::AnswerInvalid(_) => (
                Code::Unauthorized,
                Text::new(
                    "The provider's answer could not be trusted; begin again.",
                    "第三方的回应未通过校验，请重新开始。",
                ),
            ),
            OauthError::AccountClosed => {
                (Code::Unauthorized, Text::new("This account has been closed.", "该账号已停用。"))
            }
            OauthError::Unavailable(cause) => {
                let text = Text::new(
                    "The sign-in service cannot be reached; begin again in a moment.",
                    "第三方登录服务暂时不可用，请稍后重新开始。",
                );
                return Self::new(Code::ServiceUnavailable, text).reason(reason).retry_after(5).caused_by(cause);
            }
        };
        Self::new(code, text).reason(reason)
    }
}
