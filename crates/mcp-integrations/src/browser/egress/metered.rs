//! A connection that ends when its browser has received too much, and is known while it is open.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most that one browser receives, in bytes, over all its connections.
const LIMIT: u64 = 256 << 20;

/// What the connections of one browser have in common.
#[derive(Default)]
pub(super) struct Meter {
    received: AtomicU64,
    open: AtomicUsize,
}

impl Meter {
    /// How many connections are open, or being made.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many bytes the browser received.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Counts one that is being made.
    pub(super) fn begin(self: &Arc<Self>) -> Begun {
        self.open.fetch_add(1, Ordering::Relaxed);
        Begun(Arc::clone(self))
    }
}

/// A connection that counts until it has ended.
pub(super) struct Begun(Arc<Meter>);

impl Begun {
    /// It is made.
    pub(super) fn over(self, stream: TcpStream) -> Metered {
        Metered { stream, begun: self }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that counts what it receives.
pub(super) struct Metered {
    stream: TcpStream,
    begun: Begun,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = (buffer.filled().len() - before) as u64;
        if self.begun.0.received.fetch_add(read, Ordering::Relaxed) + read > LIMIT {
            return Poll::Ready(Err(io::Error::other("the page is larger than 256 MiB")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
