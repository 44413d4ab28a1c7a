//! One browser with one clean profile, for one call.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mcp_core::ActionError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::devtools::DevToolsError;
use super::egress::{Egress, ProxyClient, Rules};
use super::fault;
use super::settings::BrowserSettings;
use super::source::Source;
use super::switches::Switches;
use super::tab::Tab;
use super::traffic::Traffic;
use super::webdriver::{WebDriver, ends};

/// The timeout of a browser's start.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// The timeout of a small command to a healthy browser.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(3);

/// Dismisses dialogs, because nobody can answer them. A page that calls another program (`mailto:`
/// and the like) would make the browser ask, and block pictures meanwhile. This helps the page; it
/// is not a protection: a page can undo it.
const NO_DIALOGS: &str = r"
    window.alert = window.print = () => {};
    window.confirm = () => false;
    window.prompt = () => null;
    const known = /^(https?|about|blob|chrome|data|devtools|file|filesystem|javascript|view-source):/;
    window.navigation?.addEventListener('navigate', (event) => {
        if (event.cancelable && !known.test(event.destination.url)) event.preventDefault();
    });
";

/// The settings of every session of an engine.
pub(super) struct Launcher {
    pub(super) settings: BrowserSettings,
    pub(super) rules: Arc<Rules>,
}

/// A browser. Dropping it ends it; [`end`](Self::end) also waits for that.
pub(super) struct Session {
    backend: Backend,
    egress: Egress,
}

enum Backend {
    /// A Chromium of this server.
    Own(Tab),
    /// The browser of the operator's WebDriver.
    Remote(WebDriver),
}

impl Launcher {
    /// Starts a browser.
    ///
    /// # Errors
    /// Returns `Unavailable` if the browser is missing or does not start in time.
    pub(super) async fn start(&self) -> Result<Session, ActionError> {
        let source = Source::find(&self.settings)?;
        timeout(START_TIMEOUT, self.start_from(&source))
            .await
            .map_err(|_| fault::not_started("the browser took longer than 20 seconds to start"))?
    }

    async fn start_from(&self, source: &Source) -> Result<Session, ActionError> {
        let rules = Arc::clone(&self.rules);
        let session = match source {
            Source::Program(program) => {
                let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
                let egress = Egress::start(rules, loopback, ProxyClient::own()).await;
                let egress = egress.map_err(fault::not_started)?;
                let switches = Switches::new(egress.address(), source.is_root());
                let tab = Tab::start(program, &switches, &self.settings).await;
                Session { backend: Backend::Own(tab.map_err(fault::not_started)?), egress }
            }
            Source::Running(url) => {
                let (own, browser) = ends(url).await.map_err(fault::not_started)?;
                let port = url.port_or_known_default().unwrap_or(80);
                let client = ProxyClient::of_webdriver(SocketAddr::new(browser, port));
                let client = client.map_err(fault::not_started)?;
                let egress = Egress::start(rules, own, client).await.map_err(fault::not_started)?;
                let switches = Switches::new(egress.address(), source.is_root());
                let driver = WebDriver::start(url, switches.capabilities()).await?;
                Session { backend: Backend::Remote(driver), egress }
            }
        };
        for (command, params) in [
            ("Browser.setDownloadBehavior", json!({"behavior": "deny"})),
            (
                "Page.addScriptToEvaluateOnNewDocument",
                json!({"source": format!("{{{NO_DIALOGS}}}")}),
            ),
        ] {
            session.devtools(command, params).await.map_err(fault::not_started)?;
        }
        Ok(session)
    }
}

impl Session {
    /// Runs a command of the DevTools protocol in the page.
    pub(super) async fn devtools(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<Value, DevToolsError> {
        match &self.backend {
            Backend::Own(tab) => tab.call(None, method, params).await,
            Backend::Remote(driver) => Ok(driver.call(method, params).await?),
        }
    }

    /// Runs a command in the process of this frame.
    pub(super) async fn in_frame(
        &self,
        frame: &str,
        method: &'static str,
        params: Value,
    ) -> Result<Value, DevToolsError> {
        match &self.backend {
            Backend::Own(tab) => tab.call(Some(frame), method, params).await,
            Backend::Remote(_) => self.devtools(method, params).await,
        }
    }

    /// Returns whether this frame has a process of its own that commands can reach.
    pub(super) fn has_own_process(&self, frame: &str) -> bool {
        self.traffic().is_some_and(|traffic| traffic.session_of(frame).is_some())
    }

    /// Returns the network activity, if the browser reports it. A WebDriver does not.
    pub(super) fn traffic(&self) -> Option<&Traffic> {
        match &self.backend {
            Backend::Own(tab) => Some(tab.traffic()),
            Backend::Remote(_) => None,
        }
    }

    /// Returns the proxy of this browser.
    pub(super) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Returns whether the browser still answers.
    pub(super) async fn is_alive(&self) -> bool {
        let question = self.devtools("Runtime.evaluate", json!({"expression": "1"}));
        matches!(timeout(COMMAND_TIMEOUT, question).await, Ok(Ok(_)))
    }

    /// Ends the browser with all its processes.
    pub(super) async fn end(self) {
        match self.backend {
            Backend::Own(tab) => tab.end().await,
            Backend::Remote(driver) => driver.end().await,
        }
    }
}
