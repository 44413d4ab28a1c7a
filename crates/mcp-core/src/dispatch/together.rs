//! Several calls of memory actions in one transaction: all of them, or none.

use std::sync::Arc;

use super::record::{kept_params, log_entry, unknown_action_entry};
use super::rows::page_after;
use super::{Call, Dispatcher, Redactor, prepare, teaching};
use crate::Timestamp;
use crate::action::registry::Registry;
use crate::action::{Action, Prepared};
use crate::answer::{ListWork, RowsText};
use crate::changes::{Change, Recorded};
use crate::domain::{LogEntry, LogStatus, Position};
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Memory, StoreError, StoreRuns};

/// The inside of a transaction that several calls share.
pub struct Together<'a> {
    registry: &'a Registry,
    redactor: &'a Redactor,
    now: Timestamp,
    memory: &'a mut dyn Memory,
    /// The entry of the call that failed: it is logged after everything was undone.
    failed: Option<LogEntry>,
}

/// What an action answered inside the transaction.
pub enum InTransaction {
    /// JSON text.
    Text(String),
    /// A list that is read in parts, with [`Together::rows`].
    List(Box<dyn ListWork>),
}

/// Why nothing of it was done.
struct Undone(Box<(ActionError, Option<LogEntry>)>);

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
        let done = self
            .store
            .write_for(move |memory| {
                let (registry, redactor) = (&*registry, &*redactor);
                let mut recorded = Recorded::new(memory);
                let memory = &mut recorded;
                let mut together = Together { registry, redactor, now, memory, failed: None };
                let done = run(&mut together);
                let failed = together.failed.take();
                let done = done.map_err(|error| Undone(Box::new((error, failed))))?;
                Ok((done, recorded.into_changes()))
            })
            .await;
        match done {
            Ok((done, changes)) => {
                self.tell(&changes);
                Ok(done)
            }
            Err(Undone(why)) => {
                let (error, entry) = *why;
                if let Some(entry) = entry {
                    self.store.record(entry).await?;
                    self.tell(&[Change::Logs]);
                }
                Err(error)
            }
        }
    }
}

impl<'a> Together<'a> {
    /// The action of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn action(&self, name: &str) -> Result<&'a Action, ActionError> {
        self.registry.find(name)
    }
    /// Calls a memory action. Its log entry commits with all the others.
    ///
    /// # Errors
    /// With what the caller is told. The transaction should end with it.
    pub fn call(&mut self, call: &Call) -> Result<InTransaction, ActionError> {
        let action = match self.registry.find(&call.action) {
            Ok(action) => action,
            Err(error) => {
                self.failed = Some(unknown_action_entry(self.redactor, self.now, call, &error));
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
        let (status, text) = match &done {
            Ok(InTransaction::Text(text)) => (LogStatus::Success, text.as_str()),
            Ok(InTransaction::List(_)) => (LogStatus::Success, ""),
            Err(error) => (LogStatus::Error, error.message.as_str()),
        };
        let params = kept_params(self.redactor, &call.params);
        let entry = log_entry(self.redactor, self.now, action.name, &params, text, status);
        if done.is_ok() {
            self.memory.append_log(&entry)?;
        } else {
            self.failed = Some(entry);
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
        let mut rows = RowsText::default();
        let next = work.part(page_after(after), self.memory, &mut rows)?;
        Ok((rows, next))
    }
}
