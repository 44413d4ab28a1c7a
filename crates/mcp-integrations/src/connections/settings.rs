//! The settings of a connection: an entry of the connections file, read and checked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::pattern::Patterns;

/// An entry of the connections file. `Debug` hides the secrets and the hash.
#[derive(Clone)]
pub struct Entry {
    /// The connection's name: at most 64 characters. A name in the file that does not fit is shortened, with
    /// a hash; such a connection cannot be used.
    pub name: String,
    /// The settings, or the reason why the connection cannot be used, in one line without secrets.
    pub settings: Result<ConnectionSettings, String>,
    /// Whether the connection is switched off. Also known of an entry that cannot be used.
    pub disabled: bool,
    /// The SHA-256 of the settings in hexadecimal, without the name. It is the same in every run and for
    /// every order of members, and differs if any setting differs, secrets included. It must not be
    /// logged: a weak secret could be guessed from it.
    pub hash: String,
    /// The values that must not appear in a log: those whose names say that they are secrets, at least
    /// 6 bytes long.
    pub secrets: Vec<SecretString>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Entry")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
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
    /// The timeout of a call: 0.1 to 3600 s. Default: 60 s.
    pub timeout: Duration,
    /// The time without calls after which a child process ends: 1 to 86400 s. Default: 600 s.
    pub idle_timeout: Duration,
    /// The maximum number of concurrent calls: 1 to 1000. Default: 8.
    pub concurrency: usize,
    /// The treatment of changed definitions.
    pub on_change: OnChange,
    /// Whether the connection is switched off.
    pub disabled: bool,
}

/// A system that can be connected. `Debug` hides arguments and the query strings of URLs, which may
/// hold secrets.
#[derive(Clone)]
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
        /// The additions to each request.
        additions: Additions,
    },
    /// An HTTP API that an OpenAPI document describes.
    OpenApi {
        /// The document.
        document: DocumentLocation,
        /// The address of the API, if it is not the document's.
        base_url: Option<Url>,
        /// The additions to each request.
        additions: Additions,
    },
}

impl fmt::Debug for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { command, args, env, cwd } => formatter
                .debug_struct("Stdio")
                .field("command", command)
                .field("args", &args.len())
                .field("env", env)
                .field("cwd", cwd)
                .finish(),
            Self::Http { url, additions } => formatter
                .debug_struct("Http")
                .field("url", &without_query(url))
                .field("additions", additions)
                .finish(),
            Self::OpenApi { document, base_url, additions } => formatter
                .debug_struct("OpenApi")
                .field("document", document)
                .field("base_url", &base_url.as_ref().map(without_query))
                .field("additions", additions)
                .finish(),
        }
    }
}

/// The place of an OpenAPI document. `Debug` hides the query string of a URL.
#[derive(Clone)]
pub enum DocumentLocation {
    /// A file.
    File(PathBuf),
    /// An address.
    Url(Url),
}

impl fmt::Debug for DocumentLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::Url(url) => formatter.debug_tuple("Url").field(&without_query(url)).finish(),
        }
    }
}

fn without_query(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The headers and parameters that are added to each HTTP request of a connection.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// Header fields, sorted by their lower-case names, without repetitions.
    pub headers: Vec<(String, SecretString)>,
    /// Parameters of the query string, sorted by their names.
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
