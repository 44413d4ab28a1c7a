//! Tests of PostgreSQL only: several servers on one database, faults and restarts, connections.

mod connecting;
mod faults;
mod sharing;
mod support;
mod tables;
