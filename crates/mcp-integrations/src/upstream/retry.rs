//! Retries of a request, with backoff.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::failure::Failure;
use super::response::{Outcome, Response};
use super::{HttpSettings, Jitter};

/// Makes attempts until one succeeds. Requests must be idempotent.
///
/// The wait between attempts is the upstream's `Retry-After`, and at least the backoff: it doubles with
/// each attempt, and the jitter chooses from its upper half.
///
/// # Errors
/// Returns the last failure if it is permanent, if no attempts are left, or if the next wait would pass
/// the deadline.
pub(super) async fn until<F>(
    deadline: Instant,
    settings: &HttpSettings,
    jitter: &dyn Jitter,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<Response, Failure>
where
    F: Future<Output = Outcome>,
{
    let mut number = 1;
    loop {
        let (failure, wait) = match attempt(number).await {
            Outcome::Success(response) => return Ok(response),
            Outcome::Failure(failure) => return Err(failure),
            Outcome::Retry { failure, wait } => (failure, wait),
        };
        let wait = wait.unwrap_or_default().max(backoff(settings.backoff, number, jitter));
        let left = deadline.saturating_duration_since(Instant::now());
        if number >= settings.attempts || wait >= left {
            return Err(failure);
        }
        log::debug!("{}; retrying in {wait:?}", failure.message);
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

    fn again(wait: Option<u64>) -> Outcome {
        Outcome::Retry {
            failure: Failure::new(ErrorCode::UpstreamFailed, "Request failed (503)"),
            wait: wait.map(Duration::from_secs),
        }
    }

    fn success() -> Outcome {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Outcome::Success(Response { status, headers, body: Vec::new() })
    }

    /// Runs with these outcomes of the attempts. Returns whether one succeeded, the number of attempts,
    /// and the milliseconds that they took on the paused clock.
    async fn run(share: f64, outcomes: impl Fn(u32) -> Outcome) -> (bool, u32, u128) {
        let began = Instant::now();
        let attempts = Cell::new(0);
        let deadline = began + Duration::from_secs(30);
        let result = until(deadline, &HttpSettings::default(), &Fixed(share), |number| {
            attempts.set(number);
            ready(outcomes(number))
        })
        .await;
        (result.is_ok(), attempts.get(), began.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_three_times_with_growing_waits() {
        assert_eq!(run(0.0, |_| again(None)).await, (false, 3, 250 + 500));
        assert_eq!(run(1.0, |_| again(None)).await, (false, 3, 500 + 1000));
        let second = |number| if number == 2 { success() } else { again(None) };
        assert_eq!(run(0.0, second).await, (true, 2, 250));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_is_tried_once() {
        let failed = || Failure::new(ErrorCode::UpstreamRefused, "Request failed (404)");
        assert_eq!(run(0.0, |_| Outcome::Failure(failed())).await, (false, 1, 0));
        assert_eq!(run(0.0, |_| success()).await, (true, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_system_says_how_long_to_wait_up_to_the_deadline() {
        let after =
            |seconds| move |number| if number == 1 { again(Some(seconds)) } else { success() };
        assert_eq!(run(0.0, after(7)).await, (true, 2, 7000));
        assert_eq!(run(0.0, after(0)).await, (true, 2, 250));
        // The wait would pass the deadline, so the failure is returned at once.
        assert_eq!(run(0.0, after(30)).await, (false, 1, 0));
        assert_eq!(run(0.0, after(u64::MAX)).await, (false, 1, 0));
    }
}
