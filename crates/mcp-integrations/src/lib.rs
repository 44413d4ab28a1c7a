//! The actions of the MCP Server that ask other systems: [`github`], [`figma`] and web pages
//! ([`browser`]).
//!
//! [`Integrations`] is made from [`IntegrationSettings`] and registers all of them. Adding an
//! action is its file and its line in [`Integrations::register`].

pub mod browser;
pub mod figma;
pub mod github;
mod json;
mod path_segment;
mod settings;

use mcp_core::RegistryBuilder;

use browser::Browser;
use figma::Figma;
pub use json::JsonObject;
pub use settings::IntegrationSettings;

/// Every action that asks another system, ready to be registered.
pub struct Integrations {
    figma: Figma,
    browser: Browser,
}

impl Integrations {
    /// The actions over the systems that the settings name.
    #[must_use]
    pub fn new(settings: IntegrationSettings) -> Self {
        Self { figma: Figma::new(settings.figma_token), browser: Browser::new(settings.browser) }
    }

    /// The browser that the actions open pages with. The server closes it when it ends.
    #[must_use]
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Registers every action that asks another system.
    #[must_use]
    pub fn register(self, registry: RegistryBuilder) -> RegistryBuilder {
        let Self { figma, browser } = self;
        registry
            .remote(github::SearchRepositories)
            .remote(github::SearchIssues)
            .remote(github::GetRepository)
            .remote(github::ListIssues)
            .remote(github::ListPulls)
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
