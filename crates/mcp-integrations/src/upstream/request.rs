//! A request to an upstream.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use reqwest::Url;

/// A request to an upstream, without its credentials: the transport adds them.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: Method,
    /// The URL.
    pub(crate) url: Url,
    /// The header fields.
    pub(crate) headers: HeaderMap,
    /// The body; empty for none.
    pub(crate) body: Bytes,
    /// The resource whose rate limit counts the request.
    pub(crate) resource: Arc<str>,
}

impl Request {
    /// Creates a GET request.
    pub(crate) fn get(url: Url, resource: &str) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            resource: resource.into(),
        }
    }

    /// Returns whether the request only reads, so that it may be repeated and its response cached.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Returns the request as it is sent, with further header fields.
    ///
    /// # Errors
    /// Returns an error if the URL cannot be sent.
    pub(super) fn outgoing(&self, more: HeaderMap) -> http::Result<http::Request<Bytes>> {
        let mut request = http::Request::builder()
            .method(&self.method)
            .uri(self.url.as_str())
            .body(self.body.clone())?;
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().extend(more);
        Ok(request)
    }
}
