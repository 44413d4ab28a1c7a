//! A page in a browser: opening it, and being sure that it is the page that is read.
//!
//! Invariant: what is said about a document is the browser's own word for it, never a script's; an
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

/// An expression for the state of a document: a [`Look`] as JSON.
const LOOK: &str = include_str!("look.js");

/// The isolated world of our scripts: with a name, a document has one of them.
const WORLD: &str = "reader";

/// How long a page may take to answer before its script is ended.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// How many scripts are ended that keep a page from answering.
pub(super) const ENDED: usize = 2;

/// A page that is open.
pub(super) struct Page<'a> {
    pub(super) session: &'a Session,
    /// How many documents the browser had shown before.
    before: usize,
    /// How many scripts the server ended because they kept the page from opening.
    pub(super) ended_scripts: usize,
}

/// The document that a page shows (DevTools protocol, `Page.Frame`).
#[derive(PartialEq, Eq)]
pub(super) struct Document {
    pub(super) frame: String,
    /// New with every navigation.
    pub(super) loader: String,
    pub(super) url: String,
    /// The address that could not be loaded, where this is the browser's error page.
    failed: Option<String>,
}

/// The state of a document.
#[derive(Deserialize)]
pub(super) struct Look {
    /// `loading`, `interactive` or `complete`.
    pub(super) state: String,
    /// The size of its content, which stays the same while nothing changes.
    pub(super) size: String,
    /// The status of its HTTP response; 0 if the browser does not tell.
    pub(super) status: u16,
}

impl<'a> Page<'a> {
    /// Opens an address in a window of this many CSS pixels, until its document has begun.
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
            // No document came of it, not even an error page.
            let status = page.status().map(|status| format!("HTTP status {status}, "));
            return Err(fault::upstream(format!(
                "{url} is no page: it is a download, it has no content, or it leads to an address \
                 that does not start with http:// or https:// ({}{}).",
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

    /// Navigates to an address and returns the result and the first document. A script of that
    /// document can delay both: it is ended after [`BUSY`].
    async fn begin(&mut self, url: &Url) -> Result<(Value, Document), ActionError> {
        let session = self.session;
        let mut navigate = pin!(session.devtools("Page.navigate", json!({"url": url.as_str()})));
        let opened = loop {
            match timeout(BUSY, &mut navigate).await {
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
            match timeout(BUSY, self.document()).await {
                Ok(document) => return Ok((opened, document.map_err(fault::lost)?)),
                // Between two documents the answer can get lost.
                Err(_) if self.documents() > 2 => (),
                Err(_) => self.end_busy_script().await?,
            }
        }
    }

    /// Ends the script that keeps the page from opening. Fails after [`ENDED`] scripts.
    async fn end_busy_script(&mut self) -> Result<(), ActionError> {
        if self.ended_scripts == ENDED {
            return Err(fault::busy_page());
        }
        self.ended_scripts += 1;
        self.end_script().await;
        Ok(())
    }

    /// How many documents the page has shown, if the browser reports it.
    pub(super) fn documents(&self) -> usize {
        self.session.traffic().map_or(0, |traffic| traffic.documents() - self.before)
    }

    /// The status of the last response, if the browser reports it.
    fn status(&self) -> Option<u16> {
        self.session.traffic().and_then(Traffic::status)
    }

    /// The state of the document; `None` if it goes away meanwhile.
    pub(super) async fn look(&self, document: &Document) -> Result<Option<Look>, ActionError> {
        match self.evaluate(document, LOOK).await {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(DevToolsError::Rejected(_) | DevToolsError::Incomplete(_)) => Ok(None),
            Err(DevToolsError::Driver(error)) if !fault::is_lost(&error) => Ok(None),
            Err(error) => Err(fault::lost(error)),
        }
    }

    /// Ends the page's scripts and what it loads, so that it leads nowhere.
    pub(super) async fn hold(&self) {
        for (method, params) in [
            ("Emulation.setScriptExecutionDisabled", json!({"value": true})),
            ("Page.stopLoading", json!({})),
        ] {
            // It fails between two documents, and is tried again.
            if let Err(error) = self.session.devtools(method, params).await {
                log::debug!("browser: {error}");
            }
        }
    }

    /// Ends the script that runs now. A WebDriver can not, since it waits for that script itself.
    pub(super) async fn end_script(&self) {
        let end = self.session.devtools("Runtime.terminateExecution", json!({}));
        if !matches!(timeout(Duration::from_secs(1), end).await, Ok(Ok(_))) {
            log::debug!("browser: a script of the page does not end");
        }
    }

    /// The text that a JavaScript expression gives, apart from the page's own scripts.
    pub(super) async fn evaluate(
        &self,
        document: &Document,
        expression: &str,
    ) -> Result<String, DevToolsError> {
        let frame = document.frame.as_str();
        let mut answer = self.evaluate_in(frame, frame, expression, true).await?;
        text(answer["value"].take()).ok_or(DevToolsError::Incomplete(answer))
    }

    /// The value (DevTools protocol, `Runtime.RemoteObject`) of an expression in a frame, whose
    /// process is that of the frame `host`.
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
        let mut answer = self.session.in_frame(host, "Runtime.evaluate", params).await?;
        Ok(answer["result"].take())
    }

    /// Rejects a document that is not a page of the web, or that broke off.
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

    /// What Chromium calls the fault, from what its own error page shows.
    async fn error_code(&self, document: &Document) -> Option<String> {
        let page = self.evaluate(document, "document.body.innerText").await.ok()?;
        code(&page)
    }

    /// The document that the page shows now.
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

/// The text of a JSON string.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
