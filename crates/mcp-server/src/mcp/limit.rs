//! The limit of a response in bytes on the wire: escapes, structured content in addition to the same
//! as text, and the JSON-RPC envelope count.

use std::io::{self, Write};

use rmcp::model::RequestId;
use serde::Serialize;

/// Bytes reserved for the envelope and for what transports and revisions add: the frame of an event,
/// `resultType`, `ttlMs`.
const FRAME: usize = 192;

/// Returns whether the JSON-RPC response with this result has at most `limit` bytes.
pub(super) fn fits(result: &impl Serialize, id: &RequestId, limit: usize) -> bool {
    let mut left = Left(limit);
    left.write_all(&[0; FRAME]).is_ok()
        && serde_json::to_writer(&mut left, id).is_ok()
        && serde_json::to_writer(&mut left, result).is_ok()
}

/// A writer that counts bytes and fails after so many.
struct Left(usize);

impl Write for Left {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => self.0 = left,
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
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
        let bytes = result.to_string().len() + "\"i\"".len() + FRAME;
        assert!(fits(&result, &id("i"), bytes) && !fits(&result, &id("i"), bytes - 1));
        assert!(!fits(&result, &id("\n"), bytes));
        assert!(!fits(&json!(null), &id(""), 10));
    }
}
