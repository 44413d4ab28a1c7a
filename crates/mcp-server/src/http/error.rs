//! The errors of the middleware and of v1.
//!
//! Their body is `{"detail": "…"}`, as in the v1 contract. The rate limit has another form for the same
//! reason. Errors of a call over v2 and the Model Context Protocol have the forms of those.

use paperclip::v2::schema::Apiv2Errors;
use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    Error, HttpRequest, HttpResponse, ResponseError, Route,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::{PathError, QueryPayloadError},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
    web,
};
use serde_json::json;

/// An error response. Clients read `detail`; a cause belongs in the server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    detail: String,
    retry_after: Option<u64>,
    challenge: Option<&'static str>,
    closes: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, challenge: None, closes: false }
    }

    /// Adds the seconds until the client may try again (`Retry-After`, RFC 9110, section 10.2.3).
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds the authentication scheme (`WWW-Authenticate`, RFC 9110, section 11.6.1).
    pub(crate) fn challenge(mut self, scheme: &'static str) -> Self {
        self.challenge = Some(scheme);
        self
    }

    /// Closes the connection after the response: the rest of the request is not read.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status.as_u16(), self.detail)
    }
}

impl std::error::Error for ApiError {}

/// `openapi::operations` describes the error responses.
impl Apiv2Errors for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(scheme) = self.challenge {
            answer.insert_header((header::WWW_AUTHENTICATE, scheme));
        }
        if self.closes {
            answer.force_close();
        }
        answer.json(json!({ "detail": self.detail }))
    }
}

/// Returns an error with the status's name, such as `Not Found`.
fn named(status: StatusCode) -> ApiError {
    ApiError::new(status, status.canonical_reason().unwrap_or("Error"))
}

/// Returns 404: the app's `default_service`.
pub(crate) fn not_found() -> Ready<ApiError> {
    ready(named(StatusCode::NOT_FOUND))
}

impl actix_web::Responder for ApiError {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

/// Returns 405: a resource's `default_service`. `allowed` are the resource's methods, for `Allow`
/// (RFC 9110, section 10.2.1).
pub(crate) fn method_not_allowed(allowed: &[Method]) -> Route {
    let allowed = allowed.to_vec();
    web::route().to(move || ready(method_not_allowed_answer(&allowed)))
}

/// Returns a 405 response that lists the allowed methods.
pub(crate) fn method_not_allowed_answer(allowed: &[Method]) -> HttpResponse {
    let names = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let mut answer = named(StatusCode::METHOD_NOT_ALLOWED).error_response();
    if let Ok(allow) = HeaderValue::from_str(&names) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// Configures the errors of actix-web's extractors: 422 for a query of another form, 404 for a path.
pub(crate) fn extractors(config: &mut web::ServiceConfig) {
    let query = web::QueryConfig::default().error_handler(|error: QueryPayloadError, _| {
        let error = error.to_string();
        match error.split_once("duplicate field `").and_then(|(_, rest)| rest.split_once('`')) {
            Some((name, _)) => unprocessable(&format!("{name} is given twice")).into(),
            None => {
                unprocessable("The query has a parameter of the wrong type, or lacks one").into()
            }
        }
    });
    let path = web::PathConfig::default()
        .error_handler(|_: PathError, _| named(StatusCode::NOT_FOUND).into());
    config.app_data(query).app_data(path);
}

/// Returns 413 for a body over `limit` bytes.
pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("The request body is larger than {limit} bytes"),
    )
}

fn unprocessable(detail: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// Middleware that turns libraries' error responses into JSON.
///
/// The status and headers stay. The detail is the status's name: a library's text may expose internals.
pub(crate) async fn json_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) if error.as_error::<ApiError>().is_some() => return Err(error),
        Err(error) => {
            log::warn!("middleware failed: {error}");
            return Err(named(error.as_response_error().status_code()).into());
        }
    };
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) || is_json(&answer) {
        return Ok(answer);
    }
    let (request, mut old) = answer.into_parts();
    let mut new = named(status).error_response();
    for (name, value) in std::mem::take(old.headers_mut()) {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(&name)
        {
            new.headers_mut().append(name, value);
        }
    }
    if old.head().connection_type() == actix_web::http::ConnectionType::Close {
        new.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    Ok(ServiceResponse::new(request, new))
}

fn is_json(answer: &ServiceResponse) -> bool {
    let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    media_type.is_some_and(|it| {
        let essence = it.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::{App, middleware::from_fn, test};
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[derive(Deserialize)]
    struct Page {
        limit: u32,
    }

    /// The status, headers and JSON body that this request gets.
    async fn answer(request: test::TestRequest) -> (StatusCode, header::HeaderMap, Value) {
        let app = test::init_service(
            App::new()
                .configure(extractors)
                .wrap(from_fn(json_errors))
                .service(
                    web::resource("/things")
                        .route(web::get().to(async |page: web::Query<Page>| page.limit.to_string()))
                        .default_service(method_not_allowed(&[Method::GET, Method::HEAD])),
                )
                .route("/things/{id}", web::get().to(async |id: web::Path<u32>| id.to_string()))
                .route(
                    "/plain",
                    web::get().to(async || HttpResponse::BadGateway().body("stack trace")),
                )
                .route(
                    "/busy",
                    web::get().to(async || {
                        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Busy").retry_after(3)
                    }),
                )
                .default_service(web::to(not_found)),
        )
        .await;
        let answer = test::call_service(&app, request.to_request()).await;
        assert_eq!(answer.headers().get(header::CONTENT_TYPE).unwrap(), "application/json");
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, test::read_body_json(answer).await)
    }

    #[actix_web::test]
    async fn unknown_paths_and_wrong_methods() {
        let (status, _, body) = answer(test::TestRequest::get().uri("/nope")).await;
        assert_eq!((status.as_u16(), body), (404, json!({ "detail": "Not Found" })));
        let (status, headers, body) = answer(test::TestRequest::delete().uri("/things")).await;
        assert_eq!((status.as_u16(), body), (405, json!({ "detail": "Method Not Allowed" })));
        assert_eq!(headers.get(header::ALLOW).unwrap(), "GET, HEAD");
    }

    #[actix_web::test]
    async fn every_extractor_refuses_in_json() {
        for (request, wanted) in [
            (test::TestRequest::get().uri("/things?limit=abc"), 422),
            (test::TestRequest::get().uri("/things"), 422),
            (test::TestRequest::get().uri("/things/abc"), 404),
        ] {
            let (status, _, body) = answer(request).await;
            assert_eq!(status.as_u16(), wanted, "{body}");
            assert!(body["detail"].is_string(), "{body}");
        }
    }

    #[actix_web::test]
    async fn a_text_of_another_kind_is_not_passed_on() {
        let (status, _, body) = answer(test::TestRequest::get().uri("/plain")).await;
        assert_eq!((status.as_u16(), body), (502, json!({ "detail": "Bad Gateway" })));
    }

    #[actix_web::test]
    async fn an_error_says_when_to_come_back() {
        let (status, headers, body) = answer(test::TestRequest::get().uri("/busy")).await;
        assert_eq!((status.as_u16(), body), (503, json!({ "detail": "Busy" })));
        assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "3");
    }
}
