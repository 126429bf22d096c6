//! What every list takes: how many, and where to go on.

use deserr::Deserr;

use super::Broken;
use crate::text::Text;

/// `?limit=`: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr)]
#[deserr(try_from(&String) = Limit::parse -> Broken)]
pub struct Limit(u8);

impl Limit {
    /// Used when none is given.
    pub const DEFAULT: Self = Self(20);

    fn parse(text: &str) -> Result<Self, Broken> {
        let number = text.parse().ok().filter(|number| (1..=100).contains(number));
        number.map(Self).ok_or(Broken::new("range", Text::new("Must be 1 to 100.", "必须在 1 到 100 之间。")))
    }

    /// As a number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A cursor that was not made here.
pub const BAD_CURSOR: Broken =
    Broken::new("format", Text::new("Must be a cursor as the API gave it.", "必须是接口给出的游标。"));

/// Cuts what was read (one more than asked for) to the page, and names the cursor of its last item if more follow.
pub fn cut<T>(mut items: Vec<T>, limit: Limit, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let wanted = usize::from(limit.get());
    if items.len() <= wanted {
        return (items, None);
    }
    items.truncate(wanted);
    let next = items.last().map(cursor);
    (items, next)
}
