//! A connection as we want it: it notes what the parser of a request throws away and the API key's
//! check wants to know, it ends when a client leaves its answer unread, and, once the server stops, when
//! nothing is in hand on it.
//!
//! A parser strips the whitespace around a header's value (RFC 9112, section 5.1), so that `key `
//! reads as `key`. v1 compares the key as it was sent. The connection is watched as it is read, and
//! what is seen of the latest head is kept with it.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::rc::Rc;
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

/// A connection that is watched as it is read, and that does not wait for ever for its reader.
pub(super) struct Wire {
    stream: TcpStream,
    /// None where the server has no key: nobody asks.
    note: Option<KeyNote>,
    /// How long a client may leave what is written unread.
    patience: Duration,
    /// When that time is over; none while the client reads.
    unread_until: Option<Pin<Box<Sleep>>>,
    /// What is in hand on the connection.
    activity: Activity,
    /// Ready when the connection may end.
    may_end: Pin<Box<dyn Future<Output = ()>>>,
}

/// Whether the API key in the latest head of a connection was sent with whitespace behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyNote(Rc<Cell<bool>>);

impl Wire {
    pub(super) fn new(
        stream: TcpStream,
        has_key: bool,
        patience: Duration,
        stopping: &Stopping,
    ) -> Self {
        Self {
            stream,
            note: has_key.then(KeyNote::default),
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

    /// What is known of the latest head, if it is watched; it changes with the connection.
    pub(super) fn note(&self) -> Option<KeyNote> {
        self.note.clone()
    }
}

impl KeyNote {
    /// Whether the key was sent with whitespace behind it.
    pub(super) fn is_padded(&self) -> bool {
        self.0.get()
    }

    /// Looks at what one read brought. A head that comes in pieces is judged by its first; the
    /// digest of the key decides in any case, so what is missed here is only less strict.
    fn look(&self, read: &[u8]) {
        if read.first().is_some_and(u8::is_ascii_uppercase) {
            self.0.set(has_padded_key(read));
        }
    }
}

fn has_padded_key(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty())
        .any(|line| {
            const NAME: &[u8] = b"x-api-key:";
            line.split_at_checked(NAME.len()).is_some_and(|(name, value)| {
                // An empty value is no key, however much whitespace it is.
                name.eq_ignore_ascii_case(NAME)
                    && !value.trim_ascii().is_empty()
                    && value.trim_ascii_end().len() < value.len()
            })
        })
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if Pin::new(&mut self.stream).poll_read(context, buffer)?.is_ready() {
            if let Some(note) = &self.note {
                note.look(&buffer.filled()[before..]);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whitespace_behind_the_key_in_a_head_is_noted() {
        for (head, padded) in [
            ("GET / HTTP/1.1\r\nX-API-Key: k \r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nx-api-key:k\t\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nX-API-Key: k\r\nHost: a \r\n\r\n", false),
            ("GET / HTTP/1.1\r\nX-API-Key: \r\n\r\n", false),
            ("POST / HTTP/1.1\r\nX-API-Key: k\r\n\r\nX-API-Key: k \r\n", false),
        ] {
            let note = KeyNote::default();
            note.look(head.as_bytes());
            assert_eq!(note.is_padded(), padded, "{head}");
            note.look(b"{\"a body\": 1}");
            assert_eq!(note.is_padded(), padded, "a body changes nothing");
            note.look(b"GET / HTTP/1.1\r\n\r\n");
            assert!(!note.is_padded(), "the next head has its own");
        }
    }
}
