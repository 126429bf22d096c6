//! RSA keys as Alipay's tools hand them out: PEM, or the base64 of one without its frame.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};

/// How a SubjectPublicKeyInfo (RFC 5280) says that its key is RSA.
const RSA_ENCRYPTION: [u8; 15] = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];

/// A private key that signs requests. Debug shows the public half.
pub struct RsaSigningKey(KeyPair);

impl RsaSigningKey {
    /// Reads PKCS#8 or PKCS#1, of 2048 bits or more.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "must be an RSA private key of 2048 bits or more, PKCS#8 or PKCS#1, PEM or its base64";
        let der = der(text).ok_or(PROBLEM)?;
        KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).map(Self).map_err(|_| PROBLEM)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message`, which Alipay calls RSA2. `None` only if the key cannot sign.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }
}

impl fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RsaSigningKey").field(self.0.public()).finish()
    }
}

/// A public key that checks answers.
#[derive(Debug, Clone)]
pub struct RsaPublicKey(Vec<u8>);

impl RsaPublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "must be an RSA public key (SubjectPublicKeyInfo), PEM or its base64";
        let der = der(text).ok_or(PROBLEM)?;
        pkcs1(&der).map(|key| Self(key.to_vec())).ok_or(PROBLEM)
    }

    /// Whether `signature` is that of `message`, RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, signature).is_ok()
    }
}

fn der(text: &str) -> Option<Vec<u8>> {
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect();
    BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

/// The RSAPublicKey within a SubjectPublicKeyInfo: behind the algorithm, a bit string without unused bits.
fn pkcs1(der: &[u8]) -> Option<&[u8]> {
    let (0x30, info) = element(der)? else { return None };
    let (0x03, bits) = element(info.strip_prefix(&RSA_ENCRYPTION)?)? else { return None };
    bits.strip_prefix(&[0])
}

/// Tag and contents of the one DER element that `bytes` are; lengths of up to 65,535.
fn element(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, contents) = match (first, rest) {
        (short @ 0..=0x7f, contents) => (usize::from(short), contents),
        (0x81, [length, contents @ ..]) => (usize::from(*length), contents),
        (0x82, [high, low, contents @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), contents),
        _ => return None,
    };
    (contents.len() == length).then_some((tag, contents))
}
