//! `figma_get_file`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shallow::Depth;
use super::{Figma, FileKey, views};
use crate::JsonObject;

/// Gets a file with its tree of nodes: <https://developers.figma.com/docs/rest-api/file-endpoints/#get-file>.
pub struct GetFile {
    figma: Figma,
}

impl GetFile {
    /// The action over this Figma.
    #[must_use]
    pub fn new(figma: Figma) -> Self {
        Self { figma }
    }
}

/// The parameters of `figma_get_file`.
#[derive(Deserialize, JsonSchema)]
pub struct GetFileParams {
    /// The file's key or its address.
    file_key: FileKey,
    /// How many levels of the tree: 1 is the pages, 2 also what stands on them. Left out: all; of a
    /// file that is too large two.
    depth: Option<Depth>,
}

impl RemoteAction for GetFile {
    const NAME: &'static str = "figma_get_file";
    type Params = GetFileParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"file_key":"AbC123dEf456"}"#,
            answer: r#"{"name":"Landing page","role":"owner","lastModified":"2026-02-16T15:14:57Z","editorType":"figma","thumbnailUrl":"https://s3-alpha.figma.com/thumbnails/1","version":"5021365","document":{"id":"0:0","name":"Document","type":"DOCUMENT","children":[{"id":"0:1","name":"Page 1","type":"CANVAS","children":[]}]},"components":{},"componentSets":{},"schemaVersion":0,"styles":{}}"#,
        };
        Doc::new(super::GROUP, "Get a Figma file and its tree of nodes", example)
            .words(&[
                "open load read whole entire full complete document all pages frames layers",
                "screens contents structure outline hierarchy canvas prototype",
            ])
            .view(views::FILE)
    }

    fn available(&self) -> Result<(), ActionError> {
        self.figma.available()
    }

    async fn run(
        &self,
        params: GetFileParams,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        self.figma.tree(&params.file_key.key, None, params.depth, progress).await
    }
}
