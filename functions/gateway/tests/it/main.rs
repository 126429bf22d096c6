//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod accounts;
mod alerts;
mod bad_input;
mod behind;
mod cache;
mod cluster;
mod connections;
mod container;
mod crowd;
mod exactly_once;
mod fences;
mod guests;
mod jobs;
mod lambda;
mod life;
mod oauth;
mod operators;
mod outage;
mod partitions;
mod redis;
mod roster;
mod schema;
mod server;
mod sessions;
mod story;
mod table;
