//! A limit on the requests of each client: a bucket of N that refills evenly over the unit. Clients on
//! this machine have a limit of their own; probes have none.
//!
//! actix-governor counts, once for each of the two limits. [`rename_headers`] replaces its header fields
//! by those of draft-ietf-httpapi-ratelimit-headers-03: `RateLimit-Limit`, `RateLimit-Remaining` and
//! `RateLimit-Reset`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_governor::{
    Governor, GovernorConfig, GovernorConfigBuilder, GovernorMiddleware, KeyExtractor,
};
use actix_service::boxed::{self, BoxService};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, HttpResponseBuilder};
use governor::clock::{Clock as _, DefaultClock, QuantaInstant};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{NotUntil, RateLimiter};
use ipnet::IpNet;
use serde_json::json;

use super::buckets::{Buckets, SHARED};
use super::client_address::{client_address, is_local, rate_key};
use super::probe::is_probe;
use crate::config::{self, Rate, RateUnit};

/// The maximum number of clients with a bucket of their own; all of them take some 10 MB.
const MAX_CLIENTS: u32 = 100_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The key of a request's bucket; `None` if the limit does not apply to it.
type Key = Option<u32>;
type Limiter =
    RateLimiter<Key, DefaultKeyedStateStore<Key>, DefaultClock, StateInformationMiddleware>;
type Config = GovernorConfig<ByClient, StateInformationMiddleware>;

/// Middleware that limits each client's requests. All workers share the buckets. [`rename_headers`]
/// wraps it.
#[derive(Clone)]
pub(super) struct RateLimit {
    local: (ByClient, Config),
    remote: (ByClient, Config),
}

impl RateLimit {
    /// Creates the limits: `loopback` for clients on this machine, `rate` for all others. `trusted` are
    /// the proxies whose `X-Forwarded-For` is trusted.
    pub(super) fn new(
        rate: config::RateLimit,
        loopback: config::RateLimit,
        trusted: Vec<IpNet>,
    ) -> Self {
        let trusted: Arc<[IpNet]> = trusted.into();
        let limit = |limits_local, setting, limit| {
            let rate = match limit {
                config::RateLimit::Off => None,
                config::RateLimit::Per(rate) => Some(rate),
            };
            configure(Clients::new(limits_local, setting, rate, Arc::clone(&trusted)))
        };
        Self {
            local: limit(true, "MCP_RATE_LIMIT_LOOPBACK", loopback),
            remote: limit(false, "MCP_RATE_LIMIT", rate),
        }
    }
}

/// actix-governor needs a service whose future can be moved.
type Boxed<B> = BoxService<ServiceRequest, ServiceResponse<B>, Error>;
type Limited<S> = GovernorMiddleware<S, ByClient, StateInformationMiddleware>;

impl<S, B> Transform<S, ServiceRequest> for RateLimit
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<EitherBody<B>>>;
    type Error = Error;
    type InitError = ();
    type Transform = Limited<Limited<Boxed<B>>>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let local = Governor::new(&self.local.1).new_transform(boxed::service(service));
        ready(
            local
                .into_inner()
                .and_then(|local| Governor::new(&self.remote.1).new_transform(local).into_inner()),
        )
    }
}

fn configure(clients: Clients) -> (ByClient, Config) {
    let rate = clients.rate.unwrap_or(Rate { count: NonZeroU32::MIN, unit: RateUnit::Second });
    let clients = ByClient(Arc::new(clients));
    let config = GovernorConfigBuilder::default()
        .key_extractor(clients.clone())
        .period(rate.period())
        .burst_size(rate.count.get())
        .use_headers()
        .finish()
        .expect("neither the period nor the burst is zero");
    clients.0.limiter.get_or_init(|| config.limiter());
    (clients, config)
}

/// Finds a request's bucket by its client's address.
#[derive(Clone)]
pub(super) struct ByClient(Arc<Clients>);

