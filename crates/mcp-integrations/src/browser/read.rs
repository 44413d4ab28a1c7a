//! Reads an open page.

use mcp_core::ActionError;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::devtools::DevToolsError;
use super::fault;
use super::page::{Page, text};

/// A function for the text of a document.
const TEXT: &str = include_str!("text.js");
/// How often a page is read again because it went on to another document meanwhile.
const READS: usize = 20;
/// How many frames a page's text comes from, and how deep they may be nested.
const FRAMES: usize = 64;
const DEPTH: usize = 8;
/// The longest title, in UTF-16 code units.
const LONGEST_TITLE: usize = 4096;

/// The part of a page that a call reads.
pub(super) enum Reading {
    Title,
    /// The visible text, up to this many UTF-16 code units.
    Text(usize),
    /// A picture as PNG in base64: of the window, or of the document up to this width and height
    /// in CSS pixels.
    Picture {
        whole: Option<(u32, u32)>,
    },
}

/// A page that was read.
pub(super) struct Readout {
    /// The title, the text or the picture.
    pub(super) value: String,
    /// The address of the document.
    pub(super) url: String,
    /// The status of its HTTP response, unless it was a success.
    pub(super) status: Option<u16>,
    /// Why the page may be incomplete, if it may.
    pub(super) incomplete: Option<String>,
    /// Which part of the document the picture lacks, if any.
    pub(super) cut: Option<String>,
}

