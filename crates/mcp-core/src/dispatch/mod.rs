//! The dispatcher: looks up the action of a call, parses parameters, runs the work, redacts secrets,
//! writes the log entry and counts the call.
//!
//! Invariant: nothing else does any of it, for any transport.

mod arrivals;
mod call;
mod output;
mod record;
mod recorder;
mod redact;
mod reply;
mod rows;
mod transaction;
mod turns;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use serde_json::value::RawValue;

use crate::action::params::ParamsText;
use crate::action::{Action, BeginWork, MemoryText, MemoryWork, Prepared};
use crate::answer::{Answer, ListWork};
use crate::changes::{Change, Watcher};
use crate::domain::{LogEntry, LogStatus, Position};
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Freshness, Memory, Store, StoreError, StoreRuns};
use crate::{Clock, Effect, Registry, Timestamp};
pub use arrivals::{Arrival, Arrivals};
pub use call::{Call, UnknownParams};
use output::{Form, Output};
use record::{log_entry, logged_params, unknown_action_entry};
pub use recorder::{Called, Recorder, Tokens};
pub use redact::Redactor;
pub use reply::{Reply, Rest};
pub use rows::{Opened, Rows};
pub use transaction::{InTransaction, Transaction};
use turns::Turns;

/// The default time limit of a transaction of several calls that writes.
const BATCH_BUDGET: Duration = Duration::from_millis(250);

/// Runs calls of actions.
pub struct Dispatcher {
    registry: RwLock<Arc<Registry>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    redactor: Arc<Redactor>,
    watcher: Option<Arc<dyn Watcher>>,
    recorder: Option<Arc<dyn Recorder>>,
    batch_budget: Duration,
    turns: Arc<Turns>,
    arrivals: OnceLock<Arc<dyn Arrivals>>,
    /// Log entries that the store did not take.
    lost_entries: AtomicU64,
}

