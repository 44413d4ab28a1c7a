//! One request and its whole answer.

use std::time::Duration;

use http::{HeaderMap, Uri};
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::Failure;
use super::reply::{LARGEST_REFUSAL, Meaning, Reply};
use super::transport::Fault;
use super::{Inner, body, rate_limit};

/// How long the message of a refusal is waited for.
const REFUSAL_WAIT: Duration = Duration::from_secs(2);

impl Inner {
    /// Sends one request, and says what follows from its answer. It waits until the deadline for
    /// its turn; whoever calls it ends it at the deadline.
    pub(super) async fn attempt(
        &self,
        uri: &Uri,
        conditions: HeaderMap,
        resource: &'static str,
        deadline: Instant,
        number: u32,
    ) -> Meaning {
        let Self { name, exchange, permits, redactor, quotas, .. } = self;
        let clock = &exchange.clock;
        // A repetition has waited for the limit that it met.
        let check = || if number == 1 { quotas.check(name, resource, clock.now()) } else { Ok(()) };
        if let Err(failure) = check() {
            return Meaning::Final(failure);
        }
        let Ok(Ok(_permit)) = timeout_at(deadline, permits.acquire()).await else {
            return Meaning::Final(Failure::busy(name));
        };
        // Those before it may have gone at this very moment, at their deadlines.
        if Instant::now() >= deadline {
            return Meaning::Final(Failure::busy(name));
        }
        // The limit may have been used up while this request waited for its turn.
        if let Err(failure) = check() {
            return Meaning::Final(failure);
        }
        let (path, conditional, began) = (uri.path(), !conditions.is_empty(), Instant::now());
        match self.exchange(uri, conditions).await {
            Ok(reply) => {
                log::debug!(
                    "{name}: GET {path} -> {}, {} bytes, {} ms, try {number}, quota left {}",
                    reply.status.as_u16(),
                    reply.body.len(),
                    began.elapsed().as_millis(),
                    rate_limit::remaining(&reply.headers)
                        .map_or_else(|| "unknown".into(), |left| left.to_string()),
                );
                let now = clock.now();
                let limited = reply.limited(redactor, now);
                if let Some(limited) = &limited {
                    log::debug!("{name}: the rate limit is used up for {:?}", limited.wait);
                    quotas.remember(resource, limited, now);
                }
                reply.meaning(name, conditional, redactor, limited.as_ref(), now)
            }
            Err(fault) => {
                log::debug!("{name}: GET {path} -> {fault}, try {number}");
                fault.meaning(name, exchange.settings.body_limit)
            }
        }
    }

    async fn exchange(&self, uri: &Uri, conditions: HeaderMap) -> Result<Reply, Fault> {
        let answer = self.transport.send(uri.clone(), conditions).await?;
        let (head, body) = answer.into_parts();
        let limit = self.exchange.settings.body_limit;
        let body = if head.status.is_success() {
            body::read(body, limit).await?
        } else {
            // Of a refusal only the message is wanted, and it may be without one, whatever is wrong
            // with its body: what it refuses is known.
            let body = body::read(body, limit.min(LARGEST_REFUSAL));
            let read = timeout(REFUSAL_WAIT, body).await;
            read.ok().and_then(Result::ok).unwrap_or_default()
        };
        Ok(Reply { status: head.status, headers: head.headers, body })
    }
}
