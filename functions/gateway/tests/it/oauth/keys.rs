//! Keys of the providers in these tests. The RSA keys are files, for making one takes seconds; nothing else uses them.

use std::sync::LazyLock;

use axum::body::Bytes;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use serde_json::Value;

pub(super) const RSA_1: &str = include_str!("keys/rsa-1.pkcs1.pem");
pub(super) const RSA_1_PKCS8: &str = include_str!("keys/rsa-1.pkcs8.pem");
pub(super) const RSA_2: &str = include_str!("keys/rsa-2.pkcs1.pem");
pub(super) const RSA_2_PUBLIC: &str = include_str!("keys/rsa-2.public.pem");

/// PEM without its frame, on one line.
pub(super) fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

pub(super) fn der(pem: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(bare(pem)).expect("base64")
}

/// A key that signs ID tokens.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) kid: &'static str,
    pub(super) algorithm: Algorithm,
    key: EncodingKey,
}

static EC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    key.expect("a key").as_ref().to_vec()
});

/// An Ed25519 seed in the frame that jsonwebtoken reads.
static ED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    // PKCS#8 v2: version 1 and the public key behind; the seed stands at 16. Version 1 of the format is the seed alone.
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    [head.as_slice(), &key.as_ref()[16..48]].concat()
});

impl SigningKey {
    pub(super) fn rsa(kid: &'static str, pem: &str) -> Self {
        Self { kid, algorithm: Algorithm::RS256, key: EncodingKey::from_rsa_der(&der(pem)) }
    }

    pub(super) fn ec(kid: &'static str) -> Self {
        Self { kid, algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(&EC) }
    }

    pub(super) fn ed(kid: &'static str) -> Self {
        Self { kid, algorithm: Algorithm::EdDSA, key: EncodingKey::from_ed_der(&ED) }
    }

    pub(super) fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a JWK");
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    }

    pub(super) fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) }
    }

    pub(super) fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).expect("a token")
    }
}

/// A body of `size` bytes of JSON.
pub(super) fn huge(size: usize) -> Bytes {
    format!("{{\"filler\":\"{}\"}}", "x".repeat(size)).into()
}
