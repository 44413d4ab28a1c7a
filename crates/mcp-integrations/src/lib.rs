//! The actions of the MCP Server that call other systems: GitHub, Figma and web pages ([`browser`]).
//!
//! [`Integrations`] is created from [`IntegrationSettings`] and registers all of them. A new action needs
//! its file, and a line in the `register` function of its module.

mod address;
pub mod browser;
pub mod connections;
mod endpoint;
mod figma;
mod github;
mod json_object;
mod resolve;
mod settings;
mod upstream;

use std::sync::Arc;

use mcp_core::{Clock, RegistryBuilder, SystemClock};

use browser::Browser;
use figma::Figma;
use github::Github;
use json_object::JsonObject;
pub use settings::IntegrationSettings;
use upstream::{Exchange, SharedClient};
pub use upstream::{HttpSettings, Jitter, RandomJitter};

/// The actions that call other systems. Creating them sends no request and starts no process.
pub struct Integrations {
    settings: IntegrationSettings,
    browser: Browser,
    http: HttpSettings,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
}

impl Integrations {
    /// Creates the actions over the systems of the settings.
    #[must_use]
    pub fn new(settings: IntegrationSettings) -> Self {
        Self {
            browser: Browser::new(settings.browser.clone()),
            settings,
            http: HttpSettings::default(),
            clock: SystemClock::shared(),
            jitter: Arc::new(RandomJitter),
        }
    }

    /// Returns the browser of the actions. The server closes it at shutdown.
    #[must_use]
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Replaces the limits of requests.
    #[must_use]
    pub fn http(mut self, http: HttpSettings) -> Self {
        self.http = http;
        self
    }

    /// Replaces the clock of the cache and the rate limits.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the jitter of the backoff.
    #[must_use]
    pub fn jitter(mut self, jitter: Arc<dyn Jitter>) -> Self {
        self.jitter = jitter;
        self
    }

    /// Registers every action.
    #[must_use]
    pub fn register(self, registry: RegistryBuilder) -> RegistryBuilder {
        let Self { settings, browser, http, clock, jitter } = self;
        let client = SharedClient::new(http.clone());
        let exchange = Arc::new(Exchange::new(http, clock, jitter));
        let github = Github::new(
            settings.github_api_url,
            settings.github_token.as_ref(),
            client.clone(),
            Arc::clone(&exchange),
        );
        let figma =
            Figma::new(settings.figma_api_url, settings.figma_token.as_ref(), client, exchange);
        registry
            .with(|registry| github::register(&github, registry))
            .with(|registry| figma::register(&figma, registry))
            .with(|registry| browser::register(&browser, registry))
    }
}

#[cfg(test)]
mod tests;
