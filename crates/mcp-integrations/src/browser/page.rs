//! An open page.
//!
//! Invariant: facts about a document come from the browser, never from a script of the page. An
//! error page of the browser is never read.

use std::pin::pin;
use std::time::Duration;

use mcp_core::ActionError;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::devtools::DevToolsError;
use super::failure::{code, failure};
use super::fault;
use super::session::Session;
use super::traffic::Traffic;

/// A JavaScript expression for the state of a document: a [`Look`] as JSON.
const LOOK: &str = include_str!("look.js");

/// The name of the isolated world of our scripts, so that a document has only one.
const WORLD: &str = "reader";

/// How long a page may take to answer before its script is ended.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of scripts that are ended because they keep a page busy.
pub(super) const MAX_ENDED: usize = 2;

/// An open page.
pub(super) struct Page<'a> {
    pub(super) session: &'a Session,
    /// The number of documents that the browser had shown before.
    before: usize,
    /// The number of scripts that the server ended because they kept the page from opening.
    pub(super) ended_scripts: usize,
}

/// The document that a page shows (DevTools protocol, `Page.Frame`).
#[derive(PartialEq, Eq)]
pub(super) struct Document {
    pub(super) frame: String,
    /// New with every navigation.
    pub(super) loader: String,
    pub(super) url: String,
    /// The URL that could not be loaded, if this is the browser's error page.
    failed: Option<String>,
}

/// The state of a document.
#[derive(Deserialize)]
pub(super) struct Look {
    /// `loading`, `interactive` or `complete`.
    pub(super) state: String,
    /// The size of its content: it changes with the content.
    pub(super) size: String,
    /// The status of its HTTP response; 0 if the browser does not know it.
    pub(super) status: u16,
}

impl<'a> Page<'a> {
    /// Opens a URL in a window of this size, until its document has begun.
    pub(super) async fn open(
        session: &'a Session,
        url: &Url,
        (width, height): (u32, u32),
    ) -> Result<Self, ActionError> {
        let window =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        session
            .devtools("Emulation.setDeviceMetricsOverride", window)
            .await
            .map_err(fault::lost)?;
        let before = session.traffic().map_or(0, Traffic::documents);
        let mut page = Self { session, before, ended_scripts: 0 };
        let (opened, document) = page.begin(url).await?;
        if let (Some(error), None) = (opened["errorText"].as_str(), &document.failed) {
            // The browser shows nothing, not even an error page.
            let status = page.status().map(|status| format!("HTTP status {status}, "));
            return Err(fault::upstream(format!(
                "{url} is not a page: it is a download, it has no content, or it leads to a URL that \
                 does not start with http:// or https:// ({}{})",
                status.unwrap_or_default(),
                code(error).unwrap_or_default()
            )));
        }
        if let Some(failed) = &document.failed {
            let code = opened["errorText"].as_str().and_then(code);
            return Err(failure(session.egress(), failed, code.as_deref(), page.status()));
        }
        Ok(page)
    }

    /// Navigates to a URL and returns the result and the first document. A script of that document
    /// can delay both: it is ended after [`BUSY_TIMEOUT`].
    async fn begin(&mut self, url: &Url) -> Result<(Value, Document), ActionError> {
        let session = self.session;
        let mut navigate = pin!(session.devtools("Page.navigate", json!({"url": url.as_str()})));
        let opened = loop {
            match timeout(BUSY_TIMEOUT, &mut navigate).await {
                Ok(opened) => break opened.map_err(fault::lost)?,
                // The server has not answered yet, or the browser does not report it.
                Err(_) if self.documents() == 0 && self.status().is_none() => (),
                Err(_) => self.end_busy_script().await?,
            }
        };
        if session.traffic().is_none() {
            return Ok((opened, self.document().await.map_err(fault::lost)?));
        }
        loop {
            match timeout(BUSY_TIMEOUT, self.document()).await {
                Ok(document) => return Ok((opened, document.map_err(fault::lost)?)),
                // Between two documents the answer can get lost.
                Err(_) if self.documents() > 2 => (),
                Err(_) => self.end_busy_script().await?,
            }
        }
    }

    /// Ends the script that keeps the page from opening. Fails after [`MAX_ENDED`] scripts.
    async fn end_busy_script(&mut self) -> Result<(), ActionError> {
        if self.ended_scripts == MAX_ENDED {
            return Err(fault::busy_page());
        }
        self.ended_scripts += 1;
        self.end_script().await;
        Ok(())
    }

