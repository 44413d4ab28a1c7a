//! A connection: starts its system when it is needed, follows its tools, and carries out calls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use mcp_core::action::RemoteText;
use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;
use mcp_core::{ActionError, ErrorCode, Progress};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::settings::ConnectionSettings;
use super::shared::Shared;
use super::state::{Counters, Known, State};
use super::system::{self, Live};
use super::tools::Use;
use crate::connections::mcp::session::CallError;

/// The calls that may wait for each one that runs.
const WAITING: usize = 32;
/// The wait for further changes after a change of the list of tools.
const SETTLING: Duration = Duration::from_millis(50);

pub(crate) struct Connection {
    pub(crate) name: String,
    pub(crate) hash: String,
    pub(crate) settings: ConnectionSettings,
    pub(crate) counters: Counters,
    pub(crate) known: Mutex<Known>,
    pub(crate) redactor: Arc<Redactor>,
    pub(super) shared: Arc<Shared>,
    live: Mutex<Option<Live>>,
    /// Held by the task that connects or reads the list of tools.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Whether the connection is not in the file any more, or the server stops.
    is_retired: AtomicBool,
    permits: Semaphore,
    waiting: AtomicUsize,
    last_call: Mutex<Instant>,
}

impl Connection {
    pub(crate) fn new(
        name: String,
        hash: String,
        settings: ConnectionSettings,
        secrets: &[SecretString],
        shared: Arc<Shared>,
    ) -> Arc<Self> {
        let state = if settings.disabled { State::Disabled } else { State::Connecting };
        let secrets = secrets.iter().map(|secret| secret.expose_secret().to_owned());
        Arc::new(Self {
            name,
            hash,
            counters: Counters::default(),
            known: Mutex::new(Known::new(state)),
            redactor: Arc::new(Redactor::new(secrets)),
            shared,
            live: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
            is_retired: AtomicBool::new(false),
            permits: Semaphore::new(settings.concurrency),
            waiting: AtomicUsize::new(0),
            last_call: Mutex::new(Instant::now()),
            settings,
        })
    }

