//! A call of a tool: from the request to the dispatcher and back, with progress on the way, ended
//! when the client cancels it or goes away.

use mcp_core::action::params::ParamsText;
use mcp_core::{Call, ErrorCode};
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorData};
use rmcp::service::{RequestContext, RoleServer};

use super::lean::{self, Query};
use super::{Face, ToolSet, answer, arguments, progress};

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
    let arguments = arguments::text(&context.extensions, &request.arguments.unwrap_or_default());
    let registry = face.dispatcher().registry();
    if *set == ToolSet::Lean && request.name == lean::NAME {
        let query = match Query::read(arguments.get()) {
            Ok(query) => query,
            Err(message) => {
                let message = face.shown(&message);
                return Ok(answer::error(format!("{message}. Use {}", lean::SIGNATURE)));
            }
        };
        return run(face, query.action, query.params, Form::Query, least, context).await;
    }
    match registry.find(&request.name) {
        Ok(action) if set.holds(action) => match ParamsText::from_json(&arguments) {
            Ok(params) => {
                run(face, action.name.to_owned(), params, Form::Tool, least, context).await
            }
            Err(failure) => Ok(answer::failed(&failure, Some(&action.signature))),
        },
        _ => {
            let shown = face.shown(&request.name);
            Err(ErrorData::invalid_params(format!("Unknown tool: {shown}"), None))
        }
    }
}

/// Through which tool an action is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `query`.
    Query,
    /// The tool of its own.
    Tool,
}

async fn run(
    face: &Face,
    name: String,
    params: ParamsText,
    form: Form,
    least: u8,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let dispatcher = face.dispatcher();
    let action = dispatcher.registry().find(&name).ok();
    let (heard, said) = progress::channel(context, least);
    let work = async {
        let reply = dispatcher.call(Call::new(name, params).heard_by(heard)).await?;
        reply.whole(dispatcher.store(), face.result_limit).await
    };
    let done = tokio::select! {
        // Dropping the work stops it.
        () = context.ct.cancelled() => return Err(ErrorData::internal_error("cancelled", None)),
        done = said.forward_during(work, context) => done,
    };
    Ok(match (done, action) {
        (Ok(text), Some(action)) if form == Form::Query => answer::of_query(action, text),
        (Ok(text), Some(action)) => answer::of_tool(action, text),
        (Ok(_), None) => return Err(ErrorData::internal_error("Internal Server Error", None)),
        (Err(failure), Some(action)) if failure.code == ErrorCode::PayloadTooLarge => {
            answer::too_large(action, face.result_limit)
        }
        (Err(failure), Some(action)) => answer::failed(&failure, Some(&action.signature)),
        (Err(failure), None) if failure.code == ErrorCode::UnknownAction => {
            let guide = lean::guide(dispatcher.registry());
            answer::error(match guide {
                Some(guide) => format!("{}. Action {guide} finds the right one", failure.message),
                None => failure.message,
            })
        }
        (Err(failure), None) => answer::failed(&failure, Some(lean::SIGNATURE)),
    })
}
