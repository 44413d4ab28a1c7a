//! Wires the layers: settings to a store, a registry and the dispatcher over both.

use std::sync::Arc;

use mcp_core::dispatch::Redactor;
use mcp_core::{
    Clock, Dispatcher, Registry, RegistryError, Store, SystemClock, Timestamp, actions,
};
use mcp_integrations::{IntegrationSettings, Integrations};
use mcp_storage::{Location, LocationError, OpenError, Options};
use secrecy::ExposeSecret;

use crate::config::Settings;

/// Everything that a face of the server needs.
pub struct Service {
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
}

/// Why the service cannot start: one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `DATABASE_URL` names no database.
    #[error("database_url: {0}")]
    Location(#[from] LocationError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Two actions have one name.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl Service {
    /// Opens the database and registers every action. Blocks meanwhile.
    ///
    /// # Errors
    /// With one line that says what is wrong and what would be right.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let clock = SystemClock::shared();
        let location = Location::parse(settings.database_url.as_str())?;
        let options = Options {
            readers: settings.database_pool,
            queue: u32::try_from(settings.write_queue).unwrap_or(u32::MAX),
            log_retention: settings.log_retention,
        };
        let registry = registry(settings)?;
        let store = mcp_storage::open(&location, &options, Arc::clone(&clock))?;
        log::info!("the database is {}", absolute(&location));
        let secrets = settings.secrets().into_iter();
        let redactor = Redactor::new(secrets.map(|secret| secret.expose_secret().to_owned()));
        let dispatcher = Dispatcher::new(Arc::new(registry), store, Arc::clone(&clock), redactor);
        Ok(Self { dispatcher, clock })
    }

    /// The one way to an action.
    #[must_use]
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Where everything is kept.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.dispatcher.store()
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Every action of the server, with its settings. Needs no database.
///
/// # Errors
/// When two actions have one name.
pub fn registry(settings: &Settings) -> Result<Registry, RegistryError> {
    let integrations = Integrations::new(IntegrationSettings {
        github_token: settings.github_token.clone(),
        github_api_url: settings.github_api_url.clone(),
        figma_token: settings.figma_token.clone(),
        figma_api_url: settings.figma_api_url.clone(),
        ..IntegrationSettings::default()
    });
    Registry::builder()
        .with(actions::register)
        .with(|registry| integrations.register(registry))
        .build()
}

fn absolute(location: &Location) -> String {
    match location {
        Location::File(path) => {
            std::path::absolute(path).as_ref().unwrap_or(path).display().to_string()
        }
        Location::Memory => "in memory".into(),
    }
}