    /// Reads the stored list of tools, or connects until a list has arrived.
    pub(crate) async fn begin(self: Arc<Self>) {
        if self.settings.disabled {
            return;
        }
        if self.adopt_stored().await {
            return;
        }
        let this = Arc::downgrade(&self);
        drop(self);
        while let Some(connection) = this.upgrade() {
            if connection.known.lock().tools.is_some() || connection.live().await.is_ok() {
                return;
            }
            let wait = connection.known.lock().wait();
            drop(connection);
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes actions of the stored list of tools, unless a faster call has started the system.
    async fn adopt_stored(self: &Arc<Self>) -> bool {
        let _turn = self.turn.lock().await;
        if self.running().is_some() {
            return true;
        }
        if !self.settings.system.is_stored() {
            return false;
        }
        let stored = self.shared.stored_tools(&self.hash).await;
        let Some(definitions) = stored.and_then(|text| serde_json::from_str(&text).ok()) else {
            return false;
        };
        self.adopt(definitions).await;
        self.known.lock().state = State::Idle;
        true
    }

    /// Returns whether an action's name begins with the connection's prefix.
    pub(crate) fn is_prefix_of(&self, action: &str) -> bool {
        let prefix = self.settings.prefix.as_deref().unwrap_or(&self.name);
        action.starts_with(&super::name::full_name(prefix, ""))
    }

    /// Returns whether calls should wait for the list of tools.
    pub(crate) fn is_arriving(&self) -> bool {
        let known = self.known.lock();
        known.tools.is_none() && known.state == State::Connecting
    }

    /// Carries out a call of a tool, by its original name.
    pub(crate) async fn call(
        self: &Arc<Self>,
        tool: &str,
        params: &ParamsText,
        progress: &Progress,
    ) -> Result<RemoteText, ActionError> {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let limit = self.settings.timeout;
        let outcome = timeout(limit, self.call_in_time(tool, params, progress)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let message = format!("{} did not answer within {} s", self.name, limit.as_secs_f64());
            Err(ActionError::new(ErrorCode::UpstreamTimeout, message))
        });
        outcome.map_err(|error| {
            self.counters.errors.fetch_add(1, Ordering::Relaxed);
            let error = self.redactor.scrub_error(error);
            let mut known = self.known.lock();
            if error.code != ErrorCode::UpstreamRefused && known.state != State::Failed {
                known.error = Some(error.message.clone());
            }
            drop(known);
            error
        })
    }

    async fn call_in_time(
        self: &Arc<Self>,
        tool: &str,
        params: &ParamsText,
        progress: &Progress,
    ) -> Result<RemoteText, ActionError> {
        if self.redactor.scrub(params.get()) != params.get() {
            let message = "params contain one of the connection's secrets; the call was rejected";
            return Err(ActionError::invalid(message));
        }
        let _permit = self.permit().await?;
        *self.last_call.lock() = Instant::now();
        let mut is_second = false;
        loop {
            let live = self.live().await?;
            // After the start, which has read the list of tools.
            let tools = self.known.lock().tools.clone().unwrap_or_default();
            match tools.usable(tool) {
                Use::Allowed => {}
                Use::Held => return Err(self.held(tool)),
                Use::Gone => {
                    let message = format!("{} has no tool {tool:?} any more: see help", self.name);
                    return Err(ActionError::not_found(message));
                }
            }
            match live.call(tool, params, progress).await {
                Ok(output) => {
                    *self.last_call.lock() = Instant::now();
                    let text = self.redactor.scrub_json(output.text);
                    return Ok(RemoteText { text, ..output });
                }
                Err(CallError::Answered(error)) => return Err(error),
                Err(CallError::SessionLost) => {
                    live.stop();
                    live.ended().await;
                    if is_second || !tools.reads(tool) {
                        return Err(self.lost(tools.reads(tool), &live.last_lines()));
                    }
                    is_second = true;
                }
            }
        }
    }

    fn lost(&self, is_read: bool, said: &str) -> ActionError {
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let advice = if is_read { "" } else { "; the call may have been carried out" };
        let message = format!("{} ended during the call{advice}{said}", self.name);
        ActionError::new(ErrorCode::UpstreamFailed, message)
    }

    pub(crate) fn held(&self, tool: &str) -> ActionError {
        let message = format!(
            "the definition of {tool:?} has changed and is held: see mcp-server connections, then \
             mcp-server connections approve {}",
            self.name
        );
        ActionError::new(ErrorCode::Unavailable, message)
    }

    /// Waits for a turn among the concurrent calls.
    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>, ActionError> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let waiting = Waiting::begin(&self.waiting);
        if waiting.number > self.settings.concurrency * WAITING {
            let message = format!("{} has too many calls at a time; try again", self.name);
            let error = ActionError::new(ErrorCode::Busy, message);
            return Err(error.retry_after(Duration::from_secs(1)));
        }
        self.permits.acquire().await.map_err(ActionError::internal)
    }

    /// Returns the running system, which is started if need be. An attempt continues if its caller is
    /// gone.
    pub(super) async fn live(self: &Arc<Self>) -> Result<Live, ActionError> {
        if let Some(live) = self.running() {
            return Ok(live);
        }
        let mut outcome = self.attempt().await?;
        let first_wait = self.known.lock().first_wait();
        if let (Err(_), Some(wait)) = (&outcome, first_wait) {
            // It has worked before: what ended it once seldom does so twice.
            tokio::time::sleep(wait).await;
            outcome = self.attempt().await?;
        }
        outcome.map_err(|reason| {
            let message = format!("{} cannot be reached: {reason}", self.name);
            ActionError::new(ErrorCode::Unavailable, message)
        })
    }

    async fn attempt(self: &Arc<Self>) -> Result<Result<Live, String>, ActionError> {
        let this = Arc::clone(self);
        let attempt = self.shared.runtime.spawn(async move { this.connect().await });
        attempt.await.map_err(ActionError::internal)
    }

