//! The settings of a connection: an entry of the connections file, read and checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::pattern::Patterns;

/// An entry of the connections file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The connection's name.
    pub name: String,
    /// The settings, or the reason why the connection cannot be used, in one line without secrets.
    pub settings: Result<ConnectionSettings, String>,
}

/// The settings of a connection. `Debug` hides the secrets.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// The system, and how it is reached.
    pub system: System,
    /// The name in place of the connection's in its actions' names.
    pub prefix: Option<String>,
    /// Words about the connection, for people and for `help`.
    pub description: String,
    /// The tools that become actions, by their original names.
    pub tools: Patterns,
    /// Whether only tools that read become actions.
    pub read_only: bool,
    /// The timeout of a call. Default: 60 s.
    pub timeout: Duration,
    /// The time without calls after which a child process ends. Default: 600 s.
    pub idle_timeout: Duration,
    /// The maximum number of concurrent calls. Default: 8.
    pub concurrency: usize,
    /// The treatment of changed definitions.
    pub on_change: OnChange,
    /// Whether the connection is switched off.
    pub disabled: bool,
}

/// A system that can be connected.
#[derive(Clone, Debug)]
pub enum System {
    /// An MCP server that is started as a child process and speaks over its standard streams.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment, besides `PATH`, `HOME` and the locale.
        env: BTreeMap<String, SecretString>,
        /// The folder in which it runs.
        cwd: PathBuf,
    },
    /// An MCP server that speaks over streamable HTTP.
    Http {
        /// The address of its endpoint.
        url: Url,
        /// What is added to each request.
        additions: Additions,
    },
    /// An HTTP API that an OpenAPI document describes.
    OpenApi {
        /// The document.
        document: DocumentLocation,
        /// The address of the API, if it is not the document's.
        base_url: Option<Url>,
        /// What is added to each request.
        additions: Additions,
    },
}

/// The place of an OpenAPI document.
#[derive(Clone, Debug)]
pub enum DocumentLocation {
    /// A file.
    File(PathBuf),
    /// An address.
    Url(Url),
}

/// What is added to each HTTP request of a connection.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// Header fields.
    pub headers: Vec<(String, SecretString)>,
    /// Parameters of the query string.
    pub query: Vec<(String, SecretString)>,
}

/// The treatment of definitions that changed since they were first seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    /// They are used.
    #[default]
    Accept,
    /// They are not used until somebody approves them.
    Hold,
}
