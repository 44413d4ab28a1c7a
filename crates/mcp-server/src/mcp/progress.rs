//! What an action says of itself, sent to the client that asked for it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_core::Progress;
use mcp_core::progress::{Importance, Listener, Step};
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{RequestContext, RoleServer};
use tokio::sync::mpsc::{Receiver, Sender, channel as bounded};

/// How much may wait to be sent; what comes above that is lost.
const WAITING: usize = 64;

/// Something that an action said.
enum Said {
    Step(Step),
    Remark(Importance, String),
}

struct Ear {
    said: Sender<Said>,
    so_far: Mutex<SoFar>,
}

/// How far a call is. A call that has several done, or several pages asked for, hears each of them
/// begin anew, and the protocol wants numbers that grow ("Progress", "Progress Flow").
#[derive(Default)]
struct SoFar {
    /// What the parts before this one came to.
    before: f64,
    last: Option<f64>,
}

impl SoFar {
    /// The step counted from the call's beginning. The total is known of the first part alone.
    fn count(&mut self, mut step: Step) -> Step {
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

impl Listener for Ear {
    fn step(&self, step: Step) {
        let step = self.so_far.lock().unwrap_or_else(PoisonError::into_inner).count(step);
        let _ = self.said.try_send(Said::Step(step));
    }

    fn remark(&self, importance: Importance, text: String) {
        let _ = self.said.try_send(Said::Remark(importance, text));
    }
}

/// What is said during one call, and what of it the client wants.
pub(super) struct SaidDuring {
    said: Option<Receiver<Said>>,
    wanted: Wanted,
}

struct Wanted {
    /// Steps, under this token.
    token: Option<ProgressToken>,
    /// Remarks from this rank on.
    least: Option<u8>,
}

/// An ear for a call, where its client asked for progress or remarks, and what it hears.
/// `least`: the least important remark that the client has asked for, in the older revisions.
pub(super) fn channel(context: &RequestContext<RoleServer>, least: u8) -> (Progress, SaidDuring) {
    let token = context.meta.get_progress_token();
    let wanted = Wanted { token, least: remarks::least(context, least) };
    if wanted.token.is_none() && wanted.least.is_none() {
        return (Progress::none(), SaidDuring { said: None, wanted });
    }
    let (ear, said) = bounded(WAITING);
    let ear = Ear { said: ear, so_far: Mutex::default() };
    (Progress::to(Arc::new(ear)), SaidDuring { said: Some(said), wanted })
}

impl SaidDuring {
    /// Does the work and sends on what is said meanwhile.
    pub(super) async fn forward_during<T>(
        self,
        work: impl Future<Output = T>,
        context: &RequestContext<RoleServer>,
    ) -> T {
        let Self { said, wanted } = self;
        let Some(mut said) = said else { return work.await };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(said) = said.recv() => send(said, &wanted, context).await,
                done = &mut work => {
                    // What was said last comes before the answer.
                    while let Ok(said) = said.try_recv() {
                        send(said, &wanted, context).await;
                    }
                    return done;
                }
            }
        }
    }
}

/// A client that cannot be reached is none of the call's business.
async fn send(said: Said, wanted: &Wanted, context: &RequestContext<RoleServer>) {
    match said {
        Said::Step(step) => {
            let Some(token) = &wanted.token else { return };
            let mut progress = ProgressNotificationParam::new(token.clone(), step.done);
            progress.total = step.total;
            progress.message = Some(step.message);
            let _ = context.peer.notify_progress(progress).await;
        }
        Said::Remark(importance, text) => {
            let Some(least) = wanted.least else { return };
            remarks::send(importance, text, least, context).await;
        }
    }
}

/// `notifications/message`. The protocol's newest revision advises against it and asks for it
/// request by request; in the older ones a client gets what its `logging/setLevel` asked for.
pub(super) mod remarks {
    #![expect(deprecated, reason = "older revisions have nothing else")]

    use mcp_core::progress::Importance;
    use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam, ProtocolVersion};
    use rmcp::service::{RequestContext, RoleServer};

    /// The rank of `info`, what is wanted where nothing is said.
    pub(crate) const INFO: u8 = 1;

    /// The more important, the higher.
    pub(crate) fn rank(level: LoggingLevel) -> u8 {
        match level {
            LoggingLevel::Debug => 0,
            LoggingLevel::Info => INFO,
            LoggingLevel::Notice | LoggingLevel::Warning => 2,
            LoggingLevel::Error => 3,
            LoggingLevel::Critical | LoggingLevel::Alert | LoggingLevel::Emergency => 4,
        }
    }

    /// The least important remark that this request's client wants; none where it wants none.
    pub(super) fn least(context: &RequestContext<RoleServer>, kept: u8) -> Option<u8> {
        match context.protocol_version() {
            Some(version) if version >= ProtocolVersion::V_2026_07_28 => {
                context.meta.log_level().map(rank)
            }
            _ => Some(kept),
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
        let mut so_far = SoFar::default();
        let mut count = |done, total| {
            let step = so_far.count(Step { done, total, message: String::new() });
            (step.done, step.total)
        };
        assert_eq!(count(0.0, Some(2.0)), (0.0, Some(2.0)));
        assert_eq!(count(1.0, Some(2.0)), (1.0, Some(2.0)));
        assert_eq!(count(0.0, Some(2.0)), (2.0, None));
        assert_eq!(count(1.0, Some(2.0)), (3.0, None));
        assert_eq!(count(1.0, None), (4.0, None));
    }
}
