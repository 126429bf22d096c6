//! Stories that cross routes, over a real PostgreSQL and a real Redis.

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
mod jobs;
mod lambda;
mod life;
mod operators;
mod outage;
mod partitions;
mod redis;
mod roster;
mod schema;
mod server;
mod story;
mod table;
