//! An empty database for a test.

use std::process::Command;

use crate::programs::program;
use crate::server::{Server, Setup, Stop, run};

/// A database that is removed on drop.
#[derive(Debug)]
pub struct Database {
    name: String,
    /// The URL of the database that this one was created from.
    base: String,
    url: String,
    /// The test's own server.
    server: Option<Server>,
}

impl Database {
    /// Creates an empty database in the server of `MCP_TEST_POSTGRES_URL`, or in a server of the
    /// test's own.
    ///
    /// # Panics
    /// Panics if the database cannot be created.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "who runs the tests says it in the environment")]
    #[expect(clippy::new_without_default, reason = "it starts a server")]
    pub fn new() -> Self {
        match std::env::var("MCP_TEST_POSTGRES_URL") {
            Ok(base) if !base.is_empty() => Self::create(base, None),
            _ => Self::in_own_server(Setup::default()),
        }
    }

    /// Creates an empty database in a server of the test's own, which the test may stop.
    ///
    /// # Panics
    /// Panics if PostgreSQL does not start.
    #[must_use]
    pub fn in_own_server(setup: Setup) -> Self {
        let server = Server::start(setup);
        Self::create(server.url("postgres"), Some(server))
    }

    /// Creates an empty database in the server of `base`, which is not removed. Returns its URL.
    ///
    /// # Panics
    /// Panics if the database cannot be created.
    #[must_use]
    pub fn left_in(base: &str) -> String {
        renamed(base, &create_in(base))
    }

    fn create(base: String, server: Option<Server>) -> Self {
        let name = create_in(&base);
        let url = renamed(&base, &name);
        Self { name, base, url, server }
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements as the owner. Returns their rows, with fields separated by `|`.
    ///
    /// # Panics
    /// Panics if a statement fails.
    #[expect(clippy::must_use_candidate, reason = "many statements have no rows")]
    pub fn sql(&self, statements: &str) -> String {
        psql(&self.url, statements)
    }

    /// Returns the test's own server.
    ///
    /// # Panics
    /// Panics if the server is shared.
    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("it was made in a server of its own")
    }

    /// Restarts the test's own server.
    ///
    /// # Panics
    /// Panics if the server does not start again.
    pub fn restart(&mut self, how: Stop) {
        self.server().stop(how);
        self.server().start_again();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server of the test's own removes the database.
        if self.server.is_none() {
            psql(&self.base, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn create_in(base: &str) -> String {
    let name = format!("mcp_test_{:016x}", fastrand::u64(..));
    psql(base, &format!("CREATE DATABASE {name}"));
    name
}

fn psql(url: &str, statements: &str) -> String {
    let mut psql = Command::new(program("psql"));
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements]);
    run(&mut psql)
}

/// Replaces the name of the database in a URL.
fn renamed(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(url, q)| (url, Some(q)));
    let start = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[start..].find('/').map_or(address.len(), |slash| start + slash);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_is_another() {
        for (url, renamed_url) in [
            ("postgres://u:p@h:5432/a?sslmode=require", "postgres://u:p@h:5432/b?sslmode=require"),
            ("postgres://h", "postgres://h/b"),
            ("postgres:///a?host=/tmp/x", "postgres:///b?host=/tmp/x"),
        ] {
            assert_eq!(renamed(url, "b"), renamed_url);
        }
    }
}
