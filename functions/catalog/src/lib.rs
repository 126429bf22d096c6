//! Stub.
use platform::Route;
/// Stub.
pub const ROUTES: &[Route] = &[];
