//! The suite's tools, each an action.

use std::time::Duration;

use mcp_core::action::{Shape, View};
use mcp_core::content::{Block, Contents, TextFile};
use mcp_core::progress::Importance;
use mcp_core::{ActionError, Doc, Example, Group, Progress, RegistryBuilder, RemoteAction};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::sleep;

/// A picture of one red pixel.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
/// The time between two log messages or progress steps.
const PAUSE: Duration = Duration::from_millis(50);

/// Adds all tools.
pub(crate) fn register(registry: RegistryBuilder) -> RegistryBuilder {
    registry
        .remote(SimpleText)
        .remote(Image)
        .remote(Audio)
        .remote(EmbeddedResource)
        .remote(MultipleContentTypes)
        .remote(WithLogging)
        .remote(LoggingTool)
        .remote(StreamingElicitation)
        .remote(ErrorHandling)
        .remote(WithProgress)
        .remote(JsonSchemaTool)
        .remote(CustomHeader)
}

/// No parameters.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Nothing {}

type ToolResult = Result<Contents, ActionError>;

macro_rules! tool {
    ($type:ident, $name:literal, $params:ty, |$progress:ident| $answer:expr) => {
        #[doc = concat!("`", $name, "`")]
        pub(crate) struct $type;

        impl RemoteAction for $type {
            const NAME: &'static str = $name;
            type Params = $params;
            type Output = Contents;

            fn doc(&self) -> Doc {
                let example = Example { params: "{}", answer: r#"{"content":[]}"# };
                Doc::new(Group::CUSTOM, concat!("Fixture ", $name), example)
                    .view(View::WHOLE.shaped(Shape::Contents))
            }

            async fn run(&self, _: $params, $progress: &Progress) -> ToolResult {
                $answer
            }
        }
    };
}

tool!(SimpleText, "test_simple_text", Nothing, |_progress| {
    blocks([text("This is a simple text response for testing.")])
});
tool!(Image, "test_image_content", Nothing, |_progress| blocks([image()]));
tool!(Audio, "test_audio_content", Nothing, |_progress| {
    blocks([Block::Audio { data: SILENCE.into(), mime_type: "audio/wav".into() }])
});
tool!(EmbeddedResource, "test_embedded_resource", Nothing, |_progress| {
    let content = "This is an embedded resource content.";
    blocks([file("test://embedded-resource", "text/plain", content)])
});
tool!(MultipleContentTypes, "test_multiple_content_types", Nothing, |_progress| {
    let data = r#"{"test":"data","value":123}"#;
    let data = file("test://mixed-content-resource", "application/json", data);
    blocks([text("Multiple content types test:"), image(), data])
});
tool!(WithLogging, "test_tool_with_logging", Nothing, |progress| {
    remark_thrice(progress).await;
    blocks([text("The tool was executed")])
});
// The same tool under its name in the scenario of 2026-07-28.
tool!(LoggingTool, "test_logging_tool", Nothing, |progress| {
    remark_thrice(progress).await;
    blocks([text("The tool was executed")])
});
tool!(StreamingElicitation, "test_streaming_elicitation", Nothing, |progress| {
    step_thrice(progress).await;
    blocks([text("Nothing had to be asked")])
});
tool!(ErrorHandling, "test_error_handling", Nothing, |_progress| {
    Err(ActionError::invalid("This tool intentionally returns an error for testing"))
});
tool!(WithProgress, "test_tool_with_progress", Nothing, |progress| {
    step_thrice(progress).await;
    blocks([text("The tool was executed")])
});
tool!(JsonSchemaTool, "json_schema_2020_12_tool", AnySchema, |_progress| {
    blocks([text("The parameters were taken")])
});
tool!(CustomHeader, "test_custom_header", InHeader, |_progress| {
    blocks([text("The parameters were taken")])
});

/// Parameters with JSON Schema 2020-12 keywords that no Rust type produces.
#[derive(Deserialize)]
pub(crate) struct AnySchema {
    #[serde(flatten)]
    _any: std::collections::BTreeMap<String, Box<RawValue>>,
}

impl JsonSchema for AnySchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnySchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                },
            },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": {
                "properties": { "contactMethod": { "const": "phone" } },
                "required": ["contactMethod"],
            },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        })
    }
}

/// A parameter that a client also sends in a header.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct InHeader {
    /// The region.
    #[expect(dead_code, reason = "the transport reads it, not the tool")]
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

async fn remark_thrice(progress: &Progress) {
    progress.remark(Importance::Info, "Tool execution started");
    sleep(PAUSE).await;
    progress.remark(Importance::Info, "Tool processing data");
    sleep(PAUSE).await;
    progress.remark(Importance::Info, "Tool execution completed");
}

async fn step_thrice(progress: &Progress) {
    progress.step(0.0, Some(100.0), "started");
    sleep(PAUSE).await;
    progress.step(50.0, Some(100.0), "half done");
    sleep(PAUSE).await;
    progress.step(100.0, Some(100.0), "done");
}

#[expect(clippy::unnecessary_wraps, reason = "tools return a result")]
fn blocks<const N: usize>(blocks: [Block; N]) -> ToolResult {
    Ok(Contents { content: blocks.into() })
}

fn text(text: &str) -> Block {
    Block::Text { text: text.into() }
}

fn image() -> Block {
    Block::Image { data: PIXEL.into(), mime_type: "image/png".into() }
}

fn file(uri: &str, mime_type: &str, text: &str) -> Block {
    let (uri, mime_type, text) = (uri.into(), mime_type.into(), text.into());
    Block::Resource { resource: TextFile { uri, mime_type, text } }
}
