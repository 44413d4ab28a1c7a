//! Trees that may be too large for Figma: the depth of a request, and shallow retries.

use mcp_core::action::params::Bounded;
use mcp_core::{ActionError, ErrorCode, Progress};
use serde::Serialize;

use super::Figma;
use crate::JsonObject;

pub(super) type Depth = Bounded<1, 100, 2>;

/// The field of an incomplete tree that says why, and how to get more.
pub(super) const INCOMPLETE: &str = "incomplete";

/// The depths of the retries, in order.
const RETRY_DEPTHS: [u32; 2] = [2, 1];

#[derive(Serialize)]
struct Query<'a> {
    ids: Option<&'a str>,
    depth: Option<u32>,
}

impl Figma {
    /// Gets a file, or some of its nodes. If the tree is too large and `depth` is absent, retries with
    /// few levels; the first field of the result, [`INCOMPLETE`], says so.
    ///
    /// # Errors
    /// As [`Figma::get`].
    pub(super) async fn tree(
        &self,
        file: &str,
        ids: Option<&str>,
        depth: Option<Depth>,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        let part: &[&str] = if ids.is_some() { &["nodes"] } else { &[] };
        let get = async |depth| self.get(file, part, &Query { ids, depth }, progress).await;
        let mut result = get(depth.map(Bounded::get)).await;
        if depth.is_some() {
            return result;
        }
        for depth in RETRY_DEPTHS {
            let Err(error) = &result else { break };
            if !is_too_large(error) {
                break;
            }
            let why = error.message.clone();
            match get(Some(depth)).await {
                Ok(tree) => return tree.with_first(INCOMPLETE, &note(&why, depth)),
                Err(error) => result = Err(error),
            }
        }
        result
    }
}

fn note(why: &str, depth: u32) -> String {
    format!(
        "the tree is too large ({why}): these are its levels to depth {depth}; for more give depth, or \
         call figma_get_nodes with a node's id"
    )
}

/// Returns whether a smaller request may succeed: the tree was too large for Figma or this server, took
/// too long, or was cut off.
fn is_too_large(error: &ActionError) -> bool {
    let text = error.message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match error.code {
        ErrorCode::UpstreamTimeout => !says(&["cannot be reached"]),
        ErrorCode::UpstreamFailed => says(&[
            "larger than",
            "(504)",
            "too large",
            "timeout",
            "timed out",
            "broke off",
            "truncated",
        ]),
        ErrorCode::UpstreamRefused => {
            says(&["(413)", "(408)", "too large", "timeout", "timed out"])
        }
        _ => false,
    }
}
