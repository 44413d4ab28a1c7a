//! Negotiates the media type of a response: `application/json`, or an event stream.

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpMessage};

use crate::http::accept::Accepted;
use crate::http::error::ApiError;

/// Marks a request whose client does not accept event streams: it gets the response alone, as JSON.
#[derive(Clone, Copy)]
struct JsonOnly;

/// Rejects clients that do not accept the media type of the response. rmcp does not read media ranges,
/// so it gets a header that names both types.
pub(super) fn check(request: &mut ServiceRequest) -> Result<(), ApiError> {
    let accepted = Accepted::of(request);
    let takes_json = accepted.takes("application", "json");
    let takes_events = accepted.takes("text", "event-stream");
    let rejection = |detail| Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, detail));
    if request.method() == Method::GET && !takes_events {
        return rejection("Accept must list text/event-stream");
    }
    if request.method() == Method::POST && !takes_json {
        return rejection("Accept must allow application/json, and text/event-stream for progress");
    }
    if request.method() == Method::POST && !takes_events {
        request.extensions_mut().insert(JsonOnly);
    }
    let both = HeaderValue::from_static("application/json, text/event-stream");
    request.headers_mut().insert(header::ACCEPT, both);
    Ok(())
}

/// Rejects a method whose response is a stream if the client accepts only JSON.
pub(super) fn check_stream(request: &ServiceRequest) -> Result<(), ApiError> {
    if !request.extensions().contains::<JsonOnly>() {
        return Ok(());
    }
    let detail = "Accept must allow text/event-stream: subscriptions/listen is a stream";
    Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, detail))
}

/// Replaces an event stream by the response at its end if the client accepts only JSON.
pub(super) async fn without_events(
    response: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_wanted = !response.request().extensions().contains::<JsonOnly>();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    if is_wanted || media_type.is_none_or(|it| it != "text/event-stream") {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let events = to_bytes(body).await.map_err(ErrorInternalServerError)?;
    let events = String::from_utf8_lossy(&events);
    let data = events.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let message = data.rev().find(|data| data.starts_with('{')).unwrap_or("{}").to_owned();
    let json = HeaderValue::from_static("application/json");
    head.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(message))))
}
