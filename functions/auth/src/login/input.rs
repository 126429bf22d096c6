//! What a login may look like: `login_type` says what `credentials` are. A further type is a word in [`LoginType`], a
//! struct of credentials, and a way in [`LoginIn`].

use deserr::{Deserr, IntoValue, Map as _, Value, ValueKind, ValuePointerRef, take_cf_content};
use platform::{error::FieldError, http::FieldErrors, text::Text};
use utoipa::ToSchema;

use crate::{
    fields::{Attempt, Device, Identifier, Platform},
    guest::GuestCredentials,
    oauth::{CodeCredentials, CodeKind, Proof},
};

/// A login of any type.
pub(crate) struct LoginIn {
    pub(crate) way: Way,
    pub(crate) platform: Option<Platform>,
    pub(crate) device: Option<Device>,
}

/// How somebody proves who they are.
pub(crate) enum Way {
    /// By a name and a password.
    Password(PasswordCredentials),
    /// By a secret that only one device knows.
    Guest(GuestCredentials),
    /// By somebody else's word.
    Others(Proof),
}

/// `login_type`.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
enum LoginType {
    Password,
    Guest,
    Oauth,
    #[deserr(rename = "wechat_code")]
    WechatCode,
    #[deserr(rename = "alipay_code")]
    AlipayCode,
    #[deserr(rename = "douyin_code")]
    DouyinCode,
}

/// A name or verified e-mail address, and the password.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct PasswordCredentials {
    pub(crate) identifier: Identifier,
    pub(crate) password: Attempt,
}

/// A password login, in either form.
#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct PasswordLogin {
    #[deserr(default)]
    credentials: Option<PasswordCredentials>,
    #[deserr(default)]
    username: Option<Identifier>,
    #[deserr(default)]
    password: Option<Attempt>,
    #[deserr(default)]
    platform: Option<Platform>,
    #[deserr(default)]
    device: Option<Device>,
}

/// A login with credentials of its own type.
#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields, where_predicate = C: Deserr<FieldErrors>)]
struct Typed<C> {
    credentials: C,
    #[deserr(default)]
    platform: Option<Platform>,
    #[deserr(default)]
    device: Option<Device>,
}

impl Deserr<FieldErrors> for LoginIn {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let Value::Map(mut map) = value else {
            let kind = deserr::ErrorKind::IncorrectValueKind { actual: value, accepted: &[ValueKind::Map] };
            return Err(take_cf_content(<FieldErrors as deserr::DeserializeError>::error(None, kind, location)));
        };
        let given = map.remove("login_type").map(IntoValue::into_value).filter(|given| !matches!(given, Value::Null));
        let given = given.map(|given| LoginType::deserialize_from_value(given, location.push_key("login_type")));
        let rest: Value<V> = Value::Map(map);
        match given.unwrap_or(Ok(LoginType::Password)) {
            Ok(LoginType::Password) => PasswordLogin::deserialize_from_value(rest, location)?.checked(),
            Ok(LoginType::Guest) => typed(rest, location, Way::Guest),
            Ok(LoginType::Oauth) => typed(rest, location, |proof| Way::Others(Proof::Oauth(proof))),
            Ok(LoginType::WechatCode) => typed(rest, location, |code| by_code(CodeKind::Wechat, code)),
            Ok(LoginType::AlipayCode) => typed(rest, location, |code| by_code(CodeKind::Alipay, code)),
            Ok(LoginType::DouyinCode) => typed(rest, location, |code| by_code(CodeKind::Douyin, code)),
            // What else is wrong is told as for a password login, the one there is without a type.
            Err(FieldErrors(mut wrong)) => {
                if let Err(FieldErrors(more)) = PasswordLogin::deserialize_from_value(rest, location) {
                    wrong.extend(more);
                }
                Err(FieldErrors(wrong))
            }
        }
    }
}

fn typed<C: Deserr<FieldErrors>, V: IntoValue>(
    rest: Value<V>,
    location: ValuePointerRef<'_>,
    way: impl Fn(C) -> Way,
) -> Result<LoginIn, FieldErrors> {
    let Typed { credentials, platform, device } = Typed::deserialize_from_value(rest, location)?;
    Ok(LoginIn { way: way(credentials), platform, device })
}

fn by_code(kind: CodeKind, credentials: CodeCredentials) -> Way {
    Way::Others(Proof::Code(kind, credentials))
}

impl PasswordLogin {
    fn checked(self) -> Result<LoginIn, FieldErrors> {
        let Self { credentials, username, password, platform, device } = self;
        let credentials = match (credentials, username, password) {
            (Some(credentials), None, None) => credentials,
            (None, Some(identifier), Some(password)) => PasswordCredentials { identifier, password },
            _ => {
                let message = Text::new(
                    "Send either `credentials` or `username` and `password`.",
                    "请发送 credentials，或 username 与 password。",
                );
                let field = "credentials".to_owned();
                return Err(FieldErrors(vec![FieldError { field, rule: "required", message }]));
            }
        };
        Ok(LoginIn { way: Way::Password(credentials), platform, device })
    }
}
