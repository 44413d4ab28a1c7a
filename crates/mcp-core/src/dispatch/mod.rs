//! What happens to a call: look-up, parameters, the work, redaction, the log, the count.
//!
//! Invariant: nothing else does any of it, whatever door the call came through.

pub mod meter;
mod record;
pub mod redact;
mod reply;
mod rows;
mod together;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use serde_json::value::RawValue;

use crate::action::params::ParamsText;
use crate::action::registry::{Action, Registry};
use crate::action::{MemoryWork, Prepared};
use crate::changes::{Change, Recorded, Watcher};
use crate::domain::{LogEntry, LogStatus, Position};
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Freshness, Store, StoreError, StoreRuns};
use crate::progress::Progress;
use crate::{Clock, Context, Effect, Timestamp};
pub use meter::{Called, Meter, Tokens};
use record::{kept_params, log_entry, unknown_action_entry};
pub use redact::Redactor;
pub use reply::{Reply, Rest};
use rows::Given;
pub use rows::{Opened, Rows};
pub use together::{InTransaction, Together};
use turns::Turns;

/// How long a transaction of several calls may take that writes, unless another budget is set.
const BATCH_BUDGET: Duration = Duration::from_millis(250);

/// What is done with parameters that the action does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownParams {
    /// The call is refused, with the signature.
    #[default]
    Refuse,
    /// They are ignored, as v1 does.
    Ignore,
}

/// A call of an action.
#[derive(Clone, Debug)]
pub struct Call {
    /// The action's name.
    pub action: String,
    /// Its parameters.
    pub params: ParamsText,
    /// What is done with parameters that the action does not have.
    pub unknown: UnknownParams,
    /// The caller, and the listener to its progress.
    pub context: Context,
}

impl Call {
    /// A call that refuses parameters that the action does not have.
    #[must_use]
    pub fn new(action: impl Into<String>, params: ParamsText) -> Self {
        let (unknown, context) = (UnknownParams::Refuse, Context::default());
        Self { action: action.into(), params, unknown, context }
    }

    /// The same call, but parameters that the action does not have are ignored.
    #[must_use]
    pub fn ignoring_unknown(mut self) -> Self {
        self.unknown = UnknownParams::Ignore;
        self
    }

    /// The same call in this context.
    #[must_use]
    pub fn within(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// The same call, with somebody who listens how far it is.
    #[must_use]
    pub fn heard_by(mut self, progress: Progress) -> Self {
        self.context.progress = progress;
        self
    }
}

/// The one way to an action.
pub struct Dispatcher {
    registry: RwLock<Arc<Registry>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    redactor: Arc<Redactor>,
    watcher: Option<Arc<dyn Watcher>>,
    meter: Option<Arc<dyn Meter>>,
    /// How long a transaction of several calls may take that writes.
    batch_budget: Duration,
    turns: Arc<Turns>,
    /// The number of log entries that the store did not take.
    lost_entries: AtomicU64,
}

impl Dispatcher {
    /// A dispatcher over a registry and a store. The redactor hides secrets from the log.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Self {
        let (registry, redactor) = (RwLock::new(registry), Arc::new(redactor));
        let (watcher, meter, lost_entries) = (None, None, AtomicU64::new(0));
        let (batch_budget, turns) = (BATCH_BUDGET, Arc::default());
        Self { registry, store, clock, redactor, watcher, meter, batch_budget, turns, lost_entries }
    }

