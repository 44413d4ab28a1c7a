//! Several calls of memory actions in one transaction: all of them, or none.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::record::{kept_params, log_entry, unknown_action_entry};
use super::rows::page_after;
use super::{Call, Called, Dispatcher, Redactor, prepare, teaching};
use crate::Timestamp;
use crate::action::Prepared;
use crate::action::registry::Registry;
use crate::answer::{ListWork, RowsText};
use crate::changes::Recorded;
use crate::domain::{LogEntry, Position};
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Memory, StoreError, StoreRuns};

/// How long the calls may take: whoever else writes waits for them.
const LONGEST: Duration = Duration::from_secs(3);

/// The inside of a transaction that several calls share.
pub struct Together<'a> {
    registry: &'a Registry,
    redactor: &'a Redactor,
    now: Timestamp,
    memory: &'a mut dyn Memory,
    until: Instant,
    /// Gone when nobody waits for what it gives.
    waits: Weak<()>,
    /// The calls so far, which count when everything is done.
    called: Vec<Called>,
    /// The call that failed, and its entry: it is counted and logged after everything was undone.
    failed: Option<(Called, LogEntry)>,
}

/// What an action answered inside the transaction.
pub enum InTransaction {
    /// JSON text.
    Text(String),
    /// A list that is read in parts, with [`Together::rows`].
    List(Box<dyn ListWork>),
}

/// Why nothing of it was done.
struct Undone(Box<(ActionError, Option<(Called, LogEntry)>)>);

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self(Box::new((error.into(), None)))
    }
}

impl Dispatcher {
    /// Runs calls in one transaction. When it gives an error, nothing of it was done.
    ///
    /// # Errors
    /// With what the caller is told.
    pub async fn together<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Together<'_>) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let (registry, redactor) = (Arc::clone(&self.registry), Arc::clone(&self.redactor));
        let now = self.clock.now();
        let here = Arc::new(());
        let waits = Arc::downgrade(&here);
        let done = self
            .store
            .write_for(move |memory| {
                let (registry, redactor) = (&*registry, &*redactor);
                let mut recorded = Recorded::new(memory);
                let memory = &mut recorded;
                let (until, called) = (Instant::now() + LONGEST, Vec::new());
                let failed = None;
                let mut together =
                    Together { registry, redactor, now, memory, until, waits, called, failed };
                let done = run(&mut together);
                let Together { called, failed, .. } = together;
                let done = done.map_err(|error| Undone(Box::new((error, failed))))?;
                Ok((done, called, recorded.into_changes()))
            })
            .await;
        let count = |called| self.meter().into_iter().for_each(|meter| meter.called(called));
        match done {
            Ok((done, called, changes)) => {
                called.into_iter().for_each(count);
                self.tell(&changes);
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

impl<'a> Together<'a> {
    /// What can be called.
    #[must_use]
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Calls a memory action. Its log entry commits with all the others.
    ///
    /// # Errors
    /// With what the caller is told. The transaction should end with it.
    pub fn call(&mut self, call: &Call) -> Result<InTransaction, ActionError> {
        self.go_on()?;
        let start = Instant::now();
        let called = |name, error: Option<&ActionError>| Called {
            action: name,
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
        let done = prepare(self.redactor, action, call).and_then(|prepared| match prepared {
            Prepared::Memory(work) => work(self.memory).map(InTransaction::Text),
            Prepared::List(work) => Ok(InTransaction::List(work)),
            Prepared::Long(begin) => {
                begin(self.memory)?.whole(self.memory).map(InTransaction::Text)
            }
            Prepared::Remote(_) | Prepared::Compound(_) => Err(ActionError::new(
                ErrorCode::InvalidParams,
                format!("{} cannot be part of a transaction", action.name),
            )),
        });
        let done = done.map_err(|error| teaching(error, action));
        let params = kept_params(self.redactor, &call.params);
        let text = done.as_ref().map(|given| match given {
            InTransaction::Text(text) => text.as_str(),
            InTransaction::List(_) => "",
        });
        let entry = log_entry(self.redactor, self.now, action.name, &params, text);
        let called = called(Some(action.name), done.as_ref().err());
        if done.is_ok() {
            self.memory.append_log(&entry)?;
            self.called.push(called);
        } else {
            self.failed = Some((called, entry));
        }
        done
    }

    /// The next rows of a list, and behind what it may go on.
    ///
    /// # Errors
    /// With what the caller is told.
    pub fn rows(
        &mut self,
        work: &mut dyn ListWork,
        after: Option<Position>,
    ) -> Result<(RowsText, Option<Position>), ActionError> {
        self.go_on()?;
        let mut rows = RowsText::default();
        let next = work.lean_part(page_after(after), self.memory, &mut rows)?;
        Ok((rows, next))
    }

    /// Whether there is time left, and anybody who waits.
    fn go_on(&self) -> Result<(), ActionError> {
        if self.waits.strong_count() == 0 {
            return Err(ActionError::internal("the caller has gone away"));
        }
        if Instant::now() < self.until {
            return Ok(());
        }
        let seconds = LONGEST.as_secs();
        Err(ActionError::invalid(format!(
            "One transaction may take {seconds} s, for which others wait: read less in it, or before it"
        )))
    }
}
