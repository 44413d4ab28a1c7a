//! Sharing of one request among equal concurrent calls. A flight is such a request.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

use super::Json;
use super::cache::Key;
use super::failure::Failure;

type FlightResult = Result<Json, Failure>;
type Flight = BoxFuture<'static, FlightResult>;
type InFlight = Arc<Mutex<HashMap<Key, (u64, WeakShared<Flight>)>>>;

/// The requests in flight, by key.
#[derive(Default)]
pub(super) struct Flights {
    in_flight: InFlight,
    number: AtomicU64,
}

impl Flights {
    /// Joins the flight of this key, or starts one. The flight is driven by the callers that wait
    /// for it, and is dropped with the last of them.
    pub(super) async fn join<F>(&self, key: &Key, start: impl FnOnce() -> F) -> FlightResult
    where
        F: Future<Output = FlightResult> + Send + 'static,
    {
        self.joined(key, start).await
    }

    fn joined<F>(&self, key: &Key, start: impl FnOnce() -> F) -> Shared<Flight>
    where
        F: Future<Output = FlightResult> + Send + 'static,
    {
        let mut in_flight = self.in_flight.lock();
        if let Some(flight) = in_flight.get(key).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let landing = Landing { in_flight: Arc::clone(&self.in_flight), key: key.clone(), number };
        let work = start();
        let flight: Flight = Box::pin(async move {
            let _landing = landing;
            work.await
        });
        let flight = flight.shared();
        let weak = flight.downgrade().expect("a flight that nobody has polled is not over");
        in_flight.insert(key.clone(), (number, weak));
        flight
    }
}

/// Removes a flight from the map when it has ended or was dropped.
struct Landing {
    in_flight: InFlight,
    key: Key,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut in_flight = self.in_flight.lock();
        // The next flight of the same key may have started already.
        if in_flight.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            in_flight.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use mcp_core::ErrorCode;
    use tokio::sync::oneshot;

    use super::*;

    fn key(url: &str) -> Key {
        Key { account: [0; 32], url: url.into() }
    }

    fn failed(message: &str) -> FlightResult {
        Err(Failure::new(ErrorCode::UpstreamFailed, message))
    }

    #[tokio::test]
    async fn who_joins_hears_what_the_first_hears_and_the_next_starts_anew() {
        let flights = Flights::default();
        let (land, landed) = oneshot::channel::<()>();
        let first = flights.joined(&key("a"), || async {
            let _ = landed.await;
            failed("first")
        });
        let second = flights.joined(&key("a"), || async { failed("second") });
        let other = flights.join(&key("b"), || async { failed("other") }).await;
        assert_eq!(other.expect_err("a failure").message, "other");
        land.send(()).expect("somebody waits");
        for flight in [first, second] {
            assert_eq!(flight.await.expect_err("a failure").message, "first");
        }
        let third = flights.join(&key("a"), || async { failed("third") }).await;
        assert_eq!(third.expect_err("a failure").message, "third");
        assert!(flights.in_flight.lock().is_empty());
    }

    #[tokio::test]
    async fn a_flight_that_nobody_waits_for_ends() {
        let flights = Flights::default();
        let (alive, dropped) = oneshot::channel::<()>();
        let first = flights.joined(&key("a"), || async {
            let _alive = alive;
            pending().await
        });
        let second = flights.joined(&key("a"), pending);
        drop(first);
        assert_eq!(flights.in_flight.lock().len(), 1);
        drop(second);
        assert!(dropped.await.is_err());
        assert!(flights.in_flight.lock().is_empty());
    }
}
