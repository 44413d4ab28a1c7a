//! The standard error of a child: each line goes to the server's log, and the last ones are kept for
//! the message of a failure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_core::dispatch::Redactor;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::connections::text::plain;

/// The lines that are kept.
const KEPT: usize = 20;
/// The characters of a line that are logged and kept.
const LINE_LENGTH: usize = 400;
/// The bytes that are read as one line.
const LINE_BYTES: u64 = 16 << 10;
/// The lines that are logged in each [`PERIOD`].
const LINES: u32 = 200;
const PERIOD: Duration = Duration::from_secs(10);

/// The last lines of a child's standard error.
#[derive(Clone, Default)]
pub(crate) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    /// Returns the lines as one text; empty without lines.
    pub(crate) fn text(&self) -> String {
        self.0.lock().iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Reads a stream to its end. Secrets are removed from each line.
pub(crate) async fn read(
    stream: impl AsyncRead + Unpin,
    name: &str,
    redactor: &Redactor,
    last: LastLines,
) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let (mut since, mut logged) = (Instant::now(), 0);
    loop {
        line.clear();
        match (&mut reader).take(LINE_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = plain(&redactor.scrub(&String::from_utf8_lossy(&line)), LINE_LENGTH);
        if text.is_empty() {
            continue;
        }
        if since.elapsed() > PERIOD {
            (since, logged) = (Instant::now(), 0);
        }
        logged += 1;
        if logged <= LINES {
            log::info!("{name}: {text}");
        } else if logged == LINES + 1 {
            log::info!("{name}: more lines are not logged for {} s", PERIOD.as_secs());
        }
        last.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_without_secrets_and_control_characters() {
        let lines: Vec<String> =
            (0..30).map(|n| format!("line {n} of hunter2!\u{1b}[31m\n")).collect();
        let text = lines.concat();
        let last = LastLines::default();
        let redactor = Redactor::new(["hunter2!".to_owned()]);
        read(text.as_bytes(), "files", &redactor, last.clone()).await;
        let lines = last.text();
        assert!(lines.starts_with("line 10 of [redacted]"), "{lines}");
        assert!(lines.ends_with("line 29 of [redacted][31m"), "{lines}");
        assert!(!lines.contains(char::is_control));
    }

    #[tokio::test]
    async fn an_endless_line_is_read_in_parts() {
        let last = LastLines::default();
        read(vec![b'x'; 100_000].as_slice(), "files", &Redactor::new([]), last.clone()).await;
        assert!(last.text().len() < 20 * 410);
    }
}
