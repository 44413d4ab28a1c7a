//! Reading of an open page.

use mcp_core::ActionError;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::devtools::DevToolsError;
use super::page::{Page, text};
use super::{PageInfo, fault};

/// A JavaScript function that returns the text of a document.
const TEXT: &str = include_str!("text.js");
/// The maximum number of reads of a page that keeps going to another document.
const MAX_READS: usize = 20;
/// The maximum number of frames in a page's text, and their maximum depth.
const MAX_FRAMES: usize = 64;
const MAX_DEPTH: usize = 8;
/// The maximum length of a title, in UTF-16 code units.
const MAX_TITLE: usize = 4096;

/// The part of a page that a call reads.
pub(super) enum Reading {
    Title,
    /// The visible text, up to this many UTF-16 code units.
    Text(usize),
    /// A picture as PNG in base64: of the window, or of the document up to this size in CSS pixels.
    Picture {
        whole: Option<(u32, u32)>,
    },
}

/// The result of reading a page.
pub(super) struct Readout {
    /// The title, the text or the picture.
    pub(super) value: String,
    pub(super) info: PageInfo,
    /// The part of the document that the picture lacks, if any.
    pub(super) cut: Option<String>,
}

impl Page<'_> {
    /// Reads the page, again if it has gone to another document meanwhile.
    pub(super) async fn read(&self, reading: &Reading) -> Result<Readout, ActionError> {
        let mut last = None;
        for _ in 0..MAX_READS {
            let before = self.document().await.map_err(fault::lost)?;
            self.check(&before).await?;
            let look = self.look(&before).await?;
            let mut cut = None;
            let done = match reading {
                Reading::Title => {
                    let title = "Object.getOwnPropertyDescriptor(Document.prototype, 'title')";
                    let limit = MAX_TITLE;
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
                    let info = PageInfo { url: after.url, status, incomplete: None };
                    return Ok(Readout { value, info, cut });
                }
                Err(error @ (DevToolsError::Crashed | DevToolsError::Ended)) => {
                    return Err(fault::lost(error));
                }
                Err(error) if after.loader == before.loader => last = Some(error),
                Ok(_) | Err(_) => (),
            }
            sleep(Duration::from_millis(20)).await;
        }
        let message = "the page keeps loading another document: use the URL that it leads to";
        Err(last.map_or_else(|| fault::upstream(message), fault::lost))
    }

    /// Returns the visible text of the document and its frames.
    async fn text(&self, frame: &str, units: usize) -> Result<String, DevToolsError> {
        let mut text = String::new();
        let mut is_whole = true;
        // The parts still to be read; the next one is the last.
        let mut parts = vec![Part::Frame { id: frame.into(), host: frame.into(), depth: 0 }];
        let mut frames = 0;
        while let Some(part) = parts.pop() {
            match part {
                Part::Text(part) => text.push_str(&part),
                Part::Frame { id, host, depth } => {
                    if text.len() >= units.saturating_mul(4)
                        || frames >= MAX_FRAMES
                        || depth > MAX_DEPTH
                    {
                        continue;
                    }
                    frames += 1;
                    is_whole = frames == 1;
                    match self.parts(&id, &host, depth, units).await {
                        Ok(found) => parts.extend(found.into_iter().rev()),
                        // A frame that is gone, or that the WebDriver cannot reach.
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

    /// Returns the parts of one frame: its texts, and the frames in it.
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
                    // The frame may be gone, or the element may contain none.
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

    /// Returns the id of the frame with this index in the frame's last text.
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

    /// Returns whether a frame shows an error page of the browser.
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

    /// Takes a picture as PNG in base64: of the window, or of the document up to this size.
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
                    "the page is {width} by {height} pixels, the picture shows its first {} by {}",
                    shown.0, shown.1
                ));
            }
            params["captureBeyondViewport"] = json!(true);
            params["clip"] =
                json!({"x": 0, "y": 0, "scale": 1, "width": shown.0, "height": shown.1});
        }
        let mut result = self.session.devtools("Page.captureScreenshot", params).await?;
        text(result["data"].take()).ok_or(DevToolsError::Incomplete(result))
    }
}

/// Removes the empty lines that empty frames leave.
fn without_gaps(text: &str) -> String {
    let mut result = text.trim_matches('\n').to_owned();
    while result.contains("\n\n\n") {
        result = result.replace("\n\n\n", "\n\n");
    }
    result
}

/// A part of a page's text.
enum Part {
    Text(String),
    /// A frame, and the frame whose process shows it.
    Frame {
        id: String,
        host: String,
        depth: usize,
    },
}
