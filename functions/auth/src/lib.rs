//! Accounts: registering, logging in, and one's own profile. Only this crate holds the code that makes tokens and
//! checks passwords.

pub mod audit;
mod error;
mod fields;
pub mod login;
mod mint;
mod password;
pub mod profile_get;
pub mod register;
mod session;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[register::ROUTE, login::ROUTE, profile_get::ROUTE];