    /// With somebody who is told of every change.
    #[must_use]
    pub fn watched_by(mut self, watcher: Arc<dyn Watcher>) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// With somebody who counts the calls.
    #[must_use]
    pub fn metered(mut self, meter: Arc<dyn Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// With another budget than 250 ms for a transaction of several calls that writes. Every other
    /// write waits for it.
    #[must_use]
    pub fn batch_budget(mut self, budget: Duration) -> Self {
        self.batch_budget = budget;
        self
    }

    /// Who counts the calls.
    #[must_use]
    pub fn meter(&self) -> Option<&dyn Meter> {
        self.meter.as_deref()
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

    /// Where everything is kept.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Returns the number of log entries that were lost since the start: the log has no entry of
    /// calls that were carried out.
    #[must_use]
    pub fn lost_log_entries(&self) -> u64 {
        self.lost_entries.load(Ordering::Relaxed) + self.store.lost_log_entries()
    }

    /// Hides secrets from what is said of a request.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Calls an action and gives its result as JSON text, whole, however long it is. For a result
    /// that is handed on, [`Dispatcher::call`] needs less memory.
    ///
    /// # Errors
    /// As [`Dispatcher::call`].
    pub async fn dispatch(&self, call: Call) -> Result<Box<RawValue>, ActionError> {
        let text = self.call(call).await?.whole(self.store(), usize::MAX).await?;
        RawValue::from_string(text).map_err(ActionError::internal)
    }

    /// Calls an action. The log entry of a call that writes commits with the write; every other
    /// entry is handed to the store before this returns. An entry that the store does not take
    /// changes nothing for the caller: see [`Dispatcher::lost_log_entries`].
    ///
    /// Dropping the future abandons the call. A write that has not begun is not carried out, and has
    /// no log entry; one that has begun commits together with its entry.
    ///
    /// # Errors
    /// Returns the error for the caller. The cause of an internal error is in the server's log.
    pub async fn call(&self, call: Call) -> Result<Reply, ActionError> {
        self.carry_out(call, ()).await
    }

    /// Calls an action as [`Dispatcher::call`] does. A list that is read in parts comes as rows,
    /// from behind a place on.
    ///
    /// # Errors
    /// As [`Dispatcher::call`].
    pub async fn open(&self, call: Call, after: Option<Position>) -> Result<Opened, ActionError> {
        self.carry_out(call, after).await
    }

    async fn carry_out<T: Given>(&self, call: Call, start: T::Start) -> Result<T, ActionError> {
        let timed = log::log_enabled!(log::Level::Debug)
            .then(|| (self.redactor.scrub(&call.action), Instant::now()));
        let registry = self.registry();
        let counted = meter::Counted::start(self.meter(), &registry, &call.action);
        let outcome = self.outcome::<T>(&registry, call, start).await;
        counted.end(outcome.as_ref().err());
        if let Some((name, start)) = timed {
            let status = if outcome.is_ok() { LogStatus::Success } else { LogStatus::Error };
            log::debug!("{name}: {} in {:?}", status.as_str(), start.elapsed());
        }
        if let Err(error) = &outcome
            && let Some(cause) = &error.cause
        {
            log::error!("{}: {}", error.code.row().name, self.redactor.scrub(&cause.to_string()));
        }
        outcome.map_err(|error| self.redactor.scrub_error(error))
    }

    /// Removes everything and restores the default configuration.
    ///
    /// # Errors
    /// When the store cannot be written; then everything is as it was.
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

    async fn outcome<T: Given>(
        &self,
        registry: &Registry,
        call: Call,
        start: T::Start,
    ) -> Result<T, ActionError> {
        let now = self.clock.now();
        let action = match registry.find(&call.action) {
            Ok(action) => action,
            Err(error) => {
                self.record(unknown_action_entry(&self.redactor, now, &call, &error)).await;
                return Err(error);
            }
        };
        let result = match self.prepare(action, &call) {
            Ok(Prepared::Memory(work)) if action.effect == Effect::Write => {
                // Its log entry commits with it.
                match self.write(work, now, action, &call.params).await {
                    Ok(text) => return Ok(T::text(text, false)),
                    Err(error) => Err(error),
                }
            }
            Ok(Prepared::Memory(work)) => {
                self.read(action.freshness, work).await.map(|text| T::text(text, false))
            }
            Ok(Prepared::List(work)) => T::list(work, start, self.store()).await,
            Ok(Prepared::Long(begin)) => T::long(begin, self.store()).await,
            Ok(Prepared::Remote(work)) => {
                work(call.context.progress.clone()).await.map(|answer| {
                    // Another system may say back what it was sent.
                    T::text(self.redactor.scrub_json(answer.text), answer.goes_on)
                })
            }
            Ok(Prepared::Compound(work)) => {
                work(self, call.context.clone()).await.map(|text| T::text(text, false))
            }
            Err(error) => Err(error),
        };
        let result = result.map_err(|error| teaching(error, action));
        let params = kept_params(&self.redactor, &call.params);
        let beginning = result.as_ref().map(Given::beginning);
        let entry = log_entry(&self.redactor, now, action.name, &params, beginning);
        self.record(entry).await;
        result
    }

    /// Hands the log entry of a call that is over to the store. The call was carried out or refused,
    /// and its caller learns that whatever happens to the entry: an error would have it repeated.
    async fn record(&self, entry: LogEntry) {
        match self.store.record(entry).await {
            Ok(()) => self.tell(&[Change::Logs]),
            Err(error) => {
                self.lost_entries.fetch_add(1, Ordering::Relaxed);
                log::error!("a log entry is lost: {error}");
            }
        }
    }

    fn prepare(&self, action: &Action, call: &Call) -> Result<Prepared, ActionError> {
        prepare(&self.redactor, action, call)
    }

    async fn read(&self, fresh: Freshness, work: MemoryWork) -> Result<String, ActionError> {
        self.store.read_for(fresh, work).await?
    }

    async fn write(
        &self,
        work: MemoryWork,
        now: Timestamp,
        action: &Action,
        params: &ParamsText,
    ) -> Result<String, ActionError> {
        // Before its turn comes: others wait while it writes.
        let (name, params) = (action.name, kept_params(&self.redactor, params).into_owned());
        let redactor = Arc::clone(&self.redactor);
        let is_watched = self.watcher.is_some();
        let (text, changes) = self
            .store
            .write_for::<_, ActionError>(move |memory| {
                let (text, changes) = if is_watched {
                    let mut recorded = Recorded::new(memory);
                    let text = work(&mut recorded)?;
                    (text, recorded.into_changes())
                } else {
                    (work(memory)?, Vec::new())
                };
                let entry = log_entry(&redactor, now, name, &params, Ok(&text));
                memory.append_log(&entry)?;
                Ok((text, changes))
            })
            .await?;
        self.tell(&changes);
        self.tell(&[Change::Logs]);
        Ok(text)
    }
}

/// Only the work is left of a call.
fn prepare(redactor: &Redactor, action: &Action, call: &Call) -> Result<Prepared, ActionError> {
    // What is stored or said back byte for byte must not be the server's own secret.
    if redactor.is_secret_in(call.params.get()) {
        return Err(ActionError::invalid(
            "params hold a key or token of this server's settings: it is neither stored nor said \
             back",
        ));
    }
    if call.unknown == UnknownParams::Refuse {
        action.refuse_unknown(&call.params)?;
    }
    action.prepare(call.params.clone())
}

/// The error with how the action is called, where it was called wrongly.
fn teaching(mut error: ActionError, action: &Action) -> ActionError {
    // What a compound action says is of its steps.
    let is_said = action.compound || error.message.contains(&action.signature);
    if error.code == ErrorCode::InvalidParams && error.signature.is_none() && !is_said {
        error.signature = Some(action.signature.clone());
    }
    error
}
