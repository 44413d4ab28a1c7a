//! The page of a Chromium that the server starts.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::chromium::Chromium;
use super::devtools::{Command, DevToolsError};
use super::pipe::Pipe;
use super::settings::BrowserSettings;
use super::switches::Switches;
use super::traffic::{Traffic, observe};

pub(super) struct Tab {
    chromium: Chromium,
    pipe: Pipe,
    traffic: Arc<Traffic>,
    session: String,
}

impl Tab {
    /// Starts this program with an empty page.
    pub(super) async fn start(
        program: &Path,
        switches: &Switches,
        settings: &BrowserSettings,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (chromium, socket) =
            Chromium::start(program, switches, &settings.path, &settings.directory)?;
        let traffic = Arc::<Traffic>::default();
        let pipe = Pipe::new(socket, Arc::clone(&traffic));
        let page = json!({"url": "about:blank"});
        let page = browser(&pipe, "Target.createTarget", page, "targetId").await?;
        let attach = json!({"targetId": page, "flatten": true});
        let session = browser(&pipe, "Target.attachToTarget", attach, "sessionId").await?;
        traffic.set_page(&session, &page);
        for command in observe(&session) {
            pipe.call(command).await?;
        }
        Ok(Self { chromium, pipe, traffic, session })
    }

    /// Runs a command in the process of this frame, or of the page.
    pub(super) async fn call(
        &self,
        frame: Option<&str>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, DevToolsError> {
        let own = frame.and_then(|frame| self.traffic.session_of(frame));
        let session = Some(own.unwrap_or_else(|| self.session.clone()));
        self.pipe.call(Command { session, method, params }).await
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Ends Chromium and everything that it started.
    pub(super) async fn end(self) {
        self.chromium.end().await;
    }
}

/// Runs a command of the browser itself and returns this field of its result.
async fn browser(
    pipe: &Pipe,
    method: &'static str,
    params: Value,
    member: &str,
) -> Result<String, DevToolsError> {
    let mut result = pipe.call(Command { session: None, method, params }).await?;
    match result[member].take() {
        Value::String(text) => Ok(text),
        _ => Err(DevToolsError::Incomplete(result)),
    }
}
