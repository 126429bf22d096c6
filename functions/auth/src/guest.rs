//! Playing before having an account: who knows the device's secret is the guest.

use deserr::Deserr;
use platform::{
    http::{Broken, FieldErrors},
    text::Text,
};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::oauth::Identity;

/// The provider of a guest's identity.
pub(crate) const GUEST: &str = "guest";

/// What the device made at its first start and has kept since.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct GuestCredentials {
    /// A random text that nobody else can guess: 16 random bytes in hexadecimal will do. Never an id of the hardware.
    device_secret: DeviceSecret,
}

/// 32 to 256 printable ASCII characters, of which at least 8 differ.
#[derive(Deserr, ToSchema)]
#[deserr(try_from(String) = DeviceSecret::parse -> Broken)]
#[schema(value_type = String, min_length = 32, max_length = 256, format = Password)]
struct DeviceSecret(secrecy::SecretString);

impl DeviceSecret {
    fn parse(text: String) -> Result<Self, Broken> {
        let mut letters: Vec<u8> = text.bytes().collect();
        letters.sort_unstable();
        letters.dedup();
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (32..=256).contains(&text.len()) && printable && letters.len() >= 8 {
            return Ok(Self(text.into()));
        }
        let text = Text::new(
            "Must be 32 to 256 random printable ASCII characters.",
            "必须是 32 到 256 个随机的可打印 ASCII 字符。",
        );
        Err(Broken::new("format", text))
    }
}

impl GuestCredentials {
    /// The identity of whoever knows the secret. Only its hash is kept; a secret of 128 random bits needs no slow one.
    pub(crate) fn identity(&self) -> Identity {
        use secrecy::ExposeSecret as _;
        let subject = hex::encode(Sha256::digest(self.device_secret.0.expose_secret()));
        Identity { provider: GUEST.to_owned(), subject, email: None }
    }
}
