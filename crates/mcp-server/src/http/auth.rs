//! The API key: `X-API-Key`, or `Authorization: Bearer` (RFC 6750 section 2.1). Never in a URL,
//! where logs and histories keep it.

use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    web,
};
use paperclip::actix::OperationModifier;
use paperclip::v2::schema::Apiv2Schema;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::caller::caller;
use super::error::ApiError;
use super::permission::{Door, admit};

const X_API_KEY: &str = "x-api-key";

/// The key that opens protected routes, as its digest; or none, and they are open.
///
/// Digests are compared in constant time: neither a key's length nor how much of it was right can
/// be told from how long the answer takes.
#[derive(Clone)]
pub struct ApiKey(Option<[u8; 32]>);

/// What a request brings.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Key(&'a [u8]),
    /// Two keys, of which no one could say which counts.
    Ambiguous,
}

impl ApiKey {
    /// `None` when no key is configured.
    #[must_use]
    pub fn new(key: Option<&str>) -> Self {
        Self(key.map(|key| Sha256::digest(key).into()))
    }

    /// Whether a request with these headers may pass: 401 without a key, 403 with a wrong one.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.0.is_none() || self.is_right(headers) {
            return Ok(());
        }
        Err(match presented(headers) {
            Presented::Nothing => {
                ApiError::new(StatusCode::UNAUTHORIZED, "Missing X-API-Key header")
                    .challenge("Bearer")
            }
            _ => ApiError::new(StatusCode::FORBIDDEN, "Invalid API key"),
        })
    }

    /// The digest of the key that these headers bring; none where no key is configured, or none
    /// comes.
    #[must_use]
    pub fn presented_digest(&self, headers: &HeaderMap) -> Option<[u8; 32]> {
        self.0?;
        match presented(headers) {
            Presented::Key(key) => Some(Sha256::digest(key).into()),
            _ => None,
        }
    }

    /// Whether a key is configured and these headers bring it.
    #[must_use]
    pub fn is_right(&self, headers: &HeaderMap) -> bool {
        match (self.0, presented(headers)) {
            (Some(digest), Presented::Key(key)) => {
                let presented: [u8; 32] = Sha256::digest(key).into();
                digest.ct_eq(&presented).into()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "ApiKey(set)" } else { "ApiKey(none)" })
    }
}

/// Somebody who may call: the first argument of every protected handler, so that a request
/// without the key is refused before anything else of it is looked at, and an unknown path or a
/// wrong method is told before a key is asked for.
///
/// Invariant: the app's data holds the [`ApiKey`].
#[derive(Clone, Debug)]
pub struct Caller {
    /// Which caller it is.
    pub(crate) identity: mcp_core::Caller,
}

impl Caller {
    /// Whoever sends this request.
    ///
    /// # Errors
    /// 401 without a key, 403 with a wrong one.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let key = request
            .app_data::<web::Data<ApiKey>>()
            .expect("the app is given its key where it is built");
        key.check(request.headers()).map(|()| Self { identity: caller(request) })
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admit(Door::V1, request).map(|()| Self { identity: caller(request) }))
    }
}

impl Apiv2Schema for Caller {}
impl OperationModifier for Caller {}

/// `X-API-Key` decides when it is there; an empty one is not.
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

/// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
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
        assert!(!ApiKey::new(None).is_right(&HeaderMap::new()));
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
