//! How a request is refused that is no message, or that rmcp does not take: in words, and in the
//! form of JSON-RPC 2.0 where it says what is wrong with a message.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use rmcp::model::ProtocolVersion;
use serde_json::{Value, json};

use super::sessions::HEADER_SESSION_ID;
use super::{REVISIONS, id};
use crate::http::error::ApiError;

/// The header that names the revision.
const HEADER_REVISION: &str = "mcp-protocol-version";

/// rmcp's refusals in words, where it has only a status.
pub(super) fn explained(answer: ServiceResponse<BoxBody>, body: &[u8]) -> ServiceResponse<BoxBody> {
    let explained = match answer.status() {
        StatusCode::BAD_REQUEST if !is_said(&answer) => {
            let Some(detail) = missing(answer.request()) else { return answer };
            ApiError::new(StatusCode::BAD_REQUEST, detail).error_response()
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE if !is_json(answer.request()) => ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        )
        .error_response(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
                Ok(_) => rpc_error(&id_of(body), -32600, "The body is no message of JSON-RPC 2.0"),
                Err(error) => parse_error(&format!("The body is not JSON: {error}")),
            }
        }
        _ => return answer,
    };
    answer.into_response(explained)
}

/// Whether the answer says itself what is wrong, in the form of JSON-RPC.
fn is_said(answer: &ServiceResponse<BoxBody>) -> bool {
    let form = answer.headers().get(header::CONTENT_TYPE).and_then(|form| form.to_str().ok());
    form.is_some_and(|form| form.starts_with("application/json"))
}

/// What is wrong with the headers of a request, of which rmcp says no more than that it is bad.
fn missing(request: &HttpRequest) -> Option<String> {
    let has_session = request.headers().get(HEADER_SESSION_ID).is_some_and(|id| !id.is_empty());
    wrong_revision(request.headers()).or_else(|| {
        let message = "Mcp-Session-Id is missing: the answer to initialize has it";
        (!has_session).then(|| message.into())
    })
}

/// What is said of a header that names a revision that is not served.
pub(super) fn wrong_revision(headers: &header::HeaderMap) -> Option<String> {
    let known = REVISIONS.iter().map(ProtocolVersion::as_str);
    let given = headers.get(HEADER_REVISION)?;
    let is_known = known.clone().any(|known| given == known);
    let known = || known.collect::<Vec<_>>().join(", ");
    (!is_known).then(|| format!("MCP-Protocol-Version must be one of {}", known()))
}

fn is_json(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

/// A body that is not JSON.
fn parse_error(message: &str) -> HttpResponse {
    rpc_error(&Value::Null, -32700, message)
}

/// A body that is not read: an invalid request where its id can be found, as over stdio.
pub(super) fn unreadable(body: &[u8], message: &str) -> HttpResponse {
    match id::of(body) {
        Some(id) => rpc_error(&json!(id), -32600, message),
        None => parse_error(message),
    }
}

/// The id of a message, where it can be read.
fn id_of(body: &[u8]) -> Value {
    id::of(body).map_or(Value::Null, |id| json!(id))
}

/// JSON-RPC 2.0, section 5.1.
fn rpc_error(id: &Value, code: i32, message: &str) -> HttpResponse {
    let error = json!({ "code": code, "message": message });
    HttpResponse::BadRequest().json(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}
