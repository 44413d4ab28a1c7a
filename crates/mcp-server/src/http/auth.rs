//! The API key: `X-API-Key`, or `Authorization: Bearer` (RFC 6750, section 2.1). It is not read from
//! the URL, which logs and histories keep.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::ApiError;

const X_API_KEY: &str = "x-api-key";

/// The digest of the API key; without one, protected routes are open.
///
/// Digests are compared in constant time: the time of a response tells nothing about the key.
#[derive(Clone)]
pub(crate) struct ApiKey(Option<[u8; 32]>);

/// The key that a request presents.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Key(&'a [u8]),
    /// Two keys.
    Ambiguous,
}

impl ApiKey {
    pub(crate) fn new(key: Option<&str>) -> Self {
        Self(key.map(|key| Sha256::digest(key).into()))
    }

    /// Returns whether clients must send a key.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether the headers prove a configured key; `false` if none is configured.
    ///
    /// # Errors
    /// Returns 401 without a key, and 403 with a wrong one.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<bool, ApiError> {
        let Some(digest) = &self.0 else { return Ok(false) };
        match presented(headers) {
            Presented::Key(key) if digest.ct_eq(&Sha256::digest(key)).into() => Ok(true),
            Presented::Nothing => {
                let error = ApiError::new(StatusCode::UNAUTHORIZED, "Missing X-API-Key header");
                Err(error.challenge("Bearer"))
            }
            _ => Err(ApiError::new(StatusCode::FORBIDDEN, "Invalid API key")),
        }
    }

    /// Returns the digest of the key in the headers; `None` if no key is configured or sent.
    pub(crate) fn presented_digest(&self, headers: &HeaderMap) -> Option<[u8; 32]> {
        self.0?;
        match presented(headers) {
            Presented::Key(key) => Some(Sha256::digest(key).into()),
            _ => None,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "ApiKey(set)" } else { "ApiKey(none)" })
    }
}

/// Returns the key of `X-API-Key` or else of `Authorization`; an empty `X-API-Key` counts as absent.
fn presented(headers: &HeaderMap) -> Presented<'_> {
    let keys = headers.get_all(X_API_KEY).map(HeaderValue::as_bytes).filter(|it| !it.is_empty());
    let named = only(keys);
    if named != Presented::Nothing {
        return named;
    }
    only(headers.get_all(header::AUTHORIZATION).filter_map(|it| bearer(it.as_bytes())))
}

fn only<'a>(mut keys: impl Iterator<Item = &'a [u8]>) -> Presented<'a> {
    match (keys.next(), keys.next()) {
        (None, _) => Presented::Nothing,
        (Some(key), None) => Presented::Key(key),
        (Some(_), Some(_)) => Presented::Ambiguous,
    }
}

/// Returns the token of `Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("Bearer".len())?;
    let token = rest.strip_prefix(b" ")?.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::{App, http::Method, test, web};
    use serde_json::{Value, json};

    use super::*;
    use crate::http::caller::Caller;
    use crate::http::error::{method_not_allowed, not_found};

    /// The answer of an app whose `POST /closed` wants this key.
    async fn ask(
        key: Option<&str>,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> (u16, Option<String>, Value) {
        let key = ApiKey::new(key);
        let closed = web::resource("/closed")
            .app_data(web::Data::new(key))
            .route(web::post().to(async |_: Caller| web::Json(json!("in"))))
            .default_service(method_not_allowed(&[Method::POST]));
        let app =
            test::init_service(App::new().service(closed).default_service(web::to(not_found)))
                .await;
        let (method, path) = uri.split_once(' ').unwrap();
        let mut request = test::TestRequest::with_uri(path).method(method.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        let answer = test::call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
        let challenge = challenge.map(|it| it.to_str().unwrap().to_owned());
        (status, challenge, test::read_body_json(answer).await)
    }

    #[actix_web::test]
    async fn without_a_key_configured_all_is_open() {
        assert_eq!(ask(None, "POST /closed", &[("X-API-Key", "whatever")]).await.0, 200);
        assert_eq!(ask(None, "POST /closed", &[]).await.0, 200);
        assert!(!ApiKey::new(None).check(&HeaderMap::new()).unwrap());
    }

    #[actix_web::test]
    async fn a_missing_key_is_401_and_a_wrong_one_403() {
        let missing = json!({ "detail": "Missing X-API-Key header" });
        let wrong = json!({ "detail": "Invalid API key" });
        for headers in [&[][..], &[("Authorization", "Basic ay0x")], &[("X-API-Key", "")]] {
            let answer = ask(Some("k-1"), "POST /closed", headers).await;
            assert_eq!(answer, (401, Some("Bearer".into()), missing.clone()), "{headers:?}");
        }
        for header in [("X-API-Key", "k-2"), ("x-api-key", "K-1"), ("Authorization", "Bearer k")] {
            let answer = ask(Some("k-1"), "POST /closed", &[header]).await;
            assert_eq!(answer, (403, None, wrong.clone()), "{header:?}");
        }
    }

    #[actix_web::test]
    async fn the_key_opens_by_either_header() {
        for header in [
            ("X-API-Key", "k-1"),
            ("x-api-key", "k-1"),
            ("Authorization", "Bearer k-1"),
            ("authorization", "bEARER  k-1"),
        ] {
            assert_eq!(ask(Some("k-1"), "POST /closed", &[header]).await.0, 200, "{header:?}");
        }
    }

    #[actix_web::test]
    async fn x_api_key_decides_and_two_keys_are_wrong() {
        let (right, wrong) = (("Authorization", "Bearer k-1"), ("X-API-Key", "k-2"));
        assert_eq!(ask(Some("k-1"), "POST /closed", &[wrong, right]).await.0, 403);
        let twice = [("X-API-Key", "k-1"), ("X-API-Key", "k-1")];
        assert_eq!(ask(Some("k-1"), "POST /closed", &twice).await.0, 403);
    }

    #[actix_web::test]
    async fn the_url_never_brings_it() {
        let uri = "POST /closed?api_key=k-1&X-API-Key=k-1";
        assert_eq!(ask(Some("k-1"), uri, &[]).await.0, 401);
    }

    #[actix_web::test]
    async fn unknown_paths_and_wrong_methods_need_no_key() {
        assert_eq!(ask(Some("k-1"), "POST /nope", &[]).await.0, 404);
        assert_eq!(ask(Some("k-1"), "GET /closed", &[]).await.0, 405);
    }

    #[actix_web::test]
    async fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", ApiKey::new(Some("k-1"))), "ApiKey(set)");
    }
}
