//! How often a request is sent, and how long is waited between.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::failure::Failure;
use super::reply::{Meaning, Reply};
use super::{HttpSettings, Jitter};

/// Tries until there is an answer, a failure that stays, no try left, or no time left for the wait
/// before the next one: then the last failure is what the caller hears. The requests must be
/// idempotent.
///
/// It waits as long as the other system says, and at least the backoff, which doubles from try to
/// try and is spread by the jitter over the upper half of its length.
pub(super) async fn until<F>(
    deadline: Instant,
    settings: &HttpSettings,
    jitter: &dyn Jitter,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<Reply, Failure>
where
    F: Future<Output = Meaning>,
{
    let mut number = 1;
    loop {
        let (failure, wait) = match attempt(number).await {
            Meaning::Answer(reply) => return Ok(reply),
            Meaning::Final(failure) => return Err(failure),
            Meaning::Again { failure, wait } => (failure, wait),
        };
        let wait = wait.unwrap_or_default().max(backoff(settings.backoff, number, jitter));
        let left = deadline.saturating_duration_since(Instant::now());
        if number >= settings.tries || wait >= left {
            return Err(failure);
        }
        log::debug!("{}; another try in {wait:?}", failure.message);
        sleep(wait).await;
        number += 1;
    }
}

fn backoff(first: Duration, number: u32, jitter: &dyn Jitter) -> Duration {
    let longest = first.saturating_mul(2_u32.saturating_pow(number - 1));
    longest.mul_f64(0.5 + jitter.share().clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use http::{HeaderMap, StatusCode};
    use mcp_core::ErrorCode;

    use super::*;

    struct Fixed(f64);

    impl Jitter for Fixed {
        fn share(&self) -> f64 {
            self.0
        }
    }

    fn again(wait: Option<u64>) -> Meaning {
        Meaning::Again {
            failure: Failure::new(ErrorCode::UpstreamFailed, "Request failed (503)"),
            wait: wait.map(Duration::from_secs),
        }
    }

    fn answer() -> Meaning {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Meaning::Answer(Reply { status, headers, body: Vec::new() })
    }

    /// Runs with these outcomes of the tries: whether there was an answer, how many tries there
    /// were, and how many milliseconds they took on the paused clock.
    async fn run(share: f64, outcomes: impl Fn(u32) -> Meaning) -> (bool, u32, u128) {
        let began = Instant::now();
        let tries = Cell::new(0);
        let deadline = began + Duration::from_secs(30);
        let result = until(deadline, &HttpSettings::default(), &Fixed(share), |number| {
            tries.set(number);
            ready(outcomes(number))
        })
        .await;
        (result.is_ok(), tries.get(), began.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_three_times_with_growing_waits() {
        assert_eq!(run(0.0, |_| again(None)).await, (false, 3, 250 + 500));
        assert_eq!(run(1.0, |_| again(None)).await, (false, 3, 500 + 1000));
        let second = |number| if number == 2 { answer() } else { again(None) };
        assert_eq!(run(0.0, second).await, (true, 2, 250));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_is_tried_once() {
        let failed = || Failure::new(ErrorCode::UpstreamRefused, "Request failed (404)");
        assert_eq!(run(0.0, |_| Meaning::Final(failed())).await, (false, 1, 0));
        assert_eq!(run(0.0, |_| answer()).await, (true, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_system_says_how_long_to_wait_up_to_the_deadline() {
        let after =
            |seconds| move |number| if number == 1 { again(Some(seconds)) } else { answer() };
        assert_eq!(run(0.0, after(7)).await, (true, 2, 7000));
        assert_eq!(run(0.0, after(0)).await, (true, 2, 250));
        // Waiting would pass the deadline: the caller hears at once.
        assert_eq!(run(0.0, after(30)).await, (false, 1, 0));
        assert_eq!(run(0.0, after(u64::MAX)).await, (false, 1, 0));
    }
}