impl Page<'_> {
    /// Reads the page. It is read again when it went on to another document meanwhile.
    pub(super) async fn read(&self, reading: &Reading) -> Result<Readout, ActionError> {
        let mut last = None;
        for _ in 0..READS {
            let before = self.document().await.map_err(fault::lost)?;
            self.check(&before).await?;
            let look = self.look(&before).await?;
            let mut cut = None;
            let done = match reading {
                Reading::Title => {
                    let title = "Object.getOwnPropertyDescriptor(Document.prototype, 'title')";
                    let limit = LONGEST_TITLE;
                    let title =
                        format!("{title}.get.call(document).slice(0, {limit}).toWellFormed()");
                    self.evaluate(&before, &title).await
                }
                Reading::Text(units) => self.text(&before.frame, *units).await,
                Reading::Picture { whole } => self.picture(*whole, &mut cut).await,
            };
            let after = self.document().await.map_err(fault::lost)?;
            match done {
                Ok(value) if after.loader == before.loader => {
                    let status = look.map(|look| look.status);
                    let status =
                        status.filter(|status| *status > 0 && !(200..300).contains(status));
                    return Ok(Readout { value, url: after.url, status, incomplete: None, cut });
                }
                Err(error @ (DevToolsError::Crashed | DevToolsError::Ended)) => {
                    return Err(fault::lost(error));
                }
                Err(error) if after.loader == before.loader => last = Some(error),
                Ok(_) | Err(_) => (),
            }
            sleep(Duration::from_millis(20)).await;
        }
        let message = "the page keeps loading another document: open the address that it leads to";
        Err(last.map_or_else(|| fault::upstream(message), fault::lost))
    }

    /// The visible text of the document and its frames.
    async fn text(&self, frame: &str, units: usize) -> Result<String, DevToolsError> {
        let mut text = String::new();
        let mut is_whole = true;
        // Frames still to be read, the next one last: frame, the frame of its process, depth.
        let mut parts = vec![Part::Frame { id: frame.into(), host: frame.into(), depth: 0 }];
        let mut frames = 0;
        while let Some(part) = parts.pop() {
            match part {
                Part::Text(part) => text.push_str(&part),
                Part::Frame { id, host, depth } => {
                    if text.len() >= units.saturating_mul(4) || frames >= FRAMES || depth > DEPTH {
                        continue;
                    }
                    frames += 1;
                    is_whole = frames == 1;
                    match self.parts(&id, &host, depth, units).await {
                        Ok(found) => parts.extend(found.into_iter().rev()),
                        // A frame that is gone, or that the WebDriver does not reach.
                        Err(DevToolsError::Crashed | DevToolsError::Ended) if depth == 0 => {
                            return Err(DevToolsError::Ended);
                        }
                        Err(error) if depth == 0 => return Err(error),
                        Err(error) => log::debug!("browser: a frame: {error}"),
                    }
                }
            }
        }
        Ok(if is_whole { text } else { without_gaps(&text) })
    }

    /// The text of one frame, with the frames inside.
    async fn parts(
        &self,
        id: &str,
        host: &str,
        depth: usize,
        units: usize,
    ) -> Result<Vec<Part>, DevToolsError> {
        if depth > 0 && self.is_error_page(id, host).await? {
            return Ok(Vec::new());
        }
        let expression = format!("({TEXT})({units})");
        let mut result = self.evaluate_in(host, id, &expression, true).await?;
        let json = text(result["value"].take()).ok_or(DevToolsError::Incomplete(result))?;
        let mut parts = Vec::new();
        for part in serde_json::from_str::<Vec<Value>>(&json).unwrap_or_default() {
            match part {
                Value::String(text) => parts.push(Part::Text(text)),
                index => {
                    // The frame may be gone, or its element have none.
                    if let Ok(Some(id)) = self.frame_at(id, host, &index).await {
                        let host = if self.session.has_own_process(&id) {
                            id.clone()
                        } else {
                            host.into()
                        };
                        parts.push(Part::Frame { id, host, depth: depth + 1 });
                    }
                }
            }
        }
        Ok(parts)
    }

    /// The id of the frame with this index in the last text of a frame.
    async fn frame_at(
        &self,
        id: &str,
        host: &str,
        index: &Value,
    ) -> Result<Option<String>, DevToolsError> {
        let element = self
            .evaluate_in(host, id, &format!("globalThis.framesOfText?.[{index}]"), false)
            .await?;
        let element = json!({"objectId": element["objectId"]});
        let mut node = self.session.in_frame(host, "DOM.describeNode", element).await?;
        Ok(text(node["node"]["frameId"].take()))
    }

    /// Whether a frame shows an error page of the browser.
    async fn is_error_page(&self, id: &str, host: &str) -> Result<bool, DevToolsError> {
        let tree = self.session.in_frame(host, "Page.getFrameTree", json!({})).await?;
        let mut trees = vec![&tree["frameTree"]];
        while let Some(tree) = trees.pop() {
            if tree["frame"]["id"] == id {
                return Ok(tree["frame"]["unreachableUrl"].is_string());
            }
            trees.extend(tree["childFrames"].as_array().into_iter().flatten());
        }
        Ok(true)
    }

    /// A picture as PNG in base64: of the window, or of the document up to this width and height.
    async fn picture(
        &self,
        whole: Option<(u32, u32)>,
        cut: &mut Option<String>,
    ) -> Result<String, DevToolsError> {
        let mut params = json!({"format": "png"});
        if let Some(limits) = whole {
            let sizes = self.session.devtools("Page.getLayoutMetrics", json!({})).await?;
            let length = |name: &str| sizes["cssContentSize"][name].as_f64().unwrap_or(1.0).ceil();
            let (width, height) = (length("width").max(1.0), length("height").max(1.0));
            let shown = (width.min(limits.0.into()), height.min(limits.1.into()));
            if shown != (width, height) {
                *cut = Some(format!(
                    "the page is {width} by {height} pixels; the picture shows its first {} by {}",
                    shown.0, shown.1
                ));
            }
            params["captureBeyondViewport"] = json!(true);
            params["clip"] =
                json!({"x": 0, "y": 0, "scale": 1, "width": shown.0, "height": shown.1});
        }
        let mut answer = self.session.devtools("Page.captureScreenshot", params).await?;
        text(answer["data"].take()).ok_or(DevToolsError::Incomplete(answer))
    }
}

/// The text without the empty lines that empty frames leave.
fn without_gaps(text: &str) -> String {
    let mut result = text.trim_matches('\n').to_owned();
    while result.contains("\n\n\n") {
        result = result.replace("\n\n\n", "\n\n");
    }
    result
}

/// A part of a text that is being read.
enum Part {
    Text(String),
    /// A frame, and the frame whose process shows it.
    Frame {
        id: String,
        host: String,
        depth: usize,
    },
}
