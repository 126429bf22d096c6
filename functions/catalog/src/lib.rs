//! What there is to choose from: public, the same for everyone, changed only by a release.

pub mod countries;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[countries::ROUTE];
