//! Connections: the tools of other MCP servers and the operations of HTTP APIs become actions.
//!
//! - [`settings`] are the entries of the connections file, which [`file`] reads.
//! - [`import`] makes a connections file of the files that MCP clients have.
//! - [`definition`] is a tool as its system defines it; [`tools`] makes actions of definitions.
//! - [`trust`] compares definitions with those that are trusted.
//! - [`connection`] starts its [`system`] when it is needed, and carries out calls.
//! - [`mcp`] speaks with MCP servers, and [`openapi`] reads OpenAPI documents and calls their operations.
//!
//! Invariant: one bad connection harms no other one: each has its own task, queue and limits.

mod connection;
pub(crate) mod definition;
pub mod file;
pub mod import;
mod mcp;
mod name;
mod openapi;
pub mod pattern;
mod secret_names;
pub mod settings;
mod shared;
mod state;
mod status;
mod system;
mod text;
mod tools;
mod trust;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::action::Action;
use mcp_core::dispatch::{Arrival, Arrivals};
use mcp_core::{ActionError, Clock, ErrorCode, Store};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::upstream::{Exchange, HttpSettings, RandomJitter, SharedClient};
use connection::Connection;
use file::{ConnectionFile, FileError};
use mcp::child::BaseEnvironment;
use shared::Shared;
pub use state::State;
pub use status::{Reload, Status};

/// The variables of the server's environment that child processes get.
const PASSED_ON: [&str; 8] = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER"];

/// Looks up an environment variable.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The connections of a file.
pub struct Connections {
    path: PathBuf,
    variables: Variables,
    shared: Arc<Shared>,
    slots: Mutex<Vec<Slot>>,
}

/// A connection of the file.
#[derive(Clone)]
enum Slot {
    Working(Arc<Connection>),
    /// An entry that cannot be used, and why.
    Broken {
        name: String,
        reason: String,
        is_disabled: bool,
    },
}

