//! `figma_get_nodes`

use mcp_core::{ActionError, Doc, Example, Group, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// The file's key: what stands after `/file/` or `/design/` in its address.
    file_key: FileKey,
    /// The numbers of the nodes: a list, or one text with commas between.
    node_ids: NodeIds,
}

/// The query string.
#[derive(Serialize)]
struct Query {
    ids: String,
}

impl RemoteAction for GetNodes {
    const NAME: &'static str = "figma_get_nodes";
    type Params = GetNodesParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"file_key":"AbC123dEf456","node_ids":["1:2"]}"#,
            answer: r#"{"name":"Landing page","role":"owner","lastModified":"2026-02-16T15:14:57Z","editorType":"figma","thumbnailUrl":"https://s3-alpha.figma.com/thumbnails/1","version":"5021365","nodes":{"1:2":{"document":{"id":"1:2","name":"Header","type":"FRAME","children":[]},"components":{},"componentSets":{},"schemaVersion":0,"styles":{}}}}"#,
        };
        Doc::new(Group::Figma, "Get some nodes (frames, layers) of a Figma file", example)
            .required("file_key and node_ids are required")
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
        self.figma
            .get(&params.file_key, &["nodes"], &Query { ids: params.node_ids.joined() }, progress)
            .await
    }
}
