//! PostgreSQL for tests: databases that are removed when a test ends.
//!
//! [`Database::new`] creates an empty database: in the server of `MCP_TEST_POSTGRES_URL` (its user
//! must be allowed to create databases), or in a server of the test's own. That one is started from
//! the installed programs, on a socket in a temporary folder. It ends with the test, even if the
//! test is killed: the kernel signals it.

mod database;
mod programs;
mod server;

pub use database::Database;
pub use server::{Server, Setup, Stop};