impl Dispatcher {
    /// Makes a dispatcher over a registry and a store. The redactor hides secrets in the log.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Self {
        let (registry, redactor) = (RwLock::new(registry), Arc::new(redactor));
        let (watcher, recorder, lost_entries) = (None, None, AtomicU64::new(0));
        let (batch_budget, turns) = (BATCH_BUDGET, Arc::default());
        Self {
            registry,
            store,
            clock,
            redactor,
            watcher,
            recorder,
            batch_budget,
            turns,
            arrivals: OnceLock::new(),
            lost_entries,
        }
    }

    /// Sets the receiver of change events.
    #[must_use]
    pub fn watched_by(mut self, watcher: Arc<dyn Watcher>) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// Sets the metrics.
    #[must_use]
    pub fn recorded_by(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sets the time limit, 250 ms by default, of a transaction of several calls that writes. Other
    /// writes wait for it.
    #[must_use]
    pub fn batch_budget(mut self, budget: Duration) -> Self {
        self.batch_budget = budget;
        self
    }

    /// Returns the metrics.
    #[must_use]
    pub fn recorder(&self) -> Option<&dyn Recorder> {
        self.recorder.as_deref()
    }

    /// Returns the actions that can be called now. A later [`Dispatcher::replace_registry`] does not
    /// change this snapshot.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read())
    }

    /// Replaces the actions that can be called. Calls that run keep the registry they began with.
    pub fn replace_registry(&self, registry: Registry) {
        *self.registry.write() = Arc::new(registry);
    }

    /// Sets the port to actions that are on their way. Only the first one counts.
    pub fn set_arrivals(&self, arrivals: Arc<dyn Arrivals>) {
        let _ = self.arrivals.set(arrivals);
    }

    /// Returns the actions that can be called, after a wait for this one if it is on its way.
    pub async fn registry_with(&self, action: &str) -> Arc<Registry> {
        let registry = self.registry();
        if let Some(arrivals) = self.arrivals.get()
            && registry.catalogue().find(action).is_none()
        {
            arrivals.wait(action).await;
            return self.registry();
        }
        registry
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Returns a handle to the store.
    #[must_use]
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Returns the number of finished calls whose log entry was lost, since the start.
    #[must_use]
    pub fn lost_log_entries(&self) -> u64 {
        self.lost_entries.load(Ordering::Relaxed) + self.store.lost_log_entries()
    }

    /// Returns the redactor of secrets.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Calls an action and returns its whole result as JSON text, of any length. For a result that is
    /// sent on, [`Dispatcher::call`] needs less memory.
    ///
    /// # Errors
    /// As [`Dispatcher::call`].
    pub async fn dispatch(&self, call: Call) -> Result<Box<RawValue>, ActionError> {
        let text = self.call(call).await?.whole(self.store(), usize::MAX).await?;
        RawValue::from_string(text).map_err(ActionError::internal)
    }

    /// Calls an action. The log entry of a write commits with the write; every other entry is handed
    /// to the store before this returns. An entry that the store does not take changes nothing for
    /// the caller: see [`Dispatcher::lost_log_entries`].
    ///
    /// Dropping the future abandons the call. A write that has not begun is not carried out and has
    /// no log entry; a write that has begun commits together with its entry.
    ///
    /// # Errors
    /// Returns the error of the action, or of the check of its name and parameters. The cause of an
    /// internal error is in the server's log.
    pub async fn call(&self, call: Call) -> Result<Reply, ActionError> {
        self.run(call, Form::Text).await?.into_reply()
    }

    /// Calls an action as [`Dispatcher::call`] does, but opens a list as rows, after a position.
    ///
    /// # Errors
    /// As [`Dispatcher::call`].
    pub async fn open(&self, call: Call, after: Option<Position>) -> Result<Opened, ActionError> {
        self.run(call, Form::Rows(after)).await?.into_opened()
    }

    /// Removes everything and restores the default configuration.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be written; nothing has changed then.
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.store.write_for::<_, StoreError>(|memory| memory.reset()).await?;
        self.tell(&[Change::All]);
        Ok(())
    }

    fn tell(&self, changes: &[Change]) {
        if let Some(watcher) = &self.watcher {
            for change in changes {
                watcher.changed(*change);
            }
        }
    }

    /// Runs a call; counts and times it, logs the cause of an error and redacts its message.
    async fn run(&self, call: Call, form: Form) -> Result<Output, ActionError> {
        let timed = log::log_enabled!(log::Level::Debug)
            .then(|| (self.redactor.scrub(&call.action), Instant::now()));
        let registry = self.registry_with(&call.action).await;
        let counted = recorder::Counted::start(self.recorder(), &registry, &call.action);
        let output = self.output(&registry, call, form).await;
        counted.end(output.as_ref().err());
        if let Some((name, start)) = timed {
            let status = if output.is_ok() { LogStatus::Success } else { LogStatus::Error };
            log::debug!("{name}: {} in {:?}", status.as_str(), start.elapsed());
        }
        if let Err(error) = &output
            && let Some(cause) = &error.cause
        {
            log::error!("{}: {}", error.code.row().name, self.redactor.scrub(&cause.to_string()));
        }
        output.map_err(|error| self.redactor.scrub_error(error))
    }

    async fn output(
        &self,
        registry: &Registry,
        call: Call,
        form: Form,
    ) -> Result<Output, ActionError> {
        let now = self.clock.now();
        let action = match registry.find(&call.action) {
            Ok(action) => action,
            Err(error) => {
                let known = self.arrivals.get().and_then(|it| it.why_missing(&call.action));
                let error = known.unwrap_or(error);
                self.record(unknown_action_entry(&self.redactor, now, &call, &error)).await;
                return Err(error);
            }
        };
        let output = match prepare(&self.redactor, action, &call) {
            Ok(Prepared::Memory(work)) if action.effect == Effect::Write => {
                // Its log entry commits with it.
                match self.write(work, now, action, &call.params).await {
                    Ok(text) => return Ok(Output::text(text)),
                    Err(error) => Err(error),
                }
            }
            Ok(Prepared::Memory(work)) => self.read(action.freshness, work).await,
            Ok(Prepared::List(work)) => self.list(work, form).await,
            Ok(Prepared::Begin(begin)) => self.begin(begin, form).await,
            Ok(Prepared::Remote(work)) => {
                work(call.context.progress.clone()).await.map(|output| Output::Text {
                    // An upstream may echo a secret that it was sent.
                    text: self.redactor.scrub_json(output.text),
                    has_more: output.has_more,
                })
            }
            Ok(Prepared::Compound(work)) => {
                work(self, call.context.clone()).await.map(Output::text)
            }
            Err(error) => Err(error),
        };
        let output = output.map_err(|error| with_signature(error, action));
        let params = logged_params(&self.redactor, &call.params);
        let beginning = output.as_ref().map(Output::beginning);
        let entry = log_entry(&self.redactor, now, &action.name, &params, beginning);
        self.record(entry).await;
        output
    }

    /// Hands the log entry of a finished call to the store. The caller gets its result even if the
    /// entry is lost: an error would make clients repeat the call.
    async fn record(&self, entry: LogEntry) {
        match self.store.record(entry).await {
            Ok(()) => self.tell(&[Change::Logs]),
            Err(error) => {
                self.lost_entries.fetch_add(1, Ordering::Relaxed);
                log::error!("a log entry is lost: {error}");
            }
        }
    }

    async fn read(&self, fresh: Freshness, work: MemoryWork) -> Result<Output, ActionError> {
        let done: MemoryText = self.store.read_for(fresh, work).await??;
        Ok(Output::text(done.text))
    }

    async fn list(&self, work: Box<dyn ListWork>, form: Form) -> Result<Output, ActionError> {
        match form {
            Form::Text => {
                let answer = Answer::list(work);
                Reply::read(Freshness::Writes, answer, self.store()).await.map(Output::Parts)
            }
            Form::Rows(after) => Rows::open(work, after, self.store()).await.map(Output::Rows),
        }
    }

    async fn begin(&self, begin: BeginWork, form: Form) -> Result<Output, ActionError> {
        match form {
            Form::Text => Reply::begin(begin, self.store()).await.map(Output::Parts),
            Form::Rows(_) => {
                let whole = |memory: &mut dyn Memory| begin(memory)?.whole(memory);
                self.store.read_for(Freshness::Writes, whole).await?.map(Output::text)
            }
        }
    }

    async fn write(
        &self,
        work: MemoryWork,
        now: Timestamp,
        action: &Action,
        params: &ParamsText,
    ) -> Result<String, ActionError> {
        // Outside the transaction: other writes wait for it.
        let params = logged_params(&self.redactor, params).into_owned();
        let (name, redactor) = (Arc::clone(&action.name), Arc::clone(&self.redactor));
        let done = self
            .store
            .write_for::<_, ActionError>(move |memory| {
                let done = work(memory)?;
                let entry = log_entry(&redactor, now, &name, &params, Ok(&done.text));
                memory.append_log(&entry)?;
                Ok(done)
            })
            .await?;
        done.change.into_iter().for_each(|change| self.tell(&[change]));
        self.tell(&[Change::Logs]);
        Ok(done.text)
    }
}

/// Checks and parses the parameters of a call.
fn prepare(redactor: &Redactor, action: &Action, call: &Call) -> Result<Prepared, ActionError> {
    // Stored parameters are returned byte for byte: they must not hold the server's own secrets.
    if redactor.is_secret_in(call.params.get()) {
        return Err(ActionError::invalid(
            "params contain one of the server's secrets; the call was rejected",
        ));
    }
    if call.unknown == UnknownParams::Refuse {
        action.reject_unknown(&call.params)?;
    }
    action.prepare(call.params.clone())
}

/// Adds the signature to the error of a wrong parameter. The errors of a compound action are those of
/// its steps.
fn with_signature(mut error: ActionError, action: &Action) -> ActionError {
    let is_shown = action.compound || error.message.contains(&action.signature);
    let is_about_params = error.code == ErrorCode::InvalidParams
        || (action.connected && error.code == ErrorCode::UpstreamRefused);
    if is_about_params && error.signature.is_none() && !is_shown {
        error.signature = Some(action.signature.clone());
    }
    error
}

#[cfg(test)]
mod tests;
