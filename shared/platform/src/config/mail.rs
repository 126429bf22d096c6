//! How mail leaves: `MAIL_URL` and `MAIL_FROM`.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::AppEnv;

/// How mail leaves this deployment.
#[derive(Debug, Clone)]
pub enum MailWay {
    /// Not at all: what would send some says so.
    Nowhere,
    /// Into the log, for development.
    Log,
    /// Through an SMTP server.
    Smtp(SmtpServer),
}

/// An SMTP server that takes our mail.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// Whom mail is from.
    pub from: Sender,
}

/// How a connection to an SMTP server is protected. There is no "if the server can": whoever sits between could say that
/// it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    Wrapped,
    /// STARTTLS, or nothing is sent.
    Required,
    /// Not at all.
    None,
}

/// Whom mail is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// For people.
    pub name: Option<String>,
    /// Before the @.
    pub local: String,
    /// After it.
    pub domain: String,
}

impl Sender {
    /// Reads `address` or `Name <address>`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let problem = || "must be an address like no-reply@example.org or Name <no-reply@example.org>".to_owned();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, address)) => (Some(name.trim().to_owned()), address),
            None => (None, text.trim()),
        };
        let (local, domain) = address.rsplit_once('@').ok_or_else(problem)?;
        let plain = |text: &str, also: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        let named = name.as_ref().is_none_or(|name| !name.is_empty() && !name.chars().any(char::is_control));
        if named && plain(local, ".-_+") && plain(domain, ".-") {
            return Ok(Self { name, local: local.to_owned(), domain: domain.to_owned() });
        }
        Err(problem())
    }
}

impl MailWay {
    pub(super) fn parse(text: &str, from: Option<Sender>, app_env: AppEnv) -> Result<Self, String> {
        let for_development = matches!(app_env, AppEnv::Local | AppEnv::Test);
        match text {
            "" if !for_development => return Ok(Self::Nowhere),
            "" | "log:" if for_development => return Ok(Self::Log),
            "log:" => return Err("must not be log: outside local and test, for the log would hold codes".to_owned()),
            _ => {}
        }
        let problem = || "must be smtp://user:password@host:port?tls=required, smtps://… or log:".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(problem)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (tls, port) = match (scheme, query) {
            ("smtps", "") => (MailTls::Wrapped, 465),
            ("smtp", "" | "tls=required") => (MailTls::Required, 587),
            ("smtp", "tls=none") if for_development => (MailTls::None, 587),
            ("smtp", "tls=none") => return Err("must not be without TLS outside local and test".to_owned()),
            _ => return Err(problem()),
        };
        let (credentials, server) = match rest.rsplit_once('@') {
            Some((credentials, server)) => (Some(self::credentials(credentials).ok_or_else(problem)?), server),
            None => (None, rest),
        };
        let (host, port) = match server.trim_end_matches('/').rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(problem)?),
            None => (server.trim_end_matches('/'), port),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(problem());
        }
        let from = from.ok_or_else(|| "needs MAIL_FROM".to_owned())?;
        Ok(Self::Smtp(SmtpServer { host: host.to_owned(), port, tls, credentials, from }))
    }
}

fn credentials(text: &str) -> Option<(String, SecretString)> {
    let (user, password) = text.split_once(':')?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    Some((decode(user)?, decode(password)?.into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn parse(text: &str, app_env: AppEnv) -> Result<MailWay, String> {
        MailWay::parse(text, Sender::parse("Restart Life <no-reply@example.org>").ok(), app_env)
    }

    fn smtp(text: &str) -> SmtpServer {
        match parse(text, AppEnv::Production) {
            Ok(MailWay::Smtp(server)) => server,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_server_is_spoken_to_with_tls_unless_that_was_refused_for_development() {
        let plain = smtp("smtp://mail.example.org");
        assert_eq!((plain.host.as_str(), plain.port, plain.tls), ("mail.example.org", 587, MailTls::Required));
        let wrapped = smtp("smtps://us%40er:p%3A%2Fss@mail.example.org:4650/");
        assert_eq!((wrapped.port, wrapped.tls), (4650, MailTls::Wrapped));
        let (user, password) = wrapped.credentials.as_ref().expect("credentials");
        assert_eq!((user.as_str(), password.expose_secret()), ("us@er", "p:/ss"));
        assert!(!format!("{wrapped:?}").contains("p:/ss"), "a password is printed");
        let open = parse("smtp://127.0.0.1:2525?tls=none", AppEnv::Test);
        assert!(matches!(open, Ok(MailWay::Smtp(SmtpServer { tls: MailTls::None, .. }))), "{open:?}");
        assert!(parse("smtp://mail.example.org?tls=none", AppEnv::Production).is_err());
    }

    #[test]
    fn codes_never_go_to_the_log_of_a_real_deployment() {
        for app_env in [AppEnv::Staging, AppEnv::Production] {
            assert!(parse("log:", app_env).is_err());
            assert!(matches!(parse("", app_env), Ok(MailWay::Nowhere)));
        }
        assert!(matches!(parse("", AppEnv::Local), Ok(MailWay::Log)));
    }

    #[test]
    fn what_is_not_a_way_is_refused_without_repeating_it() {
        for text in [
            "hunter2",
            "smtp://",
            "smtp://hunter2@mail",
            "smtp://a:hunter2@mail:x",
            "smtp://a:hunter2@mail:0",
            "smtp://a:hunter2@ma il",
            "smtps://a:hunter2@mail?tls=none",
            "smtp://a:hunter2@mail?tls=maybe",
        ] {
            let problem = parse(text, AppEnv::Local).expect_err(text);
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        let without_sender = MailWay::parse("smtp://mail", None, AppEnv::Local).expect_err("no sender");
        assert!(without_sender.contains("MAIL_FROM"), "{without_sender}");
        for sender in ["nobody", "a b@c.d", "x <>", "<a@b.c>", "Na\nme <a@b.c>", "a@b.c, d@e.f"] {
            assert!(Sender::parse(sender).is_err(), "{sender}");
        }
    }
}
