//! PostgreSQL for tests: databases that are gone when a test ends.
//!
//! [`Database::new`] makes an empty database: in the server that `MCP_TEST_POSTGRES_URL` names (its user
//! must be allowed to create databases), or else in one of the test's own, started from the installed
//! programs on a socket in a temporary folder. A server of its own ends with the test, also when that is
//! killed: the kernel tells it.

mod database;
mod programs;
mod server;

pub use database::Database;
pub use server::{Server, Setup, Stop};
