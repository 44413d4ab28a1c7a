//! Trees of Figma that may be too large to come whole: the depth of a request, and a second,
//! shallow request.

use mcp_core::action::params::Bounded;
use mcp_core::{ActionError, ErrorCode, Progress};
use serde::Serialize;

use super::Figma;
use crate::JsonObject;

/// The requested levels of a tree.
pub(super) type Depth = Bounded<1, 100, 2>;

/// The member of an answer that is not whole: why, and how to get more.
pub(super) const INCOMPLETE: &str = "incomplete";

/// The depths to request when a tree does not come whole, in this order.
const SHALLOW: [u32; 2] = [2, 1];

/// The query string.
#[derive(Serialize)]
struct Query<'a> {
    ids: Option<&'a str>,
    depth: Option<u32>,
}

impl Figma {
    /// Returns a file, or some of its nodes. A tree that does not come whole is requested again with
    /// few levels, unless a depth is given; the answer says so as its first member.
    ///
    /// # Errors
    /// Returns what went wrong at Figma or on the way there.
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
        for depth in SHALLOW {
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
        "the whole tree did not come ({why}): these are its levels to depth {depth}; for more give \
         depth, or call figma_get_nodes with a node's id"
    )
}

/// Whether less of a tree may come: it was too large for Figma or for this server, it took too long, or
/// it broke off.
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
            "breaks off",
        ]),
        ErrorCode::UpstreamRefused => {
            says(&["(413)", "(408)", "too large", "timeout", "timed out"])
        }
        _ => false,
    }
}
