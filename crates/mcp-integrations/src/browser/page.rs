//! A page in a browser: opening it, and being sure that it is the page that is read.
//!
//! Invariant: what is said about a document is the browser's own word for it, never a script's; an
//! error page of the browser is never read.

use std::time::Duration;

use mcp_core::ActionError;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::devtools::DevToolsError;
use super::failure::{code, failure};
use super::fault;
use super::session::Session;

/// How often it is asked whether the page is still there while a call waits.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a loaded page must stay until it is taken for the one that was meant.
const SETTLED: Duration = Duration::from_millis(30);
/// For how long a page may be neither loaded nor have a connection by which more of it could come.
/// What came is parsed meanwhile, and may be much.
const QUIET: Duration = Duration::from_secs(4);
/// How often a page is read again because it went on to another one meanwhile.
const READS: usize = 5;

/// The expression for a property of the document: an element of that name would stand before it
/// (<https://html.spec.whatwg.org/#dom-document-nameditem>).
pub(super) fn of_document(name: &str) -> String {
    format!("Object.getOwnPropertyDescriptor(Document.prototype, '{name}').get.call(document)")
}

/// What is wanted of a page.
pub(super) enum Reading {
    /// The text that a JavaScript expression gives.
    Expression(String),
    /// A picture as PNG in base64: of the window, or of the document up to this width and height
    /// in CSS pixels.
    Picture { whole: Option<(u32, u32)> },
}

/// A page that is open.
pub(super) struct Page<'a> {
    session: &'a Session,
}

/// The document that a page shows (DevTools protocol, `Page.Frame`).
#[derive(PartialEq, Eq)]
struct Document {
    frame: String,
    /// New with every navigation.
    loader: String,
    url: String,
    /// The address that could not be loaded, where this is the browser's error page.
    failed: Option<String>,
}

impl<'a> Page<'a> {
    /// Opens an address in a window of this many CSS pixels.
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
        let page = Self { session };
        let address = json!({"url": url.as_str()});
        let opened = session.devtools("Page.navigate", address).await.map_err(fault::lost)?;
        let document = page.document().await.map_err(fault::lost)?;
        if let (Some(error), None) = (opened["errorText"].as_str(), &document.failed) {
            // No document came of it, not even an error page.
            return Err(fault::upstream(format!(
                "{url} is no page: it is a download, it has no content, or it leads to an address \
                 that does not start with http:// or https:// ({}).",
                code(error).unwrap_or_default()
            )));
        }
        if let Some(failed) = &document.failed {
            let code = opened["errorText"].as_str().and_then(code);
            return Err(failure(session.egress(), failed, code.as_deref()));
        }
        page.until_loaded().await?;
        Ok(page)
    }

    /// Waits until the page has loaded and stays for a moment: many lead on to another one.
    async fn until_loaded(&self) -> Result<(), ActionError> {
        let mut loaded = None;
        let mut quiet_since = None;
        let mut pause = SETTLED / 8;
        loop {
            let document = self.document().await.map_err(fault::lost)?;
            self.check(&document).await?;
            let state = self.evaluate(&document, &of_document("readyState")).await;
            let is_loaded = state.is_ok_and(|state| state == "complete");
            if !is_loaded {
                loaded = None;
                quiet_since = quiet_since.filter(|_| self.session.egress().is_quiet());
                if quiet_since.get_or_insert_with(Instant::now).elapsed() >= QUIET {
                    return Err(fault::upstream(format!(
                        "{} did not load to its end: its connection broke off.",
                        document.url
                    )));
                }
            } else if loaded.as_ref() == Some(&document.loader) {
                return Ok(());
            } else {
                loaded = Some(document.loader);
                pause = SETTLED;
            }
            sleep(pause).await;
            pause = (pause * 2).min(SETTLED);
        }
    }

    /// Waits, and finds out early when the browser ends meanwhile.
    pub(super) async fn wait_until(&self, end: Instant) -> Result<(), ActionError> {
        while Instant::now() < end {
            sleep_until(end.min(Instant::now() + HEARTBEAT)).await;
            self.document().await.map_err(fault::lost)?;
        }
        Ok(())
    }

    /// What is wanted of the page, and the address of the document that it was read from. It is
    /// read again when the page went on to another document meanwhile.
    pub(super) async fn read(&self, reading: &Reading) -> Result<(String, String), ActionError> {
        let mut last = None;
        for _ in 0..READS {
            let before = self.document().await.map_err(fault::lost)?;
            self.check(&before).await?;
            let done = match reading {
                Reading::Expression(expression) => self.evaluate(&before, expression).await,
                Reading::Picture { whole } => self.picture(*whole).await,
            };
            let after = self.document().await.map_err(fault::lost)?;
            match done {
                Ok(value) if after.loader == before.loader => return Ok((value, after.url)),
                Ok(_) => (),
                Err(error) => last = Some(error),
            }
        }
        let message = "The page does not stay: it goes on to another one all the time.";
        Err(last.map_or_else(|| fault::upstream(message), fault::lost))
    }

    /// The text that a JavaScript expression gives, apart from the page's own scripts.
    async fn evaluate(
        &self,
        document: &Document,
        expression: &str,
    ) -> Result<String, DevToolsError> {
        let world = json!({"frameId": document.frame});
        let world = self.session.devtools("Page.createIsolatedWorld", world).await?;
        let params = json!({
            "expression": expression,
            "contextId": world["executionContextId"],
            "returnByValue": true,
        });
        let mut answer = self.session.devtools("Runtime.evaluate", params).await?;
        text(answer["result"]["value"].take()).ok_or(DevToolsError::Incomplete(answer))
    }

    /// A picture as PNG in base64: of the window, or of the document up to this width and height.
    async fn picture(&self, whole: Option<(u32, u32)>) -> Result<String, DevToolsError> {
        let mut params = json!({"format": "png"});
        if let Some((widest, highest)) = whole {
            let mut sizes = self.session.devtools("Page.getLayoutMetrics", json!({})).await?;
            let content = sizes["cssContentSize"].take();
            let length = |name: &str, most: u32| {
                content[name].as_f64().unwrap_or(1.0).ceil().clamp(1.0, f64::from(most))
            };
            params["captureBeyondViewport"] = json!(true);
            params["clip"] = json!({
                "x": 0, "y": 0, "scale": 1,
                "width": length("width", widest), "height": length("height", highest),
            });
        }
        let mut answer = self.session.devtools("Page.captureScreenshot", params).await?;
        text(answer["data"].take()).ok_or(DevToolsError::Incomplete(answer))
    }

    /// Refuses a document that is not a page of the web.
    async fn check(&self, document: &Document) -> Result<(), ActionError> {
        if let Some(failed) = &document.failed {
            let code = self.error_code(document).await;
            return Err(failure(self.session.egress(), failed, code.as_deref()));
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

    async fn document(&self) -> Result<Document, DevToolsError> {
        let mut tree = self.session.devtools("Page.getFrameTree", json!({})).await?;
        let mut frame = tree["frameTree"]["frame"].take();
        let mut field = |name: &str| text(frame[name].take());
        let fragment = field("urlFragment").unwrap_or_default();
        Ok(Document {
            frame: field("id").unwrap_or_default(),
            loader: field("loaderId").unwrap_or_default(),
            url: field("url").unwrap_or_default() + &fragment,
            failed: field("unreachableUrl"),
        })
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
