//! The actions of the MCP Server that ask other systems: [`github`], [`figma`] and web pages
//! ([`browser`]).
//!
//! [`Integrations`] is made from [`IntegrationSettings`] and registers all of them. Adding an
//! action is its file and its line in [`Integrations::register`].

mod address;
pub mod browser;
mod endpoint;
pub mod figma;
pub mod github;
mod json;
mod resolve;
mod settings;
mod upstream;

use std::sync::Arc;

use mcp_core::{Clock, RegistryBuilder, SystemClock};

use browser::Browser;
use figma::Figma;
use github::Github;
pub use json::JsonObject;
pub use settings::IntegrationSettings;
use upstream::{Exchange, SharedClient};
pub use upstream::{HttpSettings, Jitter, RandomJitter};

/// Every action that asks another system, ready to be registered. Making it asks nobody and opens
/// nothing.
pub struct Integrations {
    settings: IntegrationSettings,
    browser: Browser,
    http: HttpSettings,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
}

impl Integrations {
    /// The actions over the systems that the settings name.
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

    /// The browser that the actions open pages with. The server closes it when it ends.
    #[must_use]
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// With other bounds of asking.
    #[must_use]
    pub fn http(mut self, http: HttpSettings) -> Self {
        self.http = http;
        self
    }

    /// With another clock: it says when a kept answer is stale, and how long a rate limit lasts.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With another spread of the waits between tries.
    #[must_use]
    pub fn jitter(mut self, jitter: Arc<dyn Jitter>) -> Self {
        self.jitter = jitter;
        self
    }

    /// Registers every action that asks another system.
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
            .remote(github::SearchRepositories::new(github.clone()))
            .remote(github::SearchIssues::new(github.clone()))
            .remote(github::GetRepository::new(github.clone()))
            .remote(github::ListIssues::new(github.clone()))
            .remote(github::ListPulls::new(github))
            .remote(figma::GetFile::new(figma.clone()))
            .remote(figma::GetNodes::new(figma.clone()))
            .remote(figma::GetComponents::new(figma.clone()))
            .remote(figma::GetStyles::new(figma))
            .remote(browser::GetTitle::new(browser.clone()))
            .remote(browser::GetText::new(browser.clone()))
            .remote(browser::Screenshot::new(browser))
    }
}

#[cfg(test)]
mod tests;