    fn running(&self) -> Option<Live> {
        self.live.lock().clone().filter(|live| !live.has_ended())
    }

    async fn connect(self: Arc<Self>) -> Result<Live, String> {
        let _turn = self.turn.lock().await;
        if let Some(live) = self.running() {
            return Ok(live);
        }
        self.stop().await;
        if self.is_retired.load(Ordering::SeqCst) {
            return Err("the connection was removed".to_owned());
        }
        {
            let mut known = self.known.lock();
            if let Some(reason) = known.fresh_failure() {
                return Err(reason);
            }
            known.state = State::Connecting;
        }
        self.counters.starts.fetch_add(1, Ordering::Relaxed);
        let limit = self.settings.timeout;
        let attempt = system::start(&self.name, &self.settings, &self.redactor, &self.shared);
        let started = timeout(limit, attempt)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs_f64())));
        match started {
            Ok((live, definitions)) => {
                if self.settings.system.is_stored() {
                    let text = serde_json::to_string(&definitions).unwrap_or_default();
                    if self.shared.stored_tools(&self.hash).await.as_ref() != Some(&text) {
                        self.shared.store_tools(&self.hash, text).await;
                    }
                }
                self.adopt(definitions).await;
                *self.live.lock() = Some(live.clone());
                if self.is_retired.load(Ordering::SeqCst) {
                    self.stop().await;
                    return Err("the connection was removed".to_owned());
                }
                self.known.lock().succeed();
                if live.is_session() {
                    self.shared.runtime.spawn(watch(Arc::downgrade(&self), live.clone()));
                }
                Ok(live)
            }
            Err(reason) => {
                let reason = self.redactor.scrub(&reason);
                let mut known = self.known.lock();
                if known.error.as_ref() != Some(&reason) {
                    log::warn!("connection {}: {reason}", self.name);
                }
                known.fail(reason.clone());
                drop(known);
                self.shared.tell_attempt();
                Err(reason)
            }
        }
    }

    /// Returns how long the connection is idle, `None` while it has calls.
    fn idle(&self) -> Option<Duration> {
        let has_calls = self.permits.available_permits() < self.settings.concurrency;
        (!has_calls).then(|| self.last_call.lock().elapsed())
    }

    /// Ends the running system for good: one that is being started ends when it has.
    pub(crate) async fn retire(&self) {
        self.is_retired.store(true, Ordering::SeqCst);
        self.stop().await;
    }

    /// Ends the running system.
    pub(super) async fn stop(&self) {
        let live = self.live.lock().take();
        if let Some(live) = live {
            live.stop();
            live.ended().await;
        }
    }
}

/// Counts a call that waits.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    number: usize,
}

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        Self { number: count.fetch_add(1, Ordering::Relaxed) + 1, count }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Follows a running system until it ends: its tools may change, and it is ended when it is idle.
async fn watch(connection: Weak<Connection>, live: Live) {
    let Some(limit) = connection.upgrade().map(|it| it.settings.idle_timeout) else { return };
    let interval = (limit / 4).clamp(Duration::from_millis(100), Duration::from_secs(10));
    let mut is_idle = false;
    loop {
        tokio::select! {
            () = live.ended() => break,
            () = live.tools_changed() => {
                tokio::time::sleep(SETTLING).await;
                let Some(connection) = connection.upgrade() else { break };
                connection.follow(&live).await;
            }
            () = tokio::time::sleep(interval), if live.is_process() => {
                let Some(connection) = connection.upgrade() else { break };
                if connection.idle().is_some_and(|idle| idle >= limit) {
                    is_idle = true;
                    live.stop();
                    live.ended().await;
                    break;
                }
            }
        }
    }
    live.stop();
    let Some(connection) = connection.upgrade() else { return };
    let mut known = connection.known.lock();
    if known.state == State::Ready {
        known.state = State::Idle;
        if !is_idle && live.is_process() {
            known.error = Some(format!("ended: {}", live.last_lines()));
        }
    }
}
