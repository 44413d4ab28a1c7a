//! A page in a browser: opening it, and being sure that it is the page that is read.
//!
//! Invariant: what is said about a document is the browser's own word for it, never a script's; an
//! error page of the browser is never read.

use std::time::Duration;

use fantoccini::error::CmdError;
use mcp_core::ActionError;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::egress::{Fault, Target};
use super::fault;
use super::session::Session;

/// How often it is asked whether the page is still there while a call waits.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often a page is read again because it went on to another one meanwhile.
const READS: usize = 5;

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
        let blank = page.document().await.map_err(fault::lost)?;
        let opened = session.navigate(url).await;
        let document = page.document().await.map_err(fault::lost)?;
        if document.loader == blank.loader {
            return Err(match opened {
                Err(error) if code(&error.to_string()).is_none() => fault::lost(error),
                _ => fault::upstream(format!(
                    "{url} is no page: it is a download, or it has no content."
                )),
            });
        }
        page.check(&document).await?;
        // A page that answered but does not load in time is not what was asked for.
        if let Err(error) = opened
            && code(&error.to_string()).is_none()
        {
            return Err(fault::lost(error));
        }
        Ok(page)
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
    async fn evaluate(&self, document: &Document, expression: &str) -> Result<String, CmdError> {
        let world = json!({"frameId": document.frame});
        let world = self.session.devtools("Page.createIsolatedWorld", world).await?;
        let params = json!({
            "expression": expression,
            "contextId": world["executionContextId"],
            "returnByValue": true,
        });
        let mut answer = self.session.devtools("Runtime.evaluate", params).await?;
        text(answer["result"]["value"].take()).ok_or(CmdError::NotW3C(answer))
    }

    /// A picture as PNG in base64: of the window, or of the document up to this width and height.
    async fn picture(&self, whole: Option<(u32, u32)>) -> Result<String, CmdError> {
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
        text(answer["data"].take()).ok_or(CmdError::NotW3C(answer))
    }

    /// Refuses a document that is not a page of the web.
    async fn check(&self, document: &Document) -> Result<(), ActionError> {
        if let Some(failed) = &document.failed {
            return Err(self.failure(failed, document).await);
        }
        match Url::parse(&document.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
            Ok(url) => Err(fault::not_the_web(url.scheme())),
            Err(error) => Err(ActionError::internal(error)),
        }
    }

    /// Why an address could not be loaded.
    async fn failure(&self, failed: &str, document: &Document) -> ActionError {
        let Ok(url) = Url::parse(failed) else {
            return fault::upstream("The page leads to an address that is none.");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return fault::not_the_web(url.scheme());
        }
        let Some(target) = Target::of(&url) else {
            return fault::upstream("The page leads to an address without a host.");
        };
        let Target { host, port } = &target;
        match self.session.egress().fault(&target) {
            Some(Fault::Forbidden) => return fault::forbidden(host, *port),
            Some(Fault::Unresolved) => {
                return fault::upstream(format!("{host} could not be resolved."));
            }
            Some(Fault::Unreachable) => {
                return fault::upstream(format!("{host}:{port} could not be reached."));
            }
            None => (),
        }
        match self.error_code(document).await.as_deref() {
            Some(
                "ERR_UNSAFE_REDIRECT" | "ERR_UNKNOWN_URL_SCHEME" | "ERR_DISALLOWED_URL_SCHEME",
            ) => fault::not_the_web("that is not of the web"),
            Some("ERR_UNSAFE_PORT") => {
                ActionError::invalid(format!("No browser opens a page at port {port}."))
            }
            Some(code) => fault::upstream(format!("{host}:{port} could not be loaded ({code}).")),
            None => fault::upstream(format!("{host}:{port} could not be loaded.")),
        }
    }

    /// What Chromium calls the fault, from what its own error page shows.
    async fn error_code(&self, document: &Document) -> Option<String> {
        let page = self.evaluate(document, "document.body.innerText").await.ok()?;
        code(&page)
    }

    async fn document(&self) -> Result<Document, CmdError> {
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

/// Chromium's name of a network fault in a text, such as `ERR_CONNECTION_RESET`.
fn code(text: &str) -> Option<String> {
    let start = text.find("ERR_")?;
    let is_part =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let code: String =
        text[start..].chars().take_while(|letter| is_part(*letter)).take(64).collect();
    Some(code)
}
