//! Kinds of values that settings have.

use std::{fmt, str::FromStr, time::Duration};

use secrecy::SecretString;

/// Where this process is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppEnv {
    /// A laptop.
    Local,
    /// A test run.
    Test,
    /// The stage before production.
    Staging,
    /// Real players.
    Production,
}

impl AppEnv {
    /// As written in `APP_ENV`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl FromStr for AppEnv {
    type Err = &'static str;
    fn from_str(value: &str) -> Result<Self, Self::Err> {
        [Self::Local, Self::Test, Self::Staging, Self::Production]
            .into_iter()
            .find(|env| env.as_str() == value)
            .ok_or("must be local, test, staging or production")
    }
}

/// Ed25519 seed that signs access tokens. Debug shows the key id only.
#[derive(Clone)]
pub struct SigningKey {
    /// Key id, sent in the token's header.
    pub kid: String,
    /// base64url of the 32-byte seed.
    pub seed: SecretString,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Ed25519 public key that checks access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    /// Key id.
    pub kid: String,
    /// base64url of the 32-byte public key, as in a JWK's `x`.
    pub x: String,
}

/// How to reach the sessions in DynamoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamoSettings {
    /// The table.
    pub table: String,
    /// A server other than Amazon's.
    pub endpoint: Option<String>,
    /// Longest one attempt may take.
    pub timeout: Duration,
}

/// Argon2id parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
}
