//! How another system is asked over HTTP, whichever it is: with patience, within bounds, and not
//! twice for what is known.
//!
//! [`Upstream::get`] is the one way. A call goes through, in this order: [`cache`] (is the answer
//! kept and fresh?), [`flights`] (is somebody asking just this?), [`tries`] (how often, until when),
//! [`quotas`] (is a rate limit used up?), one exchange over a [`transport`], [`reply`] (what does the status mean?) and [`answer`] (is it
//! the JSON that was promised?).
//!
//! Invariant: every wait, size, queue and repetition in here has a bound from [`HttpSettings`].

mod answer;
mod attempt;
mod body;
mod cache;
mod client;
mod failure;
mod flights;
mod freshness;
mod jitter;
mod quotas;
mod rate_limit;
mod reply;
mod settings;
mod transport;
mod tries;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{StatusCode, Uri};
use mcp_core::dispatch::Redactor;
use mcp_core::{ActionError, Clock, ErrorCode, Progress};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

pub(crate) use answer::Json;
use cache::{Cache, Key, Stored};
pub(crate) use client::SharedClient;
use failure::Failure;
use flights::Flights;
pub use jitter::{Jitter, RandomJitter};
use quotas::Quotas;
pub use settings::HttpSettings;
pub(crate) use transport::{Fault, Sent, Transport, streamed};

/// How long an address may be that another system is asked at, in bytes: few take a longer one.
const LONGEST_URL: usize = 8 << 10;

/// What all other systems have in common: one HTTP client's bounds, one cache, one clock.
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

/// One other system, asked with one account.
#[derive(Clone)]
pub(crate) struct Upstream(Arc<Inner>);

struct Inner {
    /// What it is called in messages.
    name: &'static str,
    /// Says whose answers the cache may give: a digest of the system and its token.
    account: [u8; 32],
    /// Keeps the token out of messages.
    redactor: Redactor,
    transport: Box<dyn Transport>,
    /// As many permits as there may be requests on their way at once: its own, so that a slow system
    /// holds up no other one.
    permits: Semaphore,
    /// The rate limits of this account that are used up.
    quotas: Quotas,
    exchange: Arc<Exchange>,
}

impl Upstream {
    /// Creates an upstream. `resources` are the names that its responses give to limits of their own.
    pub(crate) fn new(
        name: &'static str,
        token: Option<&SecretString>,
        transport: impl Transport,
        resources: &'static [&'static str],
        exchange: Arc<Exchange>,
    ) -> Self {
        let token = token.map(ExposeSecret::expose_secret);
        Self(Arc::new(Inner {
            name,
            account: cache::account(name, token),
            redactor: Redactor::new(token.map(ToOwned::to_owned)),
            transport: Box::new(transport),
            permits: Semaphore::new(exchange.settings.concurrency.max(1)),
            quotas: Quotas::new(resources),
            exchange,
        }))
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name
    }

    /// Returns the JSON at an address, from the cache if it is fresh. Equal calls at the same time
    /// share one request, which ends when no caller waits for it any more. `resource` is the rate
    /// limit that counts the request.
    ///
    /// # Errors
    /// Returns what went wrong at the upstream or on the way there; never its token. Returns
    /// `UpstreamRateLimited` without a request while the rate limit is used up.
    pub(crate) async fn get(
        &self,
        url: Url,
        resource: &'static str,
        progress: &Progress,
    ) -> Result<Json, ActionError> {
        let key = Key { account: self.0.account, url: url.into() };
        if let Some(kept) = self.fresh(&key) {
            progress.step(2.0, Some(2.0), "answered from what is kept");
            return Ok(kept);
        }
        progress.step(0.0, Some(2.0), &format!("asking {}", self.0.name));
        let this = self.clone();
        let ask = {
            let key = key.clone();
            move || async move { this.ask(key, resource).await }
        };
        let json = self.0.exchange.flights.join(&key, ask).await.map_err(ActionError::from)?;
        progress.step(1.0, Some(2.0), &format!("{} has answered", self.0.name));
        Ok(json)
    }

    fn fresh(&self, key: &Key) -> Option<Json> {
        let exchange = &self.0.exchange;
        let kept = exchange.cache.get(key)?;
        if !kept.freshness.holds_at(exchange.clock.now()) {
            return None;
        }
        log::debug!("{}: answered from the cache", self.0.name);
        Some(kept.json.clone())
    }

    async fn ask(&self, key: Key, resource: &'static str) -> Result<Json, Failure> {
        let Exchange { settings, clock, jitter, cache, .. } = &*self.0.exchange;
        let kept = cache.get(&key);
        if key.url.len() > LONGEST_URL {
            let message = format!(
                "The parameters make an address of {} bytes, and {} is asked for {LONGEST_URL} at most: \
                 shorten them",
                key.url.len(),
                self.0.name
            );
            return Err(Failure::new(ErrorCode::InvalidParams, message));
        }
        let uri: Uri = key.url.parse().map_err(|error| Failure::internal(&error))?;
        let conditions = kept.as_deref().map(Stored::conditions).unwrap_or_default();
        let asked = clock.now();
        let deadline = Instant::now() + settings.call_timeout;
        let attempt = |number| self.0.attempt(&uri, conditions.clone(), resource, deadline, number);
        let tries = tries::until(deadline, settings, &**jitter, attempt);
        let reply = timeout_at(deadline, tries)
            .await
            .unwrap_or_else(|_| Err(Failure::timeout(self.0.name, settings.call_timeout)))?;
        let stored = if let (StatusCode::NOT_MODIFIED, Some(kept)) = (reply.status, kept) {
            kept.confirmed(&reply.headers, asked)
        } else {
            let Inner { name, redactor, .. } = &*self.0;
            let kind = reply.headers.get(CONTENT_TYPE);
            let json = answer::read(name, kind, reply.body, redactor)?;
            Stored::new(json.followed(&reply.headers), &reply.headers, asked)
        };
        let json = stored.json.clone();
        cache.keep(key, stored, &reply.headers);
        Ok(json)
    }
}
