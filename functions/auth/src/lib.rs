//! Accounts: registering, logging in, and one's own profile. Only this crate holds the code that makes tokens and
//! checks passwords.

pub mod account_delete;
pub mod account_export;
pub mod audit;
pub mod change_password;
mod codes;
mod error;
mod fields;
mod guest;
pub mod jwks;
pub mod link;
pub mod login;
pub mod logout;
mod mail;
mod mint;
mod oauth;
pub mod oauth_start;
mod own;
mod password;
mod password_login;
mod password_rules;
pub mod profile_get;
pub mod profile_update;
pub mod refresh;
mod refresh_token;
pub mod register;
pub mod reset_password;
pub mod send_verification_code;
mod session;
pub mod session_revoke;
pub mod sessions;
mod turns;
pub mod verify_code;

pub use password::hashes_per_second;
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
    change_password::ROUTE,
    send_verification_code::ROUTE,
    verify_code::ROUTE,
    reset_password::ROUTE,
    link::ROUTE,
    jwks::ROUTE,
];
