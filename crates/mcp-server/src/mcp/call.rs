//! A call of a tool: from the request to the dispatcher and back, with progress on the way, ended
//! when the client cancels it or goes away.

use std::future::Future;

use mcp_core::action::Action;
use mcp_core::action::params::ParamsText;
use mcp_core::{Call, Caller, Context, ErrorCode};
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorData};
use rmcp::service::{RequestContext, RoleServer};

use super::progress::SaidDuring;
use super::{Face, ToolSet, answer, arguments, http, lean, progress};

/// Calls the tool that the request names.
///
/// # Errors
/// When there is no such tool, or the client gave up.
pub(super) async fn call(
    face: &Face,
    set: &ToolSet,
    request: CallToolRequestParams,
    least: u8,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let arguments = arguments::text(context, &request.arguments.unwrap_or_default());
    if *set == ToolSet::Lean && request.name == lean::NAME {
        return query(face, arguments.get(), least, context).await;
    }
    match face.dispatcher().registry().find(&request.name) {
        Ok(action) if set.contains(action.doc.group.name()) => {
            match ParamsText::from_json(&arguments) {
                Ok(mut params) => {
                    action.coerce(&mut params);
                    run(face, action, params, least, context).await
                }
                Err(failure) => Ok(answer::failed(&failure, &action.signature)),
            }
        }
        _ => {
            let shown = face.shown(&request.name);
            Err(ErrorData::invalid_params(format!("Unknown tool: {shown}"), None))
        }
    }
}

/// The tool `query`.
async fn query(
    face: &Face,
    arguments: &str,
    least: u8,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let dispatcher = face.dispatcher();
    // What the lean face refuses by itself says back what the client sent.
    let failed = |failure, signature| {
        answer::query_failed(dispatcher.redactor().scrub_error(failure), signature)
    };
    let mut query = match lean::read(arguments) {
        Ok(query) => query,
        Err(failure) => return Ok(failed(failure, lean::SIGNATURE)),
    };
    let action = dispatcher.registry().find(&query.action).ok();
    let (heard, said) = progress::channel(context, least);
    query.context = Context { caller: caller(context), progress: heard };
    // It is large, and every call of the protocol would carry it.
    let work = Box::pin(face.service.lean().query(dispatcher, &query));
    Ok(match (during(work, said, context).await?, action) {
        (Ok(done), Some(action)) if done.text.len() > face.result_limit => {
            answer::too_large(action, face.result_limit)
        }
        (Ok(done), Some(action)) => within(face, answer::of_query(done), action, context),
        (Ok(done), None) => answer::of_query(done),
        (Err(failure), Some(action)) => failed(failure, &action.signature),
        (Err(failure), None) => failed(failure, lean::SIGNATURE),
    })
}

/// The tool of an action's own.
async fn run(
    face: &Face,
    action: &Action,
    params: ParamsText,
    least: u8,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let dispatcher = face.dispatcher();
    let (heard, said) = progress::channel(context, least);
    let work = async {
        let context = Context { caller: caller(context), progress: heard };
        let reply = dispatcher.call(Call::new(action.name, params).within(context)).await?;
        // What is too large now was carried out; what an action calls too large itself was not.
        Ok(reply.whole(dispatcher.store(), face.result_limit).await)
    };
    Ok(match during(work, said, context).await? {
        Ok(Ok(text)) => within(face, answer::of_tool(action, text), action, context),
        Ok(Err(failure)) if failure.code == ErrorCode::PayloadTooLarge => {
            answer::too_large(action, face.result_limit)
        }
        Ok(Err(failure)) | Err(failure) => answer::failed(&failure, &action.signature),
    })
}

/// The caller: of HTTP, as the gate has noted it; over stdio there is only one.
fn caller(context: &RequestContext<RoleServer>) -> Caller {
    http::noted(&context.extensions).unwrap_or_default()
}

/// The result, or an error if it is over the limit.
fn within(
    face: &Face,
    result: CallToolResult,
    action: &Action,
    context: &RequestContext<RoleServer>,
) -> CallToolResult {
    if face.fits(&result, &context.id) {
        result
    } else {
        answer::too_large(action, face.result_limit)
    }
}

/// Does the work, unless the client cancels it.
async fn during<T>(
    work: impl Future<Output = T>,
    said: SaidDuring,
    context: &RequestContext<RoleServer>,
) -> Result<T, ErrorData> {
    tokio::select! {
        // Dropping the work stops it.
        () = context.ct.cancelled() => Err(ErrorData::internal_error("cancelled", None)),
        done = said.forward_during(work, context) => Ok(done),
    }
}