impl Connections {
    /// Reads the file and begins to connect, on the runtime that this is called in. Connections that
    /// cannot be used are shown as failed.
    ///
    /// # Errors
    /// Returns an error if the file as a whole cannot be used.
    pub fn open(
        path: PathBuf,
        variables: Variables,
        store: Arc<dyn Store>,
        http: HttpSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FileError> {
        let file = file::read(&path, &*variables)?;
        let passed = |name: &&str| Some(((*name).to_owned(), variables(name)?));
        let shared = Arc::new(Shared {
            store,
            client: SharedClient::new(http.clone()),
            exchange: Arc::new(Exchange::new(http, clock, Arc::new(RandomJitter))),
            base: BaseEnvironment(PASSED_ON.iter().filter_map(passed).collect()),
            runtime: Handle::current(),
            changes: watch::Sender::new(0),
            attempts: watch::Sender::new(0),
            published: watch::Sender::new(0),
        });
        let this = Self { path, variables, shared, slots: Mutex::default() };
        this.take(file);
        Ok(this)
    }

    /// Reads the file again. Connections whose settings are the same are not disturbed.
    ///
    /// # Errors
    /// Returns an error if the file as a whole cannot be used; nothing has changed then.
    pub fn reload(&self) -> Result<Reload, FileError> {
        Ok(self.take(file::read(&self.path, &*self.variables)?))
    }

    fn take(&self, file: ConnectionFile) -> Reload {
        file.warnings.iter().for_each(|warning| log::warn!("{}: {warning}", self.path.display()));
        let mut slots = self.slots.lock();
        let mut old: Vec<Slot> = std::mem::take(&mut *slots);
        let mut reload = Reload::default();
        for entry in file.entries {
            let same = old.iter().position(|slot| match slot {
                Slot::Working(it) => it.name == entry.name && it.hash == entry.hash,
                Slot::Broken { name, reason, is_disabled } => {
                    *name == entry.name
                        && *is_disabled == entry.disabled
                        && entry.settings.as_ref().err() == Some(reason)
                }
            });
            if let Some(at) = same {
                slots.push(old.swap_remove(at));
                reload.unchanged += 1;
                continue;
            }
            reload.started.push(entry.name.clone());
            let (name, secrets) = (entry.name, entry.secrets);
            slots.push(match entry.settings {
                Ok(settings) => {
                    let shared = Arc::clone(&self.shared);
                    let new = Connection::new(name, entry.hash, settings, &secrets, shared);
                    self.shared.runtime.spawn(Arc::clone(&new).begin());
                    Slot::Working(new)
                }
                Err(reason) => {
                    log::warn!("connection {name}: {reason}");
                    Slot::Broken { name, reason, is_disabled: entry.disabled }
                }
            });
        }
        for slot in old {
            if !slots.iter().any(|new| new.name() == slot.name()) {
                reload.removed.push(slot.name().to_owned());
            }
            if let Slot::Working(connection) = slot {
                self.shared.runtime.spawn(async move { connection.retire().await });
            }
        }
        let hashes = slots.iter().filter_map(Slot::working).map(|it| it.hash.clone()).collect();
        let shared = Arc::clone(&self.shared);
        self.shared.runtime.spawn(async move { shared.keep_tools(hashes).await });
        drop(slots);
        self.shared.tell();
        reload
    }

    /// Trusts the present definitions of a connection. Returns how many tools were held.
    ///
    /// # Errors
    /// Returns `NotFound` if no connection has this name, and `Unavailable` if its tools are not known.
    pub async fn approve(&self, name: &str) -> Result<usize, ActionError> {
        let found = self.working().into_iter().find(|connection| connection.name == name);
        let connection = found.ok_or_else(|| {
            ActionError::not_found(format!("no connection {name:?}: see mcp-server connections"))
        })?;
        let approved = connection.approve().await;
        approved
            .map_err(|reason| ActionError::new(ErrorCode::Unavailable, format!("{name}: {reason}")))
    }

    /// Returns the actions of all connections, in the order of the file.
    #[must_use]
    pub fn actions(&self) -> Vec<Arc<Action>> {
        let tools = self.working().into_iter().filter_map(|it| it.known.lock().tools.clone());
        let mut names = std::collections::HashSet::new();
        let mut actions = Vec::new();
        for action in tools.flat_map(|tools| tools.actions.clone()) {
            if names.insert(Arc::clone(&action.name)) {
                actions.push(action);
            } else {
                log::warn!("two connections have an action {}: give one a prefix", action.name);
            }
        }
        actions
    }

    /// Returns the number of changes of the actions so far, to wait for the next one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Tells that the registry has the actions after this number of changes.
    pub fn published(&self, changes: u64) {
        self.shared.published.send_replace(changes);
    }

    /// Returns the status of each connection, in the order of the file. `count` counts the tokens of a
    /// text; without it, those of the definitions are 0.
    #[must_use]
    pub fn status(&self, count: Option<fn(&str) -> usize>) -> Vec<Status> {
        // Not under the lock: counting the tokens of a large API takes a while.
        let slots = self.slots.lock().clone();
        let status = |slot: &Slot| match slot {
            Slot::Working(connection) => Status::of(connection, count),
            Slot::Broken { name, reason, is_disabled } => {
                Status::broken(name, reason, *is_disabled)
            }
        };
        slots.iter().map(status).collect()
    }

    /// Waits until each connection has its list of tools, or has failed once.
    pub async fn settled(&self) {
        const INTERVAL: Duration = Duration::from_millis(20);
        while self.working().iter().any(|connection| connection.is_arriving()) {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Ends all running systems.
    pub async fn close(&self) {
        futures_util::future::join_all(self.working().iter().map(|it| it.retire())).await;
    }

    fn working(&self) -> Vec<Arc<Connection>> {
        self.slots.lock().iter().filter_map(Slot::working).cloned().collect()
    }
}

impl Slot {
    fn name(&self) -> &str {
        match self {
            Self::Working(connection) => &connection.name,
            Self::Broken { name, .. } => name,
        }
    }

    fn working(&self) -> Option<&Arc<Connection>> {
        match self {
            Self::Working(connection) => Some(connection),
            Self::Broken { .. } => None,
        }
    }
}

impl Arrivals for Connections {
    fn wait(&self, action: &str) -> Arrival {
        let connections = self.working().into_iter();
        let Some(connection) = connections.into_iter().find(|it| it.is_prefix_of(action)) else {
            return Box::pin(std::future::ready(()));
        };
        let (changes, mut attempts) = (self.changes(), self.shared.attempts.subscribe());
        let mut published = self.shared.published.subscribe();
        Box::pin(async move {
            let arrived = async {
                while connection.is_arriving() && attempts.changed().await.is_ok() {}
                let present = *changes.borrow();
                let _ = published.wait_for(|number| *number >= present).await;
            };
            let _in_time = tokio::time::timeout(connection.settings.timeout, arrived).await;
        })
    }

    fn why_missing(&self, action: &str) -> Option<ActionError> {
        let connection = self.working().into_iter().find(|it| it.is_prefix_of(action))?;
        let known = connection.known.lock();
        match (&known.tools, &known.error) {
            (Some(tools), _) if tools.held_actions.contains(action) => {
                Some(connection.held(action))
            }
            (None, error) => {
                let reason = error.as_deref().unwrap_or(known.state.name());
                let message = format!("{} cannot be reached: {reason}", connection.name);
                Some(ActionError::new(ErrorCode::Unavailable, message))
            }
            _ => None,
        }
    }
}