    /// Returns the number of documents that the page has shown, if the browser reports it.
    pub(super) fn documents(&self) -> usize {
        self.session.traffic().map_or(0, |traffic| traffic.documents() - self.before)
    }

    /// Returns the status of the last response, if the browser reports it.
    fn status(&self) -> Option<u16> {
        self.session.traffic().and_then(Traffic::status)
    }

    /// Returns the state of the document; `None` if it is being replaced.
    pub(super) async fn look(&self, document: &Document) -> Result<Option<Look>, ActionError> {
        match self.evaluate(document, LOOK).await {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(DevToolsError::Rejected(_) | DevToolsError::Incomplete(_)) => Ok(None),
            Err(DevToolsError::Driver(error)) if !fault::is_lost(&error) => Ok(None),
            Err(error) => Err(fault::lost(error)),
        }
    }

    /// Disables the page's scripts and stops loading, so that the page stays at its document.
    pub(super) async fn hold(&self) {
        for (method, params) in [
            ("Emulation.setScriptExecutionDisabled", json!({"value": true})),
            ("Page.stopLoading", json!({})),
        ] {
            // A command fails between two documents; the caller tries again.
            if let Err(error) = self.session.devtools(method, params).await {
                log::debug!("browser: {error}");
            }
        }
    }

    /// Ends the running script. A WebDriver cannot, since it waits for that script itself.
    pub(super) async fn end_script(&self) {
        let end = self.session.devtools("Runtime.terminateExecution", json!({}));
        if !matches!(timeout(Duration::from_secs(1), end).await, Ok(Ok(_))) {
            log::debug!("browser: a script of the page does not end");
        }
    }

    /// Evaluates a JavaScript expression in an isolated world, and returns its string.
    pub(super) async fn evaluate(
        &self,
        document: &Document,
        expression: &str,
    ) -> Result<String, DevToolsError> {
        let frame = document.frame.as_str();
        let mut result = self.evaluate_in(frame, frame, expression, true).await?;
        text(result["value"].take()).ok_or(DevToolsError::Incomplete(result))
    }

    /// Evaluates an expression in a frame, and returns its value (DevTools protocol,
    /// `Runtime.RemoteObject`). `host` is the frame whose process shows the frame.
    pub(super) async fn evaluate_in(
        &self,
        host: &str,
        frame: &str,
        expression: &str,
        by_value: bool,
    ) -> Result<Value, DevToolsError> {
        let world = json!({"frameId": frame, "worldName": WORLD});
        let world = self.session.in_frame(host, "Page.createIsolatedWorld", world).await?;
        let params = json!({
            "expression": expression,
            "contextId": world["executionContextId"],
            "returnByValue": by_value,
        });
        let mut response = self.session.in_frame(host, "Runtime.evaluate", params).await?;
        Ok(response["result"].take())
    }

    /// Rejects a document that is not a web page.
    pub(super) async fn check(&self, document: &Document) -> Result<(), ActionError> {
        if let Some(failed) = &document.failed {
            let code = self.error_code(document).await;
            let egress = self.session.egress();
            return Err(failure(egress, failed, code.as_deref(), self.status()));
        }
        match Url::parse(&document.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
            Ok(url) => Err(fault::not_the_web(Some(url.scheme()))),
            Err(error) => Err(ActionError::internal(error)),
        }
    }

    /// Returns Chromium's name of the error, as its error page shows it.
    async fn error_code(&self, document: &Document) -> Option<String> {
        let page = self.evaluate(document, "document.body.innerText").await.ok()?;
        code(&page)
    }

    /// Returns the document that the page shows now.
    pub(super) async fn document(&self) -> Result<Document, DevToolsError> {
        let mut tree = self.session.devtools("Page.getFrameTree", json!({})).await?;
        Ok(Document::of(&mut tree["frameTree"]["frame"]))
    }
}

impl Document {
    fn of(frame: &mut Value) -> Self {
        let mut field = |name: &str| text(frame[name].take());
        let fragment = field("urlFragment").unwrap_or_default();
        Self {
            frame: field("id").unwrap_or_default(),
            loader: field("loaderId").unwrap_or_default(),
            url: field("url").unwrap_or_default() + &fragment,
            failed: field("unreachableUrl"),
        }
    }
}

/// Returns the text of a JSON string.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
