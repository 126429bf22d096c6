//! What can go wrong with an account.

use platform::{ApiError, Code, text::Text};

/// The ways an account operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountError {
    /// The name belongs to someone else. Public, unlike an e-mail address.
    UsernameTaken,
    /// Unknown name or wrong password: never said which.
    WrongCredentials,
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
            AccountError::NoSuchUser => Self::account_gone(),
        }
    }
}
