//! Characters: dealing one and dealing it again, listing one's own, looking at one, giving one up and having it back.

pub mod attributes;
pub mod create;
pub mod delete;
mod draft;
pub mod get;
pub mod list;
pub mod reroll;
pub mod restore;
pub mod update;
mod view;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[
    create::ROUTE,
    list::ROUTE,
    get::ROUTE,
    update::ROUTE,
    reroll::ROUTE,
    attributes::ROUTE,
    delete::ROUTE,
    restore::ROUTE,
];
