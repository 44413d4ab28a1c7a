//! Reads messages from stdin. A line that is not a message is answered with an error here; rmcp would
//! ignore it, and its client would wait for a response.

use std::io;

use rmcp::model::{ClientJsonRpcMessage, ClientRequest};
use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader,
};
use tokio::sync::mpsc::Sender;

use super::Output;
use crate::mcp::message::{self, Envelope, RequestInfo};

/// A line that is too long is still read whole up to this multiple of the limit: its error response
/// needs its id.
const ID_LIMIT_FACTOR: usize = 4;

/// Passes each message to rmcp until the client closes stdin.
pub(super) async fn read(
    input: impl AsyncRead + Unpin,
    limit: usize,
    output: &Output<impl AsyncWrite + Unpin>,
    messages: Sender<ClientJsonRpcMessage>,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    // A notification before the first request would end rmcp.
    let mut has_begun = false;
    while read_line(&mut input, &mut line, limit.saturating_mul(ID_LIMIT_FACTOR)).await? {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if line.is_empty() {
            continue;
        }
        match parse(line, limit) {
            Ok(message) => {
                has_begun |= matches!(message, ClientJsonRpcMessage::Request(_));
                if has_begun && messages.send(message).await.is_err() {
                    return Ok(());
                }
            }
            Err(response) => {
                log::warn!("rejected a message on stdin: {}", response["error"]["message"]);
                output.write(&response).await?;
            }
        }
    }
    Ok(())
}

/// Reads a line and keeps its first `limit` bytes. Returns false at the end of the input.
async fn read_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    limit: usize,
) -> io::Result<bool> {
    line.clear();
    let limit = limit as u64;
    if input.take(limit).read_until(b'\n', line).await? == 0 {
        return Ok(false);
    }
    let mut rest = Vec::new();
    let mut has_ended = line.ends_with(b"\n");
    while !has_ended {
        rest.clear();
        if input.take(limit).read_until(b'\n', &mut rest).await? == 0 {
            return Ok(false);
        }
        has_ended = rest.ends_with(b"\n");
    }
    Ok(true)
}

/// Returns the message in a line, or the error response.
fn parse(line: &[u8], limit: usize) -> Result<ClientJsonRpcMessage, Value> {
    if line.len() > limit {
        let reason = format!("message has more than {limit} bytes (MCP_BODY_LIMIT)");
        return Err(message::unreadable(line, &reason));
    }
    let text = message::text(line)?;
    let mut parsed = serde_json::from_str(text).map_err(|_| message::invalid(line))?;
    if let ClientJsonRpcMessage::Request(request) = &mut parsed
        && let ClientRequest::CallToolRequest(call) = &mut request.request
    {
        let arguments = Envelope::read(text).arguments();
        call.extensions.insert(RequestInfo { arguments, ..RequestInfo::default() });
    }
    Ok(parsed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    /// Returns the messages that rmcp gets, and the error responses.
    async fn read_all(lines: &[u8]) -> (Vec<Value>, Vec<Value>) {
        let mut written = Vec::new();
        let (sender, mut receiver) = mpsc::channel(100);
        read(lines, 1000, &Output::new(&mut written), sender).await.unwrap();
        let mut messages = Vec::new();
        while let Some(message) = receiver.recv().await {
            messages.push(serde_json::to_value(message).unwrap());
        }
        let written = String::from_utf8(written).unwrap();
        (messages, written.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[tokio::test]
    async fn a_line_that_is_not_a_message_gets_an_error_with_its_id() {
        let (long, longer) = ("x".repeat(2000), "x".repeat(10_000));
        let deep = format!("{}{}", "[".repeat(140), "]".repeat(140));
        for (line, id, code, reason) in [
            (
                format!(r#"{{"params":{{"id":7,"x":"{long}"}},"id":"a"}}"#),
                json!("a"),
                -32600,
                "1000 bytes",
            ),
            (format!(r#"{{"x":"{longer}","id":5}}"#), json!(null), -32700, "1000 bytes"),
            (format!(r#"{{"id":5,"params":{deep}}}"#), json!(5), -32600, "nested deeper"),
            ("not json".into(), json!(null), -32700, ""),
            (r#"{"id":5,"params":{"x":"#.into(), json!(null), -32700, "EOF"),
            ("[]".into(), json!(null), -32600, "not a JSON-RPC"),
            (r#"{"id":5,"method":"ping"}"#.into(), json!(5), -32600, "not a JSON-RPC"),
            (r#"{"jsonrpc":"2.0","id":5,"method":5}"#.into(), json!(5), -32600, "not a JSON-RPC"),
            (
                r#"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#.into(),
                json!(5),
                -32600,
                "not a JSON-RPC",
            ),
        ] {
            let (messages, errors) = read_all(format!("{line}\n{PING}\n").as_bytes()).await;
            assert_eq!((messages.len(), errors.len()), (1, 1), "{line}: {messages:?} {errors:?}");
            let error = &errors[0];
            assert_eq!((&error["id"], &error["error"]["code"]), (&id, &json!(code)), "{error}");
            assert!(error["error"]["message"].as_str().unwrap().contains(reason), "{error}");
        }
    }

    #[tokio::test]
    async fn messages_are_passed_on_from_the_first_request() {
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let unknown = r#"{"jsonrpc":"2.0","id":5,"method":"x/unknown","params":{"a":1}}"#;
        let response = r#"{"jsonrpc":"2.0","id":5,"result":{"x":1}}"#;
        let error = r#"{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"x"}}"#;
        let lines = [
            initialized,
            "",
            &format!("\u{feff}{PING}\r"),
            unknown,
            response,
            error,
            "without end",
        ];
        let (messages, errors) = read_all(lines.join("\n").as_bytes()).await;
        assert_eq!((messages.len(), errors.len()), (4, 0), "{messages:?} {errors:?}");
        assert_eq!(messages[0]["method"], "ping");
    }
}
