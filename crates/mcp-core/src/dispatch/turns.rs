//! Runs one transaction of several calls at a time for each caller; the others wait in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::context::Caller;
use crate::error::{ActionError, ErrorCode};

/// Transactions of one caller that may run or wait.
const LIMIT: usize = 32;
/// The time after which a rejected caller should retry.
const RETRY: Duration = Duration::from_secs(1);

/// The callers that have a transaction.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Caller, Queue>>);

/// The transactions of one caller.
struct Queue {
    turn: Arc<Semaphore>,
    /// Transactions that run or wait.
    count: usize,
}

/// The turn of a transaction; the caller's next one begins when it is dropped.
pub(super) struct Turn {
    // Before the place: fields are dropped in order.
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

impl Turns {
    /// Waits until no other transaction of this caller runs.
    ///
    /// # Errors
    /// Returns `RateLimited` if 32 transactions of this caller run or wait.
    pub(super) async fn wait(self: &Arc<Self>, caller: &Caller) -> Result<Turn, ActionError> {
        let (place, turn) = self.enter(caller)?;
        let permit = turn.acquire_owned().await.map_err(ActionError::internal)?;
        Ok(Turn { _permit: permit, _place: place })
    }

    fn enter(self: &Arc<Self>, caller: &Caller) -> Result<(Place, Arc<Semaphore>), ActionError> {
        let mut callers = self.0.lock();
        let queue = callers
            .entry(caller.clone())
            .or_insert_with(|| Queue { turn: Arc::new(Semaphore::new(1)), count: 0 });
        if queue.count >= LIMIT {
            let message = format!(
                "{LIMIT} atomic batches of this caller are waiting: wait for an answer before you \
                 send another"
            );
            return Err(ActionError::new(ErrorCode::RateLimited, message).retry_after(RETRY));
        }
        queue.count += 1;
        let place = Place { turns: Arc::clone(self), caller: caller.clone() };
        Ok((place, Arc::clone(&queue.turn)))
    }
}

/// A transaction that runs or waits. The caller's entry goes with its last one.
struct Place {
    turns: Arc<Turns>,
    caller: Caller,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut callers = self.turns.0.lock();
        if let Some(queue) = callers.get_mut(&self.caller) {
            queue.count -= 1;
            if queue.count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    fn session(id: &str) -> Caller {
        Caller::Session(id.into())
    }

    #[tokio::test]
    async fn a_caller_has_one_turn_and_others_have_theirs() {
        let turns = Arc::new(Turns::default());
        let one = turns.wait(&session("a")).await.expect("a turn");
        let other = turns.wait(&session("b")).await.expect("a turn");
        assert!(timeout(MOMENT, turns.wait(&session("a"))).await.is_err());
        drop(one);
        let next = turns.wait(&session("a")).await.expect("a turn");
        drop((next, other));
        assert!(turns.0.lock().is_empty(), "every caller is forgotten");
    }

    #[tokio::test]
    async fn a_caller_with_too_many_is_rejected_with_a_time_and_others_are_not() {
        let turns = Arc::new(Turns::default());
        let _running = turns.wait(&session("a")).await.expect("a turn");
        let mut waiting: Vec<_> = (1..LIMIT)
            .map(|_| turns.enter(&session("a")).map_err(drop).expect("a place"))
            .collect();
        let error = turns.wait(&session("a")).await.map(drop).expect_err("too many");
        assert_eq!((error.code, error.retry_after), (ErrorCode::RateLimited, Some(RETRY)));
        assert!(error.message.contains("wait for an answer"), "{error}");
        turns.wait(&session("b")).await.map(drop).expect("a turn");
        waiting.pop();
        turns.enter(&session("a")).map(drop).map_err(drop).expect("a place is free again");
    }
}
