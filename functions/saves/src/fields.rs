//! Fields that saves take.

use deserr::Deserr;
use platform::{http::Broken, text::Text};
use utoipa::ToSchema;

/// Up to 200 characters, none of them a control character.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(try_from(&String) = Description::parse -> Broken)]
#[schema(value_type = String, max_length = 200)]
pub(crate) struct Description(pub(crate) String);

impl Description {
    fn parse(text: &str) -> Result<Self, Broken> {
        let trimmed = text.trim();
        if trimmed.chars().count() <= 200 && !trimmed.chars().any(char::is_control) {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(Broken::new(
            "length",
            Text::new(
                "Must be at most 200 characters without control characters.",
                "必须不超过 200 个字符，且不含控制字符。",
            ),
        ))
    }
}
