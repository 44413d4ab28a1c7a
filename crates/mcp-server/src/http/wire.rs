//! What the parser of a request throws away and the API key's check wants to know.
//!
//! A parser strips the whitespace around a header's value (RFC 9112, section 5.1), so that `key `
//! reads as `key`. v1 compares the key as it was sent. The connection is watched as it is read, and
//! what is seen of the latest head is kept with it.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that is watched as it is read.
pub(super) struct Wire {
    stream: TcpStream,
    note: KeyNote,
}

/// Whether the API key in the latest head of a connection was sent with whitespace behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyNote(Rc<Cell<bool>>);

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, note: KeyNote::default() }
    }

    /// What is known of the latest head; it changes with the connection.
    pub(super) fn note(&self) -> KeyNote {
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
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.note.look(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
