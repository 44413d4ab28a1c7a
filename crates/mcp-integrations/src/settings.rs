//! What the operator decides about the other systems.

use reqwest::Url;
use secrecy::SecretString;

use crate::browser::BrowserSettings;

/// Where the other systems are and how they are asked. Its `Debug` hides the tokens.
#[derive(Clone, Debug)]
pub struct IntegrationSettings {
    /// GitHub's token, `MCP_GITHUB_TOKEN`. Without it GitHub answers what is public, and little of
    /// it an hour.
    pub github_token: Option<SecretString>,
    /// The base of GitHub's REST API, `MCP_GITHUB_API_URL`; for GitHub Enterprise Server
    /// `https://<host>/api/v3`.
    pub github_api_url: Url,
    /// Figma's token, `MCP_FIGMA_TOKEN`. Without it no Figma action can be called.
    pub figma_token: Option<SecretString>,
    /// The base of Figma's REST API, `MCP_FIGMA_API_URL`; the paths add `/v1`.
    pub figma_api_url: Url,
    /// The browser that opens web pages.
    pub browser: BrowserSettings,
}

impl Default for IntegrationSettings {
    /// The public services, without tokens.
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("a URL");
        Self {
            github_token: None,
            github_api_url: url("https://api.github.com"),
            figma_token: None,
            figma_api_url: url("https://api.figma.com"),
            browser: BrowserSettings::default(),
        }
    }
}
