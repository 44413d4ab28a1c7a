//! Explains rmcp's rejections: it returns only a status for some of them.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use rmcp::model::ProtocolVersion;
use serde_json::Value;

use crate::http::error::ApiError;
use crate::mcp::sessions::HEADER_SESSION_ID;
use crate::mcp::{REVISIONS, message};

const HEADER_REVISION: &str = "mcp-protocol-version";

/// Replaces a rejection without a reason by one with it.
pub(super) fn explain(response: ServiceResponse<BoxBody>, body: &[u8]) -> ServiceResponse<BoxBody> {
    let request = response.request();
    let explained = match response.status() {
        StatusCode::BAD_REQUEST if !has_json(&response) => match header_problem(request) {
            Some(detail) => ApiError::new(StatusCode::BAD_REQUEST, detail).error_response(),
            None => return response,
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => bad_request(&message::invalid(body)),
        _ => return response,
    };
    response.into_response(explained)
}

/// Returns the response with a JSON-RPC error.
pub(super) fn bad_request(error: &Value) -> HttpResponse {
    HttpResponse::BadRequest().json(error)
}

fn has_json(response: &ServiceResponse<BoxBody>) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    media_type.is_some_and(|it| it.starts_with("application/json"))
}

fn header_problem(request: &HttpRequest) -> Option<String> {
    let has_session = request.headers().get(HEADER_SESSION_ID).is_some_and(|id| !id.is_empty());
    revision_problem(request.headers()).or_else(|| {
        let message = "Mcp-Session-Id is missing: send the one from the response to initialize";
        (!has_session).then(|| message.into())
    })
}

/// Returns the error for a header that names a revision that the server does not implement.
pub(super) fn revision_problem(headers: &HeaderMap) -> Option<String> {
    let known = REVISIONS.iter().map(ProtocolVersion::as_str);
    let revision = headers.get(HEADER_REVISION)?;
    let is_known = known.clone().any(|known| revision == known);
    let known = || known.collect::<Vec<_>>().join(", ");
    (!is_known).then(|| format!("MCP-Protocol-Version must be one of {}", known()))
}
