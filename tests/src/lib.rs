//! The harness of the service's tests: every test file under `tests/` talks to a server of its own,
//! through the doors that users have.
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
//! A server is the program itself, on a free port of 127.0.0.1, with its database in a folder of its
//! own, in an environment that holds nothing but what the test says. It is gone when the test ends,
//! however that ends. Tests run beside each other and share nothing.

mod command;
mod http;
mod many;
mod protocol;
mod requests;
mod server;
pub mod tokens;

pub use command::{Command, Output};
pub use http::{Answer, Connection, Head, Request};
pub use many::with_many_actions;
pub use protocol::{Messages, Protocol};
pub use requests::{AgentRequest, Half, agent_requests};
pub use server::{Builder, Stopped, TestServer};

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take before a test gives up: no test should ever wait for it.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// The top folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The server's program, which cargo has built beside the test that runs now.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    // target/debug/deps/<test>, or target/debug/<program>.
    test.ancestors()
        .skip(1)
        .map(|folder| folder.join("mcp-server-under-test"))
        .find(|program| program.is_file())
        .expect("cargo builds this package's binaries before it runs its tests")
}
