//! What a player may wish of a new life, each field with its rule: for every route that deals one.

use deserr::Deserr;
use utoipa::ToSchema;

use super::{Broken, FieldErrors};
use crate::text::Text;

/// 1 to 40 characters, none of them a control character, not all of them spaces.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(&String) = Name::parse -> Broken)]
#[schema(value_type = String, min_length = 1, max_length = 40)]
pub struct Name(
    /// Trimmed.
    pub String,
);

impl Name {
    fn parse(text: &str) -> Result<Self, Broken> {
        let trimmed = text.trim();
        let sound = !trimmed.chars().any(char::is_control) && !trimmed.contains(['{', '}']);
        if sound && (1..=40).contains(&trimmed.chars().count()) {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(Broken::new(
            "length",
            Text::new(
                "Must be 1 to 40 characters without control characters or braces.",
                "必须是 1 到 40 个字符，且不含控制字符和花括号。",
            ),
        ))
    }
}

/// ISO 3166-1 alpha-2, upper case; whether it exists, the content says.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = CountryCode::parse -> Broken)]
#[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "CN")]
pub struct CountryCode(
    /// The code.
    pub String,
);

impl CountryCode {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(text));
        }
        Err(Broken::new(
            "format",
            Text::new(
                "Must be two capital letters (ISO 3166-1), such as CN.",
                "必须是两个大写字母（ISO 3166-1），如 CN。",
            ),
        ))
    }
}

/// 1800 to 2050.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(try_from(i64) = BirthYear::parse -> Broken)]
#[schema(value_type = i64, minimum = 1800, maximum = 2050)]
pub struct BirthYear(
    /// The year.
    pub u16,
);

impl BirthYear {
    fn parse(year: i64) -> Result<Self, Broken> {
        let year = u16::try_from(year).ok().filter(|year| (1800..=2050).contains(year));
        year.map(Self).ok_or(Broken::new("range", Text::new("Must be 1800 to 2050.", "必须在 1800 到 2050 之间。")))
    }
}

/// How readily the player dies young.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
pub enum Mortality {
    /// The player lives to at least five.
    Gentle,
    /// As the tables say.
    Realistic,
}

impl From<Mortality> for engine::Mortality {
    fn from(mortality: Mortality) -> Self {
        match mortality {
            Mortality::Gentle => Self::Gentle,
            Mortality::Realistic => Self::Realistic,
        }
    }
}
