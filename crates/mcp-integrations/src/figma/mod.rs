//! Figma's REST API, <https://developers.figma.com/docs/rest-api/>.

mod client;
mod file_key;
mod get_components;
mod get_file;
mod get_nodes;
mod get_styles;
mod node_ids;
mod outline;
mod shallow;
mod views;

pub use client::Figma;
use file_key::FileKey;
pub use get_components::GetComponents;
pub use get_file::GetFile;
pub use get_nodes::GetNodes;
pub use get_styles::GetStyles;
use node_ids::NodeIds;

const GROUP: mcp_core::Group = mcp_core::Group::new("figma", "design designer mockup wireframe ui");
