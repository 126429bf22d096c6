//! A real SMTP server (aiosmtpd) for mail that leaves the application under test.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::{python, services};

/// The server, and what it has taken.
pub struct MailServer {
    process: Child,
    folder: TempDir,
    port: u16,
}

/// A mail as the server took it.
#[derive(Debug, Clone, Deserialize)]
pub struct TakenMail {
    /// Whom the envelope names.
    pub to: Vec<String>,
    /// Header fields by name in lower case, decoded.
    pub headers: Value,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl TakenMail {
    /// The eight digits in it; empty if there are none.
    #[must_use]
    pub fn code(&self) -> String {
        let mut numbers = self.text.split(|c: char| !c.is_ascii_digit());
        numbers.find(|number| number.len() == 8).unwrap_or_default().to_owned()
    }
}

impl MailServer {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// Without Python, or when aiosmtpd cannot be installed.
    pub async fn start() -> Result<Self> {
        tokio::task::spawn_blocking(Self::start_here).await?
    }

    fn start_here() -> Result<Self> {
        let environment = python::environment(&services::checkout_root()?, "mail")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail_server.py");
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(environment.join("bin/python"))
            .arg(script)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the mail server")?;
        let mut line = String::new();
        let said = process.stdout.take().context("the mail server has no output")?;
        BufReader::new(said).read_line(&mut line)?;
        let port = line.trim().parse().context("the mail server does not say its port")?;
        Ok(Self { process, folder, port })
    }

    /// What `MAIL_URL` must be to reach it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://game:p%40ss%3Aword%2F@127.0.0.1:{}?tls=none", self.port)
    }

    /// Every mail so far, oldest first.
    ///
    /// # Panics
    /// When the server wrote what nobody can read.
    #[must_use]
    pub fn mails(&self) -> Vec<TakenMail> {
        let entries = fs::read_dir(self.folder.path()).expect("the server's folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        paths.sort();
        let read = |path| serde_json::from_str(&fs::read_to_string(path).expect("a mail")).expect("a mail as JSON");
        paths.iter().map(read).collect()
    }

    /// The newest mail.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn newest(&self) -> TakenMail {
        self.mails().pop().expect("a mail")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
