//! The standard output of a child, as long as it speaks JSON-RPC: a program that writes anything else for
//! ever would keep the reader of all connections busy.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The member that every message has.
const MEMBER: &[u8] = b"\"jsonrpc\"";
/// The lines without that member that are skipped. Some servers greet people there.
const SKIPPED: usize = 1000;

/// Reads lines, and fails after too many that are not messages.
pub(super) struct Lines<R> {
    inner: R,
    /// The bytes of [`MEMBER`] that the end of the text so far matches.
    matched: usize,
    is_message: bool,
    others: usize,
}

impl<R> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, matched: 0, is_message: false, others: 0 }
    }

    fn see(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            if *byte == b'\n' {
                self.others += usize::from(!self.is_message);
                (self.is_message, self.matched) = (false, 0);
                if self.others > SKIPPED {
                    let message = "its standard output is not the Model Context Protocol";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
            } else if !self.is_message {
                // `"` occurs at the ends of the member only.
                self.matched = match (*byte == MEMBER[self.matched], *byte) {
                    (true, _) => self.matched + 1,
                    (false, b'"') => 1,
                    (false, _) => 0,
                };
                self.is_message = self.matched == MEMBER.len();
            }
        }
        Ok(())
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Lines<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let seen = self.see(&buffer.filled()[before..]);
        if seen.is_err() {
            // A failed read has no bytes.
            buffer.set_filled(before);
        }
        Poll::Ready(seen)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_thousand_other_lines_are_skipped_and_no_more() {
        let message = "{\"method\":\"x\", \"jsonrpc\":\"2.0\"}\n".repeat(5000);
        let text = "hello \"json\n".repeat(SKIPPED) + &message;
        let mut read = String::new();
        let outcome = Lines::new(text.as_bytes()).read_to_string(&mut read).await;
        assert_eq!(outcome.expect("lines"), text.len());
        let (text, mut read) = ("{not \"jsonrp\n".repeat(SKIPPED + 1), String::new());
        assert!(Lines::new(text.as_bytes()).read_to_string(&mut read).await.is_err());
    }
}
