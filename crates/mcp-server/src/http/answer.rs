//! v1's envelope around what is answered, and the errors of the core as answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use mcp_core::{ActionError, StoreError, Timestamp};
use serde::Serialize;

use super::error::ApiError;
use crate::service::Service;

#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    data: &'a T,
    message: &'a str,
    timestamp: Timestamp,
}

/// `{"success": true, "data": …, "message": …, "timestamp": …}`.
pub(super) fn success<T: Serialize>(
    service: &Service,
    data: &T,
    message: &str,
) -> Result<HttpResponse, ApiError> {
    envelope(service, true, data, message)
}

/// The same with `"success": false`.
pub(super) fn envelope<T: Serialize>(
    service: &Service,
    success: bool,
    data: &T,
    message: &str,
) -> Result<HttpResponse, ApiError> {
    let envelope = Envelope { success, data, message, timestamp: service.now() };
    let body = serde_json::to_vec(&envelope).map_err(ActionError::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

impl From<ActionError> for ApiError {
    /// The status of the error table; the cause stays in the log.
    fn from(error: ActionError) -> Self {
        let status = StatusCode::from_u16(error.code.row().status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = Self::new(status, error.message);
        match error.retry_after {
            Some(wait) => answer.retry_after(wait.as_secs().max(1)),
            None => answer,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        log::error!("{error}");
        ActionError::from(error).into()
    }
}
