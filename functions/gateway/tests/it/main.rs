//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod bad_input;
mod exactly_once;
mod life;
mod lives;
mod outage;
mod server;
mod shells;
mod story;
mod table;
