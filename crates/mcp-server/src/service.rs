//! Wires the layers: settings to a store, a registry and the dispatcher over both.

use std::path::PathBuf;
use std::sync::Arc;

use mcp_core::changes::Watcher;
use mcp_core::dispatch::Redactor;
use mcp_core::{
    Clock, Dispatcher, Registry, RegistryBuilder, RegistryError, Store, StoreError, SystemClock,
    Timestamp, actions,
};
use mcp_integrations::browser::{Browser, BrowserSettings};
use mcp_integrations::{HttpSettings, IntegrationSettings, Integrations};
use mcp_lean::Lean;
use mcp_lean::blobs::{BlobLimits, Blobs};
use mcp_storage::{Location, LocationError, OpenError, Options};
use secrecy::ExposeSecret;

use crate::config::Settings;
use crate::mcp::Feed;
use crate::mcp::prompts::PromptSource;
use crate::mcp::resources::ResourceSource;
use crate::metrics::Metrics;

/// Everything that a face of the server needs.
pub struct Service {
    dispatcher: Dispatcher,
    lean: Lean,
    clock: Arc<dyn Clock>,
    browser: Browser,
    feed: Arc<Feed>,
    metrics: Arc<Metrics>,
    resources: Vec<Arc<dyn ResourceSource>>,
    prompts: Vec<Arc<dyn PromptSource>>,
}

/// What an embedding program adds to the server's own.
#[derive(Default)]
pub struct Additions {
    actions: Vec<Box<dyn FnOnce(RegistryBuilder) -> RegistryBuilder>>,
    resources: Vec<Arc<dyn ResourceSource>>,
    prompts: Vec<Arc<dyn PromptSource>>,
}

impl Additions {
    /// With more actions.
    #[must_use]
    pub fn actions(
        mut self,
        add: impl FnOnce(RegistryBuilder) -> RegistryBuilder + 'static,
    ) -> Self {
        self.actions.push(Box::new(add));
        self
    }

    /// With more resources for clients of the Model Context Protocol.
    #[must_use]
    pub fn resources(mut self, source: impl ResourceSource + 'static) -> Self {
        self.resources.push(Arc::new(source));
        self
    }

    /// With another prompt for them.
    #[must_use]
    pub fn prompt(mut self, prompt: impl PromptSource + 'static) -> Self {
        self.prompts.push(Arc::new(prompt));
        self
    }
}

/// What the server finds on the machine that it runs on.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `PATH`: where programs are.
    pub search_path: String,
    /// Where what lives for a moment is kept.
    pub temporary_folder: PathBuf,
}

impl Default for Machine {
    /// The usual folders.
    fn default() -> Self {
        let usual = BrowserSettings::default();
        Self { search_path: usual.path, temporary_folder: usual.directory }
    }
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
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Service {
    /// Opens the database and registers every action. Blocks meanwhile.
    ///
    /// # Errors
    /// With one line that says what is wrong and what would be right.
    pub fn start(settings: &Settings, machine: &Machine) -> Result<Self, StartError> {
        Self::start_with(settings, machine, Additions::default())
    }

    /// The same, with what an embedding program adds.
    ///
    /// # Errors
    /// With one line that says what is wrong and what would be right.
    pub fn start_with(
        settings: &Settings,
        machine: &Machine,
        additions: Additions,
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
        let integrations = integrations(settings, machine, Arc::clone(&clock));
        let browser = integrations.browser().clone();
        let lean = lean(settings, Arc::clone(&clock), getrandom::u64()?);
        let registry = additions
            .actions
            .into_iter()
            .fold(every_action(integrations, &lean), RegistryBuilder::with)
            .build()?;
        let store = mcp_storage::open(&location, &options, Arc::clone(&clock))?;
        log::info!("the database is {}", absolute(&location));
        let secrets = settings.secrets().into_iter();
        let redactor = Redactor::new(secrets.map(|secret| secret.expose_secret().to_owned()));
        let metrics = Arc::new(Metrics::default());
        let feed = Arc::new(Feed::new());
        let watcher: Arc<dyn Watcher> = Arc::<Feed>::clone(&feed);
        let dispatcher = Dispatcher::new(Arc::new(registry), store, Arc::clone(&clock), redactor)
            .watched_by(watcher)
            .batch_budget(settings.batch_budget)
            .metered(Arc::clone(&metrics) as _);
        let Additions { resources, prompts, .. } = additions;
        browser.warn_of_root();
        Ok(Self { dispatcher, lean, clock, browser, feed, metrics, resources, prompts })
    }

    /// The one way to an action.
    #[must_use]
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// What has been counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The lean face.
    #[must_use]
    pub fn lean(&self) -> &Lean {
        &self.lean
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

    /// What tells of changes.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The resources that an embedding program added.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Arc<dyn ResourceSource>> {
        self.resources.iter().cloned()
    }

    /// The prompts that an embedding program added.
    pub(crate) fn prompts(&self) -> impl Iterator<Item = Arc<dyn PromptSource>> {
        self.prompts.iter().cloned()
    }

    /// Ends the browsers and lets go of the database.
    ///
    /// # Errors
    /// When what was written last cannot be put into the database's file.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.browser.close().await;
        self.store().close().await
    }
}

/// Every action of the server, with its settings. Needs no database, and no machine to run on:
/// for lists and documents.
///
/// # Errors
/// When two actions have one name.
pub fn registry(settings: &Settings) -> Result<Registry, RegistryError> {
    registry_with(settings, |registry| registry)
}

/// The same with more actions, of an embedding program.
///
/// # Errors
/// When two actions have one name.
pub fn registry_with(
    settings: &Settings,
    more: impl FnOnce(RegistryBuilder) -> RegistryBuilder,
) -> Result<Registry, RegistryError> {
    let clock = SystemClock::shared();
    // Nothing is kept here, so no id is made.
    let lean = lean(settings, Arc::clone(&clock), 0);
    every_action(integrations(settings, &Machine::default(), clock), &lean).with(more).build()
}

fn every_action(integrations: Integrations, lean: &Lean) -> RegistryBuilder {
    Registry::builder()
        .with(actions::register)
        .with(|registry| lean.register(registry))
        .with(|registry| integrations.register(registry))
}

fn lean(settings: &Settings, clock: Arc<dyn Clock>, seed: u64) -> Lean {
    let limits =
        BlobLimits { bytes: settings.blob_store, age: settings.blob_time, ..BlobLimits::default() };
    Lean::new(Arc::new(Blobs::new(limits, clock, seed)))
}

fn integrations(settings: &Settings, machine: &Machine, clock: Arc<dyn Clock>) -> Integrations {
    let systems = IntegrationSettings {
        github_token: settings.github_token.clone(),
        github_api_url: settings.github_api_url.clone(),
        figma_token: settings.figma_token.clone(),
        figma_api_url: settings.figma_api_url.clone(),
        browser: BrowserSettings {
            chromium: settings.chromium.clone(),
            webdriver_url: settings.webdriver_url.clone(),
            pool: settings.browser_pool,
            idle: settings.browser_idle,
            allowed_hosts: settings.browser_allowed_hosts.clone(),
            path: machine.search_path.clone(),
            directory: machine.temporary_folder.clone(),
        },
    };
    let http = HttpSettings {
        call_timeout: settings.upstream_timeout,
        body_limit: settings.upstream_body_limit,
        cache_bytes: settings.upstream_cache,
        cache_time: settings.upstream_cache_time,
        ..HttpSettings::default()
    };
    Integrations::new(systems).http(http).clock(clock)
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
