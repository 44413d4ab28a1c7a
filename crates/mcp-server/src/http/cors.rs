//! Cross-origin requests (Fetch standard, "CORS protocol"), with actix-cors.

use actix_cors::{Cors, CorsError};
use actix_web::{
    Error, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
};

use super::error::ApiError;
use crate::config::CorsOrigins;

/// The seconds for which a browser may cache a preflight's response.
const MAX_AGE: usize = 3600;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];

/// The response headers that a page may read besides the safelisted ones.
const EXPOSED: &str = "Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, \
                       Deprecation, Link, X-Tokens, Content-Range, \
                       Mcp-Session-Id, WWW-Authenticate";

/// Middleware that allows pages to read responses: all pages without credentials, or the listed origins
/// with credentials. [`tidy`] wraps it.
///
/// Origins are `scheme://host[:port]` and are compared as texts (RFC 6454, section 6.2).
pub(crate) fn cors(origins: &CorsOrigins) -> Cors {
    let shared = Cors::default().allowed_methods(METHODS).allow_any_header().max_age(MAX_AGE);
    match origins {
        CorsOrigins::Any => shared.allow_any_origin().send_wildcard(),
        CorsOrigins::Listed(origins) => {
            let shared = shared.supports_credentials();
            origins.iter().fold(shared, |cors, origin| cors.allowed_origin(origin))
        }
    }
}

/// Middleware that keeps actix-cors's headers only in responses that the page may read, and rejects a
/// preflight from another origin with JSON.
pub(crate) async fn tidy(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut answer = next.call(request).await?.map_into_boxed_body();
    if answer.response().error().is_some_and(|error| error.as_error::<CorsError>().is_some()) {
        let refusal =
            ApiError::new(StatusCode::BAD_REQUEST, "This cross-origin request is not allowed");
        return Ok(answer.into_response(refusal.error_response()));
    }
    let headers = answer.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    } else if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
        // No page reads a preflight's headers.
        let exposed = HeaderValue::from_static(EXPOSED);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    Ok(answer)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::{App, http::header::HeaderMap, middleware::from_fn, test, web};
    use serde_json::{Value, json};

    use super::*;

    const LISTED: &[&str] = &["https://yourdomain.com", "https://app.yourdomain.com"];

    async fn answer(origins: &[&str], request: test::TestRequest) -> (u16, HeaderMap, String) {
        let origins = match origins {
            [] => CorsOrigins::Any,
            listed => CorsOrigins::Listed(listed.iter().map(ToString::to_string).collect()),
        };
        let app = test::init_service(
            App::new()
                .wrap(cors(&origins))
                .wrap(from_fn(tidy))
                .route("/", web::get().to(async || "ok")),
        )
        .await;
        let answer = test::call_service(&app, request.uri("/").to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = test::read_body(answer).await;
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn get(origin: &str) -> test::TestRequest {
        test::TestRequest::get().insert_header((header::ORIGIN, origin))
    }

    fn preflight(origin: &str) -> test::TestRequest {
        test::TestRequest::default()
            .method(actix_web::http::Method::OPTIONS)
            .insert_header((header::ORIGIN, origin))
            .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "DELETE"))
            .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-api-key"))
    }

    /// The names in a list header, in lower case.
    fn names(headers: &HeaderMap, name: header::HeaderName) -> BTreeSet<String> {
        headers
            .get(name)
            .unwrap()
            .to_str()
            .unwrap()
            .split(',')
            .map(|it| it.trim().to_lowercase())
            .collect()
    }

    fn set(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|it| it.to_lowercase()).collect()
    }

    fn cors_headers(headers: &HeaderMap) -> usize {
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).count()
    }

    #[actix_web::test]
    async fn any_origin_by_default_and_then_without_credentials() {
        let (status, headers, _) = answer(&[], get("http://example.com")).await;
        assert_eq!(status, 200);
        assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        assert_eq!(headers.get(header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap(), EXPOSED);
    }

    #[actix_web::test]
    async fn a_preflight_says_what_is_allowed() {
        let (status, headers, _) = answer(&[], preflight("http://example.com")).await;
        assert_eq!(status, 200);
        assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert_eq!(names(&headers, header::ACCESS_CONTROL_ALLOW_METHODS), set(&METHODS));
        let allowed = names(&headers, header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert!(allowed.contains("x-api-key") || allowed.contains("*"));
        assert_eq!(headers.get(header::ACCESS_CONTROL_MAX_AGE).unwrap(), "3600");
    }

    #[actix_web::test]
    async fn a_listed_origin_is_named_and_has_credentials() {
        for request in [get(LISTED[1]), preflight(LISTED[1])] {
            let (status, headers, _) = answer(LISTED, request).await;
            assert_eq!(status, 200);
            assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), LISTED[1]);
            assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).unwrap(), "true");
        }
    }

    #[actix_web::test]
    async fn an_unlisted_origin_is_served_without_a_word_on_cors() {
        for origin in ["https://evil.example", "null", "https://yourdomain.com.evil.example"] {
            let (status, headers, body) = answer(LISTED, get(origin)).await;
            assert_eq!((status, body.as_str()), (200, "ok"));
            assert_eq!(cors_headers(&headers), 0, "{headers:?}");
            let (status, headers, body) = answer(LISTED, preflight(origin)).await;
            assert_eq!((status, cors_headers(&headers)), (400, 0));
            let wanted = json!({ "detail": "This cross-origin request is not allowed" });
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), wanted);
        }
    }

    #[actix_web::test]
    async fn no_origin_no_cors() {
        let (status, headers, _) = answer(LISTED, test::TestRequest::get()).await;
        assert_eq!((status, cors_headers(&headers)), (200, 0));
    }
}
