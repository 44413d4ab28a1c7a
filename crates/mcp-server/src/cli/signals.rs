//! The signals that stop the process.

use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Returns a future that is ready after SIGTERM or SIGINT (Ctrl-C), and after SIGQUIT (Ctrl-\) or, unless
/// it has another meaning, SIGHUP (a closed terminal), which would otherwise end the process with its
/// database open.
pub(super) fn stop_signal(hangup: Hangup) -> io::Result<impl Future<Output = ()>> {
    let others = [SignalKind::quit(), SignalKind::hangup()];
    let count = if hangup == Hangup::Stops { 2 } else { 1 };
    let others = others.into_iter().take(count).filter(|kind| would_end(*kind));
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()].into_iter().chain(others);
    let mut signals: Vec<Signal> = kinds.map(signal).collect::<io::Result<_>>()?;
    Ok(poll_fn(move |context| {
        let has_signal = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if has_signal { Poll::Ready(()) } else { Poll::Pending }
    }))
}

/// The meaning of SIGHUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hangup {
    Stops,
    Reloads,
}

/// The SIGHUPs from now on, which no longer end the process.
pub(super) struct Hangups(Signal);

impl Hangups {
    pub(super) fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Calls a function after each SIGHUP, also after one that has arrived before.
    pub(super) fn on_each(mut self, mut call: impl FnMut() + 'static) {
        tokio::task::spawn_local(async move {
            while self.0.recv().await.is_some() {
                call();
            }
        });
    }
}

/// Returns whether a signal would end this process if it is not handled. A signal that was ignored at
/// the start (`nohup`, a script's `&`) stays ignored. Only Linux shows this without `unsafe`; other
/// systems keep their default.
fn would_end(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bit = u32::try_from(kind.as_raw_value() - 1).ok();
    let bits = bit.and_then(|bit| ignored(&status)?.checked_shr(bit));
    bits.is_some_and(|bits| bits & 1 == 0)
}

/// Parses the ignored signals in `/proc/self/status`, one bit each.
fn ignored(status: &str) -> Option<u64> {
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(bits.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read() {
        let status = "Name:\tmcp-server\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored(""), None);
    }
}
