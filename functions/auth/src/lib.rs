//! Accounts: registering, logging in, and one's own profile. Only this crate holds the code that makes tokens and
//! checks passwords.

pub mod audit;
pub mod change_password;
mod codes;
mod error;
mod fields;
pub mod login;
mod mail;
mod mint;
mod password;
mod password_login;
mod password_rules;
pub mod profile_get;
pub mod register;
pub mod reset_password;
pub mod send_verification_code;
mod session;
mod turns;
pub mod verify_code;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[
    register::ROUTE,
    login::ROUTE,
    profile_get::ROUTE,
    change_password::ROUTE,
    send_verification_code::ROUTE,
    verify_code::ROUTE,
    reset_password::ROUTE,
];
