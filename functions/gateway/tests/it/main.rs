//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod bad_input;
mod connections;
mod container;
mod crowd;
mod exactly_once;
mod lambda;
mod life;
mod outage;
mod server;
mod story;
mod table;
