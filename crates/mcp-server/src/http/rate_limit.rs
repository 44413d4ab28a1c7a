//! How many requests one client may make: a bucket of N that refills evenly over the unit.
//!
//! actix-governor counts; the names and values that it sends are replaced by the header fields
//! `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` of
//! draft-ietf-httpapi-ratelimit-headers-03, and a wait is rounded up instead of down.

use crate::config::Rate;
use std::{
    convert::Infallible,
    fmt,
    future::{Future, Ready, ready},
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use actix_governor::{Governor, GovernorConfig, GovernorConfigBuilder, GovernorMiddleware};
use actix_web::{
    Error, HttpResponse, HttpResponseBuilder,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
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
    client_address::{client_address, rate_key},
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
pub struct RateLimit(Option<Counter>);

#[derive(Debug, Clone)]
struct Counter {
    clients: ByClient,
    config: GovernorConfig<ByClient, StateInformationMiddleware>,
}

impl RateLimit {
    /// `rate`: none when the limit is off. `trusted`: the proxies whose `X-Forwarded-For` counts.
    #[must_use]
    pub fn new(rate: Option<Rate>, trusted: Vec<IpNet>) -> Self {
        Self(rate.map(|rate| Counter::new(rate, trusted)))
    }
}

impl Counter {
    fn new(rate: Rate, trusted: Vec<IpNet>) -> Self {
        let clients = ByClient(Arc::new(Clients {
            rate,
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
    trusted: Vec<IpNet>,
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
        answer
            .insert_header((header::RETRY_AFTER, wait))
            .json(json!({ "error": format!("Rate limit exceeded: {}", self.0.rate) }))
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
        ready(match &self.0 {
            None => Ok(RateLimited(Layer::Off(service))),
            Some(Counter { clients, config }) => {
                let governor = Governor::new(config).new_transform(Boxed { service }).into_inner();
                governor.map(|governor| RateLimited(Layer::On(clients.0.rate, governor)))
            }
        })
    }
}

/// What [`RateLimit`] makes of a service.
pub struct RateLimited<S>(Layer<S>);

enum Layer<S> {
    Off(S),
    On(Rate, GovernorMiddleware<Boxed<S>, ByClient, StateInformationMiddleware>),
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

/// A service whose future may be moved, as actix-governor needs it.
struct Boxed<S> {
    service: S,
}

impl<S, B> Service<ServiceRequest> for Boxed<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Answer<B>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        Box::pin(self.service.call(request))
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

    fn poll_ready(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Error>> {
        match &self.0 {
            Layer::Off(service) => service.poll_ready(context),
            Layer::On(_, service) => service.poll_ready(context),
        }
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match &self.0 {
            Layer::Off(service) => {
                let answer = service.call(request);
                Box::pin(async move { answer.await.map(ServiceResponse::map_into_left_body) })
            }
            Layer::On(rate, service) => {
                let (rate, answer) = (*rate, service.call(request));
                Box::pin(async move {
                    let mut answer = answer.await?;
                    rename(answer.headers_mut(), rate);
                    Ok(answer)
                })
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
