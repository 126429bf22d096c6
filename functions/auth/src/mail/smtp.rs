//! Mail through an SMTP server: a connection for each, for they are few and a frozen Lambda container keeps none alive.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use platform::config::{MailTls, SmtpServer};
use secrecy::ExposeSecret as _;

use super::{Mail, Mailer, Sending, Untaken};

/// Longest wait for one answer of the server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for a mail, connection and all. Below the time limit of the routes that send some.
const SEND_TIMEOUT: Duration = Duration::from_secs(8);

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct Smtp {
    server: SmtpServer,
}

impl Smtp {
    pub(super) const fn new(server: SmtpServer) -> Self {
        Self { server }
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
        let SmtpServer { host, port, tls, credentials, .. } = &self.server;
        let tls = match tls {
            MailTls::Wrapped => Tls::Wrapper(TlsParameters::new(host.clone())?),
            MailTls::Required => Tls::Required(TlsParameters::new(host.clone())?),
            MailTls::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(ANSWER_TIMEOUT));
        Ok(match credentials {
            Some((user, password)) => {
                builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned())).build()
            }
            None => builder.build(),
        })
    }

    fn message(&self, mail: &Mail) -> Result<Message, Failure> {
        let from = &self.server.from;
        let sender = Address::new(&from.local, &from.domain)?;
        let message = Message::builder()
            .from(Mailbox::new(from.name.clone(), sender))
            .to(Mailbox::new(None, mail.to.clone()))
            .subject(mail.subject.clone())
            .message_id(Some(format!("<{}@{}>", mail.id, from.domain)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        Ok(message)
    }

    async fn deliver(&self, mail: &Mail) -> Result<(), Untaken> {
        let message = self.message(mail).map_err(Untaken::Away)?;
        let transport = self.transport().map_err(|error| Untaken::Away(error.into()))?;
        match tokio::time::timeout(SEND_TIMEOUT, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if is_about_the_address(&error) => Err(Untaken::Refused),
            Ok(Err(error)) => Err(Untaken::Away(error.into())),
            Err(_) => {
                Err(Untaken::Away(format!("the mail server took longer than {} s", SEND_TIMEOUT.as_secs()).into()))
            }
        }
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(self.deliver(mail))
    }
}

/// Whether the server will never take mail for this address (RFC 5321, 4.2.3: 550 to 553, 556 when the domain takes none).
fn is_about_the_address(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 550..=553 | 556))
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's holiday notice answers us.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
