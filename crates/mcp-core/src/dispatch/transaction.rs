//! Several calls of memory actions in one transaction: all of them, or none.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::record::{log_entry, logged_params, unknown_action_entry};
use super::rows::page_after;
use super::{Call, Called, Dispatcher, Redactor, prepare, with_signature};
use crate::action::Prepared;
use crate::answer::ListWork;
use crate::changes::{Change, ChangeTracker};
use crate::domain::{LogEntry, Part, Position};
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Access, Freshness, Memory, StoreError, StoreRuns};
use crate::{Caller, Effect, Registry, Timestamp};

/// The time limit of a transaction that only reads: the store keeps its snapshot meanwhile.
const READ_BUDGET: Duration = Duration::from_secs(3);

/// A transaction of several calls.
pub struct Transaction<'a> {
    registry: &'a Registry,
    redactor: &'a Redactor,
    now: Timestamp,
    memory: &'a mut dyn Memory,
    changes: ChangeTracker,
    access: Access,
    budget: Duration,
    deadline: Instant,
    /// Gone when the caller is.
    waits: Weak<()>,
    /// The calls so far, counted at the commit.
    called: Vec<Called>,
    /// The log entries of the calls so far, if the transaction only reads.
    entries: Vec<LogEntry>,
    /// The call that failed and its entry, counted and logged after the rollback.
    failed: Option<(Called, LogEntry)>,
}

/// The result of a call inside a transaction.
pub enum InTransaction {
    /// JSON text.
    Text(String),
    /// A list, read with [`Transaction::rows`].
    List(Box<dyn ListWork>),
}

/// The error that undid a transaction, and the call that failed.
struct Undone(Box<(ActionError, Option<(Called, LogEntry)>)>);

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self(Box::new((error.into(), None)))
    }
}

impl Dispatcher {
    /// Returns the access that a transaction of these actions needs.
    #[must_use]
    pub fn access<'a>(&self, actions: impl Iterator<Item = &'a str>) -> Access {
        let mut access = Access::Read(Freshness::Writes);
        let registry = self.registry();
        for action in actions.filter_map(|name| registry.find(name).ok()) {
            if action.effect == Effect::Write {
                return Access::Write;
            }
            if action.freshness == Freshness::WritesAndLogs {
                access = Access::Read(Freshness::WritesAndLogs);
            }
        }
        access
    }

    /// Runs calls in one transaction, which an error undoes.
    ///
    /// A caller has one such transaction at a time; its others wait. The time limit, counted from the
    /// start, is [`Dispatcher::batch_budget`] for writes, and 3 s for reads.
    ///
    /// # Errors
    /// Returns the error of `run`, `InvalidParams` after the time limit, or `RateLimited` if too many
    /// transactions of the caller wait.
    pub async fn transaction<T: Send + 'static>(
        &self,
        caller: &Caller,
        access: Access,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let (registry, redactor) = (self.registry(), Arc::clone(&self.redactor));
        let turn = self.turns.wait(caller).await?;
        let budget = match access {
            Access::Read(_) => READ_BUDGET,
            Access::Write => self.batch_budget,
        };
        let now = self.clock.now();
        let here = Arc::new(());
        let waits = Arc::downgrade(&here);
        let done = self
            .store
            .run_within_for(access, budget, move |memory| {
                // Held until the transaction ends, even if the caller is gone.
                let _turn = turn;
                let (registry, redactor) = (&*registry, &*redactor);
                let mut transaction = Transaction {
                    registry,
                    redactor,
                    now,
                    memory,
                    changes: ChangeTracker::default(),
                    access,
                    budget,
                    deadline: Instant::now() + budget,
                    waits,
                    called: Vec::new(),
                    entries: Vec::new(),
                    failed: None,
                };
                let done = run(&mut transaction);
                let Transaction { called, entries, failed, changes, .. } = transaction;
                let done = done.map_err(|error| Undone(Box::new((error, failed))))?;
                Ok((done, called, entries, changes.into_changes()))
            })
            .await;
        let count = |called| {
            if let Some(recorder) = self.recorder() {
                recorder.called(called);
            }
        };
        match done {
            Ok((done, calls, entries, changes)) => {
                calls.into_iter().for_each(count);
                self.tell(&changes);
                for entry in entries {
                    self.record(entry).await;
                }
                Ok(done)
            }
            Err(Undone(why)) => {
                let (error, failed) = *why;
                if let Some((called, entry)) = failed {
                    count(called);
                    self.record(entry).await;
                }
                Err(error)
            }
        }
    }
}

