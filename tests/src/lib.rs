//! The harness of the service's tests. Every test starts its own server and uses the interfaces that
//! users have.
//!
//! ```no_run
//! use serde_json::json;
//! use service_tests::TestServer;
//!
//! let server = TestServer::with([("MCP_API_KEY", "k-1")]).start();
//! let answer = server.post("/api/v1/query").key("k-1").json(&json!({"action": "list_users"})).send();
//! assert_eq!(answer.status, 200);
//! ```
//!
//! A server is a process on a free port of 127.0.0.1. It has its own folder with its database, and an
//! environment that contains only the test's variables. It is killed when the test ends, also by a
//! panic. Tests run in parallel and share nothing.
//!
//! The harness panics where a step does not succeed.

mod command;
mod http;
mod many;
mod protocol;
mod requests;
mod server;
pub mod tokens;

pub use command::{Command, Output};
pub use http::{Connection, Head, Request, Response};
pub use many::with_many_actions;
pub use protocol::{Messages, Protocol};
pub use requests::{AgentRequest, RequestFile, agent_requests};
pub use server::{Builder, Stopped, TestServer};

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time after which a test fails instead of waiting any longer.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Returns the repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the path of the server's binary, which cargo has built with the running test.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    // target/debug/deps/<test>, or target/debug/<program>.
    test.ancestors()
        .skip(1)
        .map(|folder| folder.join("mcp-server-under-test"))
        .find(|program| program.is_file())
        .expect("cargo builds this package's binaries before it runs its tests")
}
