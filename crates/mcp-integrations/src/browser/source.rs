//! The source of a browser: a program or a WebDriver.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mcp_core::ActionError;
use reqwest::Url;

use super::fault;
use super::settings::BrowserSettings;
use super::sockets;

/// The names of Chromium's program, in order of preference.
const PROGRAMS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A Chromium to start from this file.
    Program(PathBuf),
    /// A running WebDriver.
    Running(Url),
}

impl Source {
    /// Returns the WebDriver or the program of the settings, or the Chromium in `PATH`.
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
        if let Some(program) = &settings.chromium {
            if program.is_file() {
                return Ok(Self::Program(program.clone()));
            }
            let path = program.display();
            return Err(fault::missing(&format!("MCP_CHROMIUM: cannot find the file \"{path}\"")));
        }
        let folders = || settings.path.split(':').filter(|folder| !folder.is_empty());
        PROGRAMS
            .iter()
            .flat_map(|program| folders().map(move |folder| Path::new(folder).join(program)))
            .find(|program| program.is_file())
            .map(Self::Program)
            .ok_or_else(|| fault::missing("Chromium is not installed"))
    }

    /// Returns whether the browser will run as root, which Chromium's sandbox rejects: as a child
    /// of this process, or as a child of a WebDriver on this machine.
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
