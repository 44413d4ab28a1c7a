//! One attempt: a request and its whole response.

use std::time::Duration;

use http::HeaderMap;
use mcp_core::ActionError;
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::Failure;
use super::request::Request;
use super::response::{MAX_ERROR_BODY, Outcome, Response};
use super::transport::TransportError;
use super::{UpstreamState, body, rate_limit};

/// The timeout for the body of an error response.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

impl UpstreamState {
    /// Sends one request. It waits for a permit until the deadline; the caller ends it at the deadline.
    pub(super) async fn attempt(
        &self,
        request: &Request,
        conditions: HeaderMap,
        deadline: Instant,
        number: u32,
    ) -> Outcome {
        let Self { name, exchange, permits, redactor, quotas, .. } = self;
        let clock = &exchange.clock;
        // A retry has already waited for the limit that it met.
        let resource = &request.resource;
        let check = || if number == 1 { quotas.check(name, resource, clock.now()) } else { Ok(()) };
        if let Err(failure) = check() {
            return Outcome::Failure(failure);
        }
        let Ok(Ok(_permit)) = timeout_at(deadline, permits.acquire()).await else {
            return Outcome::Failure(Failure::busy(name));
        };
        // The permit may have become free at the common deadline.
        if Instant::now() >= deadline {
            return Outcome::Failure(Failure::busy(name));
        }
        // The limit may have been used up during the wait for the permit.
        if let Err(failure) = check() {
            return Outcome::Failure(failure);
        }
        let (method, path) = (&request.method, request.url.path());
        let (conditional, began) = (!conditions.is_empty(), Instant::now());
        match self.exchange(request, conditions).await {
            Ok(response) => {
                log::debug!(
                    "{name}: {method} {path} -> {}, {} bytes, {} ms, attempt {number}, quota left {}",
                    response.status.as_u16(),
                    response.body.len(),
                    began.elapsed().as_millis(),
                    rate_limit::remaining(&response.headers)
                        .map_or_else(|| "unknown".into(), |left| left.to_string()),
                );
                let now = clock.now();
                let limited = response.limited(redactor, now);
                if let Some(limited) = &limited {
                    log::debug!("{name}: the rate limit is used up for {:?}", limited.wait);
                    quotas.remember(resource, limited, now);
                }
                response.outcome(name, conditional, redactor, limited.as_ref(), now)
            }
            Err(error) => {
                log::debug!("{name}: {method} {path} -> {error}, attempt {number}");
                error.outcome(name, exchange.settings.body_limit)
            }
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        conditions: HeaderMap,
    ) -> Result<Response, TransportError> {
        let request = request.outgoing(conditions);
        let request =
            request.map_err(|error| TransportError::Request(ActionError::internal(error)))?;
        let response = self.transport.send(request).await?;
        let (head, body) = response.into_parts();
        let limit = self.exchange.settings.body_limit;
        let body = if head.status.is_success() {
            body::read(body, limit).await?
        } else {
            // Only the message is of interest, and the status is known without it.
            let body = body::read(body, limit.min(MAX_ERROR_BODY));
            let read = timeout(ERROR_BODY_TIMEOUT, body).await;
            read.ok().and_then(Result::ok).unwrap_or_default()
        };
        Ok(Response { status: head.status, headers: head.headers, body })
    }
}
