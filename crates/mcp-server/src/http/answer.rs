//! v1's responses: the envelope around the data, and the core's errors.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use mcp_core::dispatch::Rest;
use mcp_core::{ActionError, Reply, StoreError};
use serde::Serialize;

use super::error::ApiError;
use crate::service::Service;

/// Returns `{"success": true, "data": …, "message": …, "timestamp": …}`.
pub(super) fn success<T: Serialize>(
    service: &Service,
    data: &T,
    message: &str,
) -> Result<HttpResponse, ApiError> {
    envelope(service, true, data, message)
}

/// Returns the envelope with this `success`.
pub(super) fn envelope<T: Serialize>(
    service: &Service,
    success: bool,
    data: &T,
    message: &str,
) -> Result<HttpResponse, ApiError> {
    let data = mcp_core::json::text(data)?;
    Ok(json([before(success), &data, &after(service, message)].concat()))
}

/// Returns the envelope around a reply. A long reply is sent while it is read, and is never whole in
/// memory. `message` gets the number of rows of each list.
pub(super) fn reply(
    service: Data<Service>,
    reply: Reply,
    message: impl FnOnce(&[u64]) -> String + 'static,
) -> HttpResponse {
    let (data, rest) = reply.into_parts();
    if rest.is_empty() {
        let message = message(rest.counts());
        return json([before(true), &data, &after(&service, &message)].concat());
    }
    let beginning = format!("{}{data}", before(true));
    let parts = Parts { service, rest, beginning: Some(beginning), message: Some(message) };
    HttpResponse::Ok()
        .content_type("application/json")
        .streaming(stream::try_unfold(parts, Parts::next))
}

/// A reply while it is sent.
struct Parts<M> {
    service: Data<Service>,
    rest: Rest,
    /// `None` once it is sent.
    beginning: Option<String>,
    /// `None` once all is sent.
    message: Option<M>,
}

impl<M: FnOnce(&[u64]) -> String> Parts<M> {
    /// Returns the next part. The status is already sent, so an error ends the connection early: the
    /// client sees an incomplete response (RFC 9112, section 8).
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, actix_web::Error> {
        let text = match self.beginning.take() {
            Some(beginning) => beginning,
            None => match self.rest.next(self.service.store()).await {
                Ok(Some(part)) => part,
                Ok(None) => {
                    let Some(message) = self.message.take() else { return Ok(None) };
                    after(&self.service, &message(self.rest.counts()))
                }
                Err(error) => {
                    let cause = error.cause.as_ref().map(ToString::to_string).unwrap_or_default();
                    let cause = self.service.dispatcher().redactor().scrub(&cause);
                    log::error!("a response breaks off: {cause}");
                    return Err(ApiError::from(error).into());
                }
            },
        };
        Ok(Some((text.into(), self)))
    }
}

fn before(success: bool) -> &'static str {
    if success { r#"{"success":true,"data":"# } else { r#"{"success":false,"data":"# }
}

fn after(service: &Service, message: &str) -> String {
    let message = serde_json::to_string(message).expect("a text is JSON");
    [r#","message":"#, &message, r#","timestamp":""#, &service.now().to_string(), r#""}"#].concat()
}

/// Returns a response with JSON text.
pub(super) fn json(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

impl From<ActionError> for ApiError {
    /// Takes the status from the error table. The cause is not sent.
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
