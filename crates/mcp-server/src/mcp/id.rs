//! The id of a message that cannot be read, or is not kept.

use rmcp::model::RequestId;

/// The longest id that is found, in bytes.
const LONGEST: usize = 256;

/// The id in the bytes of a message, which need not be JSON, nor UTF-8.
pub(super) fn of(message: &[u8]) -> Option<RequestId> {
    let mut scan = IdScan::default();
    scan.see(message);
    scan.id()
}

#[derive(Debug, PartialEq, Eq)]
enum Member {
    Id,
    Other,
}

/// Looks for the member `id` of an object, byte by byte.
#[derive(Debug, Default)]
pub(super) struct IdScan {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    /// Whose value follows; none where a name does.
    of: Option<Member>,
    /// The name or the value at hand, as it is written.
    token: Vec<u8>,
    id: Option<Vec<u8>>,
}

impl IdScan {
    /// Looks at the next bytes.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// The id, where there was one.
    pub(super) fn id(self) -> Option<RequestId> {
        serde_json::from_slice(&self.id?).ok()
    }

    fn step(&mut self, byte: u8) {
        if self.in_text {
            self.keep(byte);
            if self.is_escaped {
                self.is_escaped = false;
            } else if byte == b'\\' {
                self.is_escaped = true;
            } else if byte == b'"' {
                self.in_text = false;
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.keep(byte);
            }
            b':' if self.depth == 1 && self.of.is_none() => {
                let is_id = self.token == b"\"id\"";
                self.of = Some(if is_id { Member::Id } else { Member::Other });
                self.token.clear();
            }
            b',' | b'}' if self.depth == 1 => {
                if self.of.take() == Some(Member::Id) {
                    self.id = Some(std::mem::take(&mut self.token));
                }
                self.token.clear();
                self.depth -= usize::from(byte == b'}');
            }
            b'{' | b'[' => {
                self.keep(byte);
                self.depth += 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ if byte.is_ascii_whitespace() => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() < LONGEST {
            self.token.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_message_itself() {
        for (message, id) in [
            (r#"{"id":5}"#, "5"),
            (r#"{ "method" : "x", "id" : "five" }"#, "\"five\""),
            (r#"{"params":{"id":1,"a":[{"id":2}]},"id":3,"b":"\"id\":4"}"#, "3"),
            (r#"{"a":"\\","id":"\"}"}"#, r#""\"}""#),
            (r#"{"id":{"x":1}}"#, ""),
            (r#"{"id":null}"#, ""),
            (r#"{"id":1.5}"#, ""),
            (r#"[{"id":1}]"#, ""),
            (r#"{"params":{"id":1}}"#, ""),
            (r#"{"id":1"#, ""),
            ("not json", ""),
        ] {
            for size in [1, 3, 1000] {
                let mut scan = IdScan::default();
                message.as_bytes().chunks(size).for_each(|part| scan.see(part));
                let found = scan.id().map(|id| serde_json::to_string(&id).expect("JSON"));
                assert_eq!(found.unwrap_or_default(), id, "{message}");
            }
        }
    }
}
