//! Extracts the body of a request as checked JSON text.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, web};
use mcp_core::json::{self, Problem};
use paperclip::actix::OperationModifier;
use paperclip::v2::schema::Apiv2Schema;

use crate::http::body;
use crate::http::error::ApiError;

/// The limits for reading a body. Part of the app's data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) size: usize,
    /// The time from the head to the last byte.
    pub(crate) deadline: Duration,
}

/// A body that is UTF-8 and passes [`json::check`], or is not JSON: the route says what it expects.
pub(super) struct JsonBody(pub(super) String);

impl Apiv2Schema for JsonBody {}
impl OperationModifier for JsonBody {}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload).into_inner();
        Box::pin(async move {
            let limits = *request
                .app_data::<web::Data<BodyLimits>>()
                .expect("the app is given its limits where it is built")
                .as_ref();
            check_type(&request)?;
            let payload = payload.map_err(|error| malformed(error.to_string()))?;
            let bytes = body::read(&request, payload, limits.size, limits.deadline).await?;
            let text = String::from_utf8(body::without_bom(bytes).into())
                .map_err(|_| malformed("The request body is not UTF-8"))?;
            match json::check(&text) {
                Ok(()) | Err(Problem::Syntax(_)) => Ok(Self(text)),
                Err(problem @ Problem::NumberOutOfRange { .. }) => {
                    Err(ApiError::new(StatusCode::BAD_REQUEST, problem.to_string()))
                }
                Err(problem) => Err(malformed(problem.to_string())),
            }
        })
    }
}

/// Returns 422 for a body of another form.
pub(super) fn malformed(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// Rejects a body whose type is not JSON. A body without a type counts as JSON.
///
/// A web page must send the type: only then does its browser send a preflight first (CORS;
/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>).
fn check_type(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    let is_json = headers.get(header::CONTENT_TYPE).map(|given| {
        let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    });
    if is_json.unwrap_or_else(|| !headers.contains_key(header::ORIGIN)) {
        Ok(())
    } else {
        Err(malformed("Content-Type must be application/json"))
    }
}
