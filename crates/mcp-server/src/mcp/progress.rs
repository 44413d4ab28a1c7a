//! Sends an action's progress and log messages to the client that asked for them.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_core::Progress;
use mcp_core::progress::{Importance, Listener, Step};
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{RequestContext, RoleServer};
use tokio::sync::mpsc::{Receiver, Sender, channel as bounded};

/// The number of updates that may wait to be sent; more are dropped.
const CAPACITY: usize = 64;

enum Update {
    Step(Step),
    Log(Importance, String),
}

struct UpdateSender {
    sender: Sender<Update>,
    total: Mutex<RunningTotal>,
}

/// Adds up the steps of a call's parts. Each part (an action of a batch, a page) counts from zero, but
/// the protocol requires growing numbers ("Progress", "Progress Flow").
#[derive(Default)]
struct RunningTotal {
    /// The sum of the completed parts.
    before: f64,
    last: Option<f64>,
}

impl RunningTotal {
    /// Returns the step counted from the call's beginning. Only the first part's total is known.
    fn add(&mut self, mut step: Step) -> Step {
        if let Some(last) = self.last
            && self.before + step.done <= last
        {
            self.before = last + 1.0 - step.done;
        }
        step.done += self.before;
        if self.before > 0.0 {
            step.total = None;
        }
        self.last = Some(step.done);
        step
    }
}

impl Listener for UpdateSender {
    fn step(&self, step: Step) {
        let step = self.total.lock().unwrap_or_else(PoisonError::into_inner).add(step);
        let _ = self.sender.try_send(Update::Step(step));
    }

    fn remark(&self, importance: Importance, text: String) {
        let _ = self.sender.try_send(Update::Log(importance, text));
    }
}

/// The updates of one call that its client wants.
pub(super) struct Updates {
    /// `None` if the client wants none.
    receiver: Option<Receiver<Update>>,
    /// Names the client's request in progress notifications.
    token: Option<ProgressToken>,
    /// The least important log message that the client wants, as [`log_level::rank`] returns it.
    log_level: Option<u8>,
}

/// Returns the sender of a call's updates, and the updates. `log_level`: the level that the client set
/// in an older revision.
pub(super) fn channel(context: &RequestContext<RoleServer>, log_level: u8) -> (Progress, Updates) {
    let token = context.meta.get_progress_token();
    let log_level = log_level::of(context, log_level);
    if token.is_none() && log_level.is_none() {
        return (Progress::none(), Updates { receiver: None, token, log_level });
    }
    let (sender, receiver) = bounded(CAPACITY);
    let sender = UpdateSender { sender, total: Mutex::default() };
    (Progress::to(Arc::new(sender)), Updates { receiver: Some(receiver), token, log_level })
}

impl Updates {
    /// Does the work and sends its updates meanwhile, the last ones before this returns.
    pub(super) async fn send_during<T>(
        mut self,
        work: impl Future<Output = T>,
        context: &RequestContext<RoleServer>,
    ) -> T {
        let Some(mut receiver) = self.receiver.take() else { return work.await };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(update) = receiver.recv() => self.send(update, context).await,
                done = &mut work => {
                    while let Ok(update) = receiver.try_recv() {
                        self.send(update, context).await;
                    }
                    return done;
                }
            }
        }
    }

    /// Sends an update. The call continues if the client cannot be reached.
    async fn send(&self, update: Update, context: &RequestContext<RoleServer>) {
        match update {
            Update::Step(step) => {
                let Some(token) = &self.token else { return };
                let mut progress = ProgressNotificationParam::new(token.clone(), step.done);
                progress.total = step.total;
                progress.message = Some(step.message);
                let _ = context.peer.notify_progress(progress).await;
            }
            Update::Log(importance, text) => {
                let Some(level) = self.log_level else { return };
                log_level::send(importance, text, level, context).await;
            }
        }
    }
}

/// `notifications/message`. In the newest revision each request names its level; in older ones a client
/// sets it with `logging/setLevel`.
pub(super) mod log_level {
    #![expect(deprecated, reason = "older revisions have nothing else")]

    use mcp_core::progress::Importance;
    use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam, ProtocolVersion};
    use rmcp::service::{RequestContext, RoleServer};

    /// The rank of `info`, the default.
    pub(crate) const INFO: u8 = 1;

    /// Returns a number that grows with the importance.
    pub(crate) fn rank(level: LoggingLevel) -> u8 {
        match level {
            LoggingLevel::Debug => 0,
            LoggingLevel::Info => INFO,
            LoggingLevel::Notice | LoggingLevel::Warning => 2,
            LoggingLevel::Error => 3,
            LoggingLevel::Critical | LoggingLevel::Alert | LoggingLevel::Emergency => 4,
        }
    }

    /// Returns the rank of the level that applies to a request; `None` if the client wants no messages.
    pub(super) fn of(context: &RequestContext<RoleServer>, set_before: u8) -> Option<u8> {
        match context.protocol_version() {
            Some(version) if version >= ProtocolVersion::V_2026_07_28 => {
                context.meta.log_level().map(rank)
            }
            _ => Some(set_before),
        }
    }

    pub(super) async fn send(
        importance: Importance,
        text: String,
        least: u8,
        context: &RequestContext<RoleServer>,
    ) {
        let level = match importance {
            Importance::Debug => LoggingLevel::Debug,
            Importance::Info => LoggingLevel::Info,
            Importance::Warning => LoggingLevel::Warning,
            Importance::Error => LoggingLevel::Error,
        };
        if rank(level) >= least {
            let message = LoggingMessageNotificationParam::new(level, text.into());
            let _ = context.peer.notify_logging_message(message).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_grow_over_parts_that_begin_anew() {
        let mut total = RunningTotal::default();
        let mut add = |done, of| {
            let step = total.add(Step { done, total: of, message: String::new() });
            (step.done, step.total)
        };
        assert_eq!(add(0.0, Some(2.0)), (0.0, Some(2.0)));
        assert_eq!(add(1.0, Some(2.0)), (1.0, Some(2.0)));
        assert_eq!(add(0.0, Some(2.0)), (2.0, None));
        assert_eq!(add(1.0, Some(2.0)), (3.0, None));
        assert_eq!(add(1.0, None), (4.0, None));
    }
}
