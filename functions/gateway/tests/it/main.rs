//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod accounts;
mod alerts;
mod bad_input;
mod cache;
mod cluster;
mod connections;
mod container;
mod crowd;
mod exactly_once;
mod jobs;
mod lambda;
mod life;
mod operators;
mod outage;
mod partitions;
mod redis;
mod schema;
mod server;
mod session_away;
mod session_stores;
mod sessions;
mod story;
mod table;