struct Clients {
    /// Whether these are the clients on this machine.
    are_local: bool,
    /// The environment variable that sets the rate.
    setting: &'static str,
    /// `None` if the limit is off.
    rate: Option<Rate>,
    trusted: Arc<[IpNet]>,
    started: Instant,
    buckets: Buckets,
    limiter: OnceLock<Arc<Limiter>>,
}

impl Clients {
    fn new(
        are_local: bool,
        setting: &'static str,
        rate: Option<Rate>,
        trusted: Arc<[IpNet]>,
    ) -> Self {
        let (burst, period) =
            rate.map_or((NonZeroU32::MIN, Duration::ZERO), |rate| (rate.count, rate.period()));
        Self {
            are_local,
            setting,
            rate,
            trusted,
            started: Instant::now(),
            buckets: Buckets::new(MAX_CLIENTS, burst, period),
            limiter: OnceLock::new(),
        }
    }

    fn bucket(&self, client: Option<IpAddr>) -> u32 {
        let Some(client) = client else { return SHARED };
        let bucket = self.buckets.of(rate_key(client), self.started.elapsed());
        if bucket.is_time_to_tidy
            && let Some(limiter) = self.limiter.get()
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        bucket.number
    }
}

impl KeyExtractor for ByClient {
    type Key = Key;
    type KeyExtractionError = Infallible;

    fn extract(&self, request: &ServiceRequest) -> Result<Key, Infallible> {
        let Some(rate) = self.0.rate.filter(|_| !is_probe(request)) else { return Ok(None) };
        let (peer, headers) = (request.peer_addr().map(|peer| peer.ip()), request.headers());
        let client = peer.map(|peer| client_address(peer, headers, &self.0.trusted));
        let is_local = peer
            .zip(client)
            .is_some_and(|(peer, client)| is_local(peer, client, headers, &self.0.trusted));
        if is_local != self.0.are_local {
            return Ok(None);
        }
        request.extensions_mut().insert(rate);
        Ok(Some(self.0.bucket(client)))
    }

    fn whitelisted_keys(&self) -> Vec<Key> {
        vec![None]
    }

    fn exceed_rate_limit_response(
        &self,
        refused: &NotUntil<QuantaInstant>,
        mut response: HttpResponseBuilder,
    ) -> HttpResponse {
        let wait = seconds(refused.wait_time_from(DefaultClock::default().now()));
        let rate = self.0.rate.map(|rate| rate.to_string()).unwrap_or_default();
        response.insert_header((header::RETRY_AFTER, wait)).json(json!({
            "error": format!("Rate limit exceeded: {rate}"),
            "retry_after": wait,
            "hint": format!("wait {wait} s; the server's operator can raise {}", self.0.setting),
        }))
    }
}

/// Returns whole seconds, rounded up, at least one: a client that waits so long is served.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Middleware that replaces actix-governor's header fields by the draft's.
///
/// `RateLimit-Reset` is the time until the bucket is full; on a rejection it equals `Retry-After`.
pub(super) async fn rename_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let rate = response.request().extensions().get::<Rate>().copied();
    let headers = response.headers_mut();
    headers.remove("x-ratelimit-whitelisted");
    headers.remove("x-ratelimit-limit");
    let is_rejected = headers.remove("x-ratelimit-after").next().is_some();
    let remaining = headers.remove("x-ratelimit-remaining").next();
    if let Some(rate) = rate {
        let remaining = remaining.and_then(|it| it.to_str().ok()?.parse::<u32>().ok()).unwrap_or(0);
        let used = rate.count.get().saturating_sub(remaining);
        let reset = match headers.get(header::RETRY_AFTER) {
            Some(wait) if is_rejected => wait.clone(),
            _ => seconds(rate.period() * used).into(),
        };
        headers.insert(LIMIT, rate.count.get().into());
        headers.insert(REMAINING, HeaderValue::from(remaining));
        headers.insert(RESET, reset);
    }
    Ok(response)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
