//! `POST /query`: calls any action.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::action::params::ParamsText;
use mcp_core::json::RawObject;
use mcp_core::{Call, Context};
use paperclip::actix::api_v2_operation;
use serde_json::value::RawValue;

use super::body::{JsonBody, malformed};
use crate::http::answer::reply;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::service::Service;

/// The body.
struct Query<'a> {
    action: String,
    params: Option<&'a RawValue>,
}

#[api_v2_operation(
    summary = "Call an action",
    description = "Runs one action of the registry. Unknown parameters are ignored. `null` counts as absent unless the parameter's type allows it.",
    operation_id = "query",
    tags("v1")
)]
pub(super) async fn query(
    Caller(caller): Caller,
    JsonBody(text): JsonBody,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let query = parse(&text)?;
    let params = match query.params {
        Some(params) => ParamsText::from_json(params).map_err(|error| malformed(error.message))?,
        None => ParamsText::none(),
    };
    let message = format!("Action '{}' completed successfully", query.action);
    let call = Call::new(query.action, params).ignoring_unknown().within(Context::of(caller));
    let answer = service.dispatcher().call(call).await?;
    Ok(reply(service, answer, move |_| message))
}

fn parse(text: &str) -> Result<Query<'_>, ApiError> {
    if text.trim().is_empty() {
        return Err(malformed(
            r#"The request body is empty; expected {"action": "…", "params": {…}}"#,
        ));
    }
    let object = RawObject::parse(text)
        .map_err(|error| malformed(format!("The request body is not a JSON object: {error}")))?;
    let member = |name: &str| {
        let mut found = object.members.iter().filter(|(member, _)| member == name);
        let value = found.next().map(|(_, value)| *value);
        match found.next() {
            Some(_) => Err(malformed(format!("{name} is given twice"))),
            None => Ok(value),
        }
    };
    let action = member("action")?.ok_or_else(|| malformed("action is required"))?;
    let action = serde_json::from_str(action.get())
        .map_err(|_| malformed("action must be a string: the name of an action"))?;
    Ok(Query { action, params: member("params")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_another_form_is_refused_in_words() {
        for (body, detail) in [
            ("", "empty"),
            ("not json", "not a JSON object"),
            ("[1]", "not a JSON object"),
            (r#"["list_users", {}]"#, "not a JSON object"),
            (r#"{"action":"a"} x"#, "not a JSON object"),
            ("{}", "action is required"),
            (r#"{"action":5}"#, "action must be a string"),
            (r#"{"action":null}"#, "action must be a string"),
            (r#"{"action":"a","action":"b"}"#, "action is given twice"),
        ] {
            let Err(error) = parse(body) else { panic!("{body} was taken") };
            assert!(error.detail().contains(detail), "{body}: {}", error.detail());
        }
    }
}
