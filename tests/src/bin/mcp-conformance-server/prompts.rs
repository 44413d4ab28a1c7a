//! The suite's prompts.

use mcp_server::mcp::prompts::PromptSource;
use mcp_server::mcp::resources::Later;
use rmcp::model::{
    ContentBlock, JsonObject, Prompt, PromptArgument, PromptMessage, ResourceContents, Role,
};

use crate::tools::PIXEL;

/// `test_simple_prompt`
pub(crate) struct Simple;
/// `test_prompt_with_arguments`
pub(crate) struct WithArguments;
/// `test_prompt_with_embedded_resource`
pub(crate) struct WithResource;
/// `test_prompt_with_image`
pub(crate) struct WithImage;

impl PromptSource for Simple {
    fn prompt(&self) -> Prompt {
        prompt("test_simple_prompt", &[])
    }

    fn messages<'a>(&'a self, _: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        ready(vec![text("This is a simple prompt for testing.")])
    }
}

impl PromptSource for WithArguments {
    fn prompt(&self) -> Prompt {
        prompt("test_prompt_with_arguments", &["arg1", "arg2"])
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        let (one, two) = (argument(arguments, "arg1"), argument(arguments, "arg2"));
        ready(vec![text(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))])
    }
}

impl PromptSource for WithResource {
    fn prompt(&self) -> Prompt {
        prompt("test_prompt_with_embedded_resource", &["resourceUri"])
    }

    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        let uri = argument(arguments, "resourceUri");
        let content = ResourceContents::text("Embedded resource content for testing.", uri);
        ready(vec![
            PromptMessage::new(Role::User, ContentBlock::resource(content)),
            text("Please process the embedded resource above."),
        ])
    }
}

impl PromptSource for WithImage {
    fn prompt(&self) -> Prompt {
        prompt("test_prompt_with_image", &[])
    }

    fn messages<'a>(&'a self, _: &'a JsonObject) -> Later<'a, Vec<PromptMessage>> {
        ready(vec![
            PromptMessage::new(Role::User, ContentBlock::image(PIXEL, "image/png")),
            text("Please analyze the image above."),
        ])
    }
}

fn prompt(name: &str, required: &[&str]) -> Prompt {
    let arguments = required.iter().map(|name| PromptArgument::new(*name).with_required(true));
    Prompt::new(name, Some(format!("Fixture {name}")), Some(arguments.collect()))
}

fn argument<'a>(arguments: &'a JsonObject, name: &str) -> &'a str {
    arguments.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

fn text(text: &str) -> PromptMessage {
    PromptMessage::new_text(Role::User, text)
}

fn ready<'a>(messages: Vec<PromptMessage>) -> Later<'a, Vec<PromptMessage>> {
    Box::pin(async move { Ok(messages) })
}
