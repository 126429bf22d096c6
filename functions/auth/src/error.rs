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
        }
    }
}
