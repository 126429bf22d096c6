//! The compiled form: bytes that are the same on every machine, and the hash that names them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{Locale, Rules, Texts};

/// SHA-256 of the rules blob followed by every text blob, each with its length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The first 8 hex digits: enough for an ETag or a log line.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl std::fmt::Display for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for ContentHash {
    type Err = BadContentHash;

    fn from_str(hex: &str) -> Result<Self, BadContentHash> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(BadContentHash);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| BadContentHash)?;
        }
        Ok(Self(bytes))
    }
}

/// Not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content hash is 64 hex digits")]
pub struct BadContentHash;

impl Serialize for ContentHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl std::fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentHash({})", self.short())
    }
}

/// Compiled content, still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Blobs<'a> {
    /// [`Rules`].
    pub rules: &'a [u8],
    /// [`Texts`] of each locale, in the order of [`Locale::ALL`].
    pub texts: [&'a [u8]; Locale::ALL.len()],
}

impl Blobs<'_> {
    /// The name of this content.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        let mut sha = Sha256::new();
        for blob in std::iter::once(&self.rules).chain(&self.texts) {
            sha.update((blob.len() as u64).to_le_bytes());
            sha.update(blob);
        }
        ContentHash(sha.finalize().into())
    }

    /// Decodes the rules.
    ///
    /// # Errors
    /// If the blob was not written by this version of the model.
    pub fn decode_rules(&self) -> Result<Rules, BlobError> {
        decode(self.rules)
    }

    /// Decodes the words of one language.
    ///
    /// # Errors
    /// If the blob was not written by this version of the model.
    pub fn decode_texts(&self, locale: Locale) -> Result<Texts, BlobError> {
        decode(self.texts[locale as usize])
    }
}

/// A blob that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("content blob does not fit this version of the model: {0}")]
pub struct BlobError(#[from] postcard::Error);

/// Writes a part of the content as a blob.
///
/// # Errors
/// None that content can cause; the encoder's own failures are passed on.
pub fn encode<T: Serialize>(part: &T) -> Result<Vec<u8>, BlobError> {
    Ok(postcard::to_allocvec(part)?)
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BlobError> {
    Ok(postcard::from_bytes(bytes)?)
}
