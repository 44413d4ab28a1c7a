//! One browser with one clean profile, for one call.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use mcp_core::ActionError;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::driver::Driver;
use super::egress::{Client as ProxyClient, Egress, Rules};
use super::fault;
use super::settings::BrowserSettings;
use super::source::Source;
use super::switches::capabilities;

/// How long a browser may take to start.
const START: Duration = Duration::from_secs(20);
/// How long a healthy browser takes for a small question, or a remote one to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Nobody is there to answer a dialog: each ends as if it had been dismissed. A page that calls
/// another program (`mailto:` and the like) would have the browser ask about it, and no picture
/// could be taken meanwhile. A convenience to the page, no protection: a page can undo it.
const NO_DIALOGS: &str = r"
    window.alert = window.print = () => {};
    window.confirm = () => false;
    window.prompt = () => null;
    const known = /^(https?|about|blob|chrome|data|devtools|file|filesystem|javascript|view-source):/;
    window.navigation?.addEventListener('navigate', (event) => {
        if (event.cancelable && !known.test(event.destination.url)) event.preventDefault();
    });
";
/// How many dialogs that opened all the same are dismissed while one question is asked.
const DIALOGS: usize = 10;

/// What every session of an engine is started with.
pub(super) struct Launcher {
    pub(super) settings: BrowserSettings,
    pub(super) rules: Arc<Rules>,
}

/// A browser. Dropping it ends it; [`end`](Self::end) also waits for that.
pub(super) struct Session {
    client: Client,
    egress: Egress,
    held_by: HeldBy,
}

/// What ends a browser.
enum HeldBy {
    /// A driver of its own, whose end is its end.
    Driver(Driver),
    /// The driver that the operator runs.
    Remote(Remote),
}

impl Launcher {
    /// Starts a browser.
    pub(super) async fn start(&self) -> Result<Session, ActionError> {
        let source = Source::find(&self.settings)?;
        timeout(START, self.start_from(&source))
            .await
            .map_err(|_| fault::not_started("the browser took longer than 20 seconds to start"))?
    }

    async fn start_from(&self, source: &Source) -> Result<Session, ActionError> {
        let (webdriver, driver, own, proxied) = match source {
            Source::Program(program) => {
                let settings = &self.settings;
                let driver = Driver::start(program, &settings.path, &settings.directory).await;
                let driver = driver.map_err(fault::not_started)?;
                let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
                (driver.url().clone(), Some(driver), loopback, ProxyClient::own())
            }
            Source::Running(url) => {
                let (own, browser) = ends(url).await.map_err(fault::not_started)?;
                let port = url.port_or_known_default().unwrap_or(80);
                let client = ProxyClient::of_webdriver(SocketAddr::new(browser, port));
                (url.clone(), None, own, client.map_err(fault::not_started)?)
            }
        };
        let rules = Arc::clone(&self.rules);
        let egress = Egress::start(rules, own, proxied).await.map_err(fault::not_started)?;
        let wanted = capabilities(egress.address(), source.is_root());
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(webdriver.as_str())
            .await
            .map_err(fault::not_started)?;
        let held_by = if let Some(driver) = driver {
            HeldBy::Driver(driver)
        } else {
            let id = client.session_id().await.map_err(fault::not_started)?;
            HeldBy::Remote(Remote { url: webdriver, id })
        };
        let session = Session { client, egress, held_by };
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
    /// Runs a command of the DevTools protocol (ChromeDriver's extension `goog/cdp/execute`).
    pub(super) async fn devtools(
        &self,
        command: &'static str,
        params: Value,
    ) -> Result<Value, CmdError> {
        let mut asked = 0;
        loop {
            let question = DevTools { command, params: params.clone() };
            match self.client.issue_cmd(question).await {
                // The driver has closed it.
                Err(error) if error.is_unexpected_alert_open() && asked < DIALOGS => asked += 1,
                answer => return answer,
            }
        }
    }

    /// The way out of this browser.
    pub(super) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Whether it still answers.
    pub(super) async fn is_alive(&self) -> bool {
        let question = self.devtools("Runtime.evaluate", json!({"expression": "1"}));
        matches!(timeout(PATIENCE, question).await, Ok(Ok(_)))
    }

    /// Ends it with everything that it started.
    pub(super) async fn end(self) {
        match self.held_by {
            HeldBy::Driver(driver) => driver.end().await,
            HeldBy::Remote(mut remote) => remote.end().await,
        }
    }
}

/// A session of a driver that is not ours.
struct Remote {
    url: Url,
    /// None once it has been ended.
    id: Option<String>,
}

impl Remote {
    async fn end(&mut self) {
        let Some(id) = self.id.take() else { return };
        // A client of its own: the other one may still wait for an answer.
        let (url, connector) = (self.url.as_str(), HttpConnector::new());
        let end = async {
            if let Ok(client) = Client::with_existing_session(url, &id, connector).await {
                client.close().await.ok();
            }
        };
        if timeout(PATIENCE, end).await.is_err() {
            log::warn!("browser: the session at {url} did not end");
        }
    }
}

impl Drop for Remote {
    /// A start that fails half-way, or whose caller goes away, leaves no browser behind.
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) {
            let mut left = Self { url: self.url.clone(), id: Some(id) };
            runtime.spawn(async move { left.end().await });
        }
    }
}

/// The addresses of this machine and of the WebDriver's, as they see each other.
async fn ends(url: &Url) -> std::io::Result<(IpAddr, IpAddr)> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
    Ok((stream.local_addr()?.ip(), stream.peer_addr()?.ip()))
}

type ParseError = <Url as FromStr>::Err;

/// A command of the DevTools protocol.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.params});
        (Method::POST, Some(body.to_string()))
    }
}
