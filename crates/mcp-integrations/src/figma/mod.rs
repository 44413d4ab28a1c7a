//! Figma's REST API, <https://developers.figma.com/docs/rest-api/>.

mod file_key;
mod get_components;
mod get_file;
mod get_nodes;
mod get_styles;
mod node_ids;

pub use file_key::FileKey;
pub use get_components::GetComponents;
pub use get_file::GetFile;
pub use get_nodes::GetNodes;
pub use get_styles::GetStyles;
pub use node_ids::NodeIds;

use mcp_core::{ActionError, ErrorCode};
use secrecy::SecretString;

/// Figma, as its actions see it.
#[derive(Clone, Debug)]
pub struct Figma {
    token: Option<SecretString>,
}

impl Figma {
    /// Figma with this token. Without one it refuses every call.
    #[must_use]
    pub fn new(token: Option<SecretString>) -> Self {
        Self { token }
    }

    fn available(&self) -> Result<(), ActionError> {
        match self.token {
            Some(_) => Ok(()),
            None => Err(ActionError::new(
                ErrorCode::NotConfigured,
                "MCP_FIGMA_TOKEN is required for Figma actions",
            )),
        }
    }
}

fn not_served() -> ActionError {
    ActionError::new(ErrorCode::Unavailable, "Figma is not asked by this build yet")
}
