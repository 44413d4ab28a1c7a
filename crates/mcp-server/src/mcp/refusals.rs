//! How a request is refused that is no message, or that rmcp does not take: in words, and in the
//! form of JSON-RPC 2.0 where it says what is wrong with a message.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::http::error::ApiError;

/// rmcp's refusals in words, where it has only a status.
pub(super) fn explained(answer: ServiceResponse<BoxBody>, body: &[u8]) -> ServiceResponse<BoxBody> {
    let explained = match answer.status() {
        StatusCode::NOT_ACCEPTABLE => ApiError::new(
            StatusCode::NOT_ACCEPTABLE,
            "Accept must list application/json and text/event-stream",
        )
        .error_response(),
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

fn is_json(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

/// What is no JSON. Nothing is known of the request's id.
pub(super) fn parse_error(message: &str) -> HttpResponse {
    rpc_error(&Value::Null, -32700, message)
}

/// The id of a message, where it can be read.
fn id_of(body: &[u8]) -> Value {
    let message = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let id = message.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64());
    id.cloned().unwrap_or_default()
}

/// JSON-RPC 2.0, section 5.1.
fn rpc_error(id: &Value, code: i32, message: &str) -> HttpResponse {
    let error = json!({ "code": code, "message": message });
    HttpResponse::BadRequest().json(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}
