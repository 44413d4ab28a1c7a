//! Requests that change something: each is sent once.

use std::sync::atomic::Ordering;

use http::HeaderMap;
use mcp_core::{ErrorCode, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::json::Json;
use super::request::Request;
use super::response::Outcome;
use super::{UpstreamState, contents};

/// The end of the message if the upstream may have received the request.
const UNKNOWN: &str = "; the request may have been carried out, so check before you repeat it";

impl UpstreamState {
    /// Sends a request once and returns its result. Afterwards, responses that were cached before are
    /// not fresh.
    ///
    /// # Errors
    /// As [`Upstream::send`](super::Upstream::send). If the request may have been carried out, the
    /// message says so.
    pub(super) async fn write(&self, request: &Request) -> Result<Json, Failure> {
        self.check_url(request.url.as_str())?;
        let deadline = Instant::now() + self.timeout;
        let attempt = self.attempt(request, HeaderMap::new(), deadline, 1);
        // Also a write whose caller goes away may be carried out.
        let written = Written(self);
        let outcome = timeout_at(deadline, attempt).await;
        drop(written);
        match outcome {
            Ok(Outcome::Success(response)) => {
                let body = response.body;
                contents::read(&self.name, &response.headers, body, &self.redactor)
                    .map(|json| json.paged(&response.headers))
                    .map_err(|failure| failure.and("; the request was carried out"))
            }
            Ok(Outcome::Retry { failure, .. } | Outcome::Failure(failure)) => {
                Err(if failure.is_in_doubt { failure.and(UNKNOWN) } else { failure })
            }
            Err(_) => Err(Failure::timeout(&self.name, self.timeout).and(UNKNOWN)),
        }
    }

    /// Returns the end of the last write.
    pub(super) fn last_write(&self) -> Timestamp {
        Timestamp::from_micros(self.written.load(Ordering::Relaxed))
    }

    /// Rejects a URL that few servers accept.
    ///
    /// # Errors
    /// Returns `InvalidParams` if the URL is too long.
    pub(super) fn check_url(&self, url: &str) -> Result<(), Failure> {
        let (length, limit) = (url.len(), super::MAX_URL);
        if length <= limit {
            return Ok(());
        }
        let message = format!(
            "the parameters make a URL of {length} bytes, and {} accepts {limit}: shorten them",
            self.name
        );
        Err(Failure::new(ErrorCode::InvalidParams, message))
    }
}

/// Notes the end of a write when it is dropped.
struct Written<'a>(&'a UpstreamState);

impl Drop for Written<'_> {
    fn drop(&mut self) {
        let now = self.0.exchange.clock.now().as_micros();
        self.0.written.fetch_max(now, Ordering::Relaxed);
    }
}
