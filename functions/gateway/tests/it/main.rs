//! Stories that cross routes, over a real PostgreSQL and a real Redis.

mod lambda;
mod life;
mod story;
mod table;
