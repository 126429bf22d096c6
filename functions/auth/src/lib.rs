//! Accounts: registering, logging in, and one's own profile. Only this crate holds the code that makes tokens and
//! checks passwords.

pub mod account_delete;
pub mod account_export;
mod error;
mod fields;
mod guest;
pub mod jwks;
pub mod link;
pub mod login;
pub mod logout;
mod mint;
mod oauth;
pub mod oauth_start;
mod password;
pub mod profile_get;
pub mod profile_update;
pub mod refresh;
mod refresh_token;
pub mod register;
mod session;
pub mod session_revoke;
pub mod sessions;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[
    register::ROUTE,
    login::ROUTE,
    oauth_start::ROUTE,
    refresh::ROUTE,
    logout::ROUTE,
    sessions::ROUTE,
    session_revoke::ROUTE,
    profile_get::ROUTE,
    profile_update::ROUTE,
    account_export::ROUTE,
    account_delete::ROUTE,
    link::ROUTE,
    jwks::ROUTE,
];
