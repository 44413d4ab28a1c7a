//! `figma_get_nodes`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shallow::Depth;
use super::{Figma, FileKey, NodeIds, views};
use crate::JsonObject;

/// Gets some nodes of a file: <https://developers.figma.com/docs/rest-api/file-endpoints/#get-file-nodes>.
pub struct GetNodes {
    figma: Figma,
}

impl GetNodes {
    /// The action over this Figma.
    #[must_use]
    pub fn new(figma: Figma) -> Self {
        Self { figma }
    }
}

/// The parameters of `figma_get_nodes`.
#[derive(Deserialize, JsonSchema)]
pub struct GetNodesParams {
    /// The file's key or its address.
    #[schemars(required)]
    file_key: Option<FileKey>,
    /// The ids of the nodes, such as `1:2`: a list, or one text with commas between.
    #[schemars(required)]
    node_ids: Option<NodeIds>,
    /// How many levels below the nodes. Left out: all; of nodes that are too large two.
    depth: Option<Depth>,
}

const REQUIRED: &str = "file_key and node_ids are required";

impl RemoteAction for GetNodes {
    const NAME: &'static str = "figma_get_nodes";
    type Params = GetNodesParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"file_key":"AbC123dEf456","node_ids":["1:2"]}"#,
            answer: r#"{"name":"Landing page","role":"owner","lastModified":"2026-02-16T15:14:57Z","editorType":"figma","thumbnailUrl":"https://s3-alpha.figma.com/thumbnails/1","version":"5021365","nodes":{"1:2":{"document":{"id":"1:2","name":"Header","type":"FRAME","children":[]},"components":{},"componentSets":{},"schemaVersion":0,"styles":{}}}}"#,
        };
        Doc::new(super::GROUP, "Get some nodes (frames, layers) of a Figma file", example)
            .required(REQUIRED)
            .words(&[
                "frame layer read element part section object header one single specific",
                "particular only this details properties inspect zoom size position width",
                "wide height high spacing id",
            ])
            .view(views::NODES)
    }

    fn available(&self) -> Result<(), ActionError> {
        self.figma.available()
    }

    async fn run(
        &self,
        params: GetNodesParams,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        let depth = params.depth;
        let (key, ids) = file_and_nodes(params)?;
        self.figma.tree(&key, Some(&ids.joined()), depth, progress).await
    }
}

/// Returns the file and its nodes. The address of a selection, in either parameter, names both.
fn file_and_nodes(params: GetNodesParams) -> Result<(String, NodeIds), ActionError> {
    let (file, node) = params.file_key.map_or((None, None), |file| (Some(file.key), file.node));
    let ids = params.node_ids.or_else(|| node.map(NodeIds::one)).unwrap_or_default();
    let mut files = file.iter().chain(ids.files());
    let Some(key) = files.next().filter(|_| ids != NodeIds::default()).cloned() else {
        return Err(ActionError::invalid(REQUIRED));
    };
    if files.any(|other| *other != key) {
        let message =
            "file_key and node_ids name different files: give nodes of one file in a call";
        return Err(ActionError::invalid(message));
    }
    Ok((key, ids))
}
