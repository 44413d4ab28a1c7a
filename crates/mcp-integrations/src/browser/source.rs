//! Where a browser comes from.

use std::path::{Path, PathBuf};

use mcp_core::ActionError;
use reqwest::Url;

use super::fault;
use super::settings::BrowserSettings;

/// The names of Chromium's program, in the order of preference.
const PROGRAMS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Where a browser comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A Chromium, started from this file.
    Program(PathBuf),
    /// A running WebDriver.
    Running(Url),
}

impl Source {
    /// The WebDriver or program that the settings name, or the Chromium of `PATH`.
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
            return Err(fault::missing(&format!("MCP_CHROMIUM: there is no file \"{path}\"")));
        }
        let folders = || settings.path.split(':').filter(|folder| !folder.is_empty());
        PROGRAMS
            .iter()
            .flat_map(|program| folders().map(move |folder| Path::new(folder).join(program)))
            .find(|program| program.is_file())
            .map(Self::Program)
            .ok_or_else(|| fault::missing("Chromium is not installed"))
    }

    /// Whether the browser will run as root, which Chromium's sandbox refuses: as this process
    /// does, or as the WebDriver of this machine that runs already.
    pub(super) fn is_root(&self) -> bool {
        match self {
            Self::Program(_) => rustix::process::geteuid().is_root(),
            Self::Running(url) => {
                let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
                local && listener_is_root(url.port_or_known_default().unwrap_or(80))
            }
        }
    }
}

/// Whether root listens at this port of this machine (proc(5), `/proc/net/tcp`).
fn listener_is_root(port: u16) -> bool {
    let end = format!(":{port:04X}");
    let is_roots = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next(), fields.nth(1));
        // 0A is LISTEN.
        local.is_some_and(|local| local.ends_with(&end))
            && state == Some("0A")
            && fields.nth(3) == Some("0")
    };
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .any(|table| table.lines().any(is_roots))
}
