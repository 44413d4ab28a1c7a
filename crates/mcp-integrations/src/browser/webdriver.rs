//! The browser of the operator's WebDriver (`MCP_WEBDRIVER_URL`).
//!
//! ChromeDriver's extension `goog/cdp/execute` runs commands of the DevTools protocol. It reports
//! no events, and cannot reach frames with a process of their own.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use mcp_core::ActionError;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::fault;

/// The timeout for ending a session.
const END_TIMEOUT: Duration = Duration::from_secs(3);
/// The maximum number of dialogs that are dismissed during one command.
const MAX_DIALOGS: usize = 10;

/// A session of the WebDriver. Dropping it ends it; [`end`](Self::end) also waits for that.
pub(super) struct WebDriver {
    client: Client,
    remote: Remote,
}

impl WebDriver {
    /// Starts a session of the WebDriver at `url`.
    pub(super) async fn start(url: &Url, wanted: Capabilities) -> Result<Self, ActionError> {
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(url.as_str())
            .await
            .map_err(fault::not_started)?;
        let id = client.session_id().await.map_err(fault::not_started)?;
        Ok(Self { client, remote: Remote { url: url.clone(), id } })
    }

    /// Runs a command of the DevTools protocol.
    pub(super) async fn call(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<Value, CmdError> {
        let mut dialogs = 0;
        loop {
            let command = DevTools { command: method, params: params.clone() };
            match self.client.issue_cmd(command).await {
                // The driver has dismissed the dialog.
                Err(error) if error.is_unexpected_alert_open() && dialogs < MAX_DIALOGS => {
                    dialogs += 1;
                }
                result => return result,
            }
        }
    }

    pub(super) async fn end(mut self) {
        self.remote.end().await;
    }
}

/// The id of a session, to end it with.
struct Remote {
    url: Url,
    /// `None` after the end.
    id: Option<String>,
}

impl Remote {
    async fn end(&mut self) {
        let Some(id) = self.id.take() else { return };
        // A client of its own, because the other one may still wait for a result.
        let (url, connector) = (self.url.as_str(), HttpConnector::new());
        let end = async {
            if let Ok(client) = Client::with_existing_session(url, &id, connector).await {
                client.close().await.ok();
            }
        };
        if timeout(END_TIMEOUT, end).await.is_err() {
            log::warn!("browser: the session at {url} did not end");
        }
    }
}

impl Drop for Remote {
    /// Ends the session if a start fails, or if its caller is gone.
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) {
            let mut left = Self { url: self.url.clone(), id: Some(id) };
            runtime.spawn(async move { left.end().await });
        }
    }
}

/// Returns the addresses of this machine and of the WebDriver's, as they see each other.
pub(super) async fn ends(url: &Url) -> std::io::Result<(IpAddr, IpAddr)> {
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
