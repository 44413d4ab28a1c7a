//! `figma_get_styles`

use mcp_core::{ActionError, Doc, Example, Progress, RemoteAction};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Figma, FileKey, views};
use crate::JsonObject;

/// Lists the styles that a file publishes: <https://developers.figma.com/docs/rest-api/component-endpoints/#get-file-styles>.
pub struct GetStyles {
    figma: Figma,
}

impl GetStyles {
    /// The action over this Figma.
    #[must_use]
    pub fn new(figma: Figma) -> Self {
        Self { figma }
    }
}

/// The parameters of `figma_get_styles`.
#[derive(Deserialize, JsonSchema)]
pub struct GetStylesParams {
    /// The file's key or its address.
    file_key: FileKey,
}

impl RemoteAction for GetStyles {
    const NAME: &'static str = "figma_get_styles";
    type Params = GetStylesParams;
    type Output = JsonObject;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"file_key":"AbC123dEf456"}"#,
            answer: r#"{"error":false,"status":200,"meta":{"styles":[{"key":"9ad3b0f1","file_key":"AbC123dEf456","node_id":"1:7","style_type":"FILL","thumbnail_url":"https://s3-alpha.figma.com/thumbnails/3","name":"Brand/Primary","description":"","created_at":"2026-02-16T15:14:57Z","updated_at":"2026-02-16T15:14:57Z","user":{"id":"1","handle":"alice","img_url":"https://s3-alpha.figma.com/profile/1"},"sort_position":"a"}]},"i18n":null}"#,
        };
        Doc::new(super::GROUP, "List the styles that a Figma file publishes", example)
            .words(&[
                "system library colors colours palette swatches brand theme tokens fills",
                "gradients blue fonts typography text typefaces effects shadows grids",
            ])
            .view(views::STYLES)
    }

    fn available(&self) -> Result<(), ActionError> {
        self.figma.available()
    }

    async fn run(
        &self,
        params: GetStylesParams,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        self.figma.get(&params.file_key.key, &["styles"], &(), progress).await
    }
}
