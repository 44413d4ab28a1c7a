//! Limits a response in bytes on the wire: escapes, the text besides structured content, and the
//! JSON-RPC envelope count.

use std::io::{self, Write};

use rmcp::model::RequestId;
use serde::Serialize;

/// Bytes reserved for the envelope and for additions of transports and revisions: the frame of an
/// event, `resultType`, `ttlMs`.
const ENVELOPE: usize = 192;

/// Returns whether the JSON-RPC response with this result has at most `limit` bytes.
pub(super) fn fits(result: &impl Serialize, id: &RequestId, limit: usize) -> bool {
    let Some(rest) = limit.checked_sub(ENVELOPE) else { return false };
    let mut budget = Budget(rest);
    serde_json::to_writer(&mut budget, id).is_ok()
        && serde_json::to_writer(&mut budget, result).is_ok()
}

/// A writer that fails after this number of bytes.
struct Budget(usize);

impl Write for Budget {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_escaped_and_the_id_count_as_they_are_sent() {
        let id = |text: &str| RequestId::String(text.into());
        let result = json!({"text": "\"\n\u{1}ü"});
        let bytes = result.to_string().len() + "\"i\"".len() + ENVELOPE;
        assert!(fits(&result, &id("i"), bytes) && !fits(&result, &id("i"), bytes - 1));
        assert!(!fits(&result, &id("\n"), bytes));
        assert!(!fits(&json!(null), &id(""), 10));
    }
}
