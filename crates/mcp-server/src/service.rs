//! Wires the layers: settings to a store, a registry and the dispatcher over both.

mod changes;
mod connected;
mod registry;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use mcp_core::dispatch::Redactor;
use mcp_core::{
    Clock, Dispatcher, Registry, RegistryBuilder, RegistryError, Store, StoreError, SystemClock,
    Timestamp,
};
use mcp_integrations::browser::{Browser, BrowserSettings};
use mcp_integrations::connections::file::FileError;
use mcp_integrations::connections::{Connections, Variables};
use mcp_lean::Lean;
use mcp_storage::{Location, LocationError, OpenError, Options};
use secrecy::ExposeSecret;

use crate::config::Settings;
use crate::metrics::Metrics;
use changes::ChangeBroadcast;
pub(crate) use changes::ChangeReceiver;
pub use registry::{registry, registry_with};

/// The dispatcher and the state that all transports share.
pub struct Service {
    dispatcher: Dispatcher,
    lean: Lean,
    clock: Arc<dyn Clock>,
    browser: Browser,
    changes: Arc<ChangeBroadcast>,
    metrics: Arc<Metrics>,
    /// The actions of the server itself, without those of connections.
    own_actions: Arc<Registry>,
    connections: OnceLock<Arc<Connections>>,
}

/// The parts of the machine's environment that the server uses.
#[derive(Clone)]
pub struct Machine {
    /// `PATH`, the folders of programs.
    pub search_path: String,
    /// The folder for temporary files.
    pub temporary_folder: PathBuf,
    /// The environment's variables, for the connections file.
    pub variables: Variables,
}

impl Default for Machine {
    /// Returns the usual folders.
    fn default() -> Self {
        let usual = BrowserSettings::default();
        Self {
            search_path: usual.path,
            temporary_folder: usual.directory,
            variables: Arc::new(|_| None),
        }
    }
}

/// The reason why the service cannot start, in one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `DATABASE_URL` is not the location of a database.
    #[error("database_url: {0}")]
    Location(#[from] LocationError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Two actions have the same name.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The connections file cannot be used.
    #[error("connections: {0}")]
    Connections(#[from] FileError),
    /// The operating system provides no random numbers.
    #[error("cannot read random numbers from the operating system: {0}")]
    Random(#[from] getrandom::Error),
}

impl Service {
    /// Opens the database and registers every action. Blocks the thread meanwhile.
    ///
    /// # Errors
    /// Returns an error if the database cannot be opened or no random number can be read.
    pub fn start(settings: &Settings, machine: &Machine) -> Result<Self, StartError> {
        Self::start_with(settings, machine, |registry| registry)
    }

    /// Does the same as [`Service::start`], with the actions that `add` adds.
    ///
    /// # Errors
    /// Returns an error as [`Service::start`] does, and if two actions have the same name.
    pub fn start_with(
        settings: &Settings,
        machine: &Machine,
        add: impl FnOnce(RegistryBuilder) -> RegistryBuilder,
    ) -> Result<Self, StartError> {
        let clock = SystemClock::shared();
        let location = Location::parse(settings.database_url.as_str())?;
        let options = Options {
            readers: settings.database_pool,
            queue: u32::try_from(settings.write_queue).unwrap_or(u32::MAX),
            log_retention: settings.log_retention,
            synchronous: settings.sqlite_synchronous,
            statement_timeout: settings.statement_timeout,
        };
        let integrations = registry::integrations(settings, machine, Arc::clone(&clock));
        let browser = integrations.browser().clone();
        let lean = registry::lean(settings, getrandom::u64()?);
        let registry = registry::builder(integrations, &lean).with(add).build()?;
        let store = mcp_storage::open(&location, &options, Arc::clone(&clock))?;
        log::info!("the database is {}", absolute(&location));
        let secrets = settings.secrets().into_iter();
        let redactor = Redactor::new(secrets.map(|secret| secret.expose_secret().to_owned()));
        let metrics = Arc::new(Metrics::default());
        let changes = Arc::new(ChangeBroadcast::default());
        let own_actions = Arc::new(registry);
        let dispatcher =
            Dispatcher::new(Arc::clone(&own_actions), store, Arc::clone(&clock), redactor)
                .watched_by(Arc::clone(&changes) as _)
                .batch_budget(settings.batch_budget)
                .recorded_by(Arc::clone(&metrics) as _);
        browser.warn_of_root();
        let connections = OnceLock::new();
        Ok(Self { dispatcher, lean, clock, browser, changes, metrics, own_actions, connections })
    }

    /// Returns the dispatcher, through which all calls go.
    #[must_use]
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Returns the counters of calls and tokens.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the lean API.
    #[must_use]
    pub fn lean(&self) -> &Lean {
        &self.lean
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.dispatcher.store()
    }

    /// Returns the present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Subscribes to the changes of the memory from now on.
    pub(crate) fn subscribe(&self) -> ChangeReceiver {
        self.changes.subscribe()
    }

    /// Ends the browsers and closes the database.
    ///
    /// # Errors
    /// Returns an error if the last writes cannot be moved into the database's file.
    pub async fn close(&self) -> Result<(), StoreError> {
        if let Some(connections) = self.connections() {
            connections.close().await;
        }
        self.browser.close().await;
        self.store().close().await
    }
}

fn absolute(location: &Location) -> String {
    match location {
        Location::File(path) => {
            std::path::absolute(path).as_ref().unwrap_or(path).display().to_string()
        }
        Location::Memory => "in memory".into(),
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => url.to_string(),
    }
}
