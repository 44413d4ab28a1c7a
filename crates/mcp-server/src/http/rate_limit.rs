//! How many requests one client may make: a bucket of N that refills evenly over the unit. Clients on
//! this machine have a limit of their own; probes have none.
//!
//! actix-governor counts; the names and values that it sends are replaced by the header fields
//! `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` of
//! draft-ietf-httpapi-ratelimit-headers-03, and a wait is rounded up instead of down.

use crate::config::{self, Rate};
use std::{
    convert::Infallible,
    fmt,
    future::{Future, Ready, ready},
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_governor::{Governor, GovernorConfig, GovernorConfigBuilder, GovernorMiddleware};
use actix_web::{
    Error, HttpResponse, HttpResponseBuilder,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use governor::{
    NotUntil, RateLimiter,
    clock::{Clock, DefaultClock, QuantaInstant},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use ipnet::IpNet;
use serde_json::json;

use super::{
    buckets::{Buckets, SHARED},
    client_address::{client_address, is_local, rate_key},
    probe::is_probe,
};

/// How many clients have a bucket of their own at most; some 10 MB when all are taken.
const MAX_CLIENTS: u32 = 100_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

type Limiter =
    RateLimiter<u32, DefaultKeyedStateStore<u32>, DefaultClock, StateInformationMiddleware>;

/// The layer. Built once and cloned into each worker's app: the clones share the buckets.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// For clients on this machine; none when the limit is off.
    local: Option<Counter>,
    /// For all others.
    remote: Option<Counter>,
    trusted: Arc<[IpNet]>,
}

#[derive(Debug, Clone)]
struct Counter {
    clients: ByClient,
    config: GovernorConfig<ByClient, StateInformationMiddleware>,
}

impl RateLimit {
    /// `loopback` is the limit for clients on this machine, `rate` for all others. `trusted`: the
    /// proxies whose `X-Forwarded-For` is trusted.
    #[must_use]
    pub fn new(rate: config::RateLimit, loopback: config::RateLimit, trusted: Vec<IpNet>) -> Self {
        let trusted: Arc<[IpNet]> = trusted.into();
        let counter = |rate, setting| match rate {
            config::RateLimit::Off => None,
            config::RateLimit::Per(rate) => Some(Counter::new(rate, setting, Arc::clone(&trusted))),
        };
        Self {
            local: counter(loopback, "MCP_RATE_LIMIT_LOOPBACK"),
            remote: counter(rate, "MCP_RATE_LIMIT"),
            trusted,
        }
    }
}

impl Counter {
    fn new(rate: Rate, setting: &'static str, trusted: Arc<[IpNet]>) -> Self {
        let clients = ByClient(Arc::new(Clients {
            rate,
            setting,
            trusted,
            started: Instant::now(),
            buckets: Buckets::new(MAX_CLIENTS, rate.count, rate.period()),
            limiter: OnceLock::new(),
        }));
        let config = GovernorConfigBuilder::default()
            .key_extractor(clients.clone())
            .period(rate.period())
            .burst_size(rate.count.get())
            .use_headers()
            .finish()
            .expect("neither the period nor the burst is zero");
        clients.0.limiter.get_or_init(|| config.limiter());
        Self { clients, config }
    }
}

/// Finds a request's bucket by its client's address.
#[derive(Debug, Clone)]
struct ByClient(Arc<Clients>);

struct Clients {
    rate: Rate,
    /// The environment variable that sets the rate.
    setting: &'static str,
    trusted: Arc<[IpNet]>,
    started: Instant,
    buckets: Buckets,
    limiter: OnceLock<Arc<Limiter>>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clients").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Clients {
    fn bucket(&self, client: Option<IpAddr>) -> u32 {
        let Some(client) = client else {
            return SHARED;
        };
        let given = self.buckets.of(rate_key(client), self.started.elapsed());
        if given.tidy
            && let Some(limiter) = self.limiter.get()
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        given.bucket
    }
}

impl actix_governor::KeyExtractor for ByClient {
    type Key = u32;
    type KeyExtractionError = Infallible;

    fn extract(&self, request: &ServiceRequest) -> Result<u32, Infallible> {
        let peer = request.peer_addr().map(|it| it.ip());
        let client = peer.map(|it| client_address(it, request.headers(), &self.0.trusted));
        Ok(self.0.bucket(client))
    }

    fn exceed_rate_limit_response(
        &self,
        refused: &NotUntil<QuantaInstant>,
        mut answer: HttpResponseBuilder,
    ) -> HttpResponse {
        let wait = seconds(refused.wait_time_from(DefaultClock::default().now()));
        answer.insert_header((header::RETRY_AFTER, wait)).json(json!({
            "error": format!("Rate limit exceeded: {}", self.0.rate),
            "retry_after": wait,
            "hint": format!("wait {wait} s; the server's operator can raise {}", self.0.setting),
        }))
    }
}

/// Whole seconds, rounded up, at least one: who waits that long is served.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Says the state of the client's bucket in the draft's fields instead of actix-governor's.
///
/// `RateLimit-Reset` is when the bucket is full; on a refusal it is what `Retry-After` says.
fn rename(headers: &mut HeaderMap, rate: Rate) {
    let refused = headers.remove("x-ratelimit-after").next().is_some();
    headers.remove("x-ratelimit-limit");
    let remaining = headers.remove("x-ratelimit-remaining").next();
    let remaining = remaining.and_then(|it| it.to_str().ok()?.parse::<u32>().ok()).unwrap_or(0);
    let used = rate.count.get().saturating_sub(remaining);
    let reset = match headers.get(header::RETRY_AFTER) {
        Some(wait) if refused => wait.clone(),
        _ => seconds(rate.period() * used).into(),
    };
    headers.insert(LIMIT, rate.count.get().into());
    headers.insert(REMAINING, HeaderValue::from(remaining));
    headers.insert(RESET, reset);
}

impl<S, B> Transform<S, ServiceRequest> for RateLimit
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = RateLimited<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let service = Rc::new(service);
        let counted = |counter: &Option<Counter>| -> Result<Option<Counted<S>>, ()> {
            let Some(Counter { clients, config }) = counter else { return Ok(None) };
            let governor = Governor::new(config).new_transform(Boxed(Rc::clone(&service)));
            Ok(Some((clients.0.rate, governor.into_inner()?)))
        };
        let limited = || {
            let (local, remote) = (counted(&self.local)?, counted(&self.remote)?);
            Ok(RateLimited {
                service: Rc::clone(&service),
                local,
                remote,
                trusted: Arc::clone(&self.trusted),
            })
        };
        ready(limited())
    }
}

