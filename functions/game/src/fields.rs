//! Fields that more than one route of play takes.

use deserr::Deserr;
use platform::{
    http::{Broken, FieldErrors, page::BAD_CURSOR},
    text::Text,
};
use utoipa::ToSchema;

/// 0 to 120.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(try_from(i64) = Age::parse -> Broken)]
#[schema(value_type = i64, minimum = 0, maximum = 120)]
pub(crate) struct Age(pub(crate) u16);

impl Age {
    fn parse(age: i64) -> Result<Self, Broken> {
        let age = u16::try_from(age).ok().filter(|age| *age <= 120);
        age.map(Self).ok_or(Broken::new("range", Text::new("Must be 0 to 120.", "必须在 0 到 120 之间。")))
    }
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, ToSchema)]
#[deserr(error = FieldErrors)]
pub(crate) enum Order {
    #[deserr(rename = "age_desc")]
    AgeDesc,
    #[deserr(rename = "age_asc")]
    AgeAsc,
}

/// The number of the last item of the page before.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(&String) = SeqCursor::parse -> Broken)]
pub(crate) struct SeqCursor(pub(crate) i32);

impl SeqCursor {
    fn parse(text: &str) -> Result<Self, Broken> {
        text.parse().ok().filter(|seq| *seq > 0).map(Self).ok_or(BAD_CURSOR)
    }
}
