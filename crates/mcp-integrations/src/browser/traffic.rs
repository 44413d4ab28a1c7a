//! The state that a browser's events report: open requests, frames with a process of their own, the
//! status of the page's document.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::devtools::Command;

/// The maximum number of tracked requests and of tracked frames.
const MAX_TRACKED: usize = 10_000;

/// The network activity of one browser.
#[derive(Default)]
pub(super) struct Traffic(Mutex<Activity>);

#[derive(Default)]
struct Activity {
    /// The session and the frame of the page.
    page: (String, String),
    /// The requests without a result, by session and request id.
    open: HashMap<(String, String), Request>,
    /// When a request last began or ended.
    changed: Option<Instant>,
    /// The sessions of frames with a process of their own, by frame id.
    frames: HashMap<String, String>,
    /// The number of documents that the page has shown.
    documents: usize,
    /// The status of the last response to a request for the page's document.
    status: Option<u16>,
    /// The loader and the error of the page's last document that broke off.
    broken: Option<(String, String)>,
}

struct Request {
    loader: String,
    /// The resource type, such as `Stylesheet`.
    kind: String,
}

/// Returns the commands that make a session report its events.
pub(super) fn observe(session: &str) -> Vec<Command> {
    let follow = json!({"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true});
    [
        ("Inspector.enable", json!({})),
        ("Page.enable", json!({})),
        // The smallest buffers: nobody reads the bodies.
        ("Network.enable", json!({"maxTotalBufferSize": 1, "maxResourceBufferSize": 1})),
        ("Target.setAutoAttach", follow),
    ]
    .map(|(method, params)| Command { session: Some(session.to_owned()), method, params })
    .into()
}

impl Traffic {
    /// Sets the session and the frame of the page.
    pub(super) fn set_page(&self, session: &str, frame: &str) {
        self.0.lock().page = (session.to_owned(), frame.to_owned());
    }

    /// Returns the number of open requests, and for how long it has been unchanged.
    pub(super) fn open(&self) -> (usize, Duration) {
        let state = self.0.lock();
        let since = state.changed.map_or(Duration::MAX, |changed| changed.elapsed());
        (state.open.len(), since)
    }

    /// Returns whether the page waits for a style sheet, without which Chromium draws nothing.
    pub(super) fn awaits_styles(&self) -> bool {
        self.0.lock().open.values().any(|request| request.kind == "Stylesheet")
    }

    /// Returns the number of documents that the page has shown.
    pub(super) fn documents(&self) -> usize {
        self.0.lock().documents
    }

    /// Returns the status of the last response to a request for the page's document.
    pub(super) fn status(&self) -> Option<u16> {
        self.0.lock().status
    }

    /// Returns the error of the document of this loader, if it broke off.
    pub(super) fn broken(&self, loader: &str) -> Option<String> {
        let state = self.0.lock();
        state.broken.as_ref().filter(|(broken, _)| broken == loader).map(|(_, why)| why.clone())
    }

    /// Returns the session of this frame, if the frame has a process of its own.
    pub(super) fn session_of(&self, frame: &str) -> Option<String> {
        self.0.lock().frames.get(frame).cloned()
    }

    /// Handles an event and returns the commands that it requires.
    pub(super) fn event(&self, session: &str, method: &str, params: &Value) -> Vec<Command> {
        let text = |name: &str| params[name].as_str().unwrap_or_default();
        let mut state = self.0.lock();
        match method {
            "Network.requestWillBeSent" => {
                // A stream has no end, and a ping has no reader.
                let kind = text("type");
                if text("requestId") == text("loaderId") && state.is_page(session, text("frameId"))
                {
                    state.status = None;
                }
                if !matches!(
                    kind,
                    "EventSource" | "Media" | "Ping" | "Prefetch" | "CSPViolationReport"
                ) && state.open.len() < MAX_TRACKED
                {
                    let (kind, loader) = (kind.to_owned(), text("loaderId").to_owned());
                    let request = (session.to_owned(), text("requestId").to_owned());
                    state.open.insert(request, Request { loader, kind });
                    state.changed = Some(Instant::now());
                }
            }
            "Network.responseReceived" => {
                let is_document = text("requestId") == text("loaderId");
                if is_document && state.is_page(session, text("frameId")) {
                    let status = params["response"]["status"].as_u64();
                    state.status = status.and_then(|status| u16::try_from(status).ok());
                }
            }
            "Network.loadingFinished" | "Network.loadingFailed" => {
                let request = (session.to_owned(), text("requestId").to_owned());
                if method == "Network.loadingFailed" && session == state.page.0 {
                    state.broken = Some((request.1.clone(), text("errorText").to_owned()));
                }
                if state.open.remove(&request).is_some() {
                    state.changed = Some(Instant::now());
                }
            }
            // The requests of the previous document end without an event.
            "Page.frameNavigated" => {
                let frame = |name: &str| params["frame"][name].as_str().unwrap_or_default();
                if state.is_page(session, frame("id")) {
                    state.documents += 1;
                    let loader = frame("loaderId");
                    state.open.retain(|_, request| request.loader == loader);
                }
            }
            "Target.attachedToTarget" => {
                let target = &params["targetInfo"];
                let own = text("sessionId");
                if target["type"] == "iframe" && state.frames.len() < MAX_TRACKED {
                    let frame = target["targetId"].as_str().unwrap_or_default();
                    state.frames.insert(frame.to_owned(), own.to_owned());
                    return observe(own);
                }
            }
            "Target.detachedFromTarget" => {
                let own = text("sessionId");
                state.frames.retain(|_, known| known != own);
                state.open.retain(|(known, _), _| known != own);
            }
            // Nobody can answer the dialog.
            "Page.javascriptDialogOpening" => {
                return vec![Command {
                    session: Some(session.to_owned()),
                    method: "Page.handleJavaScriptDialog",
                    params: json!({"accept": false}),
                }];
            }
            _ => (),
        }
        Vec::new()
    }
}

impl Activity {
    fn is_page(&self, session: &str, frame: &str) -> bool {
        self.page.0 == session && self.page.1 == frame
    }
}
