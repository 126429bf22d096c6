//! Mail that leaves: what is said ([`message`]), and who takes it ([`smtp`], or the log on a developer's machine).

mod message;
mod smtp;

use std::{pin::Pin, sync::Arc};

use lettre::Address;
use platform::{ApiError, Cx, config::MailWay, text::Text};

pub(crate) use self::message::{Letter, Mail};
use self::smtp::Smtp;
use crate::fields::Email;

/// Seconds after which it is worth to try again when the mail server is away.
const RETRY_AFTER_S: u64 = 30;

/// Why a mail has not been taken.
#[derive(Debug)]
pub(crate) enum Untaken {
    /// The server will not have mail for this address: like a letter that comes back.
    Refused,
    /// The server is away, busy or set up wrongly.
    Away(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Untaken> for ApiError {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::Refused => Self::internal("a mail was refused"),
            Untaken::Away(cause) => Self::unavailable(RETRY_AFTER_S, cause),
        }
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Untaken>> + Send + 'a>>;

/// Whoever takes mail.
pub(crate) trait Mailer: Send + Sync {
    /// Hands one mail over. When this is `Ok`, whoever took it is answerable for it.
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a>;
}

/// Writes mail into the log, codes included. The settings allow it in local and test only.
struct LogMailer;

impl Mailer for LogMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            tracing::info!(subject = mail.subject, text = mail.text, "a mail, for development only: nobody gets it");
            Ok(())
        })
    }
}

/// Refuses, for want of settings.
struct NoMailer;

impl Mailer for NoMailer {
    fn send<'a>(&'a self, _: &'a Mail) -> Sending<'a> {
        Box::pin(async { Err(Untaken::Away("MAIL_URL is not set on a function that sends mail".into())) })
    }
}

/// The process's own mailer.
struct Post(Box<dyn Mailer>);

/// Who takes this deployment's mail.
pub(crate) fn mailer(cx: &Cx) -> Arc<impl Mailer + use<>> {
    cx.keep(|config| {
        Post(match &config.mail {
            MailWay::Nowhere => Box::new(NoMailer),
            MailWay::Log => Box::new(LogMailer),
            MailWay::Smtp(server) => Box::new(Smtp::new(server.clone())),
        })
    })
}

impl Mailer for Post {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        self.0.send(mail)
    }
}

/// The address as mail servers read it.
///
/// # Errors
/// 422 for what looks like an address and cannot be one.
pub(crate) fn address(email: &Email) -> Result<Address, ApiError> {
    email.0.parse().map_err(|_| {
        let text = Text::new("Must be an e-mail address.", "必须是电子邮件地址。");
        ApiError::invalid_field("email", "format", text)
    })
}
