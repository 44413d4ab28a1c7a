//! Prompts, which a person picks from a menu: the server's own, and those of an embedding program.

mod open_tasks;
mod own;

use std::sync::Arc;

use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, GetPromptRequestParams,
    GetPromptResult, JsonObject, Prompt, PromptMessage, Reference, RequestId,
};

use super::McpServer;
use super::resources::Later;
use crate::service::Service;

/// A prompt.
pub trait PromptSource: Send + Sync {
    /// Returns the prompt's name, description and arguments.
    fn prompt(&self) -> Prompt;

    /// Returns the prompt's messages with these arguments.
    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>>;

    /// Returns the values of an argument that begin with this text.
    fn complete<'a>(&'a self, _argument: &'a str, _begin: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Returns the server's own prompts.
pub(super) fn of(service: &Arc<Service>) -> Vec<Arc<dyn PromptSource>> {
    vec![
        Arc::new(own::PlanOpenTasks(Arc::clone(service))),
        Arc::new(own::HandOver(Arc::clone(service))),
    ]
}

/// Returns a prompt with its arguments filled in.
///
/// # Errors
/// Returns an error if no prompt has this name, an argument is missing, or the response is over the
/// limit.
pub(super) async fn get(
    mcp: &McpServer,
    request: GetPromptRequestParams,
    id: &RequestId,
) -> Result<GetPromptResult, ErrorData> {
    let source = named(mcp, &request.name)?;
    let prompt = source.prompt();
    let arguments = request.arguments.unwrap_or_default();
    for argument in prompt.arguments.iter().flatten() {
        if argument.required == Some(true) && !arguments.contains_key(&argument.name) {
            let message = format!("{} is required", argument.name);
            return Err(ErrorData::invalid_params(message, None));
        }
    }
    let messages = source.messages(&arguments).await.map_err(|error| mcp.error(error))?;
    let mut result = GetPromptResult::new(messages);
    result.description = prompt.description;
    if mcp.fits(&result, id) {
        return Ok(result);
    }
    Err(mcp.too_large(&prompt.name, "give arguments that narrow it, or call a tool for a part"))
}

fn named<'a>(mcp: &'a McpServer, name: &str) -> Result<&'a Arc<dyn PromptSource>, ErrorData> {
    mcp.prompts.iter().find(|source| source.prompt().name == name).ok_or_else(|| {
        let name = mcp.quoted(name);
        ErrorData::invalid_params(format!("unknown prompt {name:?}: see prompts/list"), None)
    })
}

/// Completes an argument of a prompt, or a variable of a resource template.
///
/// # Errors
/// Returns an error if no prompt has this name.
pub(super) async fn complete(
    mcp: &McpServer,
    request: CompleteRequestParams,
    id: &RequestId,
) -> Result<CompleteResult, ErrorData> {
    let (name, begin) = (&request.argument.name, &request.argument.value);
    let mut values = Vec::new();
    match &request.r#ref {
        Reference::Prompt(prompt) => {
            let completed = named(mcp, &prompt.name)?.complete(name, begin).await;
            values = completed.map_err(|error| mcp.error(error))?;
        }
        Reference::Resource(template) => {
            for source in &mcp.resources {
                let completed = source.complete(&template.uri, name, begin).await;
                values.extend(completed.map_err(|error| mcp.error(error))?);
            }
        }
        _ => {}
    }
    let count = values.len();
    values.truncate(CompletionInfo::MAX_VALUES);
    while !values.is_empty() && !mcp.fits(&values, id) {
        values.pop();
    }
    let has_more = values.len() < count;
    let total = u32::try_from(count).unwrap_or(u32::MAX);
    let info = CompletionInfo::with_pagination(values, Some(total), has_more);
    Ok(CompleteResult::new(info.expect("the values are at most MAX_VALUES")))
}
