//! `figma_get_components`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Figma, FileKey, views};
use crate::JsonObject;

/// Lists the components that a file publishes: <https://developers.figma.com/docs/rest-api/component-endpoints/#get-file-components>.
pub struct GetComponents {
    figma: Figma,
}

impl GetComponents {
    /// The action over this Figma.
    #[must_use]
    pub fn new(figma: Figma) -> Self {
        Self { figma }
    }
}

/// The parameters of `figma_get_components`.
#[derive(Deserialize, JsonSchema)]
pub struct GetComponentsParams {
    /// The file's key or its address.
    file_key: FileKey,
}

impl RemoteAction for GetComponents {
    const NAME: &'static str = "figma_get_components";
    type Params = GetComponentsParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"file_key":"AbC123dEf456"}"#,
            answer: r#"{"error":false,"status":200,"meta":{"components":[{"key":"52d5e8b4","file_key":"AbC123dEf456","node_id":"1:5","thumbnail_url":"https://s3-alpha.figma.com/thumbnails/2","name":"Button","description":"The primary button","created_at":"2026-02-16T15:14:57Z","updated_at":"2026-02-16T15:14:57Z","user":{"id":"1","handle":"alice","img_url":"https://s3-alpha.figma.com/profile/1"},"containing_frame":{"nodeId":"1:4","name":"Buttons"}}]},"i18n":null}"#,
        };
        Doc::new(super::GROUP, "List the components that a Figma file publishes", example)
            .words(&[
                "system library buttons icons widgets symbols reusable building-blocks blocks",
                "kit variants",
            ])
            .view(views::COMPONENTS)
    }

    fn available(&self) -> Result<(), ActionError> {
        self.figma.available()
    }

    async fn run(
        &self,
        params: GetComponentsParams,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        self.figma.get(&params.file_key.key, &["components"], &(), progress).await
    }
}
