//! Calls of another system over HTTP: retries within a deadline, rate limits, and a cache.
//!
//! [`Upstream::get`] is the only entry. A call passes, in this order: [`cache`] (is a fresh
//! response stored?), [`flights`] (is an equal call in flight?), [`retry`] (attempts and backoff),
//! [`quotas`] (is a rate limit used up?), one exchange over a [`transport`], [`response`] (what
//! does the status mean?) and [`json`] (is the body the expected JSON?).
//!
//! Invariant: every wait, size, queue and retry here has a limit in [`HttpSettings`].

mod attempt;
mod body;
mod cache;
mod client;
mod failure;
mod flights;
mod freshness;
mod jitter;
mod json;
mod quotas;
mod rate_limit;
mod response;
mod retry;
mod settings;
mod transport;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{StatusCode, Uri};
use mcp_core::dispatch::Redactor;
use mcp_core::{ActionError, Clock, ErrorCode, Progress};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use cache::{Cache, Key, Stored};
pub(crate) use client::SharedClient;
use failure::Failure;
use flights::Flights;
pub use jitter::{Jitter, RandomJitter};
pub(crate) use json::Json;
use quotas::Quotas;
pub use settings::HttpSettings;
pub(crate) use transport::{ResponseFuture, Transport, TransportError, streamed};

/// The maximum length of a URL, in bytes. Few servers accept longer ones.
const MAX_URL: usize = 8 << 10;

/// The state that all upstreams share.
pub(crate) struct Exchange {
    settings: HttpSettings,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
    cache: Cache,
    flights: Flights,
}

impl Exchange {
    pub(crate) fn new(
        settings: HttpSettings,
        clock: Arc<dyn Clock>,
        jitter: Arc<dyn Jitter>,
    ) -> Self {
        Self { cache: Cache::new(&settings), flights: Flights::default(), settings, clock, jitter }
    }
}

/// Another system, called with one account.
#[derive(Clone)]
pub(crate) struct Upstream(Arc<UpstreamState>);

struct UpstreamState {
    /// The system's name in messages.
    name: &'static str,
    /// Identifies the account in the cache: a digest of the name and the token.
    account: [u8; 32],
    /// Keeps the token out of messages.
    redactor: Redactor,
    transport: Box<dyn Transport>,
    /// Limits the concurrent requests. Each upstream has its own permits, so that a slow one does
    /// not delay the others.
    permits: Semaphore,
    /// The used-up rate limits of this account.
    quotas: Quotas,
    exchange: Arc<Exchange>,
}

impl Upstream {
    /// Creates an upstream. `resources` are the names of resources with a rate limit of their own.
    pub(crate) fn new(
        name: &'static str,
        token: Option<&SecretString>,
        transport: impl Transport,
        resources: &'static [&'static str],
        exchange: Arc<Exchange>,
    ) -> Self {
        let token = token.map(ExposeSecret::expose_secret);
        Self(Arc::new(UpstreamState {
            name,
            account: cache::account(name, token),
            redactor: Redactor::new(token.map(ToOwned::to_owned)),
            transport: Box::new(transport),
            permits: Semaphore::new(exchange.settings.concurrency.max(1)),
            quotas: Quotas::new(resources),
            exchange,
        }))
    }

    /// Returns the system's name in messages.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name
    }

    /// Returns the JSON at a URL, from the cache if it is fresh. Equal concurrent calls share one
    /// request, which ends when its last caller is gone. `resource` names the rate limit of the
    /// request.
    ///
    /// # Errors
    /// Returns `UpstreamRateLimited`, without a request, while the rate limit is used up; `Busy` or
    /// `UpstreamTimeout` at the deadline; otherwise the error of the response or of the connection.
    /// No message contains the token.
    pub(crate) async fn get(
        &self,
        url: Url,
        resource: &'static str,
        progress: &Progress,
    ) -> Result<Json, ActionError> {
        let key = Key { account: self.0.account, url: url.into() };
        if let Some(json) = self.fresh(&key) {
            progress.step(2.0, Some(2.0), "answered from the cache");
            return Ok(json);
        }
        progress.step(0.0, Some(2.0), &format!("calling {}", self.0.name));
        let this = self.clone();
        let request = {
            let key = key.clone();
            move || async move { this.request(key, resource).await }
        };
        let json = self.0.exchange.flights.join(&key, request).await.map_err(ActionError::from)?;
        progress.step(1.0, Some(2.0), &format!("{} has answered", self.0.name));
        Ok(json)
    }

    fn fresh(&self, key: &Key) -> Option<Json> {
        let exchange = &self.0.exchange;
        let stored = exchange.cache.get(key)?;
        if !stored.freshness.holds_at(exchange.clock.now()) {
            return None;
        }
        log::debug!("{}: answered from the cache", self.0.name);
        Some(stored.json.clone())
    }

    async fn request(&self, key: Key, resource: &'static str) -> Result<Json, Failure> {
        let Exchange { settings, clock, jitter, cache, .. } = &*self.0.exchange;
        let stored = cache.get(&key);
        if key.url.len() > MAX_URL {
            let message = format!(
                "the parameters make a URL of {} bytes, and {} accepts {MAX_URL}: shorten them",
                key.url.len(),
                self.0.name
            );
            return Err(Failure::new(ErrorCode::InvalidParams, message));
        }
        let uri: Uri = key.url.parse().map_err(|error| Failure::internal(&error))?;
        let conditions = stored.as_deref().map(Stored::conditions).unwrap_or_default();
        let requested = clock.now();
        let deadline = Instant::now() + settings.call_timeout;
        let attempt = |number| self.0.attempt(&uri, conditions.clone(), resource, deadline, number);
        let attempts = retry::until(deadline, settings, &**jitter, attempt);
        let response = timeout_at(deadline, attempts)
            .await
            .unwrap_or_else(|_| Err(Failure::timeout(self.0.name, settings.call_timeout)))?;
        let entry = if let (StatusCode::NOT_MODIFIED, Some(stored)) = (response.status, stored) {
            stored.confirmed(&response.headers, requested)
        } else {
            let UpstreamState { name, redactor, .. } = &*self.0;
            let content_type = response.headers.get(CONTENT_TYPE);
            let json = json::read(name, content_type, response.body, redactor)?;
            Stored::new(json.paged(&response.headers), &response.headers, requested)
        };
        let json = entry.json.clone();
        cache.store(key, entry, &response.headers);
        Ok(json)
    }
}
