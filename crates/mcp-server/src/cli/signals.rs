//! The signals that tell the process to stop.

use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ready when the process is told to stop: SIGTERM, SIGINT (Ctrl-C); or SIGHUP (its terminal is
/// closed) or SIGQUIT (Ctrl-\), which would end it with its database open.
pub(super) fn order_to_stop() -> io::Result<impl Future<Output = ()>> {
    let others = [SignalKind::hangup(), SignalKind::quit()];
    let others = others.into_iter().filter(|kind| would_end(*kind));
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()].into_iter().chain(others);
    let mut signals: Vec<Signal> = kinds.map(signal).collect::<io::Result<_>>()?;
    Ok(poll_fn(move |context| {
        let is_told = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if is_told { Poll::Ready(()) } else { Poll::Pending }
    }))
}

/// Whether a signal that nobody handles would end this process. Not where it was ignored from the
/// start (`nohup`, a script's `&`), and that is to stay so. Only Linux tells without `unsafe`:
/// elsewhere these signals are left as they are.
fn would_end(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let place = u32::try_from(kind.as_raw_value() - 1).ok();
    let bit = place.and_then(|place| ignored(&status)?.checked_shr(place));
    bit.is_some_and(|bits| bits & 1 == 0)
}

/// The signals that are ignored, a bit each, of `/proc/self/status`.
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
