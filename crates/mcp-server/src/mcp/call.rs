//! Calls a tool: from the request to the dispatcher and back. Progress is sent meanwhile; the call ends
//! early if the client cancels it or disconnects.

use std::borrow::Cow;
use std::future::Future;

use mcp_core::action::Action;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Call, Context, ErrorCode};
use mcp_lean::error_text;
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorData};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::value::to_raw_value;

use super::message::RequestInfo;
use super::progress::{self, Updates};
use super::query_tool::LeanTool;
use super::{McpServer, ToolSet, query_tool, results};

/// Calls the tool that the request names.
///
/// # Errors
/// Returns an error if the tool does not exist or is not in the set, or if the client cancels.
pub(super) async fn call(
    mcp: &McpServer,
    tools: &ToolSet,
    request: CallToolRequestParams,
    log_level: u8,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let info = RequestInfo::of(&context.extensions);
    let read = || to_raw_value(&request.arguments.unwrap_or_default());
    let arguments = match info.and_then(|info| info.arguments.as_deref()) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(read().expect("a JSON value can be written as JSON")),
    };
    let (progress, updates) = progress::channel(context, log_level);
    let with =
        Context { caller: info.map(|info| info.caller.clone()).unwrap_or_default(), progress };
    if *tools == ToolSet::Lean
        && let Some(tool) = LeanTool::named(&request.name)
    {
        return query(mcp, tool, arguments.get(), with, updates, context).await;
    }
    let registry = mcp.dispatcher().registry_with(&request.name).await;
    match registry.find(&request.name) {
        Ok(action) if tools.contains(action.doc.group.name()) => {
            match ParamsText::from_json(&arguments) {
                Ok(mut params) => {
                    action.coerce(&mut params);
                    run(mcp, action, params, with, updates, context).await
                }
                Err(failure) => Ok(results::failed(&failure, &action.signature)),
            }
        }
        _ => {
            let name = mcp.quoted(&request.name);
            Err(ErrorData::invalid_params(format!("unknown tool {name:?}: see tools/list"), None))
        }
    }
}

/// Calls `query` or `change`.
async fn query(
    mcp: &McpServer,
    tool: LeanTool,
    arguments: &str,
    with: Context,
    updates: Updates,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let dispatcher = mcp.dispatcher();
    let failed = |failure: ActionError, signature: &str| {
        results::query_failed(dispatcher.redactor().scrub_error(failure), signature)
    };
    let mut query = match query_tool::read(arguments) {
        Ok(query) => query,
        Err(failure) => return Ok(failed(failure, tool.signature())),
    };
    let registry = dispatcher.registry_with(&query.action).await;
    if let Some(failure) = tool.reject(&query, &registry) {
        return Ok(results::error(error_text(&dispatcher.redactor().scrub_error(failure))));
    }
    let action = registry.find(&query.action).ok();
    query.context = with;
    // Boxed: the future is large, and each call of the protocol would contain it.
    let work = Box::pin(mcp.service.lean().query(dispatcher, &query));
    Ok(match (until_cancelled(work, updates, context).await?, action) {
        (Ok(done), Some(action)) if done.text.len() > mcp.result_limit => {
            results::too_large(action, mcp.result_limit)
        }
        (Ok(done), Some(action)) => within_limit(mcp, results::of_query(done), action, context),
        (Ok(done), None) => results::of_query(done),
        (Err(failure), Some(action)) => failed(failure, &action.signature),
        (Err(failure), None) => failed(failure, tool.signature()),
    })
}

/// Calls the tool of a single action.
async fn run(
    mcp: &McpServer,
    action: &Action,
    params: ParamsText,
    with: Context,
    updates: Updates,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let dispatcher = mcp.dispatcher();
    let work = async {
        let reply = dispatcher.call(Call::new(&*action.name, params).within(with)).await?;
        // The inner result: the action has run, whether its result fits or not.
        Ok(reply.whole(dispatcher.store(), mcp.result_limit).await)
    };
    Ok(match until_cancelled(work, updates, context).await? {
        Ok(Ok(text)) => within_limit(mcp, results::of_action(action, text), action, context),
        Ok(Err(failure)) if failure.code == ErrorCode::PayloadTooLarge => {
            results::too_large(action, mcp.result_limit)
        }
        Ok(Err(failure)) | Err(failure) => results::failed(&failure, &action.signature),
    })
}

/// Returns the result, or an error result if the response is over the limit.
fn within_limit(
    mcp: &McpServer,
    result: CallToolResult,
    action: &Action,
    context: &RequestContext<RoleServer>,
) -> CallToolResult {
    if mcp.fits(&result, &context.id) {
        result
    } else {
        results::too_large(action, mcp.result_limit)
    }
}

/// Does the work and sends its updates, until the client cancels: dropping the work stops it.
async fn until_cancelled<T>(
    work: impl Future<Output = T>,
    updates: Updates,
    context: &RequestContext<RoleServer>,
) -> Result<T, ErrorData> {
    tokio::select! {
        () = context.ct.cancelled() => Err(ErrorData::internal_error("cancelled", None)),
        done = updates.send_during(work, context) => Ok(done),
    }
}
