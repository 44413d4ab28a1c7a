//! A connection with bounds of its own: it ends when a client leaves its response unread, and, once the
//! server stops, when it has no in-flight request.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::stopping::{Activity, CLOSING, Stopping};

/// Up to how many bytes the system takes for a client before what was there is on its way.
const QUEUED: u32 = 128 * 1024;

/// Has the connections of this listener say early that a client reads. By itself Linux takes
/// megabytes at once for each, and more only when a third of them has gone: from a client that
/// reads slowly nothing is heard in all that time.
pub(super) fn queue_little(listener: &TcpListener) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(listener).set_tcp_notsent_lowat(QUEUED) {
        log::debug!("what is queued for a client stays as it is: {error}");
    }
}

/// A connection that ends when its client leaves a response unread.
pub(super) struct Wire {
    stream: TcpStream,
    /// How long a client may leave what is written unread.
    patience: Duration,
    /// When that time is over; none while the client reads.
    unread_until: Option<Pin<Box<Sleep>>>,
    /// What is in hand on the connection.
    activity: Activity,
    /// Ready when the connection may end.
    may_end: Pin<Box<dyn Future<Output = ()>>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, patience: Duration, stopping: &Stopping) -> Self {
        Self {
            stream,
            patience,
            unread_until: None,
            activity: Activity::of(stopping),
            may_end: stopping.clone().closing(),
        }
    }

    /// What is in hand on the connection; it changes with it.
    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// The outcome of a write, or a fault once it has waited for too long. actix-http has no
    /// deadline of its own for this, and an answer that nobody takes holds a place in hand.
    fn with_patience(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.unread_until = None;
            return written;
        }
        let patience = self.patience;
        let until = self.unread_until.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if Pin::new(&mut self.stream).poll_read(context, buffer)?.is_ready() {
            self.activity.read();
            return Poll::Ready(Ok(()));
        }
        while self.may_end.as_mut().poll(context).is_ready() {
            if self.activity.is_idle() {
                // As if the client had ended it: nothing is read, and nothing waits for an answer.
                return Poll::Ready(Ok(()));
            }
            self.may_end = Box::pin(sleep(CLOSING));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.with_patience(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.with_patience(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
