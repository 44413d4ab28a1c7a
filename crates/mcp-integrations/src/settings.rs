//! The settings of the other systems.

use reqwest::Url;
use secrecy::SecretString;

use crate::browser::BrowserSettings;

/// The addresses and tokens of the other systems. `Debug` hides the tokens.
#[derive(Clone, Debug)]
pub struct IntegrationSettings {
    /// GitHub's token, `MCP_GITHUB_TOKEN`. Without it, GitHub returns public data only, with a low rate
    /// limit.
    pub github_token: Option<SecretString>,
    /// The base URL of GitHub's REST API, `MCP_GITHUB_API_URL`. For GitHub Enterprise Server:
    /// `https://<host>/api/v3`.
    pub github_api_url: Url,
    /// Figma's token, `MCP_FIGMA_TOKEN`. All Figma actions require it.
    pub figma_token: Option<SecretString>,
    /// The base URL of Figma's REST API, `MCP_FIGMA_API_URL`, without `/v1`.
    pub figma_api_url: Url,
    /// The browser of web pages.
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