impl<'a> Transaction<'a> {
    /// Returns the actions.
    #[must_use]
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Calls a memory action. Its log entry commits with the transaction.
    ///
    /// # Errors
    /// Returns the error of the action, or `InvalidParams` after the time limit. Return it from `run`
    /// to undo the transaction.
    pub fn call(&mut self, call: &Call) -> Result<InTransaction, ActionError> {
        self.check()?;
        let start = Instant::now();
        let called = |name: Option<&Arc<str>>, error: Option<&ActionError>| Called {
            action: name.cloned(),
            error: error.map(|error| error.code),
            took: start.elapsed(),
        };
        let action = match self.registry.find(&call.action) {
            Ok(action) => action,
            Err(error) => {
                let entry = unknown_action_entry(self.redactor, self.now, call, &error);
                self.failed = Some((called(None, Some(&error)), entry));
                return Err(error);
            }
        };
        if action.effect == Effect::Write && self.access != Access::Write {
            let cause = format!("{} writes in a transaction that only reads", action.name);
            return Err(ActionError::internal(cause));
        }
        let done = prepare(self.redactor, action, call).and_then(|prepared| match prepared {
            Prepared::Memory(work) => {
                let done = work(self.memory)?;
                done.change.into_iter().for_each(|change| self.changes.note(change));
                Ok(InTransaction::Text(done.text))
            }
            Prepared::List(work) => Ok(InTransaction::List(work)),
            Prepared::Begin(begin) => {
                begin(self.memory)?.whole(self.memory).map(InTransaction::Text)
            }
            Prepared::Remote(_) | Prepared::Compound(_) => Err(ActionError::new(
                ErrorCode::InvalidParams,
                format!("{} cannot be part of a transaction", action.name),
            )),
        });
        let done = done.map_err(|error| with_signature(self.in_time(error), action));
        let params = logged_params(self.redactor, &call.params);
        let text = done.as_ref().map(|given| match given {
            InTransaction::Text(text) => text.as_str(),
            InTransaction::List(_) => "",
        });
        let entry = log_entry(self.redactor, self.now, &action.name, &params, text);
        let called = called(Some(&action.name), done.as_ref().err());
        if done.is_ok() {
            match self.access {
                Access::Read(_) => self.entries.push(entry),
                Access::Write => {
                    self.memory.append_log(&entry).map_err(|it| self.in_time(it.into()))?;
                    self.changes.note(Change::Logs);
                }
            }
            self.called.push(called);
        } else {
            self.failed = Some((called, entry));
        }
        done
    }

    /// Reads the rows of a list after a position.
    ///
    /// # Errors
    /// Returns the store's error, or `InvalidParams` after the time limit.
    pub fn rows(
        &mut self,
        work: &mut dyn ListWork,
        after: Option<Position>,
    ) -> Result<Part<Value>, ActionError> {
        self.check()?;
        work.values(page_after(after), self.memory).map_err(|error| self.in_time(error))
    }

    /// Checks that the caller waits and that time is left.
    fn check(&self) -> Result<(), ActionError> {
        if self.waits.strong_count() == 0 {
            return Err(ActionError::internal("the caller has gone away"));
        }
        if Instant::now() < self.deadline { Ok(()) } else { Err(self.out_of_time()) }
    }

    /// Returns the error of a call: a store that hits the time limit does not say so.
    fn in_time(&self, error: ActionError) -> ActionError {
        let is_the_stores = error.cause.as_ref().is_some_and(|cause| cause.is::<StoreError>());
        if is_the_stores && Instant::now() >= self.deadline { self.out_of_time() } else { error }
    }

    fn out_of_time(&self) -> ActionError {
        let milliseconds = self.budget.as_millis();
        ActionError::invalid(match self.access {
            Access::Read(_) => format!(
                "an atomic batch that only reads may take {milliseconds} ms: use fewer steps, or \
                 narrow the lists that they read"
            ),
            Access::Write => format!(
                "an atomic batch that writes may take {milliseconds} ms (MCP_BATCH_BUDGET), since \
                 other writes wait for it: use fewer steps, narrow the lists that they read, or read \
                 before the batch"
            ),
        })
    }
}