/// What [`RateLimit`] makes of a service.
pub struct RateLimited<S> {
    service: Rc<S>,
    local: Option<Counted<S>>,
    remote: Option<Counted<S>>,
    trusted: Arc<[IpNet]>,
}

/// The service behind a limit.
type Counted<S> = (Rate, GovernorMiddleware<Boxed<S>, ByClient, StateInformationMiddleware>);

impl<S> RateLimited<S> {
    /// Returns the limit that the request counts against; none where it does not count.
    fn limit(&self, request: &ServiceRequest) -> Option<&Counted<S>> {
        if is_probe(request) {
            return None;
        }
        let peer = request.peer_addr().map(|it| it.ip());
        let local = peer.is_some_and(|peer| {
            let client = client_address(peer, request.headers(), &self.trusted);
            is_local(peer, client, request.headers(), &self.trusted)
        });
        if local { self.local.as_ref() } else { self.remote.as_ref() }
    }
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

/// A service whose future may be moved, as actix-governor needs it.
struct Boxed<S>(Rc<S>);

impl<S, B> Service<ServiceRequest> for Boxed<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Answer<B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        Box::pin(self.0.call(request))
    }
}

impl<S, B> Service<ServiceRequest> for RateLimited<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Answer<EitherBody<B>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let Some((rate, service)) = self.limit(&request) else {
            let answer = self.service.call(request);
            return Box::pin(async move { answer.await.map(ServiceResponse::map_into_left_body) });
        };
        let (rate, answer) = (*rate, service.call(request));
        Box::pin(async move {
            let mut answer = answer.await?;
            rename(answer.headers_mut(), rate);
            Ok(answer)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
