//! Which WebDriver there is to start a browser with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mcp_core::ActionError;
use reqwest::Url;

use super::fault;
use super::settings::BrowserSettings;
use super::sockets;

/// Where the WebDriver comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Every browser has a ChromeDriver of its own, started from this file.
    Program(PathBuf),
    /// One that runs already.
    Running(Url),
}

impl Source {
    /// What the settings name, or the ChromeDriver of `PATH`.
    pub(super) fn find(settings: &BrowserSettings) -> Result<Self, ActionError> {
        if let Some(url) = &settings.webdriver_url {
            let mut url = url.clone();
            if url.scheme() != "http" {
                return Err(fault::unavailable("MCP_WEBDRIVER_URL must start with http://"));
            }
            if !url.path().ends_with('/') {
                url.set_path(&format!("{}/", url.path()));
            }
            return Ok(Self::Running(url));
        }
        if let Some(program) = &settings.chromedriver {
            return if program.is_file() {
                Ok(Self::Program(program.clone()))
            } else {
                let message = format!(
                    "MCP_CHROMEDRIVER names {}, and there is no such file. {}",
                    program.display(),
                    fault::HOW_TO_INSTALL
                );
                Err(fault::unavailable(message))
            };
        }
        let folders = settings.path.split(':').filter(|folder| !folder.is_empty());
        folders
            .map(|folder| Path::new(folder).join("chromedriver"))
            .find(|program| program.is_file())
            .map(Self::Program)
            .ok_or_else(|| {
                let message = format!("ChromeDriver was not found. {}", fault::HOW_TO_INSTALL);
                fault::unavailable(message)
            })
    }

    /// Whether the browser will run as root, which Chromium's sandbox refuses: as this process
    /// does, or as the WebDriver of this machine that runs already.
    pub(super) fn is_root(&self) -> bool {
        match self {
            Self::Program(_) => rustix::process::geteuid().is_root(),
            Self::Running(url) => {
                let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
                let port = url.port_or_known_default().unwrap_or(80);
                let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
                let is_roots = |address| {
                    matches!(sockets::listener(SocketAddr::new(address, port)), Ok(Some(0)))
                };
                local && loopback.into_iter().any(is_roots)
            }
        }
    }
}
