//! Checking an ID token, as OpenID Connect Core 1.0, section 3.1.3.7, asks for it, and nothing less.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::error::OauthError;

/// What may sign: a provider's private key only. `none` is no algorithm to the library; an HMAC would make of a public
/// key a secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the provider's clock may be from ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Smallest RSA modulus, bytes.
const RSA_BYTES: usize = 256;

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: Option<&'a str>,
    pub(super) now: DateTime<Utc>,
}

/// What a token says.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) email: Option<String>,
    email_verified: Option<Truth>,
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    at_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Apple writes "true".
#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Told(bool),
    Written(String),
}

impl Claims {
    /// The address, if the provider says that it has verified it.
    pub(super) fn verified_email(&self) -> Option<&str> {
        let is_verified = match self.email_verified.as_ref()? {
            Truth::Told(told) => *told,
            Truth::Written(text) => text == "true",
        };
        self.email.as_deref().filter(|_| is_verified)
    }
}

/// The header of a token, if it is one that may be checked at all.
pub(super) fn header(token: &str) -> Result<Header, OauthError> {
    let header = decode_header(token).map_err(|error| invalid(format!("no ID token: {error}")))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(invalid(format!("signed by {:?}", header.alg)));
    }
    if header.crit.is_some() {
        return Err(invalid("extensions that must be understood"));
    }
    Ok(header)
}

/// Checks signature and claims.
pub(super) fn verify(
    token: &str,
    header: &Header,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<Claims, OauthError> {
    let key = key(header, keys)?;
    let key = DecodingKey::from_jwk(key).map_err(|error| invalid(format!("a key that is none: {error}")))?;
    // The claims are checked below, by our own clock and all of them.
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let claims = decode::<Claims>(token, &key, &validation).map_err(|error| invalid(format!("{error}")))?.claims;
    check(&claims, expected)?;
    if let (Some(hash), Some(token)) = (&claims.at_hash, expected.access_token)
        && *hash != half_hash(header.alg, token)
    {
        return Err(invalid("at_hash is another access token's"));
    }
    Ok(claims)
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), OauthError> {
    let audience = match &claims.aud {
        Audience::One(one) => std::slice::from_ref(one),
        Audience::Several(several) => several,
    };
    let is_ours = |id: &str| id == expected.client_id;
    let (now, leeway) = (expected.now.timestamp(), LEEWAY.num_seconds());
    let problem = if claims.iss != expected.issuer {
        "iss is another issuer"
    } else if !audience.iter().any(|id| is_ours(id)) {
        "aud is not us"
    } else if !claims.azp.as_deref().map_or(audience.len() == 1, is_ours) {
        "azp is not us"
    } else if claims.nonce.as_deref() != Some(expected.nonce) {
        "nonce is another flow's"
    } else if claims.exp.saturating_add(leeway) <= now {
        "expired"
    } else if claims.iat.saturating_sub(leeway) > now || claims.nbf.is_some_and(|nbf| nbf.saturating_sub(leeway) > now)
    {
        "from the future"
    } else {
        return Ok(());
    };
    Err(invalid(problem))
}

/// The key that the header names; the only one there is, if it names none.
fn key<'a>(header: &Header, keys: &'a JwkSet) -> Result<&'a Jwk, OauthError> {
    let key = match (&header.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid).ok_or_else(|| invalid("signed by a key that the provider does not have"))?,
        (None, [only]) => only,
        (None, _) => return Err(invalid("no kid among several keys")),
    };
    let is_for_signing = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    let is_for_this = key.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{:?}", header.alg));
    let is_strong = match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            BASE64_URL_SAFE_NO_PAD.decode(&rsa.n).is_ok_and(|modulus| modulus.len() >= RSA_BYTES)
        }
        AlgorithmParameters::EllipticCurve(_) => true,
        AlgorithmParameters::OctetKeyPair(pair) => pair.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    if is_for_signing && is_for_this && is_strong { Ok(key) } else { Err(invalid("a key that is not for this")) }
}

/// The left half of the access token's hash, by the hash of the signature (Ed25519: SHA-512).
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    use Algorithm::{ES256, ES384, PS256, PS384, RS256, RS384};
    let hash = match algorithm {
        RS256 | PS256 | ES256 => Sha256::digest(token).to_vec(),
        RS384 | PS384 | ES384 => Sha384::digest(token).to_vec(),
        _ => Sha512::digest(token).to_vec(),
    };
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

fn invalid(cause: impl Into<String>) -> OauthError {
    OauthError::AnswerInvalid(cause.into())
}
