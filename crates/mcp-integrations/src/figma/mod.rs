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

use mcp_core::RegistryBuilder;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use client::Figma;
use file_key::FileKey;
use get_components::GetComponents;
use get_file::GetFile;
use get_nodes::GetNodes;
use get_styles::GetStyles;
use node_ids::NodeIds;

const GROUP: mcp_core::Group = mcp_core::Group::new("figma", "design designer mockup wireframe ui");
/// Registers every action of Figma.
pub(crate) fn register(figma: &Figma, registry: RegistryBuilder) -> RegistryBuilder {
    registry
        .remote(GetFile(figma.clone()))
        .remote(GetNodes(figma.clone()))
        .remote(GetComponents(figma.clone()))
        .remote(GetStyles(figma.clone()))
}

/// The parameters of an action that takes only a file.
#[derive(Deserialize, JsonSchema)]
struct FileParams {
    /// The file's key or address.
    file_key: FileKey,
}
