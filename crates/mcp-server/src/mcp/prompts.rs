//! Prompts: what a person picks from a menu. Two over stored memory, and what an embedding program
//! adds; and the completion of arguments.

mod memory;

use std::sync::Arc;

use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, GetPromptRequestParams,
    GetPromptResult, JsonObject, Prompt, PromptMessage, Reference, RequestId,
};

use super::Face;
use super::resources::{Later, refused};
use crate::service::Service;

/// A prompt.
pub trait PromptSource: Send + Sync {
    /// Its name, its arguments and what it is for.
    fn prompt(&self) -> Prompt;

    /// Its messages with these arguments.
    fn messages<'a>(&'a self, arguments: &'a JsonObject) -> Later<'a, Vec<PromptMessage>>;

    /// What an argument may be, given how it begins.
    fn complete<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// The prompts over stored memory.
pub(super) fn of_memory(service: &Arc<Service>) -> Vec<Arc<dyn PromptSource>> {
    vec![
        Arc::new(memory::PlanOpenTasks::new(Arc::clone(service))),
        Arc::new(memory::HandOver::new(Arc::clone(service))),
    ]
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// If no prompt has this name, an argument is missing, or the response is over the limit.
pub(super) async fn get(
    face: &Face,
    request: GetPromptRequestParams,
    id: &RequestId,
) -> Result<GetPromptResult, ErrorData> {
    let source = named(face, &request.name)?;
    let prompt = source.prompt();
    let given = request.arguments.unwrap_or_default();
    for argument in prompt.arguments.iter().flatten() {
        if argument.required == Some(true) && !given.contains_key(&argument.name) {
            let message = format!("{} is required", argument.name);
            return Err(ErrorData::invalid_params(message, None));
        }
    }
    let messages = source.messages(&given).await.map_err(|error| refused(face, error))?;
    let mut result = GetPromptResult::new(messages);
    result.description = prompt.description;
    if face.fits(&result, id) {
        return Ok(result);
    }
    let limit = face.result_limit;
    let message = format!(
        "{} has more than {limit} bytes as sent (MCP_RESULT_LIMIT): give arguments that narrow it, or \
         call a tool for a part",
        prompt.name
    );
    Err(ErrorData::invalid_params(message, None))
}

fn named<'a>(face: &'a Face, name: &str) -> Result<&'a Arc<dyn PromptSource>, ErrorData> {
    face.prompts.iter().find(|source| source.prompt().name == name).ok_or_else(|| {
        let shown = face.shown(name);
        ErrorData::invalid_params(format!("Unknown prompt: {shown}"), None)
    })
}

/// What an argument of a prompt, or a variable of a resource's template, may be.
///
/// # Errors
/// When there is no such prompt.
pub(super) async fn complete(
    face: &Face,
    request: CompleteRequestParams,
    id: &RequestId,
) -> Result<CompleteResult, ErrorData> {
    let (argument, begin) = (&request.argument.name, &request.argument.value);
    let mut found = match &request.r#ref {
        Reference::Prompt(prompt) => named(face, &prompt.name)?
            .complete(argument, begin)
            .await
            .map_err(|error| refused(face, error))?,
        Reference::Resource(template) => {
            let mut found = Vec::new();
            for source in &face.resources {
                let more = source.complete(&template.uri, argument, begin).await;
                found.extend(more.map_err(|error| refused(face, error))?);
            }
            found
        }
        _ => Vec::new(),
    };
    let all = found.len();
    let total = u32::try_from(all).unwrap_or(u32::MAX);
    found.truncate(CompletionInfo::MAX_VALUES);
    while !found.is_empty() && !face.fits(&found, id) {
        found.pop();
    }
    let more = found.len() < all;
    let info = CompletionInfo::with_pagination(found, Some(total), more);
    Ok(CompleteResult::new(info.expect("no more values than are allowed")))
}
