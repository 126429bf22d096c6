//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod life;
mod story;
mod table;
