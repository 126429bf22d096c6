//! What can go wrong with an account.

use platform::{ApiError, Code, text::Text};

/// The ways an account operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountError {
    /// The name belongs to someone else. Public, unlike an e-mail address.
    UsernameTaken,
    /// Unknown name or wrong password: never said which.
    WrongCredentials,
    /// Not the password of the account that is signed in.
    WrongPassword,
    /// The account signs in by other means.
    NoPassword,
    /// Wrong, used, expired, replaced, tried too often or never sent: never said which.
    WrongCode,
    /// The account behind a valid token is gone.
    NoSuchUser,
    /// A refresh token that is none, or of a session that has ended.
    RefreshInvalid,
    /// A refresh token that was replaced long ago: its session is ended, for somebody has a copy.
    RefreshReused,
    /// None of the player's sessions.
    NoSuchSession,
    /// An account that has a password is given another by changing it.
    HasPassword,
    /// What an account without a password may do only from a session just opened.
    Reauthenticate,
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::UsernameTaken => Self::new(
                Code::Conflict,
                Text::new("This name is taken; choose another or log in.", "该用户名已被占用，请换一个或直接登录。"),
            )
            .reason("USERNAME_TAKEN"),
            AccountError::WrongCredentials => {
                Self::new(Code::Unauthorized, Text::new("Name or password is wrong.", "用户名或密码错误。"))
                    .reason("WRONG_CREDENTIALS")
            }
            AccountError::WrongPassword => {
                // Not 401: the access token is good, and a client that logged out here would help nobody.
                Self::new(Code::Forbidden, Text::new("The current password is wrong.", "当前密码错误。"))
                    .reason("WRONG_PASSWORD")
            }
            AccountError::NoPassword => Self::new(
                Code::Conflict,
                Text::new(
                    "This account has no password; it signs in by other means. Verify an e-mail address and reset the password to get one.",
                    "该账号没有密码，通过其他方式登录。验证邮箱后重置密码即可设置。",
                ),
            )
            .reason("NO_PASSWORD"),
            AccountError::WrongCode => {
                let text = Text::new(
                    "This code is wrong or no longer valid; check the newest mail or ask for another code.",
                    "验证码错误或已失效，请核对最新的邮件，或重新获取。",
                );
                Self::invalid_field("code", "wrong", text).reason("WRONG_CODE")
            }
            AccountError::NoSuchUser => Self::account_gone(),
            AccountError::RefreshInvalid => {
                let text = Text::new("The refresh token is not valid; log in again.", "刷新令牌无效，请重新登录。");
                Self::new(Code::Unauthorized, text).reason("REFRESH_INVALID")
            }
            AccountError::RefreshReused => Self::new(
                Code::Unauthorized,
                Text::new(
                    "The refresh token was used before; for safety this session has ended. Log in again.",
                    "该刷新令牌已被使用过；为安全起见此会话已结束，请重新登录。",
                ),
            )
            .reason("REFRESH_REUSED"),
            AccountError::HasPassword => {
                let text =
                    Text::new("This account has a password; change it instead.", "该账号已设有密码，请改用修改密码。");
                Self::new(Code::Conflict, text).reason("HAS_PASSWORD")
            }
            AccountError::Reauthenticate => {
                let text = Text::new("Sign in again first, then repeat this.", "请先重新登录，再执行此操作。");
                Self::new(Code::Forbidden, text).reason("REAUTHENTICATE")
            }
            AccountError::NoSuchSession => Self::not_found(Text::new("There is no such session.", "没有这个会话。")),
        }
    }
}
