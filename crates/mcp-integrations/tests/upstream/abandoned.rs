//! Abandoned calls: they leave no permit, no shared request and no wait.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::bodies::REPOSITORY;
use crate::rig::{Rig, json as answer};

/// The number of calls that are abandoned after each number of polls.
const CALLS: usize = 850;
const MOST_POLLS: usize = 5;
/// Long enough for a busy machine. A call that waits for a leaked permit never ends.
const DEADLINE: Duration = Duration::from_mins(1);

/// Polls a future this many times, and drops it.
fn abandon<T>(future: impl Future<Output = T>, polls: usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let _ = (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready());
}

#[tokio::test]
async fn abandoned_calls_leave_nothing_behind() {
    let rig = Rig::with(|setup| setup.http.concurrency = 4).await;
    rig.answers_always(answer(REPOSITORY)).await;
    let call = |number: usize| {
        // Every other call shares the request of the same repository.
        let repo = if number.is_multiple_of(2) { "shared".to_owned() } else { number.to_string() };
        rig.text("github_get_repository", json!({"owner": "octocat", "repo": repo}))
    };
    for polls in 0..=MOST_POLLS {
        for number in 0..CALLS {
            abandon(call(number), polls);
            yield_now().await;
        }
        let answers = timeout(DEADLINE, join_all((0..8).map(call))).await;
        for answer in answers.unwrap_or_else(|_| panic!("no answer after {polls} polls")) {
            answer.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        }
    }
}

#[tokio::test]
async fn who_shares_the_request_of_a_call_that_is_abandoned_is_answered() {
    let rig = Rig::new().await;
    rig.answers_always(answer(REPOSITORY).set_delay(Duration::from_millis(20))).await;
    let call = || rig.text("github_get_repository", json!({"owner": "octocat", "repo": "r"}));
    for polls in 1..=MOST_POLLS {
        let mut leader = Box::pin(call());
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            assert!(leader.as_mut().poll(&mut context).is_pending());
            yield_now().await;
        }
        let leave = async {
            yield_now().await;
            drop(leader);
        };
        let (answer, ()) = timeout(DEADLINE, async { tokio::join!(call(), leave) })
            .await
            .unwrap_or_else(|_| panic!("no answer after {polls} polls"));
        answer.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        assert_eq!(rig.requests().await, polls, "they share one request");
    }
}
