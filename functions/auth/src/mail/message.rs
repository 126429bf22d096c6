//! What mail says, in both languages, as plain text and as simple HTML. Nothing a client sent is in it, so no stranger can
//! have us write to somebody in their words.

use lettre::Address;
use platform::{Cx, store::email_codes::Purpose, text::Text};
use uuid::Uuid;

/// One mail.
#[derive(Debug)]
pub(crate) struct Mail {
    /// Of the message, unique.
    pub(super) id: Uuid,
    pub(super) to: Address,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Letter<'a> {
    /// Here is the code that was asked for.
    Code { purpose: Purpose, code: &'a str, minutes: i64 },
    /// Somebody wants to reset the password of an account that this address has not.
    NoAccount,
    /// Somebody wants to verify an address that another account has.
    TakenElsewhere,
}

impl Mail {
    /// The letter, in the language of the request.
    pub(crate) fn new(cx: &Cx, to: Address, letter: Letter<'_>) -> Self {
        let locale = cx.locale();
        let (subject, paragraphs) = letter.words();
        let paragraphs: Vec<&str> = paragraphs.iter().map(|paragraph| paragraph.get(locale)).collect();
        let body: String = paragraphs.iter().map(|paragraph| format!("<p>{paragraph}</p>\n")).collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"></head><body>\n{body}</body></html>\n",
            locale.as_str()
        );
        let subject = subject.get(locale).to_owned();
        Self { id: cx.new_id(), to, subject, text: paragraphs.join("\n\n") + "\n", html }
    }
}

impl Letter<'_> {
    /// Subject and paragraphs. Nothing in them needs escaping in HTML.
    fn words(self) -> (Text, Vec<Text>) {
        match self {
            Self::Code { purpose, code, minutes } => (
                match purpose {
                    Purpose::VerifyEmail => {
                        Text::new("Restart Life: verify your e-mail address", "重启人生：验证你的邮箱")
                    }
                    Purpose::ResetPassword => Text::new("Restart Life: reset your password", "重启人生：重置密码"),
                },
                vec![
                    Text::filled(format!("Your code is {code}."), format!("你的验证码是 {code}。")),
                    Text::filled(
                        format!("It is good for {minutes} minutes and can be used once."),
                        format!("{minutes} 分钟内有效，只能使用一次。"),
                    ),
                    Text::new(
                        "Enter it in the game only. Nobody of Restart Life will ever ask you for it.",
                        "请只在游戏中输入。重启人生的任何人都不会向你索要验证码。",
                    ),
                    NOT_YOU,
                ],
            ),
            Self::NoAccount => (
                Text::new("Restart Life: reset your password", "重启人生：重置密码"),
                vec![
                    Text::new(
                        "Somebody asked to reset the password of the account of this address, but no account has verified it.",
                        "有人请求重置使用此邮箱的账号的密码，但没有账号验证过这个邮箱。",
                    ),
                    Text::new(
                        "If it was you, you may have verified another address, or none.",
                        "如果是你本人，你可能验证的是另一个邮箱，或还没有验证邮箱。",
                    ),
                    NOT_YOU,
                ],
            ),
            Self::TakenElsewhere => (
                Text::new("Restart Life: verify your e-mail address", "重启人生：验证你的邮箱"),
                vec![
                    Text::new(
                        "Somebody asked to verify this address for an account, but another account has verified it already.",
                        "有人请求为一个账号验证此邮箱，但它已由另一个账号验证。",
                    ),
                    Text::new(
                        "If it was you, log in to that account, or reset its password.",
                        "如果是你本人，请登录那个账号，或重置它的密码。",
                    ),
                    NOT_YOU,
                ],
            ),
        }
    }
}

const NOT_YOU: Text = Text::new(
    "If it was not you, there is nothing to do: nothing has changed.",
    "如果不是你本人，无需任何操作：什么都没有改变。",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_with_its_life_and_a_warning() {
        for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword] {
            let (subject, paragraphs) = Letter::Code { purpose, code: "012345", minutes: 10 }.words();
            let all = format!("{subject:?} {paragraphs:?}");
            for part in ["Restart Life", "重启人生", "012345", "10 minutes", "10 分钟", "ever ask", "索要"] {
                assert!(all.contains(part), "{part} is not in {all}");
            }
            assert!(!format!("{subject:?}").contains("012345"), "a locked screen shows subjects");
        }
    }

    #[test]
    fn no_text_needs_escaping() {
        let code = Letter::Code { purpose: Purpose::VerifyEmail, code: "1", minutes: 1 };
        for letter in [code, Letter::NoAccount, Letter::TakenElsewhere] {
            assert!(!format!("{:?}", letter.words().1).contains(['<', '>', '&']));
        }
    }
}
