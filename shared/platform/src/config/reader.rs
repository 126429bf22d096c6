//! How one variable is read: its default, its parser, and what is said when it is wrong. Values are never repeated: they may
//! be secret.

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ipnet::IpNet;
use secrecy::SecretString;

use super::Variable;

/// A source of name → value, and everything that was wrong so far.
pub(super) struct Reader<L> {
    pub(super) lookup: L,
    pub(super) problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn value(&mut self, variable: Variable) -> Option<String> {
        let set = (self.lookup)(variable.name).filter(|value| !value.is_empty());
        let value = set.or_else(|| variable.default.map(str::to_owned));
        if value.is_none() {
            self.problems.push(format!("{} is not set: {}", variable.name, variable.meaning));
        }
        value
    }

    pub(super) fn parse<T>(&mut self, variable: Variable, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.value(variable)?;
        parse(&value).map_err(|problem| self.problems.push(format!("{} {problem}", variable.name))).ok()
    }

    pub(super) fn optional<T>(
        &mut self,
        variable: Variable,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        self.parse(variable, |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) })
    }

    pub(super) fn list<T>(&mut self, variable: Variable, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        self.parse(variable, |text| {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(&parse).collect()
        })
    }

    pub(super) fn number<T: TryFrom<u32>>(&mut self, variable: Variable, min: u32, max: u32) -> Option<T> {
        self.parse(variable, |text| {
            let number: Option<u32> = text.parse().ok().filter(|number| (min..=max).contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
        })
    }

    pub(super) fn truth(&mut self, variable: Variable) -> Option<bool> {
        self.parse(variable, |text| text.parse().map_err(|_| "must be true or false".to_owned()))
    }

    /// A URL that is no secret.
    pub(super) fn endpoint(&mut self, variable: Variable, schemes: &[&str]) -> Option<Option<String>> {
        self.optional(variable, |text| url(text, schemes).map(|_| text.to_owned()))
    }
}

pub(super) fn url(text: &str, schemes: &[&str]) -> Result<SecretString, String> {
    if schemes.iter().any(|scheme| text.starts_with(scheme) && text.len() > scheme.len()) {
        Ok(text.to_owned().into())
    } else {
        Err(format!("must be a URL starting with {}", schemes.join(" or ")))
    }
}

pub(super) fn key(text: &str) -> Result<(String, String), String> {
    let problem = || "must be kid:key with the key as base64url of 32 bytes, without padding".to_owned();
    let (kid, key) = text.split_once(':').ok_or_else(problem)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(key).map_err(|_| problem())?;
    if kid.is_empty() || bytes.len() != 32 {
        return Err(problem());
    }
    Ok((kid.to_owned(), key.to_owned()))
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    let well_formed =
        text == "*" || ((text.starts_with("https://") || text.starts_with("http://")) && !text.ends_with('/'));
    if well_formed && ::http::HeaderValue::from_str(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err("must list origins like https://play.example.org, without a path, or *".to_owned())
    }
}

pub(super) fn namespace(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if plain && text.len() <= 64 { Ok(text.to_owned()) } else { Err("must be 1 to 64 of a-z, 0-9, - and _".to_owned()) }
}

pub(super) fn table(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if plain && (3..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("must be 3 to 255 of a-z, A-Z, 0-9, _, . and -".to_owned())
    }
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "must list networks like 10.0.0.0/8 or addresses".to_owned())
}
