//! Calls of another system over HTTP: retries within a deadline, rate limits, and a cache.
//!
//! [`Upstream::get`] and [`Upstream::send`] are the only entries. A read passes, in this order: [`cache`]
//! (is a fresh response stored?), [`flights`] (is an equal call in flight?), [`retry`] (attempts and
//! backoff), [`quotas`] (is a rate limit used up?), one exchange over a [`transport`], [`response`]
//! (what does the status mean?) and [`json`] (is the body the expected JSON?) or [`contents`] (any
//! body). A [`write`](mod@write) passes only the last four.
//!
//! Invariant: every wait, size, queue and retry here has a limit in [`HttpSettings`].

mod account;
mod attempt;
mod body;
mod cache;
mod client;
mod contents;
mod failure;
mod flights;
mod freshness;
mod jitter;
mod json;
mod quotas;
mod rate_limit;
mod request;
mod response;
mod retry;
mod settings;
mod transport;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use mcp_core::dispatch::Redactor;
use mcp_core::{ActionError, Clock, Progress};
use reqwest::Url;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

pub(crate) use account::Account;
use cache::{Cache, Key, Stored};
pub(crate) use client::SharedClient;
use failure::Failure;
use flights::Flights;
pub use jitter::{Jitter, RandomJitter};
pub(crate) use json::Json;
use quotas::Quotas;
pub(crate) use request::Request;
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

    /// Returns the limits of requests.
    pub(crate) fn settings(&self) -> &HttpSettings {
        &self.settings
    }
}

/// Another system, called with one account.
#[derive(Clone)]
pub(crate) struct Upstream(Arc<UpstreamState>);

struct UpstreamState {
    /// The system's name in messages.
    name: Arc<str>,
    /// Identifies the account in the cache: a digest of the name and the secrets.
    account: [u8; 32],
    /// Keeps the secrets out of messages.
    redactor: Redactor,
    transport: Box<dyn Transport>,
    /// The timeout of a call with all its attempts and waits.
    timeout: Duration,
    /// Limits the concurrent requests. Each upstream has its own permits, so that a slow one does
    /// not delay the others.
    permits: Semaphore,
    /// The used-up rate limits of this account.
    quotas: Quotas,
    /// The end of the last write, in microseconds. An older response is not fresh.
    written: AtomicI64,
    exchange: Arc<Exchange>,
}

/// The way to read the body of a response.
#[derive(Clone, Copy)]
enum Reading {
    /// It must be JSON.
    Json,
    /// It may have any media type.
    Contents,
}

impl Upstream {
    /// Creates an upstream.
    pub(crate) fn new(
        account: Account,
        transport: impl Transport,
        exchange: Arc<Exchange>,
    ) -> Self {
        let Account { name, identity, secrets, resources, timeout, concurrency } = account;
        let secrets = secrets.iter().map(|secret| secret.expose_secret().to_owned());
        Self(Arc::new(UpstreamState {
            account: cache::account(&name, identity.expose_secret()),
            redactor: Redactor::new(secrets),
            name,
            transport: Box::new(transport),
            timeout,
            permits: Semaphore::new(concurrency.max(1)),
            quotas: Quotas::new(resources),
            written: AtomicI64::new(i64::MIN),
            exchange,
        }))
    }

    /// Returns the system's name in messages.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the JSON at a URL, from the cache if it is fresh. Equal concurrent calls share one
    /// request, which ends when its last caller is gone. `resource` names the rate limit of the
    /// request.
    ///
    /// # Errors
    /// Returns `UpstreamRateLimited`, without a request, while the rate limit is used up; `Busy` or
    /// `UpstreamTimeout` at the deadline; otherwise the error of the response or of the connection.
    /// No message contains the secrets.
    pub(crate) async fn get(
        &self,
        url: Url,
        resource: &str,
        progress: &Progress,
    ) -> Result<Json, ActionError> {
        self.read(Request::get(url, resource), Reading::Json, progress).await
    }

    /// Sends a request and returns its result, whatever its media type. A read is treated as by
    /// [`Upstream::get`]. Any other request is sent once.
    ///
    /// # Errors
    /// As [`Upstream::get`].
    pub(crate) async fn send(
        &self,
        request: Request,
        progress: &Progress,
    ) -> Result<Json, ActionError> {
        if request.is_read() {
            return self.read(request, Reading::Contents, progress).await;
        }
        self.begin(progress);
        let json = self.0.write(&request).await?;
        self.end(progress);
        Ok(json)
    }

    async fn read(
        &self,
        request: Request,
        reading: Reading,
        progress: &Progress,
    ) -> Result<Json, ActionError> {
        let key = Key::new(self.0.account, &request);
        if let Some(json) = self.fresh(&key) {
            progress.step(2.0, Some(2.0), "answered from the cache");
            return Ok(json);
        }
        self.begin(progress);
        let this = self.clone();
        let flight = {
            let key = key.clone();
            move || async move { this.request(key, request, reading).await }
        };
        let key = key.since(self.0.last_write());
        let json = self.0.exchange.flights.join(&key, flight).await.map_err(ActionError::from)?;
        self.end(progress);
        Ok(json)
    }

    fn begin(&self, progress: &Progress) {
        progress.step(0.0, Some(2.0), &format!("calling {}", self.0.name));
    }

    fn end(&self, progress: &Progress) {
        progress.step(1.0, Some(2.0), &format!("{} has answered", self.0.name));
    }

    fn fresh(&self, key: &Key) -> Option<Json> {
        let exchange = &self.0.exchange;
        let stored = exchange.cache.get(key)?;
        let freshness = stored.freshness;
        if !freshness.holds_at(exchange.clock.now()) || !freshness.is_after(self.0.last_write()) {
            return None;
        }
        log::debug!("{}: answered from the cache", self.0.name);
        Some(stored.json.clone())
    }

    async fn request(&self, key: Key, request: Request, reading: Reading) -> Result<Json, Failure> {
        let UpstreamState { name, redactor, timeout, .. } = &*self.0;
        let Exchange { settings, clock, jitter, cache, .. } = &*self.0.exchange;
        let stored = cache.get(&key);
        self.0.check_url(&key.url)?;
        let conditions = stored.as_deref().map(Stored::conditions).unwrap_or_default();
        let requested = clock.now();
        let deadline = Instant::now() + *timeout;
        let attempt = |number| self.0.attempt(&request, conditions.clone(), deadline, number);
        let attempts = retry::until(deadline, settings, &**jitter, attempt);
        let response = timeout_at(deadline, attempts)
            .await
            .unwrap_or_else(|_| Err(Failure::timeout(name, *timeout)))?;
        let entry = if let (StatusCode::NOT_MODIFIED, Some(stored)) = (response.status, stored) {
            stored.confirmed(&response.headers, requested)
        } else {
            let headers = &response.headers;
            let json = match reading {
                Reading::Json => {
                    json::read(name, headers.get(CONTENT_TYPE), response.body, redactor)
                }
                Reading::Contents => contents::read(name, headers, response.body, redactor),
            };
            Stored::new(json?.paged(headers), headers, requested)
        };
        let json = entry.json.clone();
        cache.store(key, entry, &response.headers);
        Ok(json)
    }
}
