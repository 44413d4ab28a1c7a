//! What is PostgreSQL's alone: several servers on one database, faults and restarts, connections.

mod connecting;
mod faults;
mod sharing;
mod support;
mod tables;
